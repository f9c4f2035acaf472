"""The node itself: pods run, names and Services work, a power cut is survived, and
nothing is left of a node that was killed."""

import os
import pathlib
import signal

import pytest

from cluster.client import Cluster
from cluster.node import cgroup_folders

TOOLS_IMAGE = "storeguard.test/tools:1"


def pod(name, *command, labels=None):
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "labels": labels or {}},
            "spec": {"terminationGracePeriodSeconds": 0, "restartPolicy": "Never",
                     "containers": [{"name": "main", "image": TOOLS_IMAGE,
                                     "command": list(command)}]}}


def test_a_pod_finds_another_by_the_name_of_its_service(node):
    node.namespace("names")
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"},
               "spec": {"selector": {"app": "shop"}, "ports": [{"port": 80,
                                                                "targetPort": 8080}]}}
    server = pod("server", "sh", "-c",
                 "mkdir /tmp/www && echo welcome >/tmp/www/index.html && "
                 "exec httpd -f -p 8080 -h /tmp/www", labels={"app": "shop"})
    client = pod("client", "sh", "-c",
                 "until curl --silent --max-time 5 http://shop.names.svc.cluster.local/;"
                 " do :; done")
    node.apply(service, server, client, namespace="names")
    node.must("-n", "names", "wait", "--for=jsonpath={.status.phase}=Succeeded",
              "pod/client", "--timeout=60s")
    assert node.must("-n", "names", "logs", "client").endswith("welcome\n")
    node.must("delete", "namespace", "names")


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
    return mounts + links + groups


def test_nothing_is_left_and_a_killed_node_is_no_obstacle(own):
    setting = pathlib.Path("/proc/sys/vm/overcommit_memory")
    before = setting.read_text()
    own.up()
    own.state.signal_supervisor(signal.SIGKILL)
    own.wait("end of the node", lambda: not own.state.is_running())
    own.up()
    own.restart()
    assert own.must("get", "node", "node", "-o", "name") == "node/node\n"
    own.down()
    assert traces(own) == []
    assert setting.read_text() == before
