"""Nobody is cut off in silence: what the post-renderer says of who reaches whom is
what its policies do."""

import copy
import functools
import itertools
import json
import os
import random
import re

import pytest
import yaml

from conftest import ROOT, postrender
from network import model, policies, releases

SEED = os.environ.get("STOREGUARD_SEED", "20250101")
CASES = int(os.environ.get("STOREGUARD_REACH_CASES", "200"))
POLICY = yaml.safe_load((ROOT / "common/default-policy.yaml").read_text())
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
CLOSED = re.compile(r"warning: (\S+) can't reach Service/(\S+) on port (\d+)")
DNS_ONLY = re.compile(r"warning: (\S+) (?:is none of engine|can't be labelled)")


class Guarded:
    """What becomes of a release, and what is said of it."""

    def __init__(self, objects, tmp_path=None, policy=None, engine="woocommerce"):
        args = ["--store", "fashion", "--engine", engine, "--plan", "small", "--owner",
                "alice", "--fit", "off", "--log-file", "/dev/null"]
        if policy:
            (tmp_path / "policy.yaml").write_text(json.dumps(policy))
            args += ["--policy", tmp_path / "policy.yaml"]
        stream = "".join(f"---\n{json.dumps(o)}\n" for o in objects)
        done = postrender([*args, "--explain"], stream)
        self.said = done.stderr.decode()
        assert done.returncode == 0, self.said
        self.objects = list(yaml.load_all(done.stdout, Loader=LOADER))
        self.policies = policies.of(self.objects)
        self.pods = {releases.name_of(o): self._labels(o) for o in self.objects
                     if releases.pod_of(o) is not None}
        self.closed = {(caller, service, int(port))
                       for caller, service, port in CLOSED.findall(self.said)}
        self.dns_only = set(DNS_ONLY.findall(self.said))

    @staticmethod
    def _labels(o):
        labels = dict(releases.pod_of(o).get("metadata", {}).get("labels") or {})
        if o["kind"] in ("Job", "CronJob"):
            labels["batch.kubernetes.io/job-name"] = o["metadata"]["name"]
        return labels

    def by_name(self, kind, name):
        return next(o for o in self.objects if o["kind"] == kind
                    and o["metadata"]["name"] == name)

    def lets(self, caller, service, port):
        """Whether the policies let that call through to all pods it leads to; without a
        port, on one of the Service's."""
        spec = self.by_name("Service", service)["spec"]
        entries = [p for p in spec["ports"] if port in (None, p["port"])]
        return any(self._lets_to(caller, spec, entry) for entry in entries)

    def _lets_to(self, caller, spec, entry):
        target = entry.get("targetPort", entry["port"])
        if spec.get("clusterIP") == "None" and not caller.startswith("Ingress/"):
            target = entry["port"]
        found = self._behind(spec["selector"], target)
        if caller.startswith("Ingress/"):
            return all(number in policies.open_from_ingress(self.policies, labels)
                       for labels, number in found) and found
        return all(policies.open_between(self.policies, self.pods[caller], labels, number)
                   for labels, number in found) and found

    def _behind(self, selector, target):
        """The pods selected, with the port called: of a name those that have it, of a
        number those that declare it, or all where none does."""
        selected = [(self.pods[releases.name_of(o)], self._declared(o)) for o in self.objects
                    if releases.pod_of(o) is not None and policies.selects(
                        {"matchLabels": selector}, self.pods[releases.name_of(o)])]
        if isinstance(target, str):
            return [(labels, ports[target]) for labels, ports in selected if target in ports]
        telling = [(labels, target) for labels, ports in selected if target in ports.values()]
        return telling or [(labels, target) for labels, _ in selected]

    @staticmethod
    def _declared(o):
        pod = releases.pod_of(o)["spec"]
        return {p.get("name"): p["containerPort"]
                for c in pod["containers"] + pod.get("initContainers", [])
                for p in c.get("ports") or []}


@functools.cache
def case(number):
    return releases.release(random.Random(f"{SEED}:reach:{number}"))


@functools.cache
def guarded_case(number):
    return Guarded(case(number).objects)


def show(number, release, guarded, what):
    return (f"{what}\nSTOREGUARD_SEED={SEED}, case {number}\n{guarded.said}\n"
            + "".join(f"---\n{yaml.safe_dump(o)}" for o in release.objects))


@pytest.mark.parametrize("number", range(CASES))
def test_what_is_closed_is_said_and_nothing_else(number):
    release, guarded = case(number), guarded_case(number)
    rows = re.findall(r"^  (\S+) +(\S+) +(\d+)  (open|closed)$", guarded.said, re.M)
    table = {(a, b, int(c)): d for a, b, c, d in rows}
    unsaid = {pair for pair in table if table[pair] == "closed"} ^ guarded.closed
    assert not unsaid, show(number, release, guarded, f"table and warnings differ: {unsaid}")
    for caller, service, port in release.references:
        found = {d for (a, b, c), d in table.items()
                 if (a, b) == (caller, service) and port in (None, c)}
        want = "open" if guarded.lets(caller, service, port) else "closed"
        assert want in found if port is None else found == {want}, show(
            number, release, guarded, f"{caller} -> {service}:{port}: {found}, not {want}")
    more = {(a, b) for a, b, _ in table} - {(a, b) for a, b, _ in release.references}
    assert not more, show(number, release, guarded, f"no references: {more}")


@pytest.mark.parametrize("number", range(CASES))
def test_each_workload_has_its_components_grants_or_is_named(number):
    """Its policy is more than default deny, whatever kind it is of."""
    release, guarded = case(number), guarded_case(number)
    for name, labels in guarded.pods.items():
        chosen = [p["metadata"]["name"] for p in guarded.policies
                  if policies.selects(p["spec"]["podSelector"], labels)]
        more = set(chosen) - {"storeguard-default-deny", "storeguard-dns"}
        assert bool(more) != (name in guarded.dns_only), show(
            number, release, guarded, f"{name} is selected by {chosen}")


@pytest.mark.parametrize("number", range(40))
def test_the_line_that_is_named_opens_the_call(number, tmp_path):
    release, guarded = case(number), guarded_case(number)
    policy = copy.deepcopy(POLICY)
    parts = {c["name"]: c for c in policy["spec"]["engines"]["woocommerce"]["components"]}
    promised = set()
    for line in guarded.said.splitlines():
        lines = re.findall(r"components\[(\w+)\]\.(reaches|ports): add (\w+)", line)
        for component, field, value in lines:
            parts[component].setdefault(field, []).append(
                int(value) if field == "ports" else value)
        if lines and "declare it" not in line:
            promised.add(line)
    for component in parts.values():
        for field in {"reaches", "ports"} & set(component):
            component[field] = list(dict.fromkeys(component[field]))
    after = Guarded(release.objects, tmp_path, policy)
    kept = promised & set(after.said.splitlines())
    assert not kept, show(number, release, after, f"still closed: {kept}")


def test_the_small_model_agrees_with_cyclonus(tmp_path):
    asked = 0
    for number in range(6):
        guarded = guarded_case(number)
        inside = [model.Peer(name.replace("/", "-"), model.NAMESPACE, labels, f"10.42.0.{i}")
                  for i, (name, labels) in enumerate(guarded.pods.items(), 1)]
        pairs = list(itertools.product(inside, inside))
        ports = ["80", "3000", "3306", "6379", "8080", "9117"]
        table = model.answers(guarded.objects, [(a, b, p) for a, b in pairs for p in ports],
                              tmp_path / str(number))
        for (a, b), open_ports in table.items():
            for port in ports:
                ours = policies.open_between(guarded.policies, a.labels, b.labels, int(port))
                assert ours == (port in open_ports), f"case {number}: {a} -> {b}: {port}"
                asked += 1
    assert asked > 200
