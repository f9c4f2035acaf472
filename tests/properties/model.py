"""What must become of a stream, worked out from design.md, not from the code.

Two answers for each document: what it must mean afterwards, and the spots where
its text may differ. Everything outside the spots must stay byte for byte.
"""

import fnmatch
import hashlib
import re
from copy import deepcopy

from .reader import follow, is_null, own, string

TEMPLATES = {  # kind: where its pod template is
    ("apps", "Deployment"): ["spec", "template"],
    ("apps", "StatefulSet"): ["spec", "template"],
    ("apps", "DaemonSet"): ["spec", "template"],
    ("apps", "ReplicaSet"): ["spec", "template"],
    ("batch", "Job"): ["spec", "template"],
    ("batch", "CronJob"): ["spec", "jobTemplate", "spec", "template"],
    ("", "Pod"): [],
}
NULL = ("null", "")
DROPPED = object()  # instead of a meaning: the whole object goes


def get(value, *path):
    for key in path:
        value = value.get(string(key)) if isinstance(value, dict) else None
    return None if value == NULL else value


def text(value):
    return value[1] if isinstance(value, tuple) else None


def owner_label(owner):
    """An owner that is no label value: readable prefix and hash (names.h)."""
    if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", owner):
        return owner
    readable = re.sub(r"[^a-z0-9.]+", "-", owner.lower()).strip("-")
    return f"{readable}-{hashlib.sha256(owner.encode()).hexdigest()[:16]}"


class Model:
    """The edits of one store; components are the engine's, from the policy."""

    def __init__(self, store, engine, plan, owner, components):
        self.fixed = {"urumi.io/store": store, "urumi.io/engine": engine}
        self.owned = {"urumi.io/plan": plan, "urumi.io/owner": owner_label(owner)}
        self.annotations = {} if owner_label(owner) == owner else {"urumi.io/owner": owner}
        self.components = components

    # What an object is.

    def component(self, value, template, runs_once):
        """By its own label; else the most closed that anything speaks for."""
        stamped = get(template or value, "metadata", "labels", "urumi.io/component")
        if stamped:
            return text(stamped)
        for c in self.components:
            if runs_once and c.get("jobs"):
                return c["name"]
        containers = get(template, "spec", "containers") or []
        votes = {c["name"]: self.votes(c, value, template, containers[:1])
                 for c in self.components}
        order = [c["name"] for c in self.components]
        public = {c["name"]: bool(c.get("public")) for c in self.components}
        named = [name for name in order if votes[name]]
        if named:
            return min(named, key=lambda n: (public[n], -votes[n], order.index(n)))
        for container in containers:
            for matches in (self.by_image, self.by_declared):
                for c in self.components:
                    if matches(c, container):
                        return c["name"]
        return None

    def votes(self, component, value, template, main):
        count = sum(self.by_label(key, wanted, value, template)
                    for key, wanted in component.get("labels", {}).items())
        for container in main:
            count += self.by_image(component, container)
            count += self.by_declared(component, container)
        if template is None and text(get(value, "kind")) == "Service":
            ports = get(value, "spec", "ports") or []
            count += self.by_ports(component, [get(p, key) for p in ports
                                               for key in ("port", "targetPort")])
        return count

    @staticmethod
    def by_label(key, wanted, value, template):
        found = (get(template, "metadata", "labels", key)
                 or get(value, "metadata", "labels", key))
        return text(found) in wanted

    def by_declared(self, component, container):
        return self.by_ports(component, [get(p, "containerPort")
                                         for p in get(container, "ports") or []])

    @staticmethod
    def by_image(component, container):
        name = re.sub("[:@].*", "", text(get(container, "image")).split("/")[-1])
        return any(fnmatch.fnmatchcase(name, pattern)
                   for pattern in component.get("images", []))

    @staticmethod
    def by_ports(component, ports):
        return any(text(p) in map(str, component.get("ports", [])) for p in ports)

    # Edits, as paths from the object and what is set there.

    def edits(self, value):
        """[(path, {key: value})] of one object; DROPPED for a chart's own policy."""
        kind = text(get(value, "kind"))
        group = text(get(value, "apiVersion")).rpartition("/")[0]
        if kind == "NetworkPolicy":
            return DROPPED
        path = TEMPLATES.get((group, kind))
        template = None if path is None else get(value, *path) if path else value
        hook = get(value, "metadata", "annotations", "helm.sh/hook") is not None
        once = kind in ("Job", "CronJob") or (hook and kind == "Pod")
        component = self.component(value, template, once)
        named = {"urumi.io/component": component} if component else {}
        result = [(["metadata", "labels"], {**self.fixed, **self.owned, **named})]
        if self.annotations:
            result.append((["metadata", "annotations"], self.annotations))
        if path and (kind != "Job" or hook):
            result.append((path + ["metadata", "labels"], {**self.fixed, **named}))
        return result

    def items(self, value):
        """The items of a list, with the kind that they take from it."""
        kind, version = get(value, "kind"), get(value, "apiVersion")
        for item in get(value, "items"):
            typed = {string("apiVersion"): version, **item}
            if text(kind) != "List":
                typed.setdefault(string("kind"), string(text(kind)[:-len("List")]))
            yield item, typed

    def expected(self, value):
        """The meaning that the output must have."""
        value = deepcopy(value)
        if isinstance(get(value, "items"), list):
            items = [self.apply(item, self.edits(typed)) for item, typed in self.items(value)]
            kept = [item for item in items if item is not DROPPED]
            value[string("items")] = kept
            return DROPPED if items and not kept else value
        return self.apply(value, self.edits(value))

    @staticmethod
    def apply(value, edits):
        if edits is DROPPED:
            return DROPPED
        value = deepcopy(value)
        for path, pairs in edits:
            at = value
            for key in path:
                if get(at, key) is None:
                    at[string(key)] = {}
                at = at[string(key)]
            at.update({string(k): string(v) for k, v in pairs.items()})
        return value

    # Spots, as (begin, end) in the text of the input document.

    def spots(self, document, root, value):
        """Where the text may change: insertions are empty spots; a null value, an
        alias, a label of another value and the lines of a dropped item give way.
        None: a dropped item is not lines of its own, so its list is written anew."""
        spots, opened = set(), []
        if isinstance(get(value, "items"), list):
            sequence = own(root, "items")
            opened += [root, sequence]
            objects = list(zip(follow(sequence).children,
                               [self.edits(typed) for _, typed in self.items(value)]))
        else:
            objects = [(root, self.edits(value))]
        dropped = [node for node, edits in objects if edits is DROPPED]
        if dropped:
            gone = [inner for node in dropped for inner in node.walk()]
            lines = [item_lines(document, node) for node in dropped]
            if sequence.flow or None in lines or any(
                    n.kind == "alias" and any(n.target is g for g in gone) for n in root.walk()):
                return None
            spots.update(lines)
            objects = [(node, edits) for node, edits in objects if edits is not DROPPED]
        for node, edits in objects:
            for path, labels in edits:
                self.descend(document, node, path, labels, spots, opened)
        # Aliases of what is edited in place must go on meaning what they did.
        spots.update((n.begin, n.end) for n in root.walk()
                     if n.kind == "alias" and any(n.target is o for o in opened))
        return sorted(spots)

    @staticmethod
    def descend(document, node, path, labels, spots, opened):
        for key in [None] + path:
            child = node if key is None else own(node, key)
            if child is None:
                spots.add((place(document, node),) * 2)
                return
            if child.kind == "alias" or is_null(child):
                spots.add((child.begin, child.end))
                if node.flow and child.begin == child.end:
                    # readers put an empty null on either side of blanks and comments
                    spots.update((k.end, k.end) for k, v in node.pairs()
                                 if v is child and ":" not in document[k.end:v.end])
                    end = re.compile(r"(?:\s|#[^\n]*)*").match(document, child.end).end()
                    spots.add((end, end))
                return
            node = child
            opened.append(node)
        for key, wanted in labels.items():
            present = own(node, key)
            if present is None:
                spots.add((place(document, node),) * 2)
            elif follow(present).text != wanted or follow(present).plain:
                spots.add((present.begin, present.end))


def place(document, node):
    """Where entries go into a mapping: at its head, but behind a `<<`, which to
    Kubernetes' library wins over what stands before it."""
    pairs = list(node.pairs())
    merges = [i for i, (key, _) in enumerate(pairs) if key.plain and key.text == "<<"]
    if not merges:
        return node.inside
    if merges[0] + 1 < len(pairs):
        return pairs[merges[0] + 1][0].begin
    merged = pairs[merges[0]][1]
    return merged.end if node.flow else line_below(document, merged)


def line_below(document, node):
    end = max(n.end for n in node.walk() if n.flow or n.kind in ("scalar", "alias"))
    if document[end - 1] != "\n":
        end = document.find("\n", end) + 1 or len(document)
    return end


def item_lines(document, item):
    """From the start of the line of a block list's `- ` to the end of the item's
    last line; None where something else, like a comment, is in between."""
    begin = document.rfind("\n", 0, item.begin) + 1
    if not re.fullmatch(" *- +", document[begin:item.begin]):
        return None
    return begin, line_below(document, item)


def may_be_refused(root):
    """Where an alias, a merge or a dropped item is in the way, a part has to be
    written anew in flow style, which can't hold every plain scalar."""
    def hinders(key, value):
        return (key.plain and key.text == "<<"
                or (key.text == "kind" and value.text == "NetworkPolicy"))
    return any(node.kind == "alias"
               or node.kind == "map" and any(hinders(k, v) for k, v in node.pairs())
               for node in root.walk())
