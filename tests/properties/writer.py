"""Writes trees as YAML text, in every style that hand-written charts come in.

The text is put together by hand: a dumper would only ever write its own style.
What the text means is for reader.py to say, so prose may be anything at all.
"""

import re
from dataclasses import dataclass, field

# Plain words whose type differs between YAML 1.1, 1.2 and Kubernetes' parser.
TREACHEROUS = ["on", "yes", "No", "y", "0755", "0o17", "1e3", "1_000", ".5", "0x1F",
               "2021-01-01", "12:30:45", "null", "~", "true", "-0", "1.10", "-.5",
               "2001-12-14t21:59:43.10-05:00", "="]
WORDS = ["shop", "cart", "Größe", "價格", "naïve", "🛒", "e\u0301", "x-y", "a.b/c",
         "100%", "C:\\dir", "it's"]
NULLS = ["", "~", "null", "Null", "NULL"]
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9./_-]*\Z")
AMBIGUOUS = re.compile(r"(y|n|yes|no|on|off|true|false|null)\Z", re.I)

LONGEST_KEY = 900  # 1,024 without a "?" before it, its quotes and escapes included


@dataclass
class Text:
    """A string whose value matters: a name, a key, an image."""
    text: str
    share: str = None


@dataclass
class Raw:
    """Exactly this plain scalar, where flow style or JSON lets it stand."""
    text: str
    share: str = None


@dataclass
class Prose:
    """Whatever the writer makes up."""
    share: str = None


@dataclass
class Map:
    """Pairs of (key, node); share names it: an anchor first, then aliases."""
    pairs: list = field(default_factory=list)
    share: str = None


@dataclass
class Seq:
    items: list = field(default_factory=list)
    share: str = None


def double_quoted(text, ascii_only=False):
    out = []
    for c in text:
        if c in '"\\':
            out.append("\\" + c)
        elif c == "\n":
            out.append("\\n")
        elif ascii_only and ord(c) > 0xFFFF:
            out.append(f"\\U{ord(c):08x}")
        elif ascii_only and ord(c) > 0x7E:
            out.append(f"\\u{ord(c):04x}")
        else:
            out.append(c)
    return '"' + "".join(out) + '"'


class Writer:
    """One document's text. lines is the result, without line ends."""

    def __init__(self, rng, flow=0.1, comments=0.1, json=False):
        self.rng = rng
        self.flow_chance = flow
        self.comment_chance = comments
        self.json = json
        self.lines = []
        self.anchors = set()

    def chance(self, p):
        return self.rng.random() < p

    def document(self, root):
        """Writes the root."""
        if self.json or self.chance(self.flow_chance / 2):
            self.put(self.flow(root, 0))
            return
        self.entries(root, 0)

    def put(self, text):
        self.lines.extend(text.split("\n"))

    def comment(self):
        words = " ".join(self.rng.choice(WORDS) for _ in range(3))
        return self.rng.choice(["#", "# ", "## ", "#! "]) + self.rng.choice(
            [words, "--- " + words, "key: value", "Source: shop/x.yaml", "{[*&", ""])

    def tail(self):
        """What may follow a token on its line."""
        if self.chance(self.comment_chance):
            return " " * self.rng.randint(1, 3) + self.comment()
        return " " if self.chance(0.02) else ""

    def between(self, column):
        if self.chance(self.comment_chance):
            self.put(" " * self.rng.choice([0, column, column + 3]) + self.comment())
        if self.chance(0.03):
            self.put("")

    # Scalars.

    def key(self, text):
        plain = PLAIN.match(text) and not AMBIGUOUS.match(text)
        if self.json:
            return double_quoted(text)
        if text == "<<" or (plain and not self.chance(0.1)):
            return text
        return self.rng.choice([double_quoted(text), "'" + text.replace("'", "''") + "'"])

    def prose_text(self):
        return " ".join(self.rng.choice(WORDS + ["# no comment", "a: b", "{x}", "- y", "&z"])
                        for _ in range(self.rng.randint(0, 4)))

    def scalar(self, node, column):
        """Text that can stand in block and in flow style."""
        rng = self.rng
        if isinstance(node, Raw):
            if self.json and node.text in NULLS:
                return "null"
            json_word = re.match(r"(null|true|false|-?[1-9]\d*)\Z", node.text)
            return node.text if not self.json or json_word else double_quoted(node.text)
        if isinstance(node, Text):
            return self.key(node.text)
        if self.json:
            text = double_quoted(self.prose_text(), ascii_only=self.chance(0.3))
            return re.sub(r"\\U[0-9a-f]{8}", "", text)
        if self.chance(0.3):
            return rng.choice(TREACHEROUS)
        text = self.prose_text()
        style = rng.randrange(6)
        if style == 0:
            end = rng.choice(["", "\n", "\u202fx", "\u00a0x", "\u2060", "\t"])
            return double_quoted(text + end)
        if style == 1:
            return double_quoted(text, ascii_only=True)
        if style == 2:  # folded over lines
            pad = " " * (column + 1 + rng.randrange(3))
            return f'"{rng.choice(["", "a"])}\\\n{pad}# b\n\n{pad}c"'
        if style == 3:
            pad = " " * (column + 1)
            return f"'{rng.choice(WORDS[:-1])}\n{pad}it''s # {rng.choice(WORDS[:4])}'"
        if style == 4 and PLAIN.match(text):
            return text
        return "'" + text.replace("'", "''") + "'"

    def block_scalar(self, prefix, column):
        """Literal or folded, with text that looks like structure."""
        rng = self.rng
        step = rng.choice([1, 2, 2, 4])
        explicit = str(step) if self.chance(0.3) else ""
        chomp = rng.choice(["", "-", "+"])
        marks = rng.choice([explicit + chomp, chomp + explicit])
        pad = " " * (column + step)
        looks = ["---", "--- # x", "# Source: shop/a.yaml", "labels:", "  app: x", "...", "",
                 "x: {", "Größe 🛒", "apiVersion: v1", "urumi.io/store: z", "\tx", "- y"]
        body = [rng.choice(looks) for _ in range(rng.randint(1, 5))]
        if not explicit:
            body = ["first"] + body  # whose indent counts
        self.put(prefix + " " + rng.choice("|>") + marks + self.tail().rstrip())
        for text in body:
            self.put(pad + text if text else "")
        if self.chance(0.2):
            self.put("")

    # Flow style.

    def flow(self, node, column):
        if node.share and node.share in self.anchors:
            return "*" + node.share + " "  # or a colon behind it is part of it
        head = ""
        if node.share:
            self.anchors.add(node.share)
            head = f"&{node.share} "
        if isinstance(node, Map):
            return head + self.collection("{}", node.pairs, column)
        if isinstance(node, Seq):
            return head + self.collection("[]", [(None, v) for v in node.items], column)
        text = self.scalar(node, column)
        return head + (text if text or not head else "~")

    def flow_entry(self, key, value, column):
        if key is None:
            text = self.flow(value, column)
            return text or "~"
        if not self.json and isinstance(value, Raw) and not value.text and self.chance(0.2):
            return self.key(key)  # a key alone has the value null
        gap = "" if self.json and self.chance(0.5) else " "
        explicit = "" if len(key) < LONGEST_KEY else "? "
        return explicit + self.key(key) + ":" + gap + self.flow(value, column)

    def collection(self, brackets, entries, column):
        rng = self.rng
        lines = rng.random() < (0.5 if self.json else 0.3) and entries
        pad = "\n" + " " * (column + rng.choice([1, 2, 2, 4]))
        parts = [self.flow_entry(k, v, len(pad)) for k, v in entries]
        if not lines:
            comma = rng.choice([", ", ", ", " , "] + ([","] if self.json else []))
            inner = rng.choice(["", " "]) if parts else ""
            return brackets[0] + inner + comma.join(parts) + inner + brackets[1]
        out = brackets[0]
        for i, part in enumerate(parts):
            comma = "," if i + 1 < len(parts) or (not self.json and self.chance(0.3)) else ""
            note = "" if self.json else self.tail()
            out += pad + part + (" " if part.endswith(":") else "") + comma + note
        return out + pad[:1] + " " * max(column, len(pad) - 3) + brackets[1]

    # Block style.

    def node(self, prefix, node, column, compact):
        """Prefix is `key:` or `-`; compact: a collection may go on behind it."""
        if node.share and node.share in self.anchors:
            self.put(f"{prefix} *{node.share}{self.tail()}")
            return
        collection = isinstance(node, (Map, Seq))
        empty = collection and not (node.pairs if isinstance(node, Map) else node.items)
        if not collection or empty or self.chance(self.flow_chance):
            if isinstance(node, Prose) and not node.share and self.chance(0.25):
                self.block_scalar(prefix, column)
                return
            text = self.flow(node, column + 1)
            self.put((f"{prefix} {text}" if text else prefix) + self.tail())
            return
        anchor = ""
        if node.share:
            self.anchors.add(node.share)
            anchor = f" &{node.share}"
        elif compact and self.chance(0.8):
            prefix += " " * self.rng.choice([1, 1, 1, 3])
            self.block(node, len(prefix), prefix)
            return
        self.put(prefix + anchor + self.tail())
        step = self.rng.choice([1, 2, 2, 2, 3, 4, 8])
        if isinstance(node, Seq) and not compact and self.chance(0.4):
            step = 0
        self.between(column + step)
        self.block(node, column + step, None)

    def block(self, node, column, first):
        if isinstance(node, Map):
            self.entries(node, column, first)
            return
        for item in node.items:
            self.node((first or " " * column) + "-", item, column, True)
            first = None
            self.between(column)

    def entries(self, node, column, first=None):
        for key, value in node.pairs:
            lead = first if first is not None else " " * column
            text = self.key(key)
            if len(text) >= LONGEST_KEY or (key != "<<" and self.chance(0.01)):
                self.put(lead + "? " + text)
                self.node(" " * column + ":", value, column, True)
            else:
                space = " " if self.chance(0.01) else ""
                self.node(lead + text + space + ":", value, column, False)
            first = None
            self.between(column)
