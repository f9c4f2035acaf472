"""Pod Security as Kubernetes has it: random pods over every field that its checks look
at, judged by k8s.io/pod-security-admission itself (tests/tools/podsecurity) and by the
post-renderer, alike for each check at each level."""

import json
import os
import random
import subprocess

import pytest

from conftest import STORE, postrender, tool
from test_properties import SEED

PROGRAM = os.path.join(os.environ.get("STOREGUARD_PROGRAMS", "build/obj/programs"), "pods")
PODS = 8000
CHECKED = ("baseline", "restricted")


class Plain(str):
    """A scalar that is written as it is, without quotes."""


# As YAML's many readers write them; what is quoted is no boolean, and refused as a pod.
TRUE = [Plain(s) for s in ("true", "True", "yes", "Yes", "on", "ON", "y", "Y")]
FALSE = [Plain(s) for s in ("false", "FALSE", "no", "No", "off", "Off", "n", "N")]
NULL = [Plain(s) for s in ("null", "~", "Null", "")]
ZERO = [Plain(s) for s in ("0", "0x0", "-0", "+0", "0_0", "00", "0.0", "0o0", "0b0", "-0x0",
                           "0e+0", ".0", "1e-999")]
NUMBER = [Plain(s) for s in ("1000", "65534", "0x1F", "0o17", "1_000", "010", "1e+3", "0b1", "80",
                             "0" * 61 + "80")]
CAPABILITIES = ["ALL", "CHOWN", "KILL", "NET_BIND_SERVICE", "SETPCAP", "MKNOD", "NET_RAW",
                "SYS_ADMIN", "all", "net_bind_service", "CAP_CHOWN", ""]
PROFILES = ["RuntimeDefault", "Localhost", "Unconfined", "runtimeDefault", "Nothing", ""]
SELINUX = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t",
           "spc_t", "Container_t"]
SYSCTLS = ["kernel.shm_rmid_forced", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_rmem",
           "net.ipv4.tcp_keepalive_probes", "net.ipv4.ip_unprivileged_port_start",
           "net.ipv4.ip_local_reserved_ports", "kernel.msgmax", "net.core.somaxconn",
           "net/ipv4/tcp_rmem", ""]
GOOD_VOLUMES = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image",
                "persistentVolumeClaim", "projected", "secret"]
BAD_VOLUMES = ["hostPath", "gcePersistentDisk", "awsElasticBlockStore", "gitRepo", "nfs", "iscsi",
               "glusterfs", "rbd", "flexVolume", "cinder", "cephfs", "flocker", "fc", "azureFile",
               "vsphereVolume", "quobyte", "azureDisk", "portworxVolume", "photonPersistentDisk",
               "scaleIO", "storageos"]
APPARMOR = ["runtime/default", "localhost/shop", "", "unconfined", "runtime/Default", "localhost"]
ANNOTATIONS = ["container.apparmor.security.beta.kubernetes.io/web",
               "container.apparmor.security.beta.kubernetes.io/",
               "container.seccomp.security.alpha.kubernetes.io/web",
               "seccomp.security.alpha.kubernetes.io/pod", "apparmor.security.kubernetes.io/web"]


class Maker:
    """Makes one pod; the more daring, the more often a field is what is refused."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.daring = self.r.choice([0, 0.02, 0.1, 0.4])

    def one(self, good, bad):
        return self.r.choice(bad if self.r.random() < self.daring else good)

    def some(self, **fields):
        """Each field in turn is there or not; a callable makes it."""
        made = [(key, make()) for key, make in fields.items()]
        return {key: value for key, value in made if value is not None}

    def maybe(self, good, bad=None, there=0.3):
        if self.r.random() > there:
            return None
        return self.one(NULL + good if self.r.random() < 0.1 else good, bad or good)

    def number_of(self, most):
        return self.r.choice(range(most + 1))

    def profile(self, there=0.2):
        return lambda: self.maybe([{"type": "RuntimeDefault"}, {"type": "Localhost",
                                                                 "localhostProfile": "p"}],
                                  [{"type": p} for p in PROFILES] + [{}, {"type": NULL[0]}], there)

    def selinux(self):
        if self.r.random() < 0.8:
            return None
        return self.some(type=lambda: self.maybe(SELINUX[:5], SELINUX[5:], 0.7),
                         user=lambda: self.maybe([""], ["u"]), role=lambda: self.maybe([""], ["r"]),
                         level=lambda: self.maybe(["s0"]))

    def windows(self):
        return self.maybe([{}, {"hostProcess": FALSE[0]}, {"runAsUserName": "a"}],
                          [{"hostProcess": t} for t in TRUE], 0.1)

    def user(self):
        return self.maybe(NUMBER, ZERO + [Plain("0" * 70)])

    def pod_context(self):
        return self.some(
            runAsNonRoot=lambda: self.maybe(TRUE, FALSE, 0.7), runAsUser=self.user,
            seccompProfile=self.profile(0.7), appArmorProfile=self.profile(),
            seLinuxOptions=self.selinux, windowsOptions=self.windows,
            sysctls=lambda: self.maybe([[]], [[]], 0.2) or [
                {"name": self.one(SYSCTLS[:6], SYSCTLS), "value": "1"}
                for _ in range(self.number_of(2))] or None,
            fsGroup=lambda: self.maybe(NUMBER))

    def capabilities(self):
        if self.r.random() < self.daring / 2:
            return self.r.choice([None, {}, NULL[0], {"drop": []}, {"drop": ["all"]}])
        drop = self.one([["ALL"], ["CHOWN", "ALL"]], [["KILL"], NULL[0], ["ALL", "CHOWN"]])
        add = [self.one(["NET_BIND_SERVICE"], CAPABILITIES + [NULL[0]])
               for _ in range(self.number_of(2))]
        return {"drop": drop, "add": add} if add else {"drop": drop}

    def context(self):
        if self.r.random() < self.daring / 4:
            return self.r.choice([None, {}, NULL[0]])
        return self.some(
            allowPrivilegeEscalation=lambda: self.maybe(FALSE, TRUE + NULL, 1 - self.daring / 4),
            capabilities=self.capabilities, privileged=lambda: self.maybe(FALSE, TRUE),
            procMount=lambda: self.maybe(["Default"], ["Unmasked", "", "default"], 0.2),
            runAsNonRoot=lambda: self.maybe(TRUE, FALSE), runAsUser=self.user,
            seccompProfile=self.profile(), appArmorProfile=self.profile(),
            seLinuxOptions=self.selinux, windowsOptions=self.windows,
            readOnlyRootFilesystem=lambda: self.maybe(TRUE + FALSE))

    def asks(self):
        handler = {"httpGet": {"port": Plain(80)}, "tcpSocket": {"port": Plain(80)},
                   "exec": {"command": ["true"]}}
        kind = self.r.choice(list(handler))
        host = self.maybe([""], ["localhost", "10.0.0.1", "shop.example.com"], 0.6)
        if host is not None and kind != "exec":
            handler[kind]["host"] = host
        return {kind: handler[kind]}

    def container(self, name):
        r = self.r
        made = self.some(
            securityContext=self.context,
            ports=lambda: [self.some(containerPort=lambda: Plain(80),
                                     hostPort=lambda: self.maybe(ZERO, NUMBER, 0.5))
                           for _ in range(self.number_of(2))] or None,
            lifecycle=lambda: self.some(postStart=self.asks, preStop=self.asks)
            if r.random() < 0.2 else None,
            **{f"{p}Probe": lambda: self.asks() if r.random() < 0.2 else None
               for p in ("liveness", "readiness", "startup")})
        return {"name": name, "image": "shop:1", **made}

    def volume(self, number):
        kind = self.one(GOOD_VOLUMES, BAD_VOLUMES)
        made = {"name": f"v{number}", kind: {}}
        if self.r.random() < 0.1:
            made[self.r.choice(BAD_VOLUMES + GOOD_VOLUMES)] = self.r.choice(NULL[:3] + [{}])
        if self.r.random() < 0.05:
            del made[kind]
        return made

    def spec(self):
        made = self.some(
            **{key: lambda: self.maybe(FALSE, TRUE, 0.2)
               for key in ("hostNetwork", "hostPID", "hostIPC")},
            hostUsers=lambda: self.maybe(TRUE + FALSE, there=0.2),
            os=lambda: self.maybe([{"name": "linux"}, {"name": "windows"}], there=0.15),
            securityContext=lambda: self.pod_context() if self.r.random() < 0.9 else None,
            initContainers=lambda: [self.container(f"i{n}") for n in range(self.number_of(1))],
            ephemeralContainers=lambda: [self.container(f"e{n}") for n in range(self.number_of(1))]
            if self.r.random() < 0.3 else None,
            volumes=lambda: [self.volume(n) for n in range(self.number_of(2))])
        return {**made, "containers": [self.container(n) for n in
                                       ("web", "side")[:1 + self.number_of(1)]]}

    def pod(self):
        metadata = {"name": "p"}
        if self.r.random() < 0.3:
            metadata["annotations"] = {
                key: self.one(APPARMOR[:3], APPARMOR) for key in
                self.r.sample(ANNOTATIONS, self.r.choice([1, 2]))}
        return {"metadata": metadata, "spec": self.spec()}

    # --- written so that readers have to look twice ---

    def write_pairs(self, pairs):
        return ", ".join(f"{key if self.r.random() < 0.9 else json.dumps(key)}: {self.write(v)}"
                         for key, v in pairs)

    def write_mapping(self, pairs):
        if self.r.random() < 0.03 and len(pairs) > 1:
            cut = self.r.randrange(1, len(pairs))
            return "{<<: {%s}, %s}" % tuple(map(self.write_pairs, (pairs[:cut], pairs[cut:])))
        return "{%s}" % self.write_pairs(pairs)

    def write(self, value):
        if isinstance(value, dict):
            return self.write_mapping(list(value.items()))
        if isinstance(value, list):
            return "[%s]" % ", ".join(map(self.write, value))
        return str(value) if isinstance(value, Plain) else json.dumps(value)

    def line(self):
        return self.write(self.pod())


def ask(program, lines):
    done = subprocess.run([program], input="\n".join(lines).encode() + b"\n",
                          capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


@pytest.fixture(scope="module")
def judged():
    """The pods as lines, with Kubernetes' verdicts; and the names of its checks."""
    lines = [Maker(f"{SEED}-{number}").line() for number in range(PODS)]
    names, *verdicts = map(json.loads, ask(tool("podsecurity"), lines))
    assert len(verdicts) == len(lines)
    return names, list(zip(lines, verdicts))


def test_the_checks_are_kubernetes_own(judged):
    names, _ = judged
    assert sorted(set(ask(PROGRAM, [])[0].split())) == names


def test_every_verdict_is_kubernetes_own(judged):
    _, pods = judged
    _, *answers = ask(PROGRAM, [line for line, _ in pods])
    assert len(answers) == len(pods)
    compared = {(level, refused): 0 for level in CHECKED for refused in (True, False)}
    seen = set()
    for (line, verdict), answer in zip(pods, answers):
        if "invalid" in verdict:  # no pod, whatever we say of it
            continue
        ours = dict(zip(CHECKED, (sorted(set(a.split())) for a in answer.split("|"))))
        for level in CHECKED:
            assert ours.get(level) == verdict[level], f"{level}: {answer}\nseed {SEED}: {line}"
            compared[level, bool(verdict[level])] += 1
            seen.update(verdict[level])
    # the search is worth something only if all of it was tried
    assert seen == set(judged[0]), set(judged[0]) - seen
    assert min(compared.values()) > PODS / 20, compared


def rendered(line, kind):
    """The pod as an object of that kind, on one line."""
    body = line[1:-1]
    if kind == "Pod":
        return "{apiVersion: v1, kind: Pod, %s}\n" % body
    return ("{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, "
            "spec: {template: %s}}\n" % line)


@pytest.mark.parametrize("kind", ["Pod", "Deployment"])
def test_the_program_refuses_what_kubernetes_would(judged, kind):
    """Baseline always; what the namespace enforces, where it makes the namespace."""
    _, pods = judged
    valid = [(line, verdict) for line, verdict in pods if "invalid" not in verdict]
    for line, verdict in valid[:60]:
        for options, level in (([], "baseline"), (["--with-namespace"], "restricted")):
            result = postrender([*STORE, "--fit", "off", *options], rendered(line, kind))
            said = result.stderr.decode()
            # what restricted passes over is no pod of Linux, and refused all the same
            refused = bool(verdict[level] or verdict["baseline"])
            assert result.returncode == refused, f"{options}: {said}\n{verdict}\n{line}"
            assert not refused or "Pod Security" in said, said
