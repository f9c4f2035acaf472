"""What both charts promise by their manifests alone: bounds and security of every
container, passwords that stay, values refused with a reason, nothing before the guards."""

import base64

import pytest

from conftest import ROOT
from helm import helms, is_hook, load  # noqa: F401

CHARTS = ["woocommerce", "medusa"]
PROFILES = ["values.yaml", "values-local.yaml", "values-prod.yaml"]
NAMED = ["--set", "store.name=fashion", "--set", "store.host=fashion.shops.example.com"]


@pytest.fixture(params=[3, 4], ids=["helm3", "helm4"])
def helm(request, helms):  # noqa: F811
    return helms[request.param]


def template(helm, chart, *args):
    done = helm.template(ROOT / "charts" / chart, *args)
    assert done.returncode == 0, done.stderr.decode()
    return load(done.stdout)


def refusal(helm, chart, *args):
    done = helm.template(ROOT / "charts" / chart, *args)
    assert done.returncode != 0, f"{args} were accepted"
    return done.stderr.decode()


def pods(objects):
    """Every pod template, with the name of what makes its pods."""
    for o in objects:
        template = o.get("spec", {}).get("template")
        if template:
            yield f"{o['kind']}/{o['metadata']['name']}", template["spec"]


def containers(objects):
    for name, pod in pods(objects):
        for container in pod.get("initContainers", []) + pod["containers"]:
            yield f"{name}/{container['name']}", container


def assert_bounded_and_confined(objects):
    """Every container; how many there are."""
    found = dict(containers(objects))
    for name, container in found.items():
        for side in ("requests", "limits"):
            assert {"cpu", "memory"} <= set(container["resources"][side]), f"{name}: {side}"
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]}}, name
    for name, pod in pods(objects):
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
    return len(found)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("chart", CHARTS)
def test_every_container_is_bounded_and_confined(helm, chart, profile):
    objects = template(helm, chart, *NAMED, "-f", ROOT / "charts" / chart / profile)
    assert assert_bounded_and_confined(objects) >= 3
    for name, pod in pods(objects):
        assert pod["securityContext"]["runAsUser"] > 0, name
        assert pod["automountServiceAccountToken"] is False, name


@pytest.mark.parametrize("chart", CHARTS)
def test_nothing_runs_before_the_guards(helm, chart):
    hooks = [o["metadata"]["name"] for o in template(helm, chart, *NAMED) if is_hook(o)]
    assert hooks == []


@pytest.mark.parametrize("chart", CHARTS)
def test_volumes_that_one_pod_at_a_time_can_mount_are_never_rolled(helm, chart):
    objects = template(helm, chart, *NAMED)
    claims = {o["metadata"]["name"] for o in objects if o["kind"] == "PersistentVolumeClaim"
              and o["spec"]["accessModes"] == ["ReadWriteOnce"]}
    assert claims, "no claim of its own"
    for o in objects:
        if o["kind"] == "Deployment":
            mounted = {v["persistentVolumeClaim"]["claimName"]
                       for v in o["spec"]["template"]["spec"]["volumes"]
                       if "persistentVolumeClaim" in v}
            if mounted & claims:
                assert o["spec"]["strategy"]["type"] == "Recreate", o["metadata"]["name"]


# --- passwords -------------------------------------------------------------------


def credentials(objects):
    found = [o["data"] for o in objects if o["kind"] == "Secret"]
    assert len(found) == 1, found
    return {key: base64.b64decode(value).decode() for key, value in found[0].items()}


@pytest.mark.parametrize("chart", CHARTS)
def test_a_seed_gives_each_key_its_own_lasting_password(helm, chart):
    def passwords(seed, release="store-fashion"):
        done = helm.run("template", release, ROOT / "charts" / chart, "--namespace", release,
                        "--kube-version", "1.36.3", *NAMED, "--set-string",
                        f"credentials.seed={seed}")
        assert done.returncode == 0, done.stderr.decode()
        return credentials(load(done.stdout))

    first = passwords("a seed of the tests")
    assert passwords("a seed of the tests") == first
    assert len(set(first.values())) == len(first), "two keys share a password"
    assert all(len(value) >= 32 for value in first.values()), first
    for other in (passwords("another of the tests"), passwords("a seed of the tests", "store-shoes")):
        assert other.keys() == first.keys()
        assert not set(other.values()) & set(first.values())


@pytest.mark.parametrize("chart", CHARTS)
def test_without_a_seed_passwords_are_drawn(helm, chart):
    first, second = (credentials(template(helm, chart, *NAMED)) for _ in range(2))
    assert not set(first.values()) & set(second.values())


@pytest.mark.parametrize("chart", CHARTS)
def test_an_existing_secret_is_the_only_one(helm, chart):
    objects = template(helm, chart, *NAMED, "--set", "credentials.existingSecret=vault")
    assert [o for o in objects if o["kind"] == "Secret"] == []
    used = {e["valueFrom"]["secretKeyRef"]["name"] for _, c in containers(objects)
            for e in c["env"] if "secretKeyRef" in e.get("valueFrom", {})}
    assert used == {"vault"}


@pytest.mark.parametrize("chart", CHARTS)
def test_passwords_are_nowhere_but_in_the_secret(helm, chart):
    objects = template(helm, chart, *NAMED, "--set", "credentials.seed=only-for-the-tests")
    rest = repr([o for o in objects if o["kind"] != "Secret"])
    for key, password in credentials(objects).items():
        assert password not in rest, key
    assert "only-for-the-tests" not in rest


# --- values that are refused -------------------------------------------------------


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("value, says", [
    ("shop.currency=euro", "currency"),
    ("shop.country=Germany", "country"),
    ("shop.locale=deutsch", "locale"),
    ("shop.demoProducts=perhaps", "demoProducts"),
    ("shop.colour=red", "colour"),
    ("web.replicas=-1", "replicas"),
    ("web.resources=none", "resources"),
    ("database.storage=plenty", "storage"),
    ("database.password=hunter2", "password"),
    ("store.host=https://fashion.example.com/", "host"),
    ("store.name=Fashion!", "name"),
    ("ingress.tls.enabled=maybe", "enabled"),
    ("wen.replicas=2", "wen"),
])
def test_a_value_that_makes_no_sense_is_refused_by_its_name(helm, chart, value, says):
    said = refusal(helm, chart, *NAMED, "--set", value)
    assert says in said, said
    assert "hunter2" not in said, said


@pytest.mark.parametrize("chart", CHARTS)
def test_a_store_without_a_name_is_told_how_to_get_one(helm, chart):
    said = refusal(helm, chart)
    assert "storeguard-postrender values" in said, said
