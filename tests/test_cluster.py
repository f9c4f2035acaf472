"""tests/cluster itself: comes up, goes down, and leaves nothing, however it ends."""

import os
import pathlib
import signal
import subprocess
import sys

import pytest

from api_programs import service_pid
from cluster.client import Cluster

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager")


def processes_of(cluster):
    """Programs whose command line names the cluster's folder."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_text().split("\0")
        except OSError:
            continue
        if any(str(cluster.state.folder) in word for word in words):
            found.append(pathlib.Path(words[0]).name)
    return found


def wait_until_gone(cluster):
    cluster.wait(f"end of {processes_of(cluster)}",
                 lambda: not processes_of(cluster), seconds=60)


@pytest.fixture
def own():
    """A cluster of this test's own."""
    cluster = Cluster("cluster-own-test")
    cluster.down()
    yield cluster
    cluster.down()


def test_people_and_their_groups(cluster):
    whoami = cluster.must("auth", "whoami", user="carol")
    assert "carol" in whoami and "agencies" in whoami, whoami
    done = cluster.kubectl("get", "namespaces", user="alice")
    assert 'User "alice" cannot list resource "namespaces"' in done.stderr


def test_a_killed_cluster_leaves_no_process_and_the_next_comes_up(own):
    own.up()
    assert set(PROGRAMS) <= set(processes_of(own))
    own.state.signal_supervisor(signal.SIGKILL)
    wait_until_gone(own)
    own.up()
    assert own.must("get", "--raw", "/readyz") == "ok"


def test_it_ends_with_the_process_that_wanted_it(own):
    # the shell's exec turns it into a process that waits for its standard input
    wanting = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    done = own.tool("up", "--while", wanting.pid)
    assert done.returncode == 0, done.stderr
    wanting.kill()
    wanting.wait()
    wait_until_gone(own)


def test_restart_keeps_what_was_stored(own):
    own.up()
    own.must("create", "namespace", "kept")
    own.restart()
    assert own.must("get", "namespace", "kept", "-o", "name") == "namespace/kept\n"


def test_down_removes_everything(own):
    own.up()
    own.down()
    assert not own.state.folder.exists()
    assert processes_of(own) == []
    assert own.tool("status").returncode == 1


def test_what_a_developer_types_wrong(own):
    done = own.tool("kubeconfig", "mallory")
    assert done.returncode == 1
    assert "the users are admin, alice" in done.stderr
    done = own.tool("restart")
    assert done.returncode == 1 and "`cluster up` makes one" in done.stderr
    done = own.tool("kubectl", "get", "namespaces")
    assert done.returncode == 1 and "`cluster up` starts one" in done.stderr
    own.up()
    done = own.tool("up")
    assert done.returncode == 1 and "is running" in done.stderr
    done = own.tool("exec", "ip", "address")
    assert done.returncode == 1 and "`cluster up --node`" in done.stderr


def test_kubectl_gets_all_words_behind_its_name(cluster):
    done = cluster.tool("kubectl", "-n", "kube-system", "get", "serviceaccount",
                        "default", "-o", "name")
    assert done.stdout == "serviceaccount/default\n", done.stderr
    done = cluster.tool("--as", "alice", "kubectl", "get", "namespaces")
    assert 'User "alice" cannot list' in done.stderr


def test_writes_are_audited_in_their_order(cluster):
    cluster.namespace("audited")
    for name, user in (("hers", "alice"), ("mine", "admin")):
        cluster.kubectl("-n", "audited", "create", "configmap", name, "--from-literal",
                        "key=a-secret", user=user)

    def ours():
        return [write for write in cluster.audit() if write.namespace == "audited"
                and write.resource == "configmaps" and write.user in ("alice", "admin")]

    refused, made = cluster.wait("both writes in the audit log",
                                 lambda: len(ours()) == 2 and ours())
    assert (refused.verb, refused.user, refused.code) == ("create", "alice", 403)
    assert (made.verb, made.name, made.user, made.code) == (
        "create", "mine", "admin", 201)
    assert refused.received < refused.answered < made.received
    assert "a-secret" not in cluster.state.audit_log.read_text()


def test_tools_that_are_not_built_yet(own):
    done = own.tool("up", environment={"STOREGUARD_TOOLS": "no-such-folder"})
    assert done.returncode == 1
    assert "etcd is missing: `make deps` builds it" in done.stderr, done.stderr


def test_a_service_that_cannot_start_says_why(own):
    """etcd finds its port taken, as by a cluster of another checkout."""
    own.up()
    facts = own.state.facts
    script = ("import socket, sys; s = socket.create_server((sys.argv[1], 2379)); "
              "print('on', flush=True); "
              "sys.stdin.read()")
    own.down()
    squatter = subprocess.Popen(
        [sys.executable, "-c", script, facts["address"]], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True)
    assert squatter.stdout.readline() == "on\n"
    try:
        done = own.tool("up", "--while", os.getpid())
        assert done.returncode == 1
        assert "etcd ended with 1" in done.stderr, done.stderr
        assert "address already in use" in done.stderr, done.stderr
    finally:
        squatter.kill()
        squatter.wait()
    wait_until_gone(own)


def test_an_api_server_that_comes_back_is_started_again_with_its_flags(own):
    own.options = ["--comes-back", "kube-apiserver",
                   "--flag", "kube-apiserver=--request-timeout=5s"]
    own.up()
    own.namespace("settled")  # a controller manager that starts would end with it
    former = service_pid(own, "kube-apiserver")
    os.kill(former, signal.SIGKILL)
    own.wait("API server again", lambda: own.kubectl(
        "get", "--raw", "/readyz", timeout=20).stdout == "ok", seconds=60)
    again = service_pid(own, "kube-apiserver")
    assert again != former
    words = pathlib.Path(f"/proc/{again}/cmdline").read_text().split("\0")
    assert "--request-timeout=5s" in words
