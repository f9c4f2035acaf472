"""The node's container images: those that tests/images/build has made, and what `make
image` and `make image-cmp` have. Among the node's mounts, `python3 -m cluster.images`
imports what is new."""

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
    for name in ESSENTIAL:
        if not (ARCHIVES / f"{name}.tar").exists():
            raise Failed(f"{ARCHIVES / name}.tar is missing: run tests/images/build")
    have = _digests()
    ours = (ROOT / "build").glob("storeguard*-image.tar")
    for archive in sorted([*ARCHIVES.glob("*.tar"), *ours]):
        reference, digest = _content(archive)
        if have.get(reference) != digest:
            ctr("images", "import", archive)


def _digests():
    """By reference, of what the node has."""
    rows = [line.split() for line in ctr("images", "list").splitlines()[1:]]
    return {reference: digest for reference, _type, digest, *_ in rows}


def _content(archive):
    """The reference of the image in it, and its digest."""
    with tarfile.open(archive) as tar:
        image, = json.load(tar.extractfile("index.json"))["manifests"]
    return image["annotations"]["org.opencontainers.image.ref.name"], image["digest"]


if __name__ == "__main__":
    try:
        import_all()
    except Failed as failure:
        sys.exit(str(failure))
