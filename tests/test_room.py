"""A store stays in its room: everything that leaves it is refused, all of it at once, and
named by document, line, object and field with what would be accepted."""

import re

import pytest
import yaml

from conftest import ROOT, STORE, postrender

POD = "{containers: [{name: c, image: wordpress}]}"
TEMPLATED = [("apps/v1", kind) for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")]
TEMPLATED += [("v1", "ReplicationController"), ("batch/v1", "Job")]


def room(text, *args, **kwargs):
    """The exit code and what is said, with its lines joined."""
    done = postrender([*STORE, "--fit", "off", *args], text, **kwargs)
    assert (done.returncode == 0) == bool(done.stdout), done.stderr.decode()
    return done.returncode, " ".join(done.stderr.decode().split())


def obj(kind, rest="", api="v1", metadata="name: a"):
    return "{apiVersion: %s, kind: %s, metadata: {%s}%s}\n" % (api, kind, metadata,
                                                             rest and ", " + rest)


def pods(spec):
    """One of every kind that makes pods, with this pod spec."""
    yield obj("Pod", f"spec: {spec}")
    for api, kind in TEMPLATED:
        yield obj(kind, "spec: {template: {spec: %s}}" % spec, api)
    yield obj("CronJob", "spec: {jobTemplate: {spec: {template: {spec: %s}}}}" % spec, "batch/v1")
    yield obj("PodTemplate", "template: {spec: %s}" % spec)


def of_operators(spec):
    """Pods where operators look for them."""
    for path in ("template: {spec: %s}", "jobTargetRef: {template: {spec: %s}}", "podSpec: %s",
                 "replicatedJobs: [{template: {spec: {template: {spec: %s}}}}]",
                 "nodeSets: [{podTemplate: {spec: %s}}]", "<<: {template: {spec: %s}}"):
        yield obj("Thing", "spec: {%s}" % (path % spec), "example.com/v1")
    yield obj("Prometheus", "spec: %s" % spec, "monitoring.coreos.com/v1")
    yield obj("SparkApplication", "spec: {driver: %s}" % spec, "sparkoperator.k8s.io/v1beta2")


def container(rest, kind="containers"):
    others = "" if kind == "containers" else "containers: [{name: main, image: a}], "
    return "{%s%s: [{name: c, image: a, %s}]}" % (others, kind, rest)


OUT = [
    ("{hostNetwork: on, containers: [{name: c}]}", "hostNetwork is on"),
    ("{hostIPC: true, containers: [{name: c}]}", "hostIPC is true"),
    ("{volumes: [{name: v, hostPath: {path: /dev}}], containers: [{name: c}]}", "hostPath is set"),
    ("{securityContext: {windowsOptions: {hostProcess: true}}, containers: [{name: c}]}",
     "windowsOptions.hostProcess is true"),
    ("{securityContext: {sysctls: [{name: kernel.msgmax, value: '1'}]}, containers: [{name: c}]}",
     "sysctls.name is kernel.msgmax"),
    ("{securityContext: {seccompProfile: {type: Unconfined}}, containers: [{name: c}]}",
     "seccompProfile.type is Unconfined"),
] + [(container(rest, kind), says) for kind in ("containers", "initContainers")
     for rest, says in (
         ("securityContext: {privileged: yes}", "privileged is yes"),
         ("securityContext: {capabilities: {add: [NET_ADMIN]}}", "has NET_ADMIN"),
         ("securityContext: {procMount: Unmasked}", "procMount is Unmasked"),
         ("securityContext: {windowsOptions: {hostProcess: y}}", "hostProcess is y"),
         ("ports: [{containerPort: 1, hostPort: 80}]", "hostPort is 80"),
         ("livenessProbe: {httpGet: {port: 1, host: 10.0.0.1}}", "host is 10.0.0.1"))]


@pytest.mark.parametrize("spec, says", OUT, ids=[says for _, says in OUT])
def test_no_pod_takes_what_is_its_nodes(spec, says, tmp_path):
    objects = [*pods(spec), *of_operators(spec)]
    code, said = room("---\n".join(objects))
    assert code == 1 and said.count(says) >= len(objects), said
    assert said.count("document ") == len(objects), said
    # as hostPath has always been, the engine may be allowed it
    policy = tmp_path / "policy.yaml"
    text = (ROOT / "common" / "default-policy.yaml").read_text()
    policy.write_text(text.replace("podSecurity: restricted", "podSecurity: privileged"))
    assert room("---\n".join(objects), "--policy", policy)[0] == 0


@pytest.mark.parametrize("spec", [
    POD, "{hostNetwork: no, hostPID: 'false', containers: [{name: c, ports: [{hostPort: 0}]}]}",
    container("securityContext: {privileged: n, capabilities: {add: [CHOWN], drop: [ALL]}}"),
    "{hostUsers: false, containers: [{name: c, securityContext: {procMount: Unmasked}}]}",
    "{volumes: [{name: v, nfs: {server: a, path: /}}, {name: w, hostPath: ~}], containers: []}"])
def test_what_baseline_takes_is_taken(spec):
    code, said = room("---\n".join(pods(spec)))
    assert code == 0, said


@pytest.mark.parametrize("spec, says", [
    ("podSecurityContext: {windowsOptions: {hostProcess: true}}", "hostProcess is true"),
    ("podSecurityContext: {sysctls: [{name: kernel.msgmax, value: '1'}]}", "kernel.msgmax"),
    ("containerSecurityContext: {privileged: true}", "privileged is true"),
    ("web: {extraSecurityContext: {capabilities: {add: [SYS_ADMIN]}}}", "has SYS_ADMIN"),
    ("additionalVolumes: [{name: v, hostPath: {path: /}}]", "volume v: hostPath is set"),
    ("extraVolume: {name: v, hostPath: {path: /}}", "volume v: hostPath is set"),
    ("storage: {volumeSource: {hostPath: {path: /}}}", "hostPath is set"),
    ("priorityClassName: system-node-critical", "priorityClassName"),
    ("nodeSets: [{podTemplate: {spec: {priorityClassName: system-node-critical}}}]", "system-node"),
    ("template: {metadata: {annotations: {k8s.v1.cni.cncf.io/networks: a}}}", "NetworkPolicy"),
    ("podAnnotations: {v1.multus-cni.io/default-network: a}", "NetworkPolicy")])
def test_operators_call_them_by_names_of_their_own(spec, says):
    code, said = room(obj("Thing", "spec: {%s}" % spec, "example.com/v1"))
    assert code == 1 and says in said, said


def test_other_objects_may_speak_of_such_fields():
    texts = [obj("ConfigMap", "data: {hostNetwork: 'true'}"),
             obj("Service", "spec: {ports: [{port: 80}]}"),
             obj("ServiceMonitor", "spec: {endpoints: [{port: web}]}", "monitoring.coreos.com/v1"),
             obj("Thing", "spec: {hostNetwork: {of: nobody}, ports: [{port: 80}], volumes: 3, "
                 "hostPath: /shop, securityContext: admin, podSecurityContext: {privileged: no}}",
                 "example.com/v1"),
             obj("Ingress", "spec: {rules: [{host: a.example.com}]}", "networking.k8s.io/v1")]
    assert room("---\n".join(texts))[0] == 0


# --- the namespace ---

def namespace(labels, name="store-fashion"):
    return obj("Namespace", metadata="name: %s, labels: {%s}" % (name, labels))


ENFORCE = "pod-security.kubernetes.io/enforce"


@pytest.mark.parametrize("labels, says", [
    (f"{ENFORCE}: privileged", "make it restricted"), (f"{ENFORCE}: baseline", "make it restricted"),
    (f"{ENFORCE}: Restricted", "make it restricted"), (f"{ENFORCE}: ''", "make it restricted"),
    (f"{ENFORCE}: ~", "make it restricted"), (f"<<: {{{ENFORCE}: privileged}}", "make it restricted"),
    (f"{ENFORCE}: restricted, {ENFORCE}-version: v1.0", "make it latest"),
    (f"{ENFORCE}-version: v1.30", "make it latest"),
    ("resource.kubernetes.io/admin-access: 'true'", "admin-access")])
def test_a_chart_does_not_loosen_its_namespace(labels, says):
    code, said = room(namespace(labels) + "---\n" + obj("ConfigMap"))
    assert code == 1 and says in said and "Namespace/store-fashion" in said, said


@pytest.mark.parametrize("labels", [
    "", f"{ENFORCE}: restricted", f"{ENFORCE}: restricted, {ENFORCE}-version: latest",
    "pod-security.kubernetes.io/warn: privileged"])
def test_a_chart_may_bring_its_namespace(labels):
    assert room(namespace(labels) + "---\n" + obj("ConfigMap"))[0] == 0


def test_a_name_that_is_still_to_be_made_is_not_the_stores():
    code, said = room(obj("Namespace", metadata="generateName: store-fashion"))
    assert code == 1 and "another namespace" in said, said


@pytest.mark.parametrize("order", [1, -1], ids=["namespace first", "namespace last"])
def test_pods_are_held_to_what_the_charts_namespace_enforces(order):
    """It may be stricter than the engine, and come behind its pods."""
    texts = [namespace(f"{ENFORCE}: restricted"), *pods(POD)]
    code, said = room("---\n".join(texts[::order]))
    assert code == 1 and "enforces Pod Security \"restricted\"" in said, said
    assert said.count("allowPrivilegeEscalation is missing") == len(texts) - 1, said


@pytest.mark.parametrize("only", ["all", "guards", "labels"])
def test_pods_are_held_to_what_our_namespace_enforces(only):
    objects = list(pods(POD)) + [obj("Job", "spec: {template: {spec: %s}}" % POD, "batch/v1",
                                     "name: h, annotations: {helm.sh/hook: pre-install}")]
    code, said = room("---\n".join(objects), "--with-namespace", "--only", only)
    assert code == 1, said
    for field in ("allowPrivilegeEscalation", "capabilities.drop", "runAsNonRoot",
                  "seccompProfile.type"):
        assert said.count(f"{field} is missing") == len(objects), said
    assert "podSecurity: baseline" in said, said


def test_guards_alone_tell_what_their_namespace_would_refuse():
    done = postrender([*STORE, "--only", "guards"], "---\n".join(pods(POD)))
    said = done.stderr.decode()
    assert done.returncode == 0 and done.stdout, said
    assert "restricted" in said and "Pod/a" in said and "--with-namespace" in said, said


@pytest.mark.parametrize("level, code", [("baseline", 0), ("privileged", 0), ("restricted", 1)])
def test_the_policy_says_which_level(level, code, tmp_path):
    policy = tmp_path / "policy.yaml"
    text = (ROOT / "common" / "default-policy.yaml").read_text()
    policy.write_text(text.replace("podSecurity: restricted", f"podSecurity: {level}"))
    done = postrender([*STORE, "--policy", policy, "--with-namespace"], "---\n".join(pods(POD)))
    assert done.returncode == code, done.stderr.decode()
    if not code:
        made = next(yaml.safe_load_all(done.stdout))
        assert made["metadata"]["labels"][ENFORCE] == level


# --- all at once, and what is said ---

def test_every_fault_of_every_document_is_told():
    texts = [obj("ClusterRole", api="rbac.authorization.k8s.io/v1"),
             obj("ConfigMap", metadata="name: b, namespace: shops"),
             obj("Secret", metadata="name: c, labels: {urumi.io/store: food}"),
             obj("Pod", "spec: {hostNetwork: true, containers: [{name: c}]}"),
             namespace("", "store-food"), obj("ConfigMap")]
    code, said = room("---\n".join(texts))
    assert code == 1, said
    for number, (name, fault) in enumerate([
            ("ClusterRole/a", "cluster-scoped"), ("ConfigMap/b", "shops"), ("Secret/c", "food"),
            ("Pod/a", "hostNetwork"), ("Namespace/store-food", "another namespace")], 1):
        line = 2 * number - 1
        assert re.search(rf"document {number} \(line \d+\): {name} - line {line}: [^-]*{fault}",
                         said), said
    assert "document 6" not in said, said


def test_many_faults_are_counted():
    texts = [obj("ConfigMap", metadata=f"name: c{n}, namespace: other") for n in range(1000)]
    code, said = room("---\n".join(texts))
    assert code == 1 and "and 936 more" in said and "ConfigMap/c63" in said, said[-300:]


@pytest.mark.parametrize("name, advised", [
    ("kube-system", False), ("kube-public", False), ("default", False), ("store-food", False),
    ("Not_a_name", False), ("shops", True)])
def test_no_namespace_is_advised_that_is_not_a_stores(name, advised):
    code, said = room(obj("ConfigMap", metadata=f"name: a, namespace: {name}"))
    assert code == 1 and name in said and "store-fashion" in said, said
    assert ("--namespace" in said) == advised, said


@pytest.mark.parametrize("name, taken", [
    ("kube-system", False), ("kube-node-lease", False), ("default", False), ("store-food", False),
    ("store-", False), ("Shops", False), ("store-fashion", True), ("shops", True)])
def test_a_store_is_put_into_no_namespace_that_is_not_a_stores(name, taken):
    done = postrender([*STORE, "--namespace", name], obj("ConfigMap"))
    said = done.stderr.decode()
    assert done.returncode == (0 if taken else 2) and bool(done.stdout) == taken, said
    assert taken or name in said and ("store-fashion" in said or "lower-case" in said), said


def test_a_misfit_is_told_beside_it():
    text = obj("Deployment", "spec: {replicas: 99, template: {spec: {hostPID: true, "
               "containers: [{name: c}]}}}", "apps/v1")
    done = postrender(STORE, text)
    said = done.stderr.decode()
    assert done.returncode == 1 and "hostPID" in said and "does not fit plan" in said, said


@pytest.mark.parametrize("kind", ["LoadBalancer", "NodePort"])
def test_a_service_of_another_type_is_told_what_to_be(kind):
    done = postrender(STORE, obj("Service", "spec: {type: %s, ports: [{port: 80}]}" % kind))
    said = done.stderr.decode()
    assert done.returncode == 1, said
    for word in ("ClusterIP", "Ingress", "HTTPRoute"):
        assert word in said, said


@pytest.mark.parametrize("spec", [
    "{priorityClassName: system-node-critical, containers: [{name: c}]}",
    "{priorityClassName: system-cluster-critical, containers: [{name: c}]}"])
def test_no_pod_drives_others_out(spec):
    for text in pods(spec):
        code, said = room(text)
        assert code == 1 and "priorityClassName" in said, said
    assert room(obj("Pod", "spec: {priorityClassName: shop-high, containers: [{name: c}]}"))[0] == 0


def test_no_pod_takes_another_network():
    code, said = room(obj("Pod", f"spec: {POD}", metadata="name: a, annotations: "
                          "{k8s.v1.cni.cncf.io/networks: host-device}"))
    assert code == 1 and "NetworkPolicy" in said, said


# --- rights ---

RBAC = "rbac.authorization.k8s.io/v1"


def role(groups, resources, verbs):
    return obj("Role", "rules: [{apiGroups: [''], resources: [pods], verbs: ['*']}, {apiGroups: "
               "[%s], resources: [%s], verbs: [%s]}]" % (groups, resources, verbs), RBAC)


def binding(name, kind="ClusterRole"):
    return obj("RoleBinding", "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: %s, name: %s}, "
               "subjects: [{kind: ServiceAccount, name: a}]" % (kind, name), RBAC)


@pytest.mark.parametrize("text, says", [
    (binding("cluster-admin"), "cluster-admin"), (binding("admin"), "admin"),
    (binding("edit"), "edit"), (role("'*'", "'*'", "'*'"), "networkpolicies"),
    (role("networking.k8s.io", "networkpolicies", "get, delete"), "networkpolicies"),
    (role("''", "'*'", "patch"), "resourcequotas"),
    (role("''", "resourcequotas/status", "update"), "resourcequotas"),
    (role("''", "limitranges", "'*'"), "limitranges"),
    (role("''", "namespaces", "patch"), "namespaces"),
    (role("rbac.authorization.k8s.io", "roles", "escalate, get"), "roles"),
    (role("rbac.authorization.k8s.io", "clusterroles", "bind"), "clusterroles"),
    (role("apps, cilium.io", "ciliumnetworkpolicies", "create"), "ciliumnetworkpolicies")])
def test_no_pod_gets_rights_over_the_guards(text, says):
    code, said = room(text)
    assert code == 1 and says in said and "guard" in said, said
    assert room(text, "--allow-cluster-scoped")[0] == 0


@pytest.mark.parametrize("text", [
    binding("view"), binding("admin", "Role"), role("''", "configmaps, pods", "'*'"),
    role("networking.k8s.io", "networkpolicies", "get, list, watch"),
    role("rbac.authorization.k8s.io", "roles, rolebindings", "create, patch"),
    role("networking.k8s.io", "ingresses", "'*'"), role("''", "networkpolicies", "'*'"),
    role("apps", "'*'", "'*'")])
def test_other_rights_are_the_charts(text):
    assert room(text)[0] == 0
