"""A store's release on a cluster without a node: its charts are installed for real, and
its pods are told to be well, or not, where a kubelet would say so."""

import json

from conftest import ROOT
from helm import identify, labels_of

CONDITIONS = ("PodScheduled", "PodReadyToStartContainers", "Initialized",
              "ContainersReady", "Ready")
# of the credentials that a chart does not make itself, of either engine
KEYS = ("admin-password", "cache-password", "cookie-secret", "database-password",
        "database-root-password", "jwt-secret")


class Shop:
    """The namespace of one Store, by that Store's own spec."""

    def __init__(self, gate, name):
        self.gate, self.cluster, self.name = gate, gate.cluster, name
        self.release = self.namespace = f"store-{name}"

    def install(self, *args, engine="woocommerce", plan="small", guarded=True):
        helm = self.gate.helm
        words = ["upgrade", "--install", self.release, ROOT / "charts" / engine, "-n",
                 self.namespace, "--create-namespace", "--set",
                 f"store.name={self.name}", "--set",
                 f"store.host={self.name}.shops.example.com", *args]
        if guarded:
            words += helm.arguments(["--store", self.name, "--engine", engine, "--plan",
                                     plan, "--owner", "alice"])
        done = helm.run(*words, env=self.cluster.environment(), timeout=90)
        assert done.returncode == 0, done.stderr.decode()

    def must(self, *args, **kwargs):
        return self.cluster.must("-n", self.namespace, *args, **kwargs)

    def add_secret(self):
        """The credentials, where the chart is told to use those that are there."""
        self.must("create", "secret", "generic", f"{self.namespace}-credentials",
                  *(f"--from-literal={key}=only-for-the-tests" for key in KEYS))

    def items(self, kinds):
        return json.loads(self.must("get", kinds, "-o", "json"))["items"]

    # --- as a kubelet says it -------------------------------------------------------

    def pods(self, word):
        """Those whose name has that word."""
        return self.cluster.wait(
            f"pod of {self.namespace} called *{word}*",
            lambda: [p["metadata"]["name"] for p in self.items("pods")
                     if word in p["metadata"]["name"]
                     and "deletionTimestamp" not in p["metadata"]], seconds=30)

    def tell(self, pod, phase, ready, containers=()):
        """The pod's status, by name, phase, readiness and its containers' statuses."""
        status = {"phase": phase, "containerStatuses": list(containers), "conditions": [
            {"type": kind, "status": "True" if ready or kind == "PodScheduled"
             else "False"} for kind in CONDITIONS]}
        self.must("patch", "pod", pod, "--subresource=status", "--type=merge", "-p",
                  json.dumps({"status": status}))

    def run(self, *words):
        """Pods of these names are up and ready."""
        for word in words:
            for pod in self.pods(word):
                self.tell(pod, "Running", True)

    def finish(self, word="setup"):
        """A Job's pod is done. The controller waits for its finalizer to go by itself."""
        for pod in self.pods(word):
            self.tell(pod, "Succeeded", False)

    def come_up(self):
        """All of it."""
        self.run(*sorted({w["metadata"]["name"]
                          for w in self.items("deployments,statefulsets")}))
        self.finish()

    # --- the Store's status ------------------------------------------------------------

    def store(self):
        return self.cluster.get("store", self.name)

    def status(self):
        return self.store().get("status", {})

    def condition(self, kind="Ready"):
        found = [c for c in self.status().get("conditions", []) if c["type"] == kind]
        return found[0] if found else {}

    def wait_for(self, phase, *words, seconds=30, condition="Ready"):
        """Until it shows that phase, and the condition's reason and message all these
        words; that condition."""
        def shown():
            status, c = self.status(), self.condition(condition)
            said = f"{c.get('reason')}: {c.get('message')}"
            return c if status.get("phase") == phase and all(
                word in said for word in words) else None
        try:
            return self.cluster.wait(f"phase {phase} with {words}", shown, seconds)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{json.dumps(self.status(), indent=1)}\n"
                                 f"{[identify(p) for p in self.items('pods')]}") from None


def assert_are_guarded_shops(*shops):
    """They come up: Ready, with all their guards and labels."""
    for shop in shops:
        shop.come_up()
    for shop in shops:
        shop.wait_for("Ready", seconds=60)
        assert shop.condition("Guarded")["status"] == "True", shop.status()
        for o in shop.items("deployments,statefulsets,jobs,services,configmaps,ingresses,"
                            "resourcequotas,limitranges,networkpolicies"):
            if o["metadata"]["name"] != "kube-root-ca.crt":
                assert labels_of(o).get("urumi.io/store") == shop.name, o["metadata"]
