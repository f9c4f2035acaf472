"""The node's container images: those that tests/images/build has made. Among the
node's mounts, `python3 -m cluster.images` imports what is new."""

import json
import os
import pathlib
import sys
import tarfile

from cluster.commands import run
from cluster.services import Failed
from cluster.state import ROOT

SOCKET = "/run/containerd/containerd.sock"
ARCHIVES = pathlib.Path(os.environ.get("STOREGUARD_IMAGES", ROOT / "build" / "images"))
# Without them no pod starts, or none finds another by name.
ESSENTIAL = ("coredns", "pause")


def ctr(*args):
    return run("ctr", "--address", SOCKET, "--namespace", "k8s.io", *args)


def import_all():
    """Those that the node lacks or has as they were before they were built again."""
    have = _digests()
    for reference in sorted((ROOT / "tests" / "images").glob("*/reference")):
        name = reference.parent.name
        archive = ARCHIVES / f"{name}.tar"
        if archive.exists():
            if have.get(reference.read_text().strip()) != _digest(archive):
                ctr("images", "import", archive)
        elif name in ESSENTIAL:
            raise Failed(f"{archive} is missing: run tests/images/build")


def _digests():
    """By reference, of what the node has."""
    rows = [line.split() for line in ctr("images", "list").splitlines()[1:]]
    return {reference: digest for reference, _type, digest, *_ in rows}


def _digest(archive):
    with tarfile.open(archive) as tar:
        index = json.load(tar.extractfile("index.json"))
    return index["manifests"][0]["digest"]


if __name__ == "__main__":
    try:
        import_all()
    except Failed as failure:
        sys.exit(str(failure))
