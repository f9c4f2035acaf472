"""etcd, kube-apiserver and kube-controller-manager: their command lines and how
to tell that they are ready."""

import json
import pathlib
import ssl
import urllib.error
import urllib.request

from cluster.services import Service
from cluster.state import TOOLS

AUDIT_POLICY = pathlib.Path(__file__).with_name("audit-policy.yaml")
SERVICE_RANGE = "10.96.0.0/16"
SERVICE_ADDRESS = "10.96.0.1"
POD_RANGE = "10.244.0.0/16"
ETCD_PORT, ETCD_PEER_PORT, API_PORT, MANAGER_PORT = 2379, 2380, 6443, 10257


def _answers(url, state):
    """Whether an endpoint answers 200 to the administrator."""
    config = json.loads(state.kubeconfig().read_text())
    token = config["users"][0]["user"]["token"]
    request = urllib.request.Request(url)
    context = None
    if url.startswith("https:"):
        # the controller manager's certificate is made by itself
        context = ssl._create_unverified_context()
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=2, context=context) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _etcd(state, address):
    client = f"http://{address}:{ETCD_PORT}"
    peer = f"http://{address}:{ETCD_PEER_PORT}"
    return Service("etcd", [
        TOOLS / "etcd",
        "--name=etcd", f"--data-dir={state.folder / 'etcd'}",
        # a lost cluster is made again, so nothing waits for the disk
        "--unsafe-no-fsync",
        f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=etcd={peer}",
        *state.flags("etcd"),
    ], ready=lambda: _answers(f"{client}/health", state))


def _apiserver(state, facts):
    pki, address = state.pki, facts["address"]
    return Service("kube-apiserver", [
        TOOLS / "kube-apiserver",
        f"--etcd-servers=http://{address}:{ETCD_PORT}",
        f"--bind-address={facts['bind']}", f"--secure-port={API_PORT}",
        f"--advertise-address={facts['advertise']}",
        # the Endpoints of the Service kubernetes, which can't be on loopback
        f"--endpoint-reconciler-type={'lease' if facts['node'] else 'none'}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--cert-dir={pki}",
        f"--kubelet-client-certificate={pki / 'kubelet-client.crt'}",
        f"--kubelet-client-key={pki / 'kubelet-client.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={pki / 'service-accounts.pub'}",
        f"--service-account-signing-key-file={pki / 'service-accounts.key'}",
        f"--token-auth-file={state.tokens}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--allow-privileged=true",
        f"--audit-policy-file={AUDIT_POLICY}", f"--audit-log-path={state.audit_log}",
        "--profiling=false",
        *state.flags("kube-apiserver"),
    ], ready=lambda: _answers(f"https://{address}:{API_PORT}/readyz", state))


def _controller_manager(state, facts):
    pki, address = state.pki, facts["address"]
    config = state.kubeconfig("system:kube-controller-manager")
    return Service("kube-controller-manager", [
        TOOLS / "kube-controller-manager",
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        f"--bind-address={address}", f"--secure-port={MANAGER_PORT}",
        f"--cert-dir={pki}",
        "--use-service-account-credentials",
        f"--service-account-private-key-file={pki / 'service-accounts.key'}",
        f"--root-ca-file={pki / 'ca.crt'}",
        f"--cluster-signing-cert-file={pki / 'ca.crt'}",
        f"--cluster-signing-key-file={pki / 'ca.key'}",
        "--leader-elect=false",
        f"--cluster-cidr={POD_RANGE}", f"--service-cluster-ip-range={SERVICE_RANGE}",
        f"--allocate-node-cidrs={'true' if facts['node'] else 'false'}",
        # quota is what the tests look at: don't make them wait for it
        "--concurrent-resource-quota-syncs=5",
        "--resource-quota-sync-period=10s",
    ], ready=lambda: _answers(f"https://{address}:{MANAGER_PORT}/healthz", state))


def services(state):
    facts = state.facts
    return [_etcd(state, facts["address"]), _apiserver(state, facts),
            _controller_manager(state, facts)]
