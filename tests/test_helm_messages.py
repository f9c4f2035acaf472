"""What a person at real Helm 3 and Helm 4 gets to read, and the ways of using
the program that the README shows.

Helm 4 throws away what a plugin writes to stderr, so the program writes to
Helm's own. It has to arrive whole and once, whatever Helm's stderr is.
"""

import pty
import re
import subprocess
import sys
import tty

import pytest

from conftest import POSTRENDER, postrender
from helm import (MARK, RELEASE, SHOP, by_name, chart_args, helms, is_guard,
                  labels_of, load, run, store_args)

each_helm = pytest.mark.parametrize("major", [3, 4])

# A release that asks for far more than plan small holds.
TOO_LARGE = ("woocommerce", "--set", "web.replicas=20")
MISFIT = 'the release of store "fashion" does not fit plan "small"'
DROPPED = f"NetworkPolicy/{RELEASE}-allow-all dropped"


def said_directly(helm, chart, *args, options=()):
    """What the program says of the same manifests when nothing is between."""
    done = postrender([*store_args(), *options],
                      run(helm, chart, *args, guarded=False))
    return done.stderr.decode()


def with_stderr(how, helm, tmp_path, *args, **kwargs):
    """helm template with stderr of that kind: (exit code, stdout, stderr)."""
    if how == "pipe":
        done = helm.template(*args, **kwargs)
        return done.returncode, done.stdout, done.stderr.decode()
    if how == "terminal":
        reader, writer = pty.openpty()
        tty.setraw(writer)  # else newlines become CRLF
        with open(reader, "rb", buffering=0) as screen:
            with open(writer, "wb", buffering=0) as stderr:
                done = helm.template(*args, stdout=subprocess.PIPE,
                                     stderr=stderr, **kwargs)
            shown = b""
            try:
                while part := screen.read(65536):
                    shown += part
            except OSError:  # how Linux says that nobody writes any more
                pass
        return done.returncode, done.stdout, shown.decode()
    path = tmp_path / "stderr"
    path.write_text("before\n")
    with open(path, {"file": "wb", "appended file": "ab"}[how]) as stderr:
        done = helm.template(*args, stdout=subprocess.PIPE, stderr=stderr,
                             **kwargs)
    return done.returncode, done.stdout, path.read_text()


def shares_descriptors():
    """Whether this kernel lets a child take its parent's stderr (containers
    and Yama may not). Else the program keeps away from a file that Helm writes
    to at an offset of its own: each would overwrite the other."""
    take = ("import ctypes, os; parent = os.pidfd_open(os.getppid());"
            "exit(ctypes.CDLL(None).syscall(438, parent, 2, 0) < 0)")
    return subprocess.run([sys.executable, "-c", take],
                          check=False).returncode == 0


@each_helm
@pytest.mark.parametrize("how", ["pipe", "file", "appended file", "terminal"])
def test_misfit_is_shown_once(helms, tmp_path, how, major):
    """The whole table, next to Helm's own error, and nothing on stdout."""
    helm = helms[major]
    expected = said_directly(helm, *TOO_LARGE)
    assert MISFIT in expected and "Deployment/store-fashion-web" in expected
    code, stdout, stderr = with_stderr(how, helm, tmp_path,
                                       *chart_args(*TOO_LARGE),
                                       renderer=store_args())
    assert code != 0 and stdout == b"", f"exit {code}, stdout {stdout[:200]}"
    if (how, major) != ("file", 4) or shares_descriptors():
        assert stderr.count(expected) == 1, f"not whole on stderr: {stderr}"
        assert stderr.count(MISFIT) == 1, f"more than once on stderr: {stderr}"
    assert "running post render" in stderr.replace(expected, ""), (
        f"Helm's own error is gone: {stderr}")


def test_helm3_inside_a_plugin(helms):
    """Plugins of Helm 3 that call helm (helm-diff) leave HELM_PLUGIN_DIR set;
    Helm 3 shows errors itself, and once is enough."""
    done = helms[3].template(*chart_args(*TOO_LARGE), renderer=store_args(),
                             env={"HELM_PLUGIN_DIR": "/plugins/diff",
                                  "HELM_PLUGIN_NAME": "diff"})
    stderr = done.stderr.decode()
    assert done.returncode != 0 and stderr.count(MISFIT) == 1, stderr


def lines_of_log(path):
    """The log's text without the times that stand before each message."""
    return re.sub(r"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", "",
                  path.read_text())


@each_helm
def test_misfit_is_logged(helms, tmp_path, major):
    log = tmp_path / "storeguard.log"
    done = helms[major].template(
        *chart_args(*TOO_LARGE),
        renderer=[*store_args(), f"--log-file={log}"])
    assert done.returncode != 0
    said = said_directly(helms[major], *TOO_LARGE).split(": ", 1)[1]
    wanted = [line for line in said.splitlines() if line]
    found = [re.sub(r"^\S+ (error|info) +", "", line)
             for line in log.read_text().splitlines()]
    assert found == [line.lstrip() for line in wanted]


@each_helm
@pytest.mark.parametrize("values, args, expected", [
    ([], [], ["--store-file", "--store"]),
    ([], ["--store=fashion", "--engine=woocommerce", "--plan=huge"],
     ["huge", "small, medium, large"]),
    ([], ["--store=fashion", "--engine=magento"],
     ["magento", "woocommerce, medusa"]),
    ([], [*store_args(), "--colour"], ["--colour", "--help"]),
    (["--set", "cluster=true"], store_args(),
     ["ClusterRole/store-fashion-reader", "outside/templates/outside.yaml",
      "--allow-cluster-scoped"]),
    (["--set", "namespace=kube-system"], store_args(),
     ["Deployment/store-fashion-web", "outside/templates/outside.yaml",
      "kube-system"]),
], ids=["no store", "plan", "engine", "option", "cluster-scoped", "namespace"])
def test_refusals_are_shown(helms, values, args, expected, major):
    """Each says what is wrong, where, and what would be accepted."""
    done = helms[major].template(*chart_args("outside", *values),
                                 renderer=args)
    stderr = done.stderr.decode()
    assert done.returncode != 0 and done.stdout == b"", stderr
    for text in expected:
        assert text in stderr, f"no {text!r} in: {stderr}"
    messages = [line for line in stderr.splitlines()
                if line.startswith("storeguard-postrender: ")]
    assert len(messages) == 1, f"not exactly one message: {stderr}"


@each_helm
def test_warnings_of_a_success(helms, tmp_path, major):
    """Helm 3 drops what a renderer says that succeeds; the log file and Helm 4
    show it. The manifests are not touched by it."""
    log = tmp_path / "storeguard.log"
    done = helms[major].template(
        *chart_args("policies"),
        renderer=[*store_args(), f"--log-file={log}"])
    stderr = done.stderr.decode()
    assert done.returncode == 0, stderr
    assert lines_of_log(log).count(DROPPED) == 1, log.read_text()
    assert stderr.count(DROPPED) == (1 if major == 4 else 0), stderr
    assert done.stdout == run(helms[major], "policies")


@each_helm
@pytest.mark.parametrize("mode", ["wb", "ab"])
def test_both_streams_in_one_file(helms, tmp_path, mode, major):
    """`> all.txt 2>&1` with warnings leaves the manifests whole."""
    path = tmp_path / "all.txt"
    with open(path, mode) as out:
        done = helms[major].template(*chart_args("policies"),
                                     renderer=store_args(),
                                     stdout=out, stderr=out)
    text = path.read_bytes()
    assert done.returncode == 0, text.decode()
    assert run(helms[major], "policies") in text, text.decode()


@each_helm
def test_fit_warn_lets_it_through(helms, tmp_path, major):
    """The release passes, and the table is there to be read."""
    log = tmp_path / "storeguard.log"
    done = helms[major].template(
        *chart_args(*TOO_LARGE),
        renderer=[*store_args(), "--fit=warn", f"--log-file={log}"])
    assert done.returncode == 0, done.stderr.decode()
    assert f"{RELEASE}-web" in done.stdout.decode()
    assert MISFIT in lines_of_log(log)
    if major == 4:
        assert done.stderr.decode().count(MISFIT) == 1, done.stderr.decode()


def test_helm4_shows_explain(helms):
    """--explain is read on Helm 4's stderr, as from the program itself; only
    the objects' order is that in which Helm 4 passes them on."""
    args = [*store_args(), "--explain"]
    done = helms[4].template(*chart_args("wordpress"), renderer=args)
    expected = said_directly(helms[4], "wordpress", options=["--explain"])
    assert "requests.cpu" in expected
    assert sorted(done.stderr.decode().splitlines()) == \
        sorted(expected.splitlines())
    assert done.stdout == run(helms[4], "wordpress")


def test_helm4_plugin_is_listed(helms):
    """By the name that --post-renderer takes, with the program's version."""
    version = postrender(["--version"]).stdout.decode().split()[-1]
    done = helms[4].run("plugin", "list")
    rows = [line.split() for line in done.stdout.decode().splitlines()]
    assert ["storeguard", version, "postrenderer/v1"] in [r[:3] for r in rows]


def test_helm4_dry_run_install(helms):
    """An install that needs no cluster: guards and hooks are in what Helm
    would apply, and Helm's own marks are not."""
    helm = helms[4]
    done = helm.run("install", RELEASE, *chart_args("hooks"), "--namespace",
                    RELEASE, "--dry-run=client", *helm.arguments(store_args()))
    text = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()
    assert MARK not in text
    _, hooks, manifest = re.split(r"(?m)^(?:HOOKS|MANIFEST):\n", text)
    for obj in load(hooks):
        assert labels_of(obj).get("urumi.io/store") == "fashion", obj
    objects = load(manifest)
    assert is_guard(objects[0]) and not is_guard(objects[-1])
    assert len(load(hooks)) == 8, f"hooks: {hooks}"


@each_helm
@pytest.mark.parametrize("chart", ["woocommerce", "medusa"])
def test_store_file_for_values_and_guards(helms, tmp_path, chart, major):
    """The README's way: one file gives the chart its values and the store its
    guards, by a path from where the person stands."""
    (tmp_path / "fashion.yaml").write_text(
        "apiVersion: urumi.io/v1\nkind: Store\nmetadata: {name: fashion}\n"
        f"spec: {{engine: {chart}, owner: alice, plan: medium}}\n")
    values = subprocess.run([POSTRENDER, "values", "fashion.yaml"],
                            cwd=tmp_path, capture_output=True, check=True)
    helm = helms[major]
    done = helm.template(chart_args(chart)[0], "-f", "-",
                         renderer=["--store-file=fashion.yaml"],
                         cwd=tmp_path, input=values.stdout)
    assert done.returncode == 0, done.stderr.decode()
    objects = by_name(load(done.stdout))
    web = labels_of(objects[f"Deployment/{RELEASE}-web"])
    ours = {k: v for k, v in web.items() if k.startswith("urumi.io/")}
    assert ours == {"urumi.io/store": "fashion", "urumi.io/engine": chart,
                    "urumi.io/plan": "medium", "urumi.io/owner": "alice",
                    "urumi.io/component": "web"}
    host = objects[f"Ingress/{RELEASE}-web"]["spec"]["rules"][0]["host"]
    assert host == "fashion.shops.example.com"


@each_helm
def test_arguments_joined_by_commas(helms, major):
    """Neither Helm splits --post-renderer-args at commas; who expects it is
    told what was taken for the store's name."""
    joined = "--store=fashion,--engine=woocommerce"
    done = helms[major].template(*chart_args("outside"), renderer=[joined])
    stderr = done.stderr.decode()
    assert done.returncode != 0 and done.stdout == b""
    assert "fashion,--engine=woocommerce" in stderr, stderr
