"""No upgrade deletes a shop: by both Helms on a real API server, each flag forgotten in
turn. Under Argo CD it is in test_argocd.py."""

import itertools

import pytest

from conftest import ROOT
from helm import helms, identify  # noqa: F401

NUMBERS = itertools.count(1)
OWN = ROOT / "tests" / "charts" / "namespace"


class Shop:
    """A store whose Namespace is its release's: the release has to be stored in there, so
    that it is made beforehand, and Helm takes it over."""

    def __init__(self, cluster, helm, chart):
        self.cluster, self.helm, self.chart = cluster, helm, chart
        self.name = f"kept{helm.major}-{next(NUMBERS)}"
        self.namespace = f"store-{self.name}"
        cluster.namespace(self.namespace, {"app.kubernetes.io/managed-by": "Helm"})
        cluster.must("annotate", "namespace", self.namespace,
                     f"meta.helm.sh/release-name={self.namespace}",
                     f"meta.helm.sh/release-namespace={self.namespace}")

    def upgrade(self, *renderer, values=(), guarded=True):
        words = ["upgrade", "--install", self.namespace, self.chart, "-n", self.namespace]
        if self.chart != OWN:
            words += ["--set", f"store.name={self.name}", "--set",
                      f"store.host={self.name}.shops.example.com"]
        for value in values:
            words += ["--set", value]
        if guarded:
            words += self.helm.arguments(["--store", self.name, "--engine", "woocommerce",
                                          "--owner", "alice", *renderer])
        self.must(*words)

    def must(self, *words):
        done = self.helm.run(*words, env=self.cluster.environment(), timeout=90)
        assert done.returncode == 0, done.stderr.decode()

    def data(self):
        """What may not go, nor be made anew; what is going counts as gone."""
        found = [self.cluster.get("namespace", self.namespace)]
        found += self.cluster.get("persistentvolumeclaims,secrets", "-n",
                                  self.namespace)["items"]
        return {identify(o): o["metadata"]["uid"] for o in found
                if "deletionTimestamp" not in o["metadata"]
                and o.get("type") != "helm.sh/release.v1"}


@pytest.fixture(params=[3, 4], ids=lambda major: f"helm{major}")
def shop(request, cluster, helms):  # noqa: F811
    shops = []

    def make(chart):
        shops.append(Shop(cluster, helms[request.param], chart))
        return shops[-1]
    yield make
    for it in shops:
        cluster.must("delete", "namespace", it.namespace, "--wait=false")


def test_whatever_flag_an_upgrade_forgets_the_shops_data_stay(shop):
    it = shop(ROOT / "charts" / "woocommerce")
    it.upgrade("--with-namespace")
    before = it.data()
    assert {"Namespace", "PersistentVolumeClaim", "Secret"} <= {
        name.split("/")[0] for name in before}, before
    it.upgrade(guarded=False)
    assert it.data() == before, "an upgrade without the post-renderer deleted the shop"
    it.upgrade("--with-namespace")
    # Helm deletes what is left out, and that is all but the guards
    it.upgrade("--only", "guards")
    assert it.data() == before, "an upgrade without --with-namespace deleted the shop"
    it.must("rollback", it.namespace, "2", "-n", it.namespace)
    assert it.data() == before, "a rollback deleted the shop"
    it.must("uninstall", it.namespace, "-n", it.namespace)
    assert it.data() == before, "uninstalling deleted the shop"


def test_a_namespace_of_the_charts_own_stays_when_the_chart_loses_it(shop):
    it = shop(OWN)
    it.upgrade()
    before = it.data()
    assert "Namespace/" + it.namespace in before
    it.upgrade(values=["namespace=false"], guarded=False)
    assert it.data() == before, "an upgrade deleted the shop"
