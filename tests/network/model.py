"""A cluster around one store, and who in it may call whom, asked of cyclonus.

A case is a file of this folder. Its first document is the expectation:

    chart:   the chart to render; without it the file's other documents are the
             stream
    engine:  woocommerce where nothing is said
    pods:    a short name for each workload of the stream, as Kind/name
    hidden:  pods of the store that the post-renderer never sees, by labels
    calls:   for each caller whom it may call on which ports, and whom never

Every pair of which one side is in the store must stand in `calls` once, so a
pair that nobody thought of fails the test. Names of GROUPS stand for several
peers that must all be treated alike. Ports are TCP unless they say udp/.
"""

import collections
import fnmatch
import json
import pathlib
import re
import subprocess

import yaml

from conftest import postrender, tool

NAMESPACE = "store-fashion"
HERE = pathlib.Path(__file__).resolve().parent

# Every port that a rule names, and some that none does.
PORTS = [22, 25, 53, 80, 443, 465, 587, 3306, 3307, 5432, 6379, 8000, 8080, 8089,
         8443, 8888, 9000, 9104, 11211, 31337]
PORTS = [str(p) for p in PORTS] + ["udp/53", "udp/443", "udp/31337"]

# labels is None for hosts outside the cluster
Peer = collections.namedtuple("Peer", "name namespace labels ip")


def _store_pod(store, component):
    return {"urumi.io/store": store, "urumi.io/engine": "woocommerce",
            "urumi.io/component": component}


OUTSIDERS = [
    Peer("traefik", "traefik", {"app.kubernetes.io/name": "traefik"},
         "10.42.1.1"),
    Peer("traefik-of-k3s", "kube-system",
         {"app.kubernetes.io/name": "traefik"}, "10.42.1.2"),
    Peer("nginx", "ingress-nginx",
         {"app.kubernetes.io/name": "ingress-nginx"}, "10.42.1.3"),
    Peer("kube-dns", "kube-system", {"k8s-app": "kube-dns"}, "10.42.1.4"),
    Peer("nodelocal-dns", None, None, "169.254.20.10"),
    Peer("metrics-server", "kube-system", {"k8s-app": "metrics-server"},
         "10.42.1.5"),
    Peer("false-dns", "default", {"k8s-app": "kube-dns"}, "10.42.1.6"),
    Peer("false-traefik", "default", {"app.kubernetes.io/name": "traefik"},
         "10.42.1.7"),
    Peer("other-web", "store-garden", _store_pod("garden", "web"),
         "10.42.2.1"),
    Peer("other-database", "store-garden", _store_pod("garden", "database"),
         "10.42.2.2"),
    Peer("other-cache", "store-garden", _store_pod("garden", "cache"),
         "10.42.2.3"),
    Peer("other-job", "store-garden",
         {"batch.kubernetes.io/job-name": "setup", "job-name": "setup"},
         "10.42.2.4"),
    # the same labels as ours: only the namespace tells them apart
    Peer("impostor", "default", _store_pod("fashion", "web"), "10.42.2.5"),
    Peer("internet-4", None, None, "93.184.216.34"),
    Peer("internet-6", None, None, "2606:2800:220:1::1"),
    Peer("node", None, None, "192.168.10.4"),
    Peer("cloud-metadata", None, None, "169.254.169.254"),
    Peer("azure-wire-server", None, None, "168.63.129.16"),
    Peer("vpc", None, None, "172.31.0.2"),
    Peer("carrier-nat", None, None, "100.64.0.1"),
    Peer("unique-local-6", None, None, "fd00:ec2::254"),
    Peer("link-local-6", None, None, "fe80::a9fe:a9fe"),
]

GROUPS = {
    "ingress": ["traefik", "traefik-of-k3s", "nginx"],
    "dns": ["kube-dns", "nodelocal-dns"],
    "strangers": ["metrics-server", "false-dns", "false-traefik", "other-web",
                  "other-database", "other-cache", "other-job", "impostor"],
    "internet": ["internet-4", "internet-6"],
    "private": ["node", "cloud-metadata", "azure-wire-server", "vpc",
                "carrier-nat", "unique-local-6", "link-local-6"],
}


def _job_labels(name):
    """What the Job controller adds to its pods' labels."""
    return {"batch.kubernetes.io/job-name": name, "job-name": name,
            "batch.kubernetes.io/controller-uid": "1f0e3dad",
            "controller-uid": "1f0e3dad"}


def without_job_labels(labels):
    return {k: v for k, v in labels.items() if k not in _job_labels("")}


# In every store: a hook that Helm 3 hid, a pod that a person started, and one
# that cert-manager made to answer an HTTP-01 challenge.
ALWAYS_HIDDEN = {"hook": _job_labels("hook"), "stray": {"run": "debug"},
                 "solver": {"acme.cert-manager.io/http01-solver": "true"}}


class Case:
    def __init__(self, name):
        first, _, rest = (HERE / f"{name}.yaml").read_text().partition(
            "\n---\n")
        head = yaml.safe_load(first)
        self.name = name
        self.chart = head.get("chart")
        self.engine = head.get("engine", "woocommerce")
        self.pods = head["pods"]
        self.hidden = dict(ALWAYS_HIDDEN)
        for pod, labels in head.get("hidden", {}).items():
            self.hidden[pod] = {**labels, **_job_labels(pod)}
        self.calls = head["calls"]
        self.stream = "---\n" + rest


def cases():
    return sorted(path.stem for path in HERE.glob("*.yaml"))


def render(chart, engine, directory):
    """The chart as real Helm renders it for a Store."""
    store = directory / "store.yaml"
    store.write_text(json.dumps({
        "apiVersion": "urumi.io/v1", "kind": "Store",
        "metadata": {"name": "fashion"},
        "spec": {"engine": engine, "owner": "alice"}}))
    values = postrender(["values", store])
    assert values.returncode == 0, values.stderr.decode()
    root = HERE.parent.parent
    done = subprocess.run(
        [tool("helm3"), "template", NAMESPACE, root / "charts" / chart, "-n",
         NAMESPACE, "--kube-version", "1.36.3", "-f", "-"],
        input=values.stdout, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def guarded(case, directory, *options):
    """The objects, those of Lists too, that the post-renderer makes of it."""
    stream = render(case.chart, case.engine, directory) if case.chart else \
        case.stream
    done = postrender(["--store", "fashion", "--engine", case.engine,
                       "--plan", "small", "--owner", "alice", "--fit", "off",
                       *options], stream)
    assert done.returncode == 0, \
        f"{case.name}: exit {done.returncode}: {done.stderr.decode()}"
    objects = [o for o in yaml.safe_load_all(done.stdout) if o]
    return [item for o in objects for item in o.get("items", [o])]


def _template(o):
    spec = o.get("spec", {})
    if o["kind"] == "Pod":
        return o
    if o["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    return spec.get("template")


def insiders(case, objects):
    """The store's pods under the names that the case gives them."""
    found = {}
    for o in objects:
        template = _template(o)
        if not template:
            continue
        full = f"{o['kind']}/{o['metadata']['name']}"
        names = [name for name, pattern in case.pods.items()
                 if fnmatch.fnmatchcase(full, pattern)]
        assert len(names) == 1, \
            f"{case.name}: {full} is {names or 'no one'} of `pods`"
        labels = dict(template.get("metadata", {}).get("labels") or {})
        if o["kind"] in ("Job", "CronJob"):
            labels.update(_job_labels(o["metadata"]["name"]))
        found[names[0]] = labels
    assert set(found) == set(case.pods), \
        f"{case.name}: {set(case.pods) - set(found)} are not in the stream"
    found.update(case.hidden)
    return [Peer(name, NAMESPACE, labels, f"10.42.0.{i + 1}")
            for i, (name, labels) in enumerate(found.items())]


def _pairs(inside):
    """All ordered pairs that this store's policies have a say in."""
    names = {p.name for p in inside}
    everyone = inside + OUTSIDERS
    return [(a, b) for a in everyone for b in everyone
            if a.name in names or b.name in names]


def intended(case, inside):
    """{(caller, called): ports} as the case's `calls` says."""
    table = {}
    problems = []

    def note(caller, called, ports):
        for a in GROUPS.get(caller, [caller]):
            for b in GROUPS.get(called, [called]):
                if (a, b) in table:
                    problems.append(f"{a} -> {b} stands there twice")
                table[a, b] = ports

    for caller, lists in case.calls.items():
        for called, ports in (lists.get("may") or {}).items():
            ports = frozenset(str(ports).split())
            assert ports <= set(PORTS), f"{ports - set(PORTS)} is not in PORTS"
            note(caller, called, ports)
        for called in lists.get("never") or []:
            note(caller, called, frozenset())
    wanted = {(a.name, b.name) for a, b in _pairs(inside)}
    problems += [f"{a} -> {b} is missing" for a, b in wanted - set(table)]
    problems += [f"{a} -> {b} is no pair" for a, b in set(table) - wanted]
    assert not problems, f"{case.name}: calls: " + "; ".join(sorted(problems))
    return table


def _traffic_peer(peer):
    if peer.labels is None:
        return {"IP": peer.ip}
    labels = {"kubernetes.io/metadata.name": peer.namespace}
    return {"IP": peer.ip,
            "Internal": {"Namespace": peer.namespace, "PodLabels": peer.labels,
                         "NamespaceLabels": labels}}


def _traffic(caller, called, port):
    number = int(port.rpartition("/")[2])
    protocol = "UDP" if port.startswith("udp/") else "TCP"
    return {"Source": _traffic_peer(caller),
            "Destination": _traffic_peer(called), "Protocol": protocol,
            "ResolvedPort": number, "ResolvedPortName": ""}


def write_policies(objects, directory):
    """One policy a file: of several in a file cyclonus reads the first only."""
    directory.mkdir()
    names = []
    for o in objects:
        if o["kind"] != "NetworkPolicy":
            continue
        # Helm puts every object without a namespace into the release's
        o["metadata"]["namespace"] = NAMESPACE
        names.append(o["metadata"]["name"])
        (directory / f"{names[-1]}.yaml").write_text(json.dumps(o))
    return names


def computed(objects, inside, directory):
    """{(caller, called): ports} as cyclonus computes it from the policies."""
    queries = [(a, b, port) for a, b in _pairs(inside) for port in PORTS]
    return {(a.name, b.name): ports
            for (a, b), ports in answers(objects, queries, directory).items()}


class _Pair(tuple):
    """Of peers, whose labels can't be hashed."""

    def __hash__(self):
        return hash(tuple(peer.name for peer in self))


def answers(objects, queries, directory):
    """{(caller, called): ports} of those (caller, called, port) that may be."""
    directory.mkdir(exist_ok=True)
    policies = write_policies(objects, directory / "policies")
    traffic = directory / "traffic.json"
    traffic.write_text(json.dumps([_traffic(*q) for q in queries]))
    done = subprocess.run(
        [tool("cyclonus"), "analyze", "--mode", "parse,query-traffic",
         "--policy-path", directory / "policies", "--traffic-path", traffic],
        capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, f"cyclonus: {done.stderr[-2000:]}"
    parsed, _, answers = done.stdout.partition("query traffic:")
    read = re.findall(rf"^\| {NAMESPACE}/(\S+)", parsed, re.MULTILINE)
    assert sorted(read) == sorted(policies), \
        f"cyclonus read {sorted(read)} of {sorted(policies)}"
    allowed = re.findall(r"^\| IS ALLOWED\? \| +(TRUE|FALSE) ", answers,
                         re.MULTILINE)
    assert len(allowed) == len(queries), \
        f"cyclonus answered {len(allowed)} of {len(queries)} questions"
    table = collections.defaultdict(set)
    for (a, b, port), answer in zip(queries, allowed):
        table[_Pair((a, b))] |= {port} if answer == "TRUE" else set()
    return {pair: frozenset(ports) for pair, ports in table.items()}


def _show(ports):
    return " ".join(p for p in PORTS if p in ports) or "nothing"


def differences(want, got):
    return [f"{a} -> {b}: may {_show(got[a, b])}, should {_show(want[a, b])}"
            for a, b in sorted(want) if got[a, b] != want[a, b]]
