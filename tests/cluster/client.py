"""A cluster as the tests see it: started for them, asked by kubectl, and gone when
they end, even when they are killed."""

import collections
import json
import os
import subprocess
import time

from cluster.state import ROOT, TOOLS, State

TOOL = ROOT / "tests" / "cluster" / "cluster"

# A write that the API server has answered: the answer's code, and when it received
# the write and had answered it (texts that sort by time), and its annotations. A subresource's resource
# is written as in RBAC: pods/binding. The name is None where the server made it, or
# refused before it looked at the object.
Write = collections.namedtuple(
    "Write", "verb resource namespace name user received answered code annotations")


class Cluster:
    """One running cluster. Its folder has a name of its own, so that the one a
    developer has started by hand stays out of it, and each worker of tests/run, which
    may be at tests of the same cluster, has one of its own."""

    def __init__(self, name, node=False, options=()):
        """options are further ones of `cluster up`."""
        self.node = node
        self.options = options
        worker = os.environ.get("PYTEST_XDIST_WORKER", "")
        self.state = State(ROOT / "build" / f"{name}{worker}")

    def tool(self, *args, environment=None, timeout=300):
        """tests/cluster/cluster on this cluster, with further environment."""
        return subprocess.run([TOOL, "--dir", self.state.folder, *map(str, args)],
                              capture_output=True, text=True, timeout=timeout,
                              env={**os.environ, **(environment or {})}, check=False)

    def _must(self, *args):
        done = self.tool(*args)
        assert done.returncode == 0, f"cluster {args[0]}: {done.stderr}"

    def up(self):
        self.down()
        self._must("up", "--while", os.getpid(), *(["--node"] if self.node else []),
                   *self.options)

    def down(self):
        self._must("down")

    def restart(self):
        """As after a power cut."""
        self._must("restart", "--while", os.getpid())

    def environment(self, user="admin"):
        """What points kubectl and Helm at this cluster."""
        return {"KUBECONFIG": str(self.state.kubeconfig(user))}

    def kubectl(self, *args, user="admin", input=None, timeout=120):
        """kubectl as that user; the streams of the result are texts."""
        return subprocess.run(
            [TOOLS / "kubectl", "--kubeconfig", self.state.kubeconfig(user),
             "--cache-dir", self.state.folder / "kubectl-cache", *map(str, args)],
            input=input, capture_output=True, text=True, timeout=timeout,
            check=False)

    def must(self, *args, **kwargs):
        """kubectl that has to succeed; its output."""
        done = self.kubectl(*args, **kwargs)
        assert done.returncode == 0, (
            f"kubectl {' '.join(map(str, args))}: {done.stderr}{self._end()}")
        return done.stdout

    def _end(self):
        """Why the cluster has ended, if it has."""
        failure = self.state.failure
        return f"\nthe cluster ended: {failure.read_text()}" if failure.exists() else ""

    def get(self, *args, **kwargs):
        """An object, or a List of objects, as a dictionary."""
        return json.loads(self.must("get", *args, "-o", "json", **kwargs))

    def apply(self, *objects, namespace="default", **kwargs):
        text = "\n---\n".join(json.dumps(o) for o in objects)
        return self.must("--namespace", namespace, "apply", "-f", "-", input=text,
                         **kwargs)

    def audit(self):
        """All writes since the cluster was made, as they were answered: Write after
        Write. An answer may reach its client just before it is noted here."""
        for line in self.state.audit_log.open():
            if not line.endswith("\n"):
                return  # half written
            event = json.loads(line)
            of = event.get("objectRef", {})
            resource = "/".join(filter(None, (of.get("resource"),
                                              of.get("subresource"))))
            yield Write(event["verb"], resource, of.get("namespace"), of.get("name"),
                        event["user"]["username"], event["requestReceivedTimestamp"],
                        event["stageTimestamp"], event["responseStatus"]["code"],
                        event.get("annotations", {}))

    def wait(self, what, condition, seconds=120):
        """Until the condition holds; its value. `what` says what was missed."""
        deadline = time.monotonic() + seconds
        while True:
            value = condition()
            if value:
                return value
            assert time.monotonic() < deadline, f"after {seconds} s: no {what}"
            time.sleep(0.2)

    def namespace(self, name, labels=None):
        """A new namespace with its default service account, which pods need."""
        self.apply({"apiVersion": "v1", "kind": "Namespace",
                    "metadata": {"name": name, "labels": labels or {}}})
        self.wait(f"service account in {name}", lambda: self.kubectl(
            "-n", name, "get", "serviceaccount", "default").returncode == 0)
        return name
