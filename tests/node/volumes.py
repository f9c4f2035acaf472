"""Volumes that can run full."""

import json

from cluster.state import NODE_NAME

STORAGE_CLASS = "tight"


class TightVolume:
    """A PersistentVolume in a memory file system of few megabytes, a part of which a
    file may take. It ends with the node, or with a restart."""

    def __init__(self, cluster, name, capacity, megabytes):
        self.cluster = cluster
        self.name = name
        self.megabytes = megabytes
        self.mount = cluster.state.folder / "node" / "volumes" / name
        self.data = self.mount / "data"
        self.filler = self.mount / "filler"
        self.mount.mkdir()
        self._exec("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs",
                   self.mount)
        self._exec("mkdir", self.data)
        cluster.apply({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
            "metadata": {"name": STORAGE_CLASS}, "allowVolumeExpansion": True,
            "provisioner": "kubernetes.io/no-provisioner",
            "volumeBindingMode": "WaitForFirstConsumer"})
        cluster.apply({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
            "spec": {"capacity": {"storage": capacity}, "local": {"path": str(self.data)},
                     "storageClassName": STORAGE_CLASS, "accessModes": ["ReadWriteOnce"],
                     "persistentVolumeReclaimPolicy": "Retain",
                     "nodeAffinity": {"required": {"nodeSelectorTerms": [
                         {"matchExpressions": [{
                             "key": "kubernetes.io/hostname", "operator": "In",
                             "values": [NODE_NAME]}]}]}}}})

    def _exec(self, *words):
        done = self.cluster.tool("exec", *words)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    def fill(self, leave=0):
        """Until that many megabytes are left."""
        free = json.loads(self._exec("stat", "--file-system", "--format=%a", self.mount))
        pages = int(free) - leave * 256
        self._exec("dd", "if=/dev/zero", f"of={self.filler}", "bs=4096",
                   f"count={pages}", "status=none")

    def free(self):
        self._exec("rm", self.filler)
