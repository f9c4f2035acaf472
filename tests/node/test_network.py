"""Packets between stores, under the guards that the post-renderer makes: who gets
through to whom, by attempted connections. Each of them gets through once the guards
are gone, so that a server that is down is not taken for a closed door."""

import concurrent.futures
import contextlib
import pathlib

import pytest

from conftest import postrender
from node import internet
from node.pods import pod, run_to_its_end

SMALL_STORE = pathlib.Path(__file__).with_name("small-store.yaml")
STORES = ("alpha", "beta")
# four of each store, alpha's hook, and one in each of the two other namespaces
PODS = 11

# Connects to all at once. A line of input: a name, a host and a port. A line of
# output: the name and how curl ended.
PROBE = """
while IFS="\t" read -r name host port; do
	{
		result=0
		case $port in
		dns) timeout 2 nslookup kubernetes.default.svc.cluster.local "$host" ;;
		*) curl --silent --max-time 2 "http://$host:$port/" ;;
		esac >/dev/null 2>&1 || result=$?
		printf '%s\t%s\n' "$name" "$result"
	} &
done
wait
"""
PASSES, DROPPED = "passes", "dropped"
# curl's code of a timeout, and that of a program that `timeout` has ended
OUTCOMES = {"0": PASSES, "28": DROPPED, "143": DROPPED}

SOURCES = {
    "alpha/web": ("store-alpha", "deployment/web"),
    "alpha/database": ("store-alpha", "pod/database-0"),
    "alpha/setup": ("store-alpha", "job/setup"),
    "alpha/hook": ("store-alpha", "job/hook"),
    "alpha/reports": ("store-alpha", "deployment/reports"),
    "beta/web": ("store-beta", "deployment/web"),
    "beta/setup": ("store-beta", "job/setup"),
    "ingress controller": ("traefik", "pod/traefik"),
    "stranger": ("stranger", "pod/stranger"),
}
OUTSIDE = {f"Internet:{port}" for port in internet.PORTS} | {
    f"{name}:{port}" for name in internet.PRIVATE for port in (80, 443)} | {
    "API server", "API server's Service", "DNS", "ingress controller",
    "ingress controller's metrics", "stranger"}


def for_both(store):
    return {"DNS", f"{store}/database", f"{store}/database by name", "Internet:80",
            "Internet:443"}


def for_jobs(store):
    """They may wait for the shop that they set up."""
    return for_both(store) | {f"{store}/web"}


def for_web(store):
    return for_both(store) | {"ingress controller", "Internet:465", "Internet:587"}


# Whom each may reach. Whatever else it calls is dropped.
MAY_REACH = {
    "alpha/web": for_web("alpha"), "alpha/database": {"DNS"}, "alpha/reports": {"DNS"},
    "alpha/setup": for_jobs("alpha"), "alpha/hook": for_jobs("alpha"),
    "beta/web": for_web("beta"), "beta/setup": for_jobs("beta"),
    "ingress controller": OUTSIDE | {"alpha/web", "beta/web"}, "stranger": OUTSIDE,
}


# --- the stores -----------------------------------------------------------------------


def rendered(store, *args):
    """The small store with its guards, or what further arguments leave of it."""
    done = postrender(["--store", store, "--engine", "woocommerce", "--plan", "small",
                       "--owner", "alice", *args],
                      SMALL_STORE.read_text().replace("STORE", store))
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def apply(node, store, *args):
    node.must("-n", f"store-{store}", "apply", "-f", "-", input=rendered(store, *args))


def server(name, *ports):
    """A pod of somebody else's that answers on these ports."""
    return pod(name, "sh", "-c",
               " & ".join(f"httpd -f -p {port} -h /www" for port in ports))


def hook():
    """A Job that Helm 3 hides from post-renderers."""
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "hook"},
            "spec": {"template": {"spec": pod("hook", "sleep", "infinity")["spec"]}}}


def count_ready(node, namespaces):
    return sum((condition["type"], condition["status"]) == ("Ready", "True")
               for each in node.get("pods", "--all-namespaces")["items"]
               if each["metadata"]["namespace"] in namespaces
               for condition in each["status"].get("conditions", []))


@pytest.fixture(scope="module")
def stores(node):
    namespaces = [*(f"store-{store}" for store in STORES), "traefik", "stranger"]
    for namespace in namespaces:
        node.namespace(namespace)
    for store in STORES:
        apply(node, store)
    node.apply(hook(), namespace="store-alpha")
    node.apply(server("traefik", 8443, 9100), namespace="traefik")
    node.apply(server("stranger", 8080), namespace="stranger")
    node.wait("ready pods", lambda: count_ready(node, namespaces) == PODS)
    with internet.connected_to(node):
        yield node
    node.must("delete", "namespace", *namespaces, timeout=180)


def targets(node):
    """Host and port of everything that somebody might call."""
    pods = {}
    for each in node.get("pods", "--all-namespaces")["items"]:
        metadata = each["metadata"]
        labels = metadata.get("labels", {})
        name = labels.get("app.kubernetes.io/component", metadata["name"])
        pods[metadata["namespace"], name] = each["status"].get("podIP")
    table = {"DNS": ("10.96.0.10", "dns"), "API server": ("10.200.0.1", 6443),
             "API server's Service": ("10.96.0.1", 443),
             "ingress controller": (pods["traefik", "traefik"], 8443),
             "ingress controller's metrics": (pods["traefik", "traefik"], 9100),
             "stranger": (pods["stranger", "stranger"], 8080)}
    for store in STORES:
        namespace = f"store-{store}"
        table |= {
            f"{store}/web": (pods[namespace, "web"], 8080),
            f"{store}/web's other port": (pods[namespace, "web"], 9090),
            f"{store}/database": (pods[namespace, "database"], 3306),
            f"{store}/database by name": (f"database.{namespace}.svc.cluster.local",
                                          3306),
            f"{store}/reports": (pods[namespace, "reports"], 7777)}
    for port in internet.PORTS:
        table[f"Internet:{port}"] = (internet.ADDRESS, port)
    for name, address in internet.PRIVATE.items():
        table |= {f"{name}:{port}": (address, port) for port in (80, 443)}
    return table


# --- measuring ------------------------------------------------------------------------


def probe(node, source, table):
    """What becomes of a connection from there to each target but itself."""
    namespace, caller = SOURCES[source]
    lines = {name: f"{name}\t{host}\t{port}\n" for name, (host, port) in table.items()
             if not name.startswith(source)}
    said = node.must("-n", namespace, "exec", "-i", caller, "--", "sh", "-c", PROBE,
                     input="".join(lines.values()))
    results = dict(line.split("\t") for line in said.splitlines())
    assert results.keys() == lines.keys(), said
    return {name: OUTCOMES.get(code, f"curl: {code}") for name, code in results.items()}


def measure(node):
    """All of it, from everywhere at once."""
    table = targets(node)
    with concurrent.futures.ThreadPoolExecutor(len(SOURCES)) as pool:
        return dict(zip(SOURCES, pool.map(lambda s: probe(node, s, table), SOURCES)))


def differences(got, may_reach):
    return [f"{source} → {name}: {outcome}"
            for source, results in got.items() for name, outcome in results.items()
            if outcome != (PASSES if name in may_reach[source] else DROPPED)]


def assert_none(wrong):
    assert not wrong, "\n".join(["", *wrong])


def measure_until(node, may_reach, seconds=90):
    """Policies bind a moment after they are written. Whatever the outcome, it is what
    was seen last."""
    seen = {}

    def as_expected():
        seen.update(measure(node))
        return not differences(seen, may_reach)

    with contextlib.suppress(AssertionError):
        node.wait("connections as expected", as_expected, seconds)
    return seen


# --- tests ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def measured(stores):
    """What got through with the guards, without them, and with them again."""
    guarded = measure_until(stores, MAY_REACH)
    for store in STORES:
        stores.must("-n", f"store-{store}", "delete", "networkpolicies", "--all")
    everything = dict.fromkeys(SOURCES, set(targets(stores)))
    unguarded = measure_until(stores, everything)
    for store in STORES:
        apply(stores, store, "--only", "guards")
    return {"guarded": guarded, "unguarded": differences(unguarded, everything),
            "again": differences(measure_until(stores, MAY_REACH), MAY_REACH)}


@pytest.mark.parametrize("source", SOURCES)
def test_who_reaches_whom(measured, source):
    assert_none(differences({source: measured["guarded"][source]}, MAY_REACH))


def test_every_door_is_open_without_guards(measured):
    assert_none(measured["unguarded"])


def test_guards_put_back_close_them_again(measured):
    assert_none(measured["again"])


def test_a_pod_is_closed_from_its_first_moment(stores, measured):
    call = f"curl --silent --output /dev/null --max-time 2 http://{internet.ADDRESS}/"
    hasty = pod("hasty", "sh", "-c", f"{call}; echo $?")
    assert run_to_its_end(stores, "store-alpha", hasty) == "28\n"
    assert run_to_its_end(stores, "stranger", hasty) == "0\n"


def test_plain_jobs_are_found_without_a_stamp(stores):
    """As they must be: a Job's template can't be changed by an upgrade."""
    job = stores.get("-n", "store-alpha", "pods", "-l", "job-name=setup")["items"][0]
    assert "urumi.io/store" not in job["metadata"]["labels"]


def test_a_policy_of_the_charts_own_would_open_the_store(stores, measured):
    """Which is why the post-renderer drops it."""
    names = ["-n", "store-alpha", "networkpolicy", "allow-all"]
    assert "NotFound" in stores.kubectl("get", *names).stderr
    policy = SMALL_STORE.read_text().split("---")[0]
    stores.must("-n", "store-alpha", "apply", "-f", "-", input=policy)
    try:
        opened = {**MAY_REACH, "stranger": OUTSIDE | {
            name for name in targets(stores) if name.startswith("alpha/")}}
        stores.wait("open store", lambda: differences(
            {"stranger": probe(stores, "stranger", targets(stores))}, opened) == [])
    finally:
        stores.must("delete", *names)
