"""A Git repository, as a team has it: the charts, and stores/ with a file for each Store;
and what CI makes of these."""

import os
import pathlib
import shutil
import subprocess

import yaml

from conftest import POSTRENDER, ROOT, must, tool
from helm import KUBE_VERSION

RENDER = ROOT / "charts" / "storeguard" / "flux" / "render"


class Git:
    """A bare repository, as Argo CD gets it, and a checkout that is pushed from."""

    def __init__(self, folder):
        self.bare, self.work = folder / "shops.git", folder / "shops"
        self.url = f"file://{self.bare}"
        self.environment = {
            **os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
            **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
               for what, value in (("NAME", "A Team"), ("EMAIL", "team@example.com"))}}
        self.run("init", "-q", "--bare", "-b", "main", self.bare, cwd=folder)
        self.run("init", "-q", "-b", "main", self.work, cwd=folder)
        self.run("remote", "add", "origin", self.bare)
        shutil.copytree(ROOT / "charts", self.work / "charts")

    def run(self, *args, cwd=None):
        done = subprocess.run(["git", *map(str, args)], cwd=cwd or self.work,
                              env=self.environment, capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 0, f"git {args}: {done.stderr}"
        return done.stdout.strip()

    def push(self, message="A change", folder="stores", **files):
        """Files of that folder by their names without .yaml: an object, or None for none.
        The commit."""
        for name, content in files.items():
            path = self.work / folder / f"{name}.yaml"
            path.parent.mkdir(exist_ok=True)
            if content is None:
                path.unlink()
            else:
                path.write_text(yaml.safe_dump(content))
        self.run("add", "--all")
        self.run("commit", "-q", "--allow-empty", "-m", message)
        return self._pushed()

    def revert(self, commit):
        self.run("revert", "--no-edit", commit)
        return self._pushed()

    def _pushed(self):
        self.run("push", "-q", "origin", "main")
        return self.run("rev-parse", "HEAD")


def a_store(name, engine="woocommerce", **spec):
    """One that somebody else than Argo CD brings."""
    return {"apiVersion": "urumi.io/v1", "kind": "Store", "metadata": {"name": name},
            "spec": {"engine": engine, "owner": "alice", "plan": "small", "delivery": "helm",
                     **spec}}


class Checkout:
    """A folder in which CI renders stores/ into shops/, for Flux or kubectl."""

    def __init__(self, folder, helm, charts=ROOT / "charts"):
        self.folder, self.out, self.charts = folder, folder / "shops", charts
        self.env = {**helm.env, "HELM": helm.binary, "KUBE_VERSION": KUBE_VERSION,
                    "PATH": f"{pathlib.Path(POSTRENDER).resolve().parent}:{os.environ['PATH']}"}
        for name in ("stores", "credentials"):
            (folder / name).mkdir()

    def write(self, store, file=None):
        path = self.folder / "stores" / f"{file or store['metadata']['name']}.yaml"
        path.write_text(yaml.safe_dump(store))

    def render(self, out="shops", stores=None):
        stores = sorted((self.folder / "stores").iterdir()) if stores is None else stores
        return subprocess.run([RENDER, out, *stores], cwd=self.folder, timeout=60,
                              env={**self.env, "CHARTS": str(self.charts)}, text=True,
                              capture_output=True, check=False)

    def committed(self):
        """What is in OUT, by its path."""
        return {str(p.relative_to(self.out)): p.read_bytes()
                for p in sorted(self.out.rglob("*")) if p.is_file()}

    def build(self, *path):
        """What Flux's kustomize makes of a folder."""
        return must(subprocess.run([tool("kustomize"), "build", self.out.joinpath(*path)],
                                   capture_output=True, text=True, timeout=30, check=False))

    def flux(self):
        """The Kustomizations for Flux, by name."""
        return {k["metadata"]["name"]: k["spec"] for k in yaml.safe_load_all(self.build())}
