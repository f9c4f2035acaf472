"""What the fit counts is what Kubernetes charges: random pods, Services and claims, and
keys of quotas, by this program and by a real API server's ResourceQuota."""

import os
import random

import pytest
import yaml

import charges
from charges import PLANS, Server, measured, quantity

SEED = int(os.environ.get("STOREGUARD_SEED", random.randrange(10 ** 6)))
PODS = int(os.environ.get("STOREGUARD_PODS", 420))


def namespace_of(plan):
    return f"charged-{plan}"


@pytest.fixture(scope="module")
def server(cluster):
    cluster.apply({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "handler": "kata",
                   "metadata": {"name": charges.CLASS["name"]},
                   "overhead": {"podFixed": charges.CLASS["overhead"]}})
    for plan, (quota, ranges) in PLANS.items():
        cluster.namespace(namespace_of(plan))
        cluster.apply(
            {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "it"},
             "spec": {"hard": quota}},
            *({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "it"},
               "spec": {"limits": [{"type": "Container", **limits}]}} for limits in ranges),
            namespace=namespace_of(plan))
    server = Server(cluster)
    for plan, (quota, _) in PLANS.items():
        cluster.wait(f"quota of {plan}", lambda: set(server.ask(
            "GET", f"/api/v1/namespaces/{namespace_of(plan)}/resourcequotas/it")[1]
            .get("status", {}).get("used", {})) == set(quota), seconds=30)
    yield server
    for plan in PLANS:
        cluster.must("delete", "namespace", namespace_of(plan), "--wait=false")


@pytest.fixture(scope="module")
def policy_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("charges") / "policy.yaml"
    path.write_text(yaml.safe_dump(charges.policy(), sort_keys=False))
    return path


@pytest.mark.parametrize("pod_level", [False, True], ids=["by containers", "as a whole"])
def test_a_pod_is_charged_as_counted(server, policy_file, pod_level):
    generator, taken, wrong = random.Random(f"{SEED}{pod_level}"), 0, []
    for number in range(PODS):
        plan = generator.choice(list(PLANS))
        spec = charges.random_pod(generator, pod_level)
        ours, said = measured(spec, plan, policy_file)
        theirs, message = server.charged(spec, namespace_of(plan))
        taken += theirs is not None
        if ours != theirs:
            wrong.append((number, plan, spec, ours, said[-600:], theirs, message))
        if number % 4:
            continue
        ours, said = measured(spec, plan, policy_file, "Deployment")
        accepted, message = server.takes_template(spec, namespace_of(plan))
        accepted = accepted and theirs is not None
        if (ours is not None) != accepted:
            wrong.append((number, plan, spec, "Deployment", said[-600:], accepted, message))
    assert not wrong, f"seed {SEED}: {len(wrong)} of {PODS}, the first: {wrong[0]}"
    assert PODS / 3 < taken < PODS, f"seed {SEED}: {taken} of {PODS} were taken"
