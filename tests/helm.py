"""Real Helm 3 and Helm 4 with the post-renderer in place, for the tests.

Helm 3 runs the bare binary, Helm 4 a plugin that is put together here as the
Makefile does it. Each has homes of its own: a plugin of Helm 4's form in Helm
3's folder makes Helm 3 complain on every run.
"""

import os
import pathlib
import shutil
import subprocess

import pytest
import yaml

from conftest import POSTRENDER, ROOT, STORE, postrender, tool

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
RELEASE = "store-fashion"
# The Kubernetes that charts see; the default depends on how Helm was built.
KUBE_VERSION = "1.36.3"
MARK = "postrenderer.helm.sh/postrender-filename"

# A seed, so that passwords are not drawn anew for each render.
SHOP = ["--set", "store.name=fashion",
        "--set", "store.host=fashion.shops.example.com",
        "--set", "credentials.seed=only-for-the-tests"]
ENGINES = {"medusa": "medusa", "backend": "medusa"}

# A Helm 4 post-renderer that changes nothing: what Helm 4 itself does to
# manifests on the way to any post-renderer is not held against ours.
CAT_PLUGIN = """\
apiVersion: v1
type: postrenderer/v1
name: cat
version: 0.1.0
runtime: subprocess
config: {}
runtimeConfig:
  platformCommand:
    - command: cat
"""


def build_plugin(folder):
    """The plugin's folder, as the Makefile makes build/helm4/storeguard."""
    version = postrender(["--version"]).stdout.decode().split()[-1]
    template = ROOT / "postrender" / "plugin" / "plugin.yaml"
    (folder / "bin").mkdir(parents=True)
    (folder / "plugin.yaml").write_text(
        template.read_text().replace("@VERSION@", version))
    shutil.copy2(POSTRENDER, folder / "bin" / "storeguard-postrender")
    return folder


class Helm:
    """One of the two Helms, by its major version."""

    def __init__(self, major, home):
        self.major = major
        self.binary = tool(f"helm{major}")
        self.renderer = POSTRENDER if major == 3 else "storeguard"
        home = pathlib.Path(home)
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith("HELM_")}
        self.env.update(
            HELM_CONFIG_HOME=str(home / "config"),
            HELM_CACHE_HOME=str(home / "cache"),
            HELM_DATA_HOME=str(home / "data"),
            KUBECONFIG=str(home / "no-cluster"))
        if major == 4:
            (home / "cat").mkdir()
            (home / "cat" / "plugin.yaml").write_text(CAT_PLUGIN)
            for plugin in (build_plugin(home / "plugin"), home / "cat"):
                done = self.run("plugin", "install", plugin)
                assert done.returncode == 0, done.stderr.decode()

    def run(self, *args, env=None, timeout=30, **kwargs):
        """Any command, with further environment variables; the streams of the
        result are bytes."""
        if "stdout" not in kwargs:
            kwargs["capture_output"] = True
        if "input" not in kwargs:
            kwargs["stdin"] = subprocess.DEVNULL
        return subprocess.run([self.binary, *map(str, args)],
                              env={**self.env, **(env or {})}, timeout=timeout,
                              check=False, **kwargs)

    def arguments(self, renderer_args):
        """What puts the post-renderer in place with these arguments."""
        words = ["--post-renderer", self.renderer]
        for arg in renderer_args:
            words += ["--post-renderer-args", arg]
        return words

    def template(self, chart, *args, renderer=None, **kwargs):
        """helm template of a release of that chart; guarded where there are
        arguments for the post-renderer, which may be none."""
        words = ["template", RELEASE, chart, "--namespace", RELEASE,
                 "--kube-version", KUBE_VERSION, *args]
        if renderer is not None:
            words += self.arguments(renderer)
        elif self.major == 4:
            words += ["--post-renderer", "cat"]
        return self.run(*words, **kwargs)


def store_args(engine="woocommerce", plan="small"):
    """STORE of conftest.py with another engine or plan."""
    other = {"woocommerce": engine, "small": plan}
    return [other.get(word, word) for word in STORE]


def engine_of(chart):
    return ENGINES.get(chart, "woocommerce")


def chart_args(chart, *args):
    """A chart's folder, ours or a fixture, and the values that it must get."""
    own = ROOT / "charts" / chart
    if own.exists():
        return [own, *SHOP, *args]
    return [ROOT / "tests" / "charts" / chart, *args]


def run(helm, chart, *args, guarded=True):
    """helm template of a chart; its output, after it went well."""
    done = helm.template(
        *chart_args(chart, *args),
        renderer=store_args(engine_of(chart)) if guarded else None)
    assert done.returncode == 0, (
        f"helm{helm.major} template of {chart}: {done.stderr.decode()}")
    return done.stdout


@pytest.fixture(scope="session")
def helms(tmp_path_factory):
    """Both Helms by their number. Test files import it."""
    return {major: Helm(major, tmp_path_factory.mktemp(f"helm{major}"))
            for major in (3, 4)}


def load(text):
    """The objects of a stream, with Lists taken apart as Helm 4 does."""
    objects = []
    for document in yaml.load_all(text, Loader=LOADER):
        if document is None:
            continue
        if document["kind"] == "List":
            objects += document["items"]
        else:
            objects.append(document)
    return objects


def as_helm4_reads(value):
    """What Helm 4 makes of a manifest before any post-renderer sees it: the
    text is trimmed, so the last string may lose its newline, and annotations
    that are null go away."""
    if isinstance(value, dict):
        return {k: as_helm4_reads(v) for k, v in value.items()
                if not (k == "annotations" and v is None)}
    if isinstance(value, list):
        return [as_helm4_reads(v) for v in value]
    return value.rstrip("\n") if isinstance(value, str) else value


def identify(obj):
    """What an object is called in messages, and unique in a release."""
    return f"{obj['kind']}/{obj['metadata']['name']}"


def by_name(objects):
    """Objects by kind and name; none may be there twice."""
    table = {identify(o): o for o in objects}
    assert len(table) == len(objects), \
        f"twice in one stream: {sorted(map(identify, objects))}"
    return table


def labels_of(obj):
    return (obj.get("metadata") or {}).get("labels") or {}


def is_guard(obj):
    return labels_of(obj).get("urumi.io/component") == "guard"


def is_hook(obj):
    return "helm.sh/hook" in (obj["metadata"].get("annotations") or {})
