"""An independent reader: PyYAML's own parser in Python, up to its events.

From events come trees that know where in the text each node stands, and from
trees their meaning, in which no scalar loses its type: PyYAML's constructors
would make `on` a boolean, Kubernetes' parser reads some words in other ways.
"""

import re
from dataclasses import dataclass, field

import yaml

NULLS = {"", "~", "null", "Null", "NULL"}
# What every YAML reader takes for a string, quoted or not.
SURELY_STRING = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)\Z)[A-Za-z][A-Za-z0-9_./-]*\Z",
                           re.IGNORECASE)


@dataclass
class Node:
    kind: str  # map, seq, scalar or alias
    begin: int
    end: int
    inside: int  # of a mapping: where a first entry could be put
    anchor: str = None
    tag: str = None
    flow: bool = False
    text: str = None
    plain: bool = False
    target: "Node" = None
    children: list = field(default_factory=list)  # of a map: key, value, key, …

    def pairs(self):
        return list(zip(self.children[::2], self.children[1::2]))

    def walk(self):
        yield self
        for child in self.children:
            yield from child.walk()


def follow(node):
    return node.target if node is not None and node.kind == "alias" else node


def is_null(node):
    node = follow(node)
    return node is None or (node.kind == "scalar" and node.plain
                            and node.tag is None and node.text in NULLS)


def own(node, key):
    """The value of a mapping's own key, merges left aside."""
    node = follow(node)
    for k, v in node.pairs() if node is not None and node.kind == "map" else []:
        if follow(k).text == key:
            return v
    return None


def split(text):
    """Documents as Helm and kubectl cut them: before each line that opens one."""
    starts = [0] + [m.end() for m in re.finditer(r"\n(?=---(?:[ \t\r\n]|\Z))", text)]
    return [text[a:b] for a, b in zip(starts, starts[1:] + [len(text)]) if b > a]


def _leaf(event):
    node = Node("scalar", event.start_mark.index, event.end_mark.index,
                event.end_mark.index, anchor=event.anchor)
    if isinstance(event, yaml.AliasEvent):
        node.kind = "alias"
    elif isinstance(event, yaml.ScalarEvent):
        node.text, node.tag = event.value, event.tag
        node.plain = event.style is None
    else:
        node.kind = "map" if isinstance(event, yaml.MappingStartEvent) else "seq"
        node.tag, node.flow = event.tag, event.flow_style
    return node


def parse(text):
    """The tree of one document, None if it holds nothing."""
    root, stack, anchors = None, [], {}
    for event in yaml.parse(text, Loader=yaml.Loader):
        if isinstance(event, yaml.CollectionEndEvent):
            stack.pop().end = event.end_mark.index
        elif isinstance(event, yaml.NodeEvent):
            node = _leaf(event)
            if node.kind == "alias":
                node.target, node.anchor = anchors[node.anchor], None
            elif node.anchor:
                anchors[node.anchor] = node
            if stack:
                stack[-1].children.append(node)
            else:
                assert root is None, "two documents without a --- between them"
                root = node
            if node.kind in ("map", "seq"):
                stack.append(node)
    empty = root is not None and root.kind == "scalar" and root.plain and root.text == ""
    return None if empty else root


def string(text):
    return ("string", text)


def _scalar(node):
    if node.tag is not None:
        return (node.tag, node.text)
    if not node.plain or SURELY_STRING.match(node.text):
        return string(node.text)
    return ("null", "") if node.text in NULLS else ("plain", node.text)


def _merge_sources(value):
    value = follow(value)
    return [value] if value.kind == "map" else value.children


def meaning(node):
    """Nested dicts and lists of (type, text); aliases and merges are gone.

    A key that stands twice in one mapping is an error."""
    node = follow(node)
    if node.kind == "scalar":
        return _scalar(node)
    if node.kind == "seq":
        return [meaning(child) for child in node.children]
    result, merged = {}, []
    for key, value in node.pairs():
        name = _scalar(follow(key))
        if follow(key).plain and name == ("plain", "<<"):
            assert not merged, "two merge keys in one mapping"
            merged = _merge_sources(value)
            continue
        assert name not in result, f"key {name} stands twice at {key.begin}"
        result[name] = meaning(value)
    for source in merged:
        for name, value in meaning(source).items():
            result.setdefault(name, value)
    return result
