"""The node: containerd, kubelet, kube-scheduler, kube-proxy, Felix and CoreDNS in
mount, network and process namespaces of their own, with Debian's containerd, runc and
CNI plugins. Whatever lives in those namespaces ends with them."""

import contextlib
import hashlib
import json
import os
import pathlib
import signal
import time

from cluster import calico, images, volumes
from cluster.commands import kubectl, run
from cluster.control_plane import POD_RANGE
from cluster.services import Failed, Service
from cluster.state import NODE_NAME, TOOLS

HERE = pathlib.Path(__file__).parent
ADDRESS = "10.200.0.1"
DNS_ADDRESS = "10.96.0.10"
PODS = "10.244.0.0/24"
CGROUPS = pathlib.Path("/sys/fs/cgroup")
# What the kubelet wants to find. It finds these files, so that the machine's own
# settings stay as they are.
SYSCTLS = {"vm/overcommit_memory": 1, "vm/panic_on_oom": 0, "kernel/panic": 10,
           "kernel/panic_on_oops": 1, "kernel/keys/root_maxkeys": 1000000,
           "kernel/keys/root_maxbytes": 25000000}


# --- the room that the node lives in ------------------------------------------


def prepare(state):
    """Mounts, network and cgroups. Called inside the new namespaces."""
    home = state.folder / "node"
    for name in ("containerd", "kubelet", "log", "volumes", "sysctl"):
        (home / name).mkdir(parents=True, exist_ok=True)
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "proc", "proc", "/proc")
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    run("mount", "--bind", home / "log", "/var/log")
    for name, value in SYSCTLS.items():
        file = home / "sysctl" / name.replace("/", "-")
        file.write_text(f"{value}\n")
        run("mount", "--bind", file, f"/proc/sys/{name}")
    _prepare_network()
    _make_cgroup(state)
    _write_configuration(state, home)


def _prepare_network():
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "node0", "type", "bridge")
    run("ip", "address", "add", f"{ADDRESS}/24", "dev", "node0")
    run("ip", "link", "set", "node0", "up")
    # the node answers pods' calls for their gateway only if it has a way out itself
    run("ip", "route", "add", "default", "dev", "node0")
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def cgroup(state):
    """Its name; each cluster has its own."""
    return f"storeguard-{hashlib.sha256(str(state.folder).encode()).hexdigest()[:8]}"


def cgroup_folders(state):
    """Ours, in the only hierarchy (version 2), or in each (version 1, where one of
    version 2 may stand beside the others)."""
    if (CGROUPS / "cgroup.controllers").exists():
        return [CGROUPS / cgroup(state)]
    return [folder / cgroup(state) for folder in CGROUPS.iterdir()
            if not folder.is_symlink() and (folder / "cgroup.procs").exists()]


def _make_cgroup(state):
    _remove_cgroup(state)
    for folder in cgroup_folders(state):
        folder.mkdir()
        if folder.parent.name == "cpuset":
            for name in ("cpuset.cpus", "cpuset.mems"):
                (folder / name).write_text((folder.parent / name).read_text())


def _remove_cgroup(state):
    for top in cgroup_folders(state):
        for folder, _, _ in os.walk(top, topdown=False):
            _remove_when_empty(folder)


def _remove_when_empty(folder, seconds=10):
    """The kernel takes a moment to let go of a cgroup's last process."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            os.rmdir(folder)
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise Failed(f"{folder}: {error.strerror}: processes are left in it")
            time.sleep(0.05)


def end_everything(state):
    """As if the power went: all other processes of our process namespace, so that
    cgroups come free. Whoever is not in one must not call this."""
    if pathlib.Path("/proc/1/comm").read_text().strip() != "tini":
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    _remove_cgroup(state)


def clean_up_outside(state):
    """What a node that was killed has left: empty cgroups."""
    if not state.is_running():
        _remove_cgroup(state)


# --- configuration files --------------------------------------------------------


def _write_configuration(state, home):
    (home / "resolv.conf").write_text("")
    calico.write_configuration(state, home / "cni", PODS)
    (home / "containerd.toml").write_text(_containerd(home))
    (home / "kubelet.json").write_text(json.dumps(_kubelet(state, home), indent=1))
    (home / "kube-proxy.json").write_text(json.dumps(_kube_proxy(state), indent=1))


def _snapshotter(home):
    """overlayfs, unless we are on one that can't be stacked."""
    lower, upper, work, merged = (home / "try" / n for n in "luwm")
    for folder in (lower, upper, work, merged):
        folder.mkdir(parents=True, exist_ok=True)
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    try:
        run("mount", "-t", "overlay", "overlay", "-o", options, merged)
    except Failed:
        return "native"
    run("umount", merged)
    return "overlayfs"


def _containerd(home):
    return f"""\
version = 2
root = "{home / 'containerd'}"
state = "/run/containerd"
[grpc]
  address = "{images.SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "storeguard.test/pause:1"
  restrict_oom_score_adj = true
  disable_apparmor = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "{home / 'cni' / 'bin'}"
  conf_dir = "{home / 'cni'}"
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "{_snapshotter(home)}"
"""


def _kubelet(state, home):
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
        "authentication": {"anonymous": {"enabled": False},
                           "x509": {"clientCAFile": str(state.pki / "ca.crt")}},
        "address": ADDRESS,
        "cgroupDriver": "cgroupfs", "cgroupRoot": f"/{cgroup(state)}",
        "failCgroupV1": False, "enforceNodeAllocatable": [],
        "clusterDNS": [DNS_ADDRESS], "clusterDomain": "cluster.local",
        "resolvConf": str(home / "resolv.conf"),
        "containerRuntimeEndpoint": f"unix://{images.SOCKET}",
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%",
                         "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "failSwapOn": False,
        "podLogsDir": "/var/log/pods",
        "volumePluginDir": str(home / "kubelet" / "plugins"),
    }


def _kube_proxy(state):
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(state.kubeconfig("system:kube-proxy"))},
        "mode": "iptables", "clusterCIDR": POD_RANGE, "hostnameOverride": NODE_NAME,
        # the machine's own connection tracking settings stay as they are
        "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s",
                      "tcpCloseWaitTimeout": "0s"},
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
    }


# --- services -------------------------------------------------------------------


def services(state):
    home = state.folder / "node"
    scheduler = state.kubeconfig("system:kube-scheduler")
    yield Service("containerd", ["containerd", "--config", home / "containerd.toml"],
                  ready=_containerd_answers)
    images.import_all()
    yield Service("kube-scheduler", [
        TOOLS / "kube-scheduler", f"--kubeconfig={scheduler}",
        f"--authentication-kubeconfig={scheduler}",
        f"--authorization-kubeconfig={scheduler}",
        f"--cert-dir={state.pki}", "--leader-elect=false"])
    yield Service("kube-proxy", [
        TOOLS / "kube-proxy", f"--config={home / 'kube-proxy.json'}"])
    # before the kubelet: each pod waits until its policies hold
    calico.furnish(state)
    yield calico.felix(state)
    yield Service("kubelet", [
        TOOLS / "kubelet", f"--config={home / 'kubelet.json'}",
        f"--kubeconfig={state.kubeconfig(f'system:node:{NODE_NAME}')}",
        f"--root-dir={home / 'kubelet'}", f"--cert-dir={home / 'kubelet' / 'pki'}",
        f"--hostname-override={NODE_NAME}", f"--node-ip={ADDRESS}",
    ], ready=lambda: _node_is_ready(state))
    yield volumes.service(state)


def _containerd_answers():
    try:
        return pathlib.Path(images.SOCKET).exists() and bool(images.ctr("version"))
    except Failed:
        return False


def _node_is_ready(state):
    path = '{.status.conditions[?(@.type=="Ready")].status}'
    try:
        return kubectl(state, "get", "node", NODE_NAME, "--output",
                       f"jsonpath={path}") == "True"
    except Failed:
        return False


# --- what every cluster has -------------------------------------------------------


def furnish(state):
    """Volumes for claims to bind to, and cluster DNS."""
    volumes.furnish(state)
    kubectl(state, "apply", "--filename", HERE / "dns.yaml")
    kubectl(state, "--namespace", "kube-system", "rollout", "status",
            "deployment/coredns", "--timeout=120s")
