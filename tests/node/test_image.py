"""Our own images as pods, under what Pod Security `restricted` asks for, and a root that
can't be written."""

import re

import pytest

from conftest import postrender
from node.pods import run_to_its_end

SECURITY = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
            "runAsNonRoot": True, "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"}}


@pytest.fixture(scope="module")
def space(node):
    name = node.namespace("own-images")
    node.must("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    yield name
    node.must("delete", "namespace", name, "--wait=false")


def pod(name, image, *command, **container):
    version = postrender(["--version"]).stdout.decode().split()[1]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0,
                     "containers": [{"name": "main", "image": f"{image}:{version}",
                                     "imagePullPolicy": "IfNotPresent",
                                     "command": list(command),
                                     "securityContext": SECURITY, **container}]}}


def test_the_webhook_serves(node, space):
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1}
    node.apply(pod("webhook", "storeguard", "storeguard-webhook", "serve", "--standalone",
                   readinessProbe=probe), namespace=space)
    node.must("-n", space, "wait", "pod/webhook", "--for=condition=Ready", "--timeout=60s")


def test_argo_cds_sidecar_runs_helm_by_its_shell(node, space):
    said = run_to_its_end(node, space, pod(
        "sidecar", "storeguard-cmp", "sh", "-c", 'helm version --short; echo "$UID $HOME"'))
    assert re.fullmatch(r"v3\.\S+\n999 /tmp\n", said), said
