"""A Git repository, as a team has it: the charts, and stores/ with a file for each Store."""

import os
import shutil
import subprocess

import yaml

from conftest import ROOT


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
