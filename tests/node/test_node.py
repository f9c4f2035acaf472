"""The node itself: pods run, names and Services work, volumes come free again, a power
cut is survived, and nothing is left of a node that was killed or failed to start."""

import json
import os
import pathlib
import signal
import subprocess

import pytest

from cluster.client import Cluster
from cluster.node import cgroup_folders
from cluster.state import ROOT, TOOLS
from node.pods import pod, run_to_its_end


@pytest.fixture
def space(node, request):
    """A namespace of the test's own."""
    name = request.function.__name__.replace("_", "-")[:63].rstrip("-")
    yield node.namespace(name)
    node.must("delete", "namespace", name, "--ignore-not-found", "--wait=false")


def test_a_pod_finds_another_by_the_name_of_its_service(node, space):
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"},
               "spec": {"selector": {"app": "shop"}, "ports": [{"port": 80,
                                                                "targetPort": 8080}]}}
    server = pod("server", "sh", "-c",
                 "mkdir /tmp/www && echo welcome >/tmp/www/index.html && "
                 "exec httpd -f -p 8080 -h /tmp/www", labels={"app": "shop"})
    client = pod("client", "sh", "-c",
                 f"until curl --silent --max-time 5 http://shop.{space}.svc.cluster.local/;"
                 " do :; done")
    node.apply(service, server, namespace=space)
    assert run_to_its_end(node, space, client).endswith("welcome\n")


def claim(storage):
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"],
                     "resources": {"requests": {"storage": storage}}}}


def test_a_claim_may_grow_and_its_volume_comes_free_again(node, space):
    writer = pod("writer", "sh", "-c", "echo order 1 >/data/orders")
    writer["spec"]["securityContext"] = {"fsGroup": 65534}
    writer["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {
        "claimName": "data"}}]
    writer["spec"]["containers"][0]["volumeMounts"] = [{"name": "data",
                                                        "mountPath": "/data"}]
    node.apply(claim("1Gi"), namespace=space)
    run_to_its_end(node, space, writer)
    node.apply(claim("2Gi"), namespace=space)
    volume = node.get("-n", space, "persistentvolumeclaim", "data")["spec"]["volumeName"]
    folder = node.state.folder / "node" / "volumes" / volume
    assert (folder / "orders").read_text() == "order 1\n"
    node.must("delete", "namespace", space)
    node.wait(f"{volume} that is free again", lambda: "Available" in node.kubectl(
        "get", "persistentvolume", volume).stdout)
    assert list(folder.iterdir()) == []


def build_again(archive, folder):
    """The image in that archive with one thing changed, into that folder."""
    layout = folder / "layout"
    layout.mkdir()
    subprocess.run(["tar", "-C", layout, "-xf", archive], check=True)
    index = json.loads((layout / "index.json").read_text())
    reference = index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"]
    subprocess.run(["umoci", "config", "--image", f"{layout}:{reference}",
                    "--config.env=BUILT=again"], check=True)
    subprocess.run(["tar", "-C", layout, "-cf", folder / archive.name, "oci-layout",
                    "index.json", "blobs"], check=True)


def test_an_image_that_is_built_again_replaces_the_former(node, space, tmp_path):
    archives = ROOT / "build" / "images"
    for name in ("pause.tar", "coredns.tar"):
        (tmp_path / name).symlink_to(archives / name)
    build_again(archives / "tools.tar", tmp_path)
    says = 'echo "built ${BUILT:-once}"'
    assert run_to_its_end(node, space, pod("before", "sh", "-c", says)) == "built once\n"
    done = node.tool("images", environment={"STOREGUARD_IMAGES": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert run_to_its_end(node, space, pod("after", "sh", "-c", says)) == "built again\n"
    done = node.tool("images")
    assert done.returncode == 0, done.stderr
    assert run_to_its_end(node, space, pod("back", "sh", "-c", says)) == "built once\n"


@pytest.fixture
def own():
    cluster = Cluster("cluster-own-test", node=True)
    cluster.down()
    yield cluster
    cluster.down()


def traces(cluster):
    """What a node could leave on the machine."""
    name = cluster.state.folder.name
    mounts = [line.split()[1] for line in pathlib.Path("/proc/mounts").open()
              if name in line]
    links = [link for link in os.listdir("/sys/class/net")
             if link == "node0" or link.startswith("cali")]
    groups = [str(path) for path in cgroup_folders(cluster.state) if path.exists()]
    files = [path for path in ("/var/lib/calico", "/var/log/calico", "/run/calico",
                               "/var/lib/cni", "/var/lib/kubelet")
             if os.path.lexists(path)]
    return mounts + links + groups + files


def test_nothing_is_left_and_a_killed_node_is_no_obstacle(own):
    setting = pathlib.Path("/proc/sys/vm/overcommit_memory")
    before, traces_before = setting.read_text(), traces(own)
    own.up()
    own.state.signal_supervisor(signal.SIGKILL)
    own.wait("end of the node", lambda: not own.state.is_running())
    own.up()
    own.restart()
    assert own.must("get", "node", "node", "-o", "name") == "node/node\n"
    own.down()
    assert traces(own) == traces_before
    assert setting.read_text() == before


def test_a_node_that_fails_half_way_says_why_and_leaves_nothing(own, tmp_path):
    traces_before = traces(own)
    for program in TOOLS.iterdir():
        (tmp_path / program.name).symlink_to(program)
    broken = tmp_path / "kubelet"
    broken.unlink()
    broken.write_text("#!/bin/sh\necho no disk >&2\nexit 3\n")
    broken.chmod(0o755)
    done = own.tool("up", "--node", "--while", os.getpid(),
                    environment={"STOREGUARD_TOOLS": str(tmp_path)})
    assert done.returncode == 1
    assert "kubelet ended with 3" in done.stderr, done.stderr
    assert "no disk" in done.stderr, done.stderr
    assert not own.state.is_running()
    assert traces(own) == traces_before
