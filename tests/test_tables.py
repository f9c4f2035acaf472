"""What a person reads: --explain and the table of what does not fit keep to 80 columns,
whatever names and amounts a chart or a policy has, and cut none of them."""

import copy
import re

import pytest
import yaml

from conftest import ROOT, STORE, postrender

POLICY = yaml.safe_load((ROOT / "common" / "default-policy.yaml").read_text())
PLANS = list(POLICY["spec"]["plans"])
LONG = "".join(chr(ord("a") + i % 26) for i in range(63))
CLASS = ".".join(f"{LONG[:54]}{i}" for i in range(4))
DIGITS = "123456789012345678901234567"
STRANGE = "ä" * 40 + "\u0085\x1b[31m" + "語" * 60


def lines_of(said):
    """Those of the tables; warnings and errors are lines of their own."""
    return [re.sub("\x1b\\[[0-9;]*m", "", line) for line in said.splitlines()
            if not line.startswith("storeguard-postrender: ")]


def told(documents, *args):
    done = postrender(args, yaml.safe_dump_all(documents, allow_unicode=True))
    said = done.stderr.decode()
    assert done.returncode in (0, 1), said
    wide = [line for line in lines_of(said) if len(line) > 80]
    assert not wide, "\n".join(wide)
    percents = [int(p) for p in re.findall(r"(\d+)%  ", said)]
    assert all(p <= 100 for p in percents), said
    return done.returncode, said


def release(name, storage="3Gi", cpu="300m", memory="64Mi", replicas=3, claim_class=None):
    labels = {"app": "x"}
    pod = {"containers": [{"name": "main", "image": "wordpress", "resources": {
        "requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": cpu, "memory": memory}}}]}
    claim = {"metadata": {"name": "data"}, "spec": {
        "storageClassName": claim_class, "resources": {"requests": {"storage": storage}}}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod}}
    for kind, more in (("Deployment", {}), ("StatefulSet", {"volumeClaimTemplates": [claim]})):
        yield {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name},
               "spec": {**copy.deepcopy(spec), **copy.deepcopy(more)}}


NAMES = {"short": "web", "long": f"{LONG}.{LONG}.{LONG}.{LONG[:61]}", "strange": STRANGE,
         "beyond any": "web-" * 400}
SIZES = {"small": {}, "over": {"replicas": 400}, "far over": {"replicas": 1000000},
         "much of all": {"cpu": DIGITS, "memory": f"{DIGITS}.5", "storage": DIGITS},
         "uneven": {"cpu": "1234567891m", "memory": "123456789123", "storage": "12345678912"}}


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_all_plans_explain_within_80_columns(plan, name, size):
    arguments = ["--store", "fashion", "--engine", "woocommerce", "--plan", plan,
                 "--owner", "an-owner@" + LONG * 2]
    for more in (["--explain", "--fit=warn"], ["--explain", "--fit=off"], []):
        code, said = told(release(NAMES[name], **SIZES[size]), *arguments, *more)
        joined = re.sub(r"\s", "", said)
        if name == "long" and more:
            assert f"Deployment/{NAMES[name]}" in joined, said
        if size not in ("small",):
            assert code == (0 if more else 1), said
            assert more or "Deployment/" in said, said
            assert not more or "  over  ####" in said, said


@pytest.fixture
def hostile(tmp_path):
    """A policy whose names and amounts are as long as names and amounts get."""
    document = copy.deepcopy(POLICY)
    spec = document["spec"]
    keys = {f"{CLASS}.storageclass.storage.k8s.io/requests.storage": DIGITS,
            f"{CLASS}.storageclass.storage.k8s.io/persistentvolumeclaims": "1",
            f"requests.{CLASS[:200]}.io/{LONG}": DIGITS, f"count/{LONG[:50]}.example.com": "1",
            "requests.memory": "0.0000001", "limits.memory": DIGITS, "requests.cpu": "1",
            "pods": "1"}
    spec["plans"] = {LONG: {"quota": keys, "limitRange": []},
                     LONG[::-1]: {"quota": {key: "170000000E" for key in keys},
                                  "limitRange": []}}
    spec["defaultPlan"] = LONG
    engine = spec["engines"].pop("woocommerce")
    engine.update(plans=list(spec["plans"]))
    for component in engine["components"]:
        if component["name"] == "web":
            component["name"] = "w" * 63
        component["reaches"] = ["w" * 63 if name == "web" else name
                                for name in component.get("reaches", [])]
    spec["engines"] = {LONG: engine}
    path = tmp_path / "policy.yaml"
    path.write_text(yaml.safe_dump(document))
    return ["--policy", path, "--store", "f" * 32, "--engine", LONG, "--owner", LONG * 2]


@pytest.mark.parametrize("options", [["--explain", "--fit=warn"], []])
@pytest.mark.parametrize("name", NAMES)
def test_names_of_a_policy_stay_whole_within_80_columns(hostile, name, options):
    _, said = told(release(NAMES[name], claim_class=CLASS), *hostile, *options)
    joined = re.sub(r"\s", "", said)
    assert f"{CLASS}.storageclass.storage.k8s.io/persistentvolumeclaims" in joined, said
    assert "0.0000001" in said or "100n" in said, said
    if options:
        assert f"engine{LONG},plan{LONG},owner{LONG * 2}" in joined, said
        assert "w" * 63 in said, said


def test_refusals_are_wrapped_too():
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": NAMES["long"]},
           "spec": {"resources": {"limits": {"cpu": "100m"}}, "containers": [
               {"name": LONG, "image": "none", "resources": {"requests": {LONG: "1"}}}]}}
    code, said = told([pod], *STORE)
    assert code == 1 and re.sub(r"\s", "", said).count(f"container{LONG}") == 2, said
    assert "the plan's default" in said, said
