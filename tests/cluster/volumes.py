"""The node's volumes: folders of the cluster's own that claims are bound to. One
whose claim is gone is emptied and offered again: `python3 -m cluster.volumes FOLDER`
sees to that, as a real cluster's provisioner does under the reclaim policy Delete."""

import json
import pathlib
import shutil
import subprocess
import sys
import time

from cluster.commands import kubectl
from cluster.services import Failed, Service
from cluster.state import INSIDE, NODE_NAME, TOOLS, State

COUNT = 48
# As much as the largest plan lets a claim ask for. Nothing enforces it.
SIZE = "200Gi"


def _storage_class():
    """Claims may grow: within SIZE there is nothing to be done for it."""
    return {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
            "metadata": {"name": "local", "annotations": {
                "storageclass.kubernetes.io/is-default-class": "true"}},
            "provisioner": "kubernetes.io/no-provisioner",
            "volumeBindingMode": "WaitForFirstConsumer",
            "allowVolumeExpansion": True}


def _volume(folder):
    on_the_node = {"key": "kubernetes.io/hostname", "operator": "In",
                   "values": [NODE_NAME]}
    return {"apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": {"name": folder.name},
            "spec": {"capacity": {"storage": SIZE}, "storageClassName": "local",
                     "accessModes": ["ReadWriteOnce", "ReadWriteMany"],
                     "persistentVolumeReclaimPolicy": "Retain",
                     "local": {"path": str(folder)},
                     "nodeAffinity": {"required": {"nodeSelectorTerms": [
                         {"matchExpressions": [on_the_node]}]}}}}


def _folders(state):
    home = state.folder / "node" / "volumes"
    return [home / f"volume-{number:02}" for number in range(COUNT)]


def furnish(state):
    """The storage class, and volumes for claims to bind to."""
    for folder in _folders(state):
        folder.mkdir(exist_ok=True)
    items = [_storage_class(), *map(_volume, _folders(state))]
    kubectl(state, "apply", "--filename", "-", input=json.dumps(
        {"apiVersion": "v1", "kind": "List", "items": items}))


def service(state):
    return Service("volumes", [sys.executable, "-m", "cluster.volumes", state.folder],
                   env={"PYTHONPATH": str(pathlib.Path(__file__).parents[1])})


def _renew(state, folder):
    """Emptied while nothing can be bound to it. After a power cut in between it is
    still released, and gets here again."""
    shutil.rmtree(folder)
    folder.mkdir()
    kubectl(state, "delete", "persistentvolume", folder.name)
    kubectl(state, "create", "--filename", "-", input=json.dumps(_volume(folder)))
    print(f"{folder.name} is free again", flush=True)


def _renew_released(state):
    """Those that are released, and those that will be, until the watch ends."""
    folders = {folder.name: folder for folder in _folders(state)}
    line = '{.metadata.name} {.status.phase}{"\\n"}'
    with subprocess.Popen(
            [TOOLS / "kubectl", "--kubeconfig", state.kubeconfig(INSIDE), "get",
             "persistentvolumes", "--watch", "--output", f"jsonpath={line}"],
            stdout=subprocess.PIPE, text=True) as watch:
        try:
            for name, *phase in map(str.split, watch.stdout):
                if phase == ["Released"] and name in folders:
                    _renew(state, folders[name])
        except Failed as failure:
            print(failure, flush=True)
        finally:
            watch.terminate()


if __name__ == "__main__":
    while True:
        _renew_released(State(sys.argv[1]))
        # the server ends a watch after some time
        time.sleep(1)
