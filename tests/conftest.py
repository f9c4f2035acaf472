"""What all tests share: where the programs are, and how to run them.

Tests are given the program by STOREGUARD_POSTRENDER and the Go tools' folder by
STOREGUARD_TOOLS, both set by the Makefile; build/ is where they are by default.
"""

import os
import pathlib
import subprocess

import pytest

from cluster.client import Cluster

ROOT = pathlib.Path(__file__).resolve().parent.parent
POSTRENDER = os.environ.get(
    "STOREGUARD_POSTRENDER", str(ROOT / "build" / "storeguard-postrender"))
WEBHOOK = os.environ.get(
    "STOREGUARD_WEBHOOK", str(ROOT / "build" / "storeguard-webhook"))
CERTS = os.environ.get("STOREGUARD_CERTS", str(ROOT / "build" / "storeguard-certs"))
TOOLS = pathlib.Path(os.environ.get("STOREGUARD_TOOLS", ROOT / "build" / "tools"))

# A store that tests may use where it does not matter which.
STORE = ["--store", "fashion", "--engine", "woocommerce", "--plan", "small",
         "--owner", "alice"]


def postrender(args, stdin=b"", timeout=20, **kwargs):
    """Runs the post-renderer; stdin and the streams of the result are bytes."""
    if isinstance(stdin, str):
        stdin = stdin.encode()
    return subprocess.run([POSTRENDER, *map(str, args)], input=stdin,
                          capture_output=True, timeout=timeout, check=False,
                          **kwargs)


def must(done):
    """The output of what must have succeeded."""
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(done, *messages):
    """What must have failed, and said all this, however the lines are broken."""
    assert done.returncode != 0, f"it was taken: {done.stdout}"
    said = " ".join(done.stderr.split())
    for message in messages:
        assert message in said, done.stderr


def tool(name):
    """The path of a Go tool that make deps built; the test fails without it."""
    path = TOOLS / name
    assert path.exists(), f"{path} is missing: run make deps"
    return str(path)


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def cluster():
    """A real API server, with etcd and controllers but no node."""
    cluster = Cluster("cluster-test")
    cluster.up()
    yield cluster
    cluster.down()
