"""What makes NetworkPolicies bind on the node: Calico's Felix, which writes them as
iptables rules, and Calico's CNI plugin, which names the pods' devices so that Felix
knows whose they are. No Typha, no BGP, no encapsulation: there is one node."""

import json
import pathlib
import urllib.error
import urllib.request

from cluster.commands import kubectl
from cluster.services import Failed, Service
from cluster.state import NODE_NAME, TOOLS

USER = "system:calico"
GROUP = "crd.projectcalico.org"
HEALTH = "http://127.0.0.1:9099/readiness"
STATUS = pathlib.Path("/run/calico")
PLUGINS = pathlib.Path("/usr/lib/cni")
# Felix starts when each of them can be listed.
KINDS = {
    "bgpconfigurations": "BGPConfiguration", "bgpfilters": "BGPFilter",
    "bgppeers": "BGPPeer", "blockaffinities": "BlockAffinity",
    "caliconodestatuses": "CalicoNodeStatus",
    "clusterinformations": "ClusterInformation",
    "felixconfigurations": "FelixConfiguration",
    "globalnetworkpolicies": "GlobalNetworkPolicy",
    "globalnetworksets": "GlobalNetworkSet", "hostendpoints": "HostEndpoint",
    "ipamblocks": "IPAMBlock", "ippools": "IPPool",
    "networkpolicies": "NetworkPolicy", "networksets": "NetworkSet",
}
NAMESPACED = {"networkpolicies", "networksets"}
SETTINGS = {
    "DatastoreType": "kubernetes", "FelixHostname": NODE_NAME,
    "HealthEnabled": "true", "Ipv6Support": "false", "XDPEnabled": "false",
    # Debian's iptables; by itself Felix takes the other kind
    "IptablesBackend": "nft",
    # pods may call the node itself, unless a policy says otherwise
    "DefaultEndpointToHostAction": "ACCEPT",
    # no device: Felix ends itself when the MTU of one that it looks at changes
    "MtuIfacePattern": "^$",
    "EndpointStatusPathPrefix": STATUS, "RouteSource": "WorkloadIPs",
    "UsageReportingEnabled": "false",
    "LogFilePath": "none", "LogSeveritySys": "none", "LogSeverityScreen": "WARNING",
}


# --- what the node is told before it starts ---------------------------------------


def write_configuration(state, folder, pods):
    """CNI's, with all plugins in one folder, as containerd wants it."""
    if not PLUGINS.is_dir():
        raise Failed(f"{PLUGINS} is missing: `make deps-node` installs it")
    plugins = folder / "bin"
    plugins.mkdir(parents=True, exist_ok=True)
    for program in (TOOLS / "calico", *PLUGINS.iterdir()):
        link = plugins / program.name
        link.unlink(missing_ok=True)
        link.symlink_to(program)
    (folder / "10-pods.conflist").write_text(json.dumps({
        "cniVersion": "0.4.0", "name": "pods", "plugins": [
            _plugin(state, pods),
            {"type": "portmap", "capabilities": {"portMappings": True}}]}))


def _plugin(state, pods):
    """It returns when Felix has written the pod's rules. Without rules Felix lets
    nothing through."""
    return {"type": "calico", "datastore_type": "kubernetes",
            "nodename": NODE_NAME, "nodename_file_optional": True, "mtu": 1500,
            "policy": {"type": "k8s"}, "policy_setup_timeout_seconds": 30,
            "endpoint_status_dir": str(STATUS / "endpoint-status"),
            "kubernetes": {"kubeconfig": str(state.kubeconfig(USER))},
            "ipam": {"type": "host-local", "dataDir": "/run/cni",
                     "ranges": [[{"subnet": pods}]]}}


# --- what the API server holds for Felix ------------------------------------------


def furnish(state):
    """The kinds that Felix reads, and the object without which it waits."""
    _apply(state, [_definition(*names) for names in KINDS.items()])
    kubectl(state, "wait", "--for=condition=Established", "--timeout=60s",
            *(f"crd/{plural}.{GROUP}" for plural in KINDS))
    _apply(state, [{"apiVersion": f"{GROUP}/v1", "kind": "ClusterInformation",
                    "metadata": {"name": "default"},
                    "spec": {"datastoreReady": True}}])


def _definition(plural, kind):
    """Without a schema: nobody writes these objects here."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced" if plural in NAMESPACED else "Cluster",
            "names": {"plural": plural, "singular": kind.lower(), "kind": kind,
                      "listKind": f"{kind}List"},
            "versions": [{"name": "v1", "served": True, "storage": True,
                          "schema": {"openAPIV3Schema": schema}}]}}


def _apply(state, items):
    kubectl(state, "apply", "--filename", "-", input=json.dumps(
        {"apiVersion": "v1", "kind": "List", "items": items}))


# --- Felix ------------------------------------------------------------------------


def felix(state):
    STATUS.mkdir(exist_ok=True)
    environment = {f"FELIX_{name.upper()}": str(value)
                   for name, value in SETTINGS.items()}
    environment["KUBECONFIG"] = str(state.kubeconfig(USER))
    # Felix would note its MTU in /var/lib/calico, which is the machine's
    read_only = 'mount --bind -o ro /var/lib /var/lib && exec "$@"'
    return Service("calico-felix", ["unshare", "--mount", "sh", "-c", read_only, "sh",
                                    TOOLS / "calico-felix"],
                   ready=_is_ready, env=environment)


def _is_ready():
    try:
        with urllib.request.urlopen(HEALTH, timeout=2) as answer:
            return answer.status < 300
    except (urllib.error.URLError, OSError):
        return False
