"""What charts/storeguard leaves to operators that a cluster may have: its ServiceMonitor
and PrometheusRule are held against the Prometheus Operator's own kinds, and cert-manager's
own injector tells the API server whose certificate the webhook shows."""

import base64
import pathlib
import subprocess

import pytest

from cluster.client import Cluster
from cluster.services import Service
from conftest import CERTS, must, tool
from gate import CONFIGURATIONS, NAMESPACE
from helm import helms  # noqa: F401
from test_chart_install import CHART, install, uninstall, upgrade

CERTIFICATE = "storeguard"
CERT_MANAGER = ["--set", "certificate.mode=secret", "--set", "certificate.secretName=tls",
                "--set", f"certificate.injectCAFrom={NAMESPACE}/{CERTIFICATE}"]


@pytest.fixture(scope="module")
def cluster():
    cluster = Cluster("cluster-operators-test")
    cluster.up()
    cluster.namespace(NAMESPACE)
    for crds in (pathlib.Path(tool("prometheus-operator")) / "crds.yaml",
                 tool("cert-manager-crds.yaml")):
        cluster.must("apply", "--server-side", "-f", crds)
    cluster.must("wait", "--for=condition=Established", "--timeout=30s", "crd",
                 *(f"{kind}.monitoring.coreos.com" for kind in
                   ("servicemonitors", "prometheusrules")), "certificates.cert-manager.io")
    yield cluster
    cluster.down()


def test_the_prometheus_operator_knows_every_field(cluster, helms):  # noqa: F811
    done = helms[4].run(
        "template", "storeguard", CHART, "-n", NAMESPACE, "--show-only",
        "templates/metrics.yaml", *(word for kind in ("serviceMonitor", "prometheusRule")
                                    for word in ("--set", f"metrics.{kind}.enabled=true")))
    said = must(cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-",
                                input=must(done).decode()))
    assert sorted(said.splitlines()) == [
        f"{kind}.monitoring.coreos.com/{name} created (server dry run)" for kind, name in
        (("prometheusrule", "storeguard"), ("servicemonitor", "storeguard-webhook"))]


class Issuer:
    """Does what cert-manager's issuer does for a Certificate: the Secret, in its form."""

    def __init__(self, cluster):
        self.cluster = cluster
        cluster.apply({
            "apiVersion": "cert-manager.io/v1", "kind": "Certificate",
            "metadata": {"name": CERTIFICATE},
            "spec": {"secretName": "tls", "issuerRef": {"name": "tests"},
                     "dnsNames": [f"storeguard-webhook.{NAMESPACE}.svc"]}},
                      namespace=NAMESPACE)

    def issue(self, folder):
        """A certificate of a new CA, which is returned."""
        must(subprocess.run([CERTS, "init", folder, "--name",
                             f"{NAMESPACE}/storeguard-webhook"],
                            capture_output=True, text=True, check=False))
        data = {name: base64.b64encode((folder / name).read_bytes()).decode()
                for name in ("ca.crt", "tls.crt", "tls.key")}
        self.cluster.apply({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
            "metadata": {"name": "tls", "annotations": {
                "cert-manager.io/certificate-name": CERTIFICATE}}, "data": data},
                           namespace=NAMESPACE)
        return (folder / "ca.crt").read_text()


@pytest.fixture
def injector(cluster, tmp_path):
    service = Service("cainjector", [tool("cainjector")], env=cluster.environment())
    service.start(tmp_path)
    yield service
    service.stop()


def test_cert_manager_tells_the_api_server_the_ca(
        cluster, injector, helms, tmp_path):  # noqa: F811
    issuer = Issuer(cluster)
    first = issuer.issue(tmp_path / "first")

    def known(*cas):
        """Whether each webhook has these CAs."""
        injector.check()
        bundles = [base64.b64decode(webhook["clientConfig"].get("caBundle", "")).decode()
                   for kind in CONFIGURATIONS
                   for webhook in cluster.get(kind, "storeguard")["webhooks"]]
        return all(ca in bundle for ca in cas for bundle in bundles)

    install(cluster, helms[3], *CERT_MANAGER)
    cluster.wait("the CA in all webhooks", lambda: known(first), seconds=30)
    for helm in helms.values():
        upgrade(cluster, helm, *CERT_MANAGER, "--set", f"webhook.timeoutSeconds={helm.major}")
        assert known(first), "an upgrade took the CA away"
    second = issuer.issue(tmp_path / "second")
    # the former's certificate is shown until the kubelets have brought the next one
    cluster.wait("both CAs in all webhooks", lambda: known(first, second), seconds=30)
    uninstall(cluster, helms[4])
