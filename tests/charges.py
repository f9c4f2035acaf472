"""Random pods, what this program says of each, and what a real API server charges a
ResourceQuota for it."""

import copy
import decimal
import http.client
import json
import ssl
import urllib.parse

import yaml

from conftest import ROOT, postrender

DEFAULT = yaml.safe_load((ROOT / "common" / "default-policy.yaml").read_text())
CLASS = {"name": "kata", "overhead": {"cpu": "250m", "memory": "120Mi"}}
COMPUTED = ["cpu", "memory", "ephemeral-storage"]
KEYS = (["pods", "count/pods", "hugepages-2Mi", "requests.hugepages-2Mi",
         "requests.example.com/gpu"]
        + [f"{prefix}{name}" for name in COMPUTED for prefix in ("", "requests.", "limits.")])
OBJECTS = (["services", "count/services", "services.nodeports", "services.loadbalancers",
            "persistentvolumeclaims", "count/persistentvolumeclaims", "requests.storage"]
           + [f"{name}.storageclass.storage.k8s.io/{key}" for name in ("gold", "tin")
              for key in ("requests.storage", "persistentvolumeclaims")])
# far more than is ever asked for; cpu and memory have to be stated where they are limited
PLENTY = {key: "100P" for key in KEYS}
UNSTATED = {key: "100P" for key in KEYS if not key.endswith(("cpu", "memory"))}
PLANS = {
    "bare": (PLENTY, []),
    "counted": (UNSTATED, []),
    "default": (PLENTY, [{"default": {"cpu": "500m", "memory": "512Mi"}}]),
    "both": (PLENTY, [{"default": {"cpu": "500m", "memory": "512Mi"},
                       "defaultRequest": {"cpu": "100m", "memory": "128Mi"}}]),
    "requests": (UNSTATED, [{"defaultRequest": {"cpu": "100m", "memory": "64Mi"},
                             "min": {"cpu": "50m", "ephemeral-storage": "1Mi"}}]),
    "most": (PLENTY, [{"max": {"cpu": "2", "memory": "2Gi", "ephemeral-storage": "1Gi"}}]),
    "range": (PLENTY, [{"min": {"cpu": "100m", "memory": "64Mi"},
                        "max": {"cpu": "4", "memory": "4Gi"},
                        "default": {"cpu": "1", "memory": "256Mi"}}]),
    "objects": ({key: "100P" for key in OBJECTS}, []),
    "devices": (PLENTY, [{"default": {"cpu": "1", "memory": "1Gi", "example.com/gpu": "1"}}]),
}
AMOUNTS = {
    "cpu": ["100m", "0.5", "1", "1500m", "2", "3", "1e-1", "0.0004", "1n", "0"],
    "memory": ["64Mi", "128M", "0.25Gi", "1Gi", "1.5Gi", "3Gi", "1e9", "100000000"],
    "ephemeral-storage": ["512Ki", "100Mi", "1Gi", "1500M"],
    "hugepages-2Mi": ["2Mi", "4Mi", "4194304", "3Mi"],
    "example.com/gpu": ["1", "2", "1", "1.5"],
}
# of a pod as a whole: mostly enough for its containers
WHOLE = {
    "cpu": ["4", "6", "8500m", "12", "9", "400m"],
    "memory": ["8Gi", "12Gi", "9G", "16Gi", "300Mi"],
    "hugepages-2Mi": ["12Mi", "16Mi", "2Mi"],
}
OFTEN = {"cpu": 0.6, "memory": 0.5, "ephemeral-storage": 0.15, "hugepages-2Mi": 0.06,
         "example.com/gpu": 0.06}


def quantity(text):
    units = {"": 1, "n": "1e-9", "u": "1e-6", "m": "1e-3", "k": "1e3", "M": "1e6", "G": "1e9",
             "T": "1e12", "P": "1e15", "E": "1e18",
             **{f"{unit}i": 1024 ** (i + 1) for i, unit in enumerate("KMGTPE")}}
    digits = text.rstrip("numkKMGTPEi")
    return decimal.Decimal(digits) * decimal.Decimal(units[text[len(digits):]])


def policy():
    """The default one with these plans, and what is true of the cluster."""
    document = copy.deepcopy(DEFAULT)
    spec = document["spec"]
    spec["defaultPlan"] = "bare"
    spec["cluster"] = {"runtimeClasses": [CLASS], "defaultStorageClass": "gold"}
    spec["plans"] = {name: {"quota": quota, "limitRange": [
        {"type": "Container", **limits} for limits in ranges]}
        for name, (quota, ranges) in PLANS.items()}
    for engine in spec["engines"].values():
        engine["plans"] = list(PLANS)
    return document


# --- random pods -------------------------------------------------------------------


def random_resources(random, amounts):
    """What a container or a pod may state, mostly so that it is taken."""
    found = {"requests": {}, "limits": {}}
    for name in amounts:
        if random.random() > OFTEN[name]:
            continue
        low, high = sorted(random.choices(amounts[name], k=2), key=quantity)
        if random.random() < 0.05:
            low, high = high, low
        if name not in COMPUTED and random.random() < 0.85:
            low = high
        where = random.random()
        if where < 0.65:
            found["requests"][name] = low
        if where > 0.35:
            found["limits"][name] = high
    return {key: value for key, value in found.items() if value or random.random() < 0.1}


def random_pod(random, pod_level):
    def container(name, **fields):
        resources = random_resources(random, AMOUNTS)
        return {"name": name, "image": "none", **fields,
                **({"resources": resources} if resources else {})}

    spec = {"containers": [container(f"c{i}") for i in range(random.choice([1, 1, 2, 3]))],
            "restartPolicy": "Always"}
    if random.random() < 0.5:
        spec["initContainers"] = [
            container(f"i{i}", **({"restartPolicy": "Always"} if random.random() < 0.4 else {}))
            for i in range(random.choice([1, 2, 3]))]
    if pod_level:
        spec["resources"] = random_resources(random, WHOLE)
    if random.random() < 0.1:
        spec["runtimeClassName"] = CLASS["name"]
    if random.random() < 0.05:
        spec["overhead"] = dict(CLASS["overhead"])
    return spec


# --- what this program says ----------------------------------------------------------


def measured(obj, plan, policy_file):
    """Each key's amount, or None where it is refused; and what was said."""
    done = postrender(["--store", "fashion", "--engine", "woocommerce", "--owner", "alice",
                       "--plan", plan, "--policy", policy_file, "--explain"], json.dumps(obj))
    said = done.stderr.decode()
    if done.returncode == 1:
        return None, said
    assert done.returncode == 0, (obj, said)
    # an amount that is too long for its column stands behind that word
    words = said.split("full\n")[1].replace("asked ", "").replace(",", "").split()
    amounts = {key: quantity(words[words.index(key) + 1])
               for key in PLANS[plan][0]}
    return amounts, said


def bare(spec, kind="Pod"):
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "it"}, "spec": spec}


def wrapped(spec):
    labels = {"app": "it"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "it"},
            "spec": {"selector": {"matchLabels": labels}, "strategy": {"type": "Recreate"},
                     "template": {"metadata": {"labels": labels}, "spec": spec}}}


# --- what the API server says --------------------------------------------------------


class Server:
    """One connection to a cluster's API server, kept open: kubectl takes 0.1 s a pod."""

    def __init__(self, cluster):
        config = json.loads(cluster.state.kubeconfig().read_text())
        server = config["clusters"][0]["cluster"]
        address = urllib.parse.urlsplit(server["server"])
        self.token = config["users"][0]["user"]["token"]
        context = ssl.create_default_context(cafile=server.get("certificate-authority"))
        self.connection = http.client.HTTPSConnection(
            address.hostname, address.port, context=context, timeout=30)

    def ask(self, method, path, body=None):
        """The status and the answer."""
        self.connection.request(
            method, path, body=None if body is None else json.dumps(body),
            headers={"Authorization": f"Bearer {self.token}",
                     "Content-Type": "application/json"})
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def used(self, namespace):
        _, quota = self.ask("GET", f"/api/v1/namespaces/{namespace}/resourcequotas/it")
        return {key: quantity(value) for key, value in quota["status"]["used"].items()}

    def charged(self, obj, namespace):
        """What one more of it adds to each key, or None and why it is refused. Of a
        Deployment, its pod: the template is defaulted before the pod is."""
        if obj["kind"] == "Deployment":
            code, answer = self.ask(
                "POST", f"/apis/apps/v1/namespaces/{namespace}/deployments?dryRun=All", obj)
            if code != 201:
                return None, answer["message"]
            obj = bare(answer["spec"]["template"]["spec"])
        before = self.used(namespace)
        kind = f"{obj['kind'].lower()}s"
        obj = {**obj, "metadata": {**obj["metadata"], "generateName": "it-"}}
        del obj["metadata"]["name"]
        code, answer = self.ask("POST", f"/api/v1/namespaces/{namespace}/{kind}", obj)
        if code != 201:
            return None, answer["message"]
        after = self.used(namespace)
        return {key: after[key] - before[key] for key in after}, ""

    def takes(self, kind, spec, namespace):
        """Whether it would take such an object."""
        code, answer = self.ask(
            "POST", f"/api/v1/namespaces/{namespace}/{kind.lower()}s?dryRun=All",
            bare(spec, kind))
        return code == 201, answer.get("message", "")
