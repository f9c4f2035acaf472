"""Pods of the tools' image, for tests of the node itself."""

TOOLS_IMAGE = "storeguard.test/tools:1"


def pod(name, *command, labels=None):
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "labels": labels or {}},
            "spec": {"terminationGracePeriodSeconds": 0, "restartPolicy": "Never",
                     "containers": [{"name": "main", "image": TOOLS_IMAGE,
                                     "command": list(command)}]}}


def run_to_its_end(node, namespace, pod):
    """What the pod printed."""
    name = pod["metadata"]["name"]
    node.apply(pod, namespace=namespace)
    node.must("-n", namespace, "wait", f"pod/{name}", "--timeout=60s",
              "--for=jsonpath={.status.phase}=Succeeded")
    return node.must("-n", namespace, "logs", name)
