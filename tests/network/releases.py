"""Random releases: workloads, Services, and texts in which one names the other.

A release knows its references: (caller, Service, port or None for one that is not
said). Everything else in it that looks like a Service's name is no reference.
"""

import base64
import dataclasses

# what speaks for a component, and which port its main container declares
KINDS = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod", "Job",
         "CronJob", "hook Job", "hook Pod", "ReplicationController",
         "ReplicationController without selector"]
IMAGES = {"web": "wordpress:6", "database": "mariadb:11", "cache": "redis:8",
          "stranger": "house/thing:1"}
PORTS = {"web": [80, 8080, 3000], "database": [3306], "cache": [6379],
         "stranger": [7000]}


@dataclasses.dataclass
class Release:
    objects: list
    references: set

    def workloads(self):
        return [o for o in self.objects if pod_of(o) is not None]


def pod_of(o):
    """The pod template of an object, or None."""
    if o["kind"] == "Pod":
        return o
    if o["kind"] == "CronJob":
        return o["spec"]["jobTemplate"]["spec"]["template"]
    return o.get("spec", {}).get("template") if o["kind"] != "Service" else None


def name_of(o):
    return f"{o['kind']}/{o['metadata']['name']}"


def _workload(rng, index):
    kind = rng.choice(KINDS)
    what = rng.choice(list(IMAGES))
    name = f"{what}-{index}"
    container = {"name": "main", "image": IMAGES[what]}
    number = rng.choice(PORTS[what])
    if rng.random() < 0.8:
        container["ports"] = [{"name": "main", "containerPort": number}]
    containers = [container]
    if rng.random() < 0.3:
        containers.append({"name": "exporter", "image": "house/exporter:1",
                           "ports": [{"name": "metrics", "containerPort": 9117}]})
    pod = {"containers": containers}
    if rng.random() < 0.2:
        pod["initContainers"] = [{"name": "side", "image": "house/side:1",
                                  "restartPolicy": "Always",
                                  "ports": [{"name": "side", "containerPort": 8443}]}]
    labels = {"app": name, "part": rng.choice(["one", "two"])}
    if rng.random() < 0.2:
        labels["app.kubernetes.io/component"] = rng.choice(["web", "db", "cache", "part"])
    if rng.random() < 0.15:
        labels["urumi.io/store"] = "fashion"
    if rng.random() < 0.1:
        labels["urumi.io/component"] = rng.choice(["web", "cache", "database"])
    template = {"metadata": {"labels": labels}, "spec": pod}
    annotations = {"helm.sh/hook": "post-install"} if "hook" in kind else {}
    metadata = {"name": name, "annotations": annotations}
    group = {"Pod": "v1", "Job": "batch/v1", "CronJob": "batch/v1",
             "ReplicationController": "v1"}
    selector = {"matchLabels": {"app": name}}
    plain = kind.split(" without")[0].removeprefix("hook ")
    o = {"apiVersion": group.get(plain, "apps/v1"), "kind": plain, "metadata": metadata}
    if plain == "Pod":
        return {**o, "metadata": {**metadata, "labels": labels}, "spec": pod}, number
    if plain == "CronJob":
        o["spec"] = {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template}}}
    elif plain == "Job" or "without" in kind:
        o["spec"] = {"template": template}
    elif plain == "ReplicationController":
        o["spec"] = {"selector": {"app": name}, "template": template}
    else:
        o["spec"] = {"selector": selector, "template": template}
        if plain == "StatefulSet":
            o["spec"]["serviceName"] = name
        if plain in ("StatefulSet", "Deployment"):
            o["spec"]["replicas"] = rng.choice([1, 3])
    return o, number


def _service(rng, workload, number):
    """One that selects the workload, or by a shared label several of them."""
    template = pod_of(workload)
    name = workload["metadata"]["name"] + "-svc"
    port = rng.choice([number, 80, 1234])
    entry = {"port": port}
    declared = template["spec"]["containers"][0].get("ports")
    if port != number:
        entry["targetPort"] = "main" if declared and rng.random() < 0.5 else number
    by = "part" if rng.random() < 0.15 else "app"
    entries = [{**entry, "name": "first"}, {"name": "second", "port": 9117}]
    spec = {"selector": {by: template["metadata"]["labels"][by]},
            "ports": entries if rng.random() < 0.2 else [entry]}
    if port == number and rng.random() < 0.3:
        spec["clusterIP"] = "None"
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


# Texts that name a host, with or without its port.
WITH_PORT = [
    "{0}:{1}", "http://{0}:{1}/", "mysql://user:p%40ss@{0}:{1}/shop", "tcp://{0}:{1}",
    "{0}.store-fashion:{1}", "{0}.store-fashion.svc.cluster.local:{1}",
    "user:word@tcp({0}:{1})/shop", "other.example.com:99,{0}:{1}",
    "jdbc:mysql://{0}:{1}/shop?useSSL=false", "a = 1\nhost = {0}:{1}\nb = 2",
    '{{"hosts": ["{0}:{1}"]}}',
]
WITHOUT = ["{0}", "{0}.store-fashion.svc", "tcp://{0}", "amqps://{0}/x",
           "[client]\nhost={0}\n", '{{"host": "{0}"}}', "define('DB_HOST', '{0}');"]
COMMANDS = [
    ("until nc -z {0} {1}; do sleep 1; done", True),
    ("while ! nc -w 2 -z {0} {1}; do sleep 1; done", True),
    ("wait-for {0}:{1} -- start", True), ("curl -fsS http://{0}:{1}/health", True),
    ("echo > /dev/tcp/{0}/{1}", True), ("start --db-host={0}", False),
    ("mysqladmin ping -h {0}", False), ("until nslookup {0}; do sleep 1; done", False),
]
# Texts that name a Service's name, and no host.
PROSE = ["the {0} and nothing else", "See {0}, or ask.", "/srv/{0}/data", "{0}_user",
         '{{"{0}": {{"port": 80}}}}', "my.{0}.example.com", "registry/{0}:80",
         "# host = {0}\n", "x-{0}-y"]
ELSE_KEYS = ["DB_NAME", "MYSQL_USER", "APP_NAME", "CACHE_DRIVER"]


def _refer(rng, release, workload, service, sources):
    """Lets a workload name a Service somewhere, and notes it."""
    name, ports = service["metadata"]["name"], service["spec"]["ports"]
    port = rng.choice(ports)["port"]
    pod = pod_of(workload)["spec"]
    container = rng.choice(pod["containers"] + pod.get("initContainers", []))
    if rng.random() < 0.3:
        text, said = rng.choice(COMMANDS)
        container.setdefault("args", []).append(text.format(name, port) + "\n")
    else:
        said = rng.random() < 0.6
        text = rng.choice(WITH_PORT if said else WITHOUT).format(name, port)
        _put(rng, container, workload, text, sources)
    release.references.add((name_of(workload), name, port if said or len(ports) == 1 else None))


def _put(rng, container, workload, text, sources):
    """In the environment: by itself, or by a ConfigMap's or Secret's key or all."""
    env = container.setdefault("env", [])
    key = f"PLACE_{len(env)}"
    how = rng.choice(["value", "key", "all", "file"])
    if how == "value":
        env.append({"name": key, "value": text})
        return
    secret = rng.random() < 0.5
    name = f"source-{len(sources)}"
    data = {"place": text, "NAME": "nothing"}
    o = {"apiVersion": "v1", "kind": "Secret" if secret else "ConfigMap",
         "metadata": {"name": name}, "data": data}
    if secret and rng.random() < 0.5:
        o["stringData"] = o.pop("data")
    elif secret:
        o["data"] = {k: base64.b64encode(v.encode()).decode() for k, v in data.items()}
    sources.append(o)
    if how == "key":
        ref = "secretKeyRef" if secret else "configMapKeyRef"
        env.append({"name": key, "valueFrom": {ref: {"name": name, "key": "place"}}})
    elif how == "all":
        container.setdefault("envFrom", []).append(
            {"secretRef" if secret else "configMapRef": {"name": name}})
    else:
        volume = {"secret": {"secretName": name}} if secret else {"configMap": {"name": name}}
        pod_of(workload)["spec"].setdefault("volumes", []).append({"name": name, **volume})
        container.setdefault("volumeMounts", []).append({"name": name, "mountPath": f"/{name}"})


def release(rng):
    made = [_workload(rng, i) for i in range(rng.randrange(2, 6))]
    services = [_service(rng, o, number) for o, number in made]
    out, sources = Release([], set()), []
    for workload, _ in made:
        for service in services:
            if rng.random() < 0.4:
                _refer(rng, out, workload, service, sources)
            elif rng.random() < 0.4:
                text = rng.choice(PROSE).format(service["metadata"]["name"])
                container = pod_of(workload)["spec"]["containers"][0]
                _put(rng, container, workload, text, sources)
            elif rng.random() < 0.2:
                pod_of(workload)["spec"]["containers"][0].setdefault("env", []).append(
                    {"name": rng.choice(ELSE_KEYS), "value": service["metadata"]["name"]})
    routes = []
    for i, service in enumerate(services):
        if rng.random() < 0.3:
            port = rng.choice(service["spec"]["ports"])
            named = {"name": port["name"]} if "name" in port else {"number": port["port"]}
            backend = {"service": {"name": service["metadata"]["name"], "port": named}}
            routes.append({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
                           "metadata": {"name": f"in-{i}"}, "spec": {"defaultBackend": backend}})
            out.references.add((f"Ingress/in-{i}", service["metadata"]["name"], port["port"]))
    out.objects = [o for o, _ in made] + services + sources + routes
    rng.shuffle(out.objects)
    return out
