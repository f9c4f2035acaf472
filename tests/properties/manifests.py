"""Makes up rendered manifests of a store: what objects there are and how their
labels, templates, anchors and merges lie; writer.py decides how they look."""

import re

from .writer import NULLS, TREACHEROUS, Map, Prose, Raw, Seq, Text, Writer

IMAGES = ["wordpress:6", "docker.io/library/mariadb:11", "redis:7", "busybox", "postgres:17",
          "ghcr.io/x/medusa@sha256:0123", "registry:5000/nginx"]
COMPONENTS = ["web", "database", "cache", "mysql", "setup", "none-of-them", "worker"]
API = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1",
       "ReplicaSet": "apps/v1", "Job": "batch/v1", "CronJob": "batch/v1", "Pod": "v1",
       "ConfigMap": "v1", "Secret": "v1", "Service": "v1", "NetworkPolicy": "networking.k8s.io/v1",
       "PersistentVolumeClaim": "v1", "Widget": "example.com/v1beta1"}
WORKLOADS = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod"]
OTHERS = ["ConfigMap", "Secret", "Service", "PersistentVolumeClaim", "Widget"]


class Maker:
    """Makes the objects of one document, which may share anchors."""

    def __init__(self, rng, anchors):
        self.rng = rng
        self.anchors = anchors  # how likely parts are shared
        self.count = 0
        self.metadata_base = None  # merged into several objects' metadata

    def chance(self, p):
        return self.rng.random() < p

    def fresh(self, stem):
        self.count += 1
        return f"{stem}{self.count}"

    def shared(self, node, stem):
        if node.share is None and self.chance(self.anchors):
            node.share = self.fresh(stem)
        return node

    def shuffled(self, pairs):
        if self.chance(0.4):
            self.rng.shuffle(pairs)
        # Behind a key that it holds too, a merge is refused: seldom enough.
        if self.chance(0.8):
            pairs.sort(key=lambda pair: pair[0] != "<<")
        return pairs

    def null(self):
        return Raw(self.rng.choice(NULLS))

    def anything(self, depth=3):
        kind = self.rng.randrange(6) if depth else 0
        if kind == 1:
            return Seq([self.anything(depth - 1) for _ in range(self.rng.randint(0, 3))])
        if kind == 2:
            keys = dict.fromkeys(self.data_key() for _ in range(self.rng.randint(0, 4)))
            return Map([(key, self.anything(depth - 1)) for key in keys])
        if kind == 3:
            return Raw(self.rng.choice(TREACHEROUS))
        return Prose()

    def data_key(self):
        return self.rng.choice(["a", "config.ini", "on", "0755", "null", "Größe", "🛒", "a key",
                                "labels", "metadata", "k" * self.rng.choice([200, 850, 2000]),
                                f"n{self.rng.randrange(1000)}"])

    def labels(self):
        """A mapping of labels, or null."""
        rng = self.rng
        if self.chance(0.12):
            return self.null()
        pairs = []
        if self.chance(0.8):
            pairs.append(("app", Text("shop")))
        if self.chance(0.4):
            pairs.append(("app.kubernetes.io/component", Text(rng.choice(COMPONENTS))))
        if self.chance(0.2):
            pairs.append(("app.kubernetes.io/name",
                          Text(rng.choice(["wordpress", "mariadb", "redis", "x"]))))
        if self.chance(0.15):
            pairs.append(("note", self.rng.choice([Prose(), Raw(rng.choice(TREACHEROUS))])))
        if self.chance(0.08):
            pairs.append(("urumi.io/store", Text("fashion")))
        if self.chance(0.08):
            pairs.append(("urumi.io/plan", Text(rng.choice(["small", "huge"]))))
        if self.chance(0.04):
            pairs.append(("urumi.io/owner", rng.choice([Prose(), Text("mallory")])))
        if pairs and self.chance(self.anchors / 3):
            base = Map([("tier", Text("front")), ("app", Text("base"))], self.fresh("base"))
            sources = base if self.chance(0.7) else Seq([base, Map([("part", Text("of"))])])
            pairs.insert(rng.randint(0, len(pairs)), ("<<", sources))
        return Map(self.shuffled(pairs))

    def annotations(self, hook):
        pairs = [("helm.sh/hook", Text("post-install"))] if hook else []
        if self.chance(0.6):
            pairs.append(("checksum/config", Prose()))
        if self.chance(0.3):
            pairs.append(("example.com/" + "x" * 60, Prose()))
        if not pairs and self.chance(0.5):
            return self.null()
        return Map(pairs)

    def metadata(self, name, labels, hook=False):
        pairs = [("name", Text(name))]
        if labels is not None:
            pairs.append(("labels", labels))
        if hook or self.chance(0.4):
            pairs.append(("annotations", self.annotations(hook)))
        if self.chance(0.15):
            pairs.append(("namespace", Text("store-fashion")))
        if self.chance(self.anchors / 3):
            if self.metadata_base is None:
                self.metadata_base = Map([("finalizers", Seq([])), ("labels", self.labels())],
                                         self.fresh("meta"))
            pairs.insert(self.rng.randint(0, len(pairs)), ("<<", self.metadata_base))
        return Map(self.shuffled(pairs))

    def pod_spec(self):
        rng = self.rng
        containers = []
        for i in range(rng.choice([1, 1, 2])):
            pairs = [("name", Text(f"c{i}")), ("image", Text(rng.choice(IMAGES)))]
            if self.chance(0.5):
                ports = Map([("containerPort", Raw(rng.choice(["80", "3306", "9000", "1234"])))])
                pairs.append(("ports", Seq([ports])))
            if self.chance(0.5):
                value = Map([("name", Text("A")), ("value", Prose())])
                pairs.append(("env", Seq([self.shared(value, "env")] * rng.choice([1, 1, 2]))))
            if self.chance(0.3):
                pairs.append(("args", Seq([Prose(), Raw(rng.choice(TREACHEROUS))])))
            containers.append(Map(self.shuffled(pairs)))
        return self.shared(Map([("containers", Seq(containers))]), "pod")

    def template(self, labels, metadata):
        """A pod template whose metadata is absent, empty, its own or the object's."""
        kind = self.rng.randrange(10)
        spec = ("spec", self.pod_spec())
        own = labels if labels is not None and self.chance(0.7) else self.labels()
        if kind == 0:
            pairs = [spec]
        elif kind == 1:
            pairs = [("metadata", self.rng.choice([self.null(), Map()])), spec]
        elif kind == 2 and self.anchors:
            metadata.share = metadata.share or self.fresh("m")
            pairs = [("metadata", metadata), spec]
        elif kind == 3:
            pairs = [("metadata", Map([("annotations", Map([("a", Prose())]))])), spec]
        else:
            parts = [("labels", own)]
            if self.chance(0.3):
                parts.append(("annotations", self.annotations(False)))
            pairs = [("metadata", Map(self.shuffled(parts))), spec]
        if self.chance(self.anchors / 4):
            base = Map(pairs, self.fresh("tpl"))
            pairs = [("<<", base)]
            if self.chance(0.5):
                pairs.append(("metadata", Map([("labels", self.labels())])))
        return Map(self.shuffled(pairs))

    def selector(self, labels):
        shared = isinstance(labels, Map) and labels.share
        return labels if shared else Map([("app", Text("shop"))])

    def workload_spec(self, kind, labels, metadata):
        if kind == "Pod":
            return self.pod_spec()
        template = self.shared(self.template(labels, metadata), "t")
        if kind == "CronJob":
            job = Map([("spec", Map([("template", template)]))])
            return Map(self.shuffled([("schedule", Text("@daily")), ("jobTemplate", job)]))
        pairs = [("template", template)]
        if kind != "Job":
            match = self.selector(labels)
            pairs.insert(0, ("selector", Map([("matchLabels", match)])))
            pairs.insert(0, ("replicas", Raw("1")))
        if kind == "StatefulSet":
            claim = Map([("name", Text("data"))])
            if labels is not None and self.chance(0.5):
                claim.pairs.append(("labels", labels))
            modes = Map([("accessModes", Seq([Text("ReadWriteOnce")]))])
            pairs.append(("volumeClaimTemplates",
                          Seq([Map([("metadata", claim), ("spec", modes)])])))
        return Map(self.shuffled(pairs))

    def body(self, kind, labels, metadata):
        """What an object has beside its metadata."""
        if kind in WORKLOADS:
            return [("spec", self.shared(self.workload_spec(kind, labels, metadata), "spec"))]
        if kind in ("ConfigMap", "Secret"):
            keys = dict.fromkeys(self.data_key() for _ in range(self.rng.randint(0, 5)))
            return [("data" if kind == "ConfigMap" else "stringData",
                     Map([(key, Prose()) for key in keys]))]
        if kind == "Service":
            selector = self.selector(labels)
            port = Map([("port", Raw(self.rng.choice(["80", "3306", "5555"])))])
            return [("spec", Map(self.shuffled([("selector", selector), ("ports", Seq([port]))])))]
        if kind == "NetworkPolicy":
            return [("spec", Map([("podSelector", Map())]))]
        return [("spec", self.anything())]

    def object(self, kind=None, typed=True):
        kind = kind or self.rng.choice(WORKLOADS if self.chance(0.6) else OTHERS)
        labels = None if self.chance(0.25) else self.labels()
        if isinstance(labels, Map):
            labels = self.shared(labels, "labels")
        hook = kind in WORKLOADS and self.chance(0.15)
        metadata = self.metadata(self.fresh(kind.lower() + "-"), labels, hook)
        head = [("apiVersion", Text(API[kind])), ("kind", Text(kind))] if typed else []
        pairs = self.shuffled(head + [("metadata", metadata)] + self.body(kind, labels, metadata))
        return self.shared(Map(pairs), "object")

    def list(self):
        """A List, in which whole items, or their metadata or specs, may be shared."""
        if self.chance(0.3):
            kind, items = "ConfigMapList", [self.object("ConfigMap", typed=self.chance(0.5))
                                            for _ in range(self.rng.randint(1, 3))]
        else:
            kind = "List"
            items = [self.object() for _ in range(self.rng.randint(1, 4))]
            if self.chance(0.2):
                items.insert(self.rng.randint(0, len(items)), self.object("NetworkPolicy"))
        first = items[0]
        if self.chance(self.anchors) and kind == "List":
            first.share = first.share or self.fresh("item")
            name = Map([("name", Text(self.fresh("like-")))])
            items.append(self.rng.choice([
                first, Map([("<<", first)]),
                Map(self.shuffled([("<<", first), ("metadata", name)]))]))
        pairs = [("apiVersion", Text("v1")), ("kind", Text(kind)), ("items", Seq(items))]
        if self.chance(0.3):
            pairs.append(("metadata", Map([("resourceVersion", Text(""))])))
        return Map(self.shuffled(pairs))


def document(rng, opened, kind=None):
    """The lines of one document, `---` included where opened."""
    lines = []
    if opened:
        lines.append(rng.choice(["---"] * 5 + ["--- ", "--- # comment", "---   # 'x: {"]))
    json = rng.random() < 0.1
    writer = Writer(rng, flow=rng.choice([0, 0, 0.05, 0.3, 0.9]),
                    comments=rng.choice([0, 0.1, 0.3]), json=json)
    writer.lines = lines
    if rng.random() < 0.5:
        writer.put("# Source: shop/templates/x.yaml")
    writer.between(0)
    maker = Maker(rng, 0 if json else rng.choice([0, 0, 0.2, 0.4]))
    root = maker.list() if kind is None and rng.random() < 0.2 else maker.object(kind)
    root.share = None  # nothing could refer to a document's root
    writer.document(root)
    if rng.random() < 0.1:
        lines.append(rng.choice(["...", "... # end", "...  "]))
    return lines


def stream(rng):
    """A whole stream, as text."""
    documents = []
    for i in range(rng.choice([1, 1, 2, 3, 4])):
        if rng.random() < 0.1:
            documents.append(["---"] + rng.choice([[], [""], ["# only a comment"], ["...", "# x"]]))
        kind = "NetworkPolicy" if i and rng.random() < 0.05 else None
        documents.append(document(rng, bool(documents) or rng.random() < 0.7, kind))
    crlf = rng.choice([0, 0, 0, 1, 0.5])  # all, none, or some documents
    text = ""
    for lines in documents:
        newline = "\r\n" if rng.random() < crlf else "\n"
        if newline == "\r\n" and rng.random() < 0.3:  # as Helm opens a chart's CRLF file
            text += "---\n# Source: shop/templates/crlf.yaml\n"
            lines[0] = re.sub(r"^--- *", "", lines[0])
        text += newline.join(lines) + newline
    if rng.random() < 0.2:
        text = text.rstrip("\r\n")
    return ("\ufeff" if rng.random() < 0.1 else "") + text
