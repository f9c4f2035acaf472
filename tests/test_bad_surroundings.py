"""Bad policies, Store files and arguments, and a machine that says no.

As in test_bad_input.py: soon, with the right code, one clear error, no output.
"""

import copy
import os
import resource
import signal
import subprocess

import pytest
import yaml

from conftest import POSTRENDER, ROOT, STORE, postrender
from test_bad_input import INVALID, IO, OK, REFUSED, USAGE, fails

POLICY = yaml.safe_load((ROOT / "common" / "default-policy.yaml").read_text())
ABSENT = object()


# --- policies ---

def changed(path, value):
    """The default policy with one thing changed; path is like spec.network.dns.0."""
    policy = copy.deepcopy(POLICY)
    *steps, last = [int(step) if step.isdigit() else step
                    for step in path.replace("requests.", "requests\0").split(".")]
    at = policy
    for step in steps:
        at = at[step]
    if isinstance(last, str):
        last = last.replace("\0", ".")
    if value is ABSENT:
        del at[last]
    else:
        at[last] = value
    return yaml.safe_dump(policy, sort_keys=False)


SMALL = "spec.plans.small"
WOO = "spec.engines.woocommerce"


@pytest.mark.parametrize("path, value, says", [
    ("apiVersion", "urumi.io/v2", "urumi.io/v1"), ("kind", "Policy", "StorePolicy"),
    ("spec", ABSENT, "spec"), ("spec", [], "spec"), ("spec.nmaing", {}, "nmaing"),
    ("extra", 1, "extra"),
    ("spec.naming", ABSENT, "spec.naming"), ("spec.naming", "word", "spec.naming"),
    ("spec.naming.pattern", ABSENT, "spec.naming.pattern"),
    ("spec.naming.pattern", "[a-z", "spec.naming.pattern"),
    ("spec.naming.pattern", "a{2,1}", "spec.naming.pattern"),
    ("spec.naming.pattern", ["a"], "spec.naming.pattern"),
    ("spec.naming.minLength", 0, "spec.naming.minLength"),
    ("spec.naming.minLength", "three", "spec.naming.minLength"),
    ("spec.naming.minLength", 33, "spec.naming.minLength"),
    ("spec.naming.maxLength", 2, "spec.naming.maxLength"),
    ("spec.naming.maxLength", 64, "spec.naming.maxLength"),
    ("spec.naming.reserved", "admin", "spec.naming.reserved"),
    ("spec.naming.reserved", [{}], "spec.naming.reserved"),
    ("spec.naming.protected", [[]], "spec.naming.protected"),
    ("spec.hosts", ABSENT, "spec.hosts"),
    ("spec.hosts.baseDomain", ABSENT, "spec.hosts.baseDomain"),
    ("spec.hosts.baseDomain", "no domain", "spec.hosts.baseDomain"),
    ("spec.hosts.allowedDomains", ["*.example.com"], "spec.hosts.allowedDomains"),
    ("spec.hosts.deniedDomains", ["a..b"], "spec.hosts.deniedDomains"),
    ("spec.owners.stores", -1, "spec.owners.stores"),
    ("spec.owners.stores", 1.5, "spec.owners.stores"),
    ("spec.owners.createsPerMinute", "many", "spec.owners.createsPerMinute"),
    ("spec.owners.groups", [{"stores": 5}], "spec.owners.groups[0].group"),
    ("spec.owners.groups", [{"group": "a"}], "spec.owners.groups[0].stores"),
    ("spec.owners.groups", [{"group": "a", "stores": 1, "x": 1}], "spec.owners.groups[0]"),
    ("spec.owners.assigners", [{"owners": ["a"]}], "spec.owners.assigners[0].user"),
    ("spec.owners.assigners", [{"user": "a", "owners": ["*a"]}], "not at its end"),
    ("spec.provisioning.timeoutSeconds", 0, "spec.provisioning.timeoutSeconds"),
    ("spec.provisioning", {"timeout": 5}, "timeout"),
    ("spec.defaultPlan", ABSENT, "spec.defaultPlan"),
    ("spec.defaultPlan", "tiny", "small, medium, large"),
    ("spec.plans", ABSENT, "spec.plans"), ("spec.plans", {}, "spec.plans"),
    ("spec.plans", [], "spec.plans"), ("spec.plans.Big_One", {}, "Big_One"),
    (SMALL, None, SMALL), (SMALL + ".qouta", {}, "qouta"),
    (SMALL + ".quota", ABSENT, SMALL + ".quota"), (SMALL + ".quota", [], SMALL + ".quota"),
    (SMALL + ".quota.pods", "lots", SMALL + ".quota.pods"),
    (SMALL + ".quota.pods", "-1", SMALL + ".quota.pods"),
    (SMALL + ".quota.pods", {}, SMALL + ".quota.pods"),
    (SMALL + ".quota.requests.cpu", "2 cores", SMALL + ".quota.requests.cpu"),
    (SMALL + ".quota.podz", "1", "podz"), (SMALL + ".quota.requests.bogus", "1", "requests.bogus"),
    (SMALL + ".quota.pods", "1.5", "must be a whole number"), (SMALL + ".limitRange", ABSENT, SMALL + ".limitRange"),
    (SMALL + ".limitRange", {}, SMALL + ".limitRange"),
    (SMALL + ".limitRange.0.type", ABSENT, SMALL + ".limitRange[0].type"),
    (SMALL + ".limitRange.0.type", "Pod", SMALL + ".limitRange[0].type"),
    (SMALL + ".limitRange.1.type", "Container", SMALL + ".limitRange"),
    (SMALL + ".limitRange.0.max", {"cpu": "1x"}, SMALL + ".limitRange[0].max"),
    (SMALL + ".limitRange.0.min", {"cpu": 3}, SMALL + ".limitRange[0]"),
    (SMALL + ".limitRange.0.default", {"cpu": 3}, SMALL + ".limitRange[0]"),
    (SMALL + ".limitRange.0.defaultRequest", {"cpu": 1}, SMALL + ".limitRange[0]"),
    (SMALL + ".limitRange.0.max", {"bogus": 3}, SMALL + ".limitRange[0].max"),
    (SMALL + ".limitRange.1.max", {"cpu": 3}, "storage alone"),
    ("spec.cluster", [], "spec.cluster"),
    ("spec.cluster", {"defaultStorageClass": "Gold"}, "spec.cluster.defaultStorageClass"),
    ("spec.cluster", {"runtimeClasses": {"a": 1}}, "spec.cluster.runtimeClasses"),
    ("spec.cluster", {"runtimeClasses": [{}]}, "spec.cluster.runtimeClasses[0].name"),
    ("spec.cluster", {"runtimeClasses": [{"name": "a"}, {"name": "a"}]}, "two of the name a"),
    ("spec.cluster", {"runtimeClasses": [{"name": "a", "overhead": {"bogus": 1}}]},
     "spec.cluster.runtimeClasses[0].overhead"),
    (SMALL + ".limitRange.1.default", {"storage": "1Gi"}, SMALL + ".limitRange[1]"),
    ("spec.engines", ABSENT, "spec.engines"), ("spec.engines", {}, "spec.engines"),
    (WOO + ".plans", ["huge"], "small, medium, large"), (WOO + ".plan", ["small"], WOO),
    (WOO + ".podSecurity", "strict", "restricted"),
    (WOO + ".components", ABSENT, WOO + ".components"),
    (WOO + ".components", {}, WOO + ".components"),
    (WOO + ".components.0.name", ABSENT, WOO + ".components[0].name"),
    (WOO + ".components.0.name", "web", WOO + ".components"),
    (WOO + ".components.0.name", "guard", WOO + ".components[0].name"),
    (WOO + ".components.1.jobs", True, WOO + ".components"),
    (WOO + ".components.1.jobs", "often", WOO + ".components[1].jobs"),
    (WOO + ".components.1.ports", [70000], WOO + ".components[1].ports"),
    (WOO + ".components.1.ports", ["http"], WOO + ".components[1].ports"),
    (WOO + ".components.1.images", "mysql", WOO + ".components[1].images"),
    (WOO + ".components.1.labels", [], WOO + ".components[1].labels"),
    (WOO + ".components.0.reaches", ["queue"], "queue"),
    (WOO + ".components.0.internet", [0], WOO + ".components[0].internet"),
    (WOO + ".components.3.ports", [], "ports"),
    ("spec.network", ABSENT, "spec.network"), ("spec.network.dns", ABSENT, "spec.network.dns"),
    ("spec.network.dns", [{}], "spec.network.dns[0]"),
    ("spec.network.dns.0.podSelector", {"matchLabel": {}}, "spec.network.dns[0].podSelector"),
    ("spec.network.dns.0.ipBlock", {"cidr": "10.0.0.0/8"}, "spec.network.dns[0]"),
    ("spec.network.dns.1.ipBlock.cidr", "10.0.0.0", "spec.network.dns[1].ipBlock"),
    ("spec.network.dns.1.ipBlock.cidr", "10.0.0.0/33", "spec.network.dns[1].ipBlock"),
    ("spec.network.dns.1.ipBlock.cidr", "300.0.0.0/8", "spec.network.dns[1].ipBlock"),
    ("spec.network.internet.0.ipBlock.except", ["fc00::/7"], "spec.network.internet[0].ipBlock"),
    ("spec.network.internet.0.ipBlock.except", ["0.0.0.0/0"], "spec.network.internet[0].ipBlock"),
    ("spec.network.dns.1.ipBlock.except", ["10.0.0.0/8"], "spec.network.dns[1].ipBlock"),
    ("spec.network.internet.1.ipBlock.except", ["::/129"], "spec.network.internet[1].ipBlock"),
    ("spec.network.ingress", ABSENT, "spec.network.ingress"),
    ("spec.network.ingress.ports", [-1], "spec.network.ingress.ports"),
    ("spec.network.ingress.peers", ABSENT, "spec.network.ingress.peers")])
def test_policy(tmp_path, path, value, says):
    (tmp_path / "policy.yaml").write_text(changed(path, value))
    fails(INVALID, OK, "policy.yaml: ", says, args=["--policy=policy.yaml", *STORE], cwd=tmp_path)


def test_unchanged_policy(tmp_path):
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(POLICY, sort_keys=False))
    result = postrender(["--policy=policy.yaml", *STORE], OK, cwd=tmp_path)
    assert result.returncode == 0, result.stderr.decode()
    assert list(yaml.safe_load_all(result.stdout)) == list(
        yaml.safe_load_all(postrender(STORE, OK).stdout))


# --- files ---

GOOD_STORE = (b"apiVersion: urumi.io/v1\nkind: Store\nmetadata: {name: fashion}\n"
              b"spec: {engine: medusa}\n")
FILES = {"empty": b"", "broken": b"a: [", "a list": b"- a\n", "binary": bytes(range(256)),
         "of another kind": OK.encode(), "two": GOOD_STORE + b"---\n" + GOOD_STORE,
         "UTF-16": GOOD_STORE.decode().encode("utf-16"), "deep": b"[" * 100_000,
         "huge": b"# " + b"c" * 2_000_000,
         "unknown field": GOOD_STORE.replace(b"{engine", b"{Engine: a, engine"),
         "wrong type": GOOD_STORE.replace(b"medusa", b"[medusa]"), "cut": GOOD_STORE[:-3],
         "twice": GOOD_STORE.replace(b"{engine", b"{engine: woocommerce, engine"),
         "no name": GOOD_STORE.replace(b"name", b"Name"),
         "values that are none": GOOD_STORE.replace(b"{engine", b"{values: 3, engine"),
         "no yes or no": GOOD_STORE.replace(b"{engine", b"{deletionProtection: 3, engine")}
USES = {"--store-file": ["--store-file", "given.yaml"], "values": ["values", "given.yaml"],
        "--policy": [*STORE, "--policy", "given.yaml"]}


@pytest.mark.parametrize("content", FILES)
@pytest.mark.parametrize("use", USES)
def test_content_of_a_file(tmp_path, use, content):
    (tmp_path / "given.yaml").write_bytes(FILES[content])
    fails(INVALID, OK, "given.yaml", args=USES[use], cwd=tmp_path)


@pytest.mark.parametrize("use", USES)
def test_file_that_can_not_be_read(tmp_path, use):
    def run(says):
        fails(IO, OK, "given.yaml", says, args=USES[use], cwd=tmp_path)
    given = tmp_path / "given.yaml"
    run("No such file")
    given.mkdir()
    run("directory")
    given.rmdir()
    given.symlink_to("given.yaml")
    run("symbolic links")
    given.unlink()
    given.symlink_to("/proc/self/mem")  # opens, and can't be read even by root
    run("Input/output error")


@pytest.mark.parametrize("content, says", [
    (GOOD_STORE.replace(b"medusa", b"magento"), ["magento", "woocommerce, medusa"]),
    (GOOD_STORE.replace(b"{engine", b"{plan: huge, engine"), ["huge", "small, medium, large"]),
    (GOOD_STORE.replace(b"{engine", b"{host: evil.example.net, engine"), ["evil.example.net"]),
    (GOOD_STORE.replace(b"{engine", b"{values: {shop: {apiToken: x}}, engine"), ["apiToken"]),
    (GOOD_STORE.replace(b"{engine", b"{values: {image: x}, engine"), ["image", "shop.currency"]),
    (GOOD_STORE.replace(b"fashion", b"admin"), ["admin", "reserved"]),
    (GOOD_STORE.replace(b"fashion", b"paypa1"), ["paypa1", "paypal"])])
@pytest.mark.parametrize("use", ["--store-file", "values"])
def test_store_that_the_policy_refuses(tmp_path, use, content, says):
    (tmp_path / "given.yaml").write_bytes(content)
    fails(REFUSED, OK, *says, args=USES[use], cwd=tmp_path)


# --- arguments ---

@pytest.mark.parametrize("args, says", [
    (["--unknown"], "--unknown"), (["-x"], "-x"), (["--o=a"], "--o"), (["--store"], "--store"),
    (["--policy"], "--policy"), (["--store="], "empty"), ([*STORE, "--explain=yes"], "--explain"),
    ([*STORE, "extra"], "extra"), ([*STORE, "--", "extra"], "extra"), (["values"], "STORE-FILE"),
    (["values", "a", "b"], "STORE-FILE"), ([*STORE, "--only=some"], "all, labels or guards"),
    ([*STORE, "--fit=maybe"], "error, warn or off"),
    ([*STORE, "--chart-policies=eat"], "drop, keep or fail"),
    ([*STORE, "--deployer=flux"], "helm or argocd"), ([*STORE, "--admitted"], "--store-file"),
    ([*STORE, "--store-uid=a"], "--store-file"), ([*STORE, "--admitted=yes"], "--admitted"),
    (["values", "--deployer=argocd", "a"], "one STORE-FILE or --store-env"),
    ([*STORE, "--namespace=Not_One"], "Not_One"), ([], "--store"),
    (["--store=fashion"], "--engine"), (["--store-env=A", "--store-file=b"], "not both"),
    (["--seed-key-file=a", *STORE], "belong to values"),
    (["values", "--store-env=A", "b"], "one STORE-FILE or --store-env"),
    (["values", "--seed-key-file=a"], "one STORE-FILE or --store-env"),
    (["--engine=medusa"], "--store"), (["--x\033[2J"], "--x"), (["--" + "x" * 100_000], "--help")])
def test_arguments(args, says):
    fails(USAGE, OK, says, args=args)


@pytest.mark.parametrize("args, says", [
    (["--store=fashion", "--engine=magento"], ["magento", "woocommerce, medusa"]),
    (["--store=fashion", "--engine=medusa", "--plan=huge"], ["huge", "small, medium, large"]),
    (["--store=Fa_shion", "--engine=medusa"], ["Fa_shion"]),
    (["--store=food", "--store-file=given.yaml"], ["food", "fashion", "given.yaml"])])
def test_flags_that_the_policy_refuses(tmp_path, args, says):
    (tmp_path / "given.yaml").write_bytes(GOOD_STORE)
    fails(REFUSED, OK, *says, args=args, cwd=tmp_path)


@pytest.mark.parametrize("option", ["--policy", "--store-file", "--log-file"])
def test_file_name_that_would_draw_on_a_terminal(option):
    fails(IO, OK, "[2J", args=[*STORE, f"{option}=no/\033[2J\n\x9b"])


# --- standard streams, disks, memory ---

COMMANDS = {"filter": STORE, "values": ["values", "given.yaml"], "help": ["--help"]}


@pytest.fixture(name="folder")
def folder_with_a_store(tmp_path):
    (tmp_path / "given.yaml").write_bytes(GOOD_STORE)
    return tmp_path


def to_stdout(args, folder, stdout, prepare=None, stdin=OK.encode()):
    """Runs with that as standard output; must end with exit 4 and one error."""
    result = subprocess.run([POSTRENDER, *args], input=stdin, stdout=stdout, cwd=folder,
                            stderr=subprocess.PIPE, timeout=20, check=False, preexec_fn=prepare)
    said = result.stderr.decode()
    assert result.returncode == IO, f"exit {result.returncode}: {said}"
    assert said.startswith("storeguard-postrender: ") and said.count("\n") == 1, said
    return said


@pytest.mark.parametrize("command", COMMANDS)
def test_stdout_is_full(folder, command):
    with open("/dev/full", "wb") as full:
        assert "No space left" in to_stdout(COMMANDS[command], folder, full)


@pytest.mark.parametrize("command", COMMANDS)
def test_stdout_is_closed(folder, command):
    assert "output" in to_stdout(COMMANDS[command], folder, None, lambda: os.close(1))


def test_stdout_is_closed_and_a_file_takes_its_number(folder):
    to_stdout([*STORE, "--log-file=log", "--policy", str(ROOT / "common/default-policy.yaml")],
              folder, None, lambda: os.close(1))
    log = (folder / "log").read_text()
    assert "kind:" not in log, f"the manifests went to the log file: {log[:200]}"


@pytest.mark.parametrize("command", COMMANDS)
def test_reader_of_stdout_is_gone(folder, command):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        assert "Broken pipe" in to_stdout(COMMANDS[command], folder, pipe)


@pytest.mark.parametrize("mode", ["wb", "ab"])
def test_disk_is_full_in_the_middle(folder, mode):
    """A file size limit fails in the middle of writing, as a full disk does."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
    kept = b"" if mode == "wb" else b"# was here\n"
    (folder / "out").write_bytes(kept)
    with (folder / "out").open(mode) as out:
        to_stdout(STORE, folder, out, limit)
    assert (folder / "out").read_bytes() == kept, "half a stream was left behind"


def test_stdin_is_closed_or_a_directory(folder):
    def run(prepare, stdin):
        return subprocess.run([POSTRENDER, *STORE], stdin=stdin, capture_output=True, timeout=20,
                              check=False, preexec_fn=prepare)
    directory = os.open(folder, os.O_RDONLY)
    for result in run(lambda: os.close(0), None), run(None, directory):
        assert result.returncode == IO and not result.stdout, result
        assert b"standard input" in result.stderr, result.stderr
    os.close(directory)


def test_log_file_can_not_be_opened(folder):
    fails(IO, OK, "no/log", "No such file", args=[*STORE, "--log-file=no/log"], cwd=folder)


@pytest.mark.skipif("STOREGUARD_SLOW" in os.environ,
                    reason="AddressSanitizer reserves terabytes of addresses")
def test_too_little_memory():
    """Under any limit of memory it works or says that it has none; it never crashes."""
    stream = OK * 5000
    args = [*STORE, "--fit=off"]
    whole = postrender(args, stream).stdout
    codes = set()
    for mebibytes in range(3, 40):
        size = mebibytes << 20

        def limited(arguments, stdin=b"", size=size):
            return postrender(arguments, stdin, preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_AS, (size, size)))
        if limited(["--version"]).returncode != 0:
            continue  # not even the program gets loaded
        result = limited(args, stream)
        said = result.stderr.decode()
        codes.add(result.returncode)
        assert result.returncode in (0, IO), f"{mebibytes} MiB: {result.returncode}, {said}"
        assert result.stdout == (whole if result.returncode == 0 else b""), f"{mebibytes} MiB"
        assert result.returncode == 0 or "memory" in said, f"{mebibytes} MiB: {said}"
    assert codes == {0, IO}, f"the limits tried show only {codes}"
