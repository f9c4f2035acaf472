"""Makes up manifests of all that YAML libraries differ on, for test_one_reading.py.

Each text is a Kubernetes object or a few, written with a few kinds of spice out of
many: most stay such as both sides take, or nothing would be compared. Mutations then
put, take or double bytes anywhere.
"""

KEYS = ["a", "b", "name", "kind", "namespace", "labels", "app", "metadata", "a b", "x-y", "k.v/w"]
TYPED_KEYS = ["yes", "on", "y", "N", "off", "True", "FALSE", "1", "0", "-1", "01", "0x1", "1.5",
              "1.50", "0b1", "0o7", "1_0", "+1", "null", "~", "Null", "2024-01-01", ".inf", "=",
              "12:30", "1e3", "9223372036854775807", "9223372036854775808", "-0", ".5", "0.5", "",
              "-9223372036854775808", "0.0001", "0.00001", "123456.7", "1234567.5", "<<"]
TAKEN_KEYS = ["yes", "on", "y", "N", "off", "True", "FALSE", "1", "0", "-1", "80", "1.5", "0.25",
              "2024-01-01", "12:30", "=", "9223372036854775807", "0.0001", "123456"]
VALUES = ["x", "web", "a b", "a-b", "café", "1", "80", "true", "false", "null", "", "~", "x:y",
          "http://a.b/c?d=e#f", "-x", "a#b", "v1", "🛒", "a, b", "-1", "{}", "[]", "''", '""']
TYPED = ["yes", "No", "on", "OFF", "y", "Y", "n", "TRUE", "0x10", "0X1f", "0o17", "0b11", "0b-11",
         "-0b1", "1_000", "1__0", "_1", "1_", "+1", "-1", "+.5", "010", "08", "0_8", "1e3", "1E3",
         "1e", "1.", ".5", ".5_0", ".5_", "._5", "1.5e400", ".5e-400", "1:30", "1:30.5", ".inf",
         "-.INF", ".nan", "+.inf", ".Inf", ".iNf", "Null", "NULL", "nULL", "~", "2024-01-01",
         "2001-12-14t21:59:43.10-05:00", "2024-1-1 1:2:3", "18446744073709551615",
         "18446744073709551616", "-9223372036854775809", "0x7fffffffffffffff",
         "0xffffffffffffffff", "-0x8000000000000000", "1e-7", "-", "+", ".", "..", "0x", "0b",
         "0o", "0x1_f", "=", "<<", "123abc", "1.2.3", "1,000", "-.5", "0.1", "00", "-0", "+0",
         "0b2", "0o8", "0xg", "1e+3", "1e-", "0.30000000000000004", "12345678901234567890",
         "-_1", "0_b1", "0b+1", "0_x1F"]
TAGS = ["!", "!!str", "!!map", "!!seq", "!!merge", "!!int", "!!bool", "!!null", "!!float",
        "!!binary", "!!timestamp", "!x", "!<tag:yaml.org,2002:str>", "!<x>", "!e!x", "!!", "!,",
        "!!str,", "!!set", "!!omap"]
BREAKS = ["\r", "\r\n", "\u0085", "\u2028", "\u2029", "\n\n", "\r\r\n", "\n\r", "\x0c\n", "\x0b"]
STARTS = ["--- ", "---\t", "--- # c", "---\t# c", "---#c", "--- {}", "--- &a", "--- !!map",
          "--- |", "--- a: b", " ---", "----", "---\r", "--- \u00a0", "---\u0085", "...", "... # c",
          "...\n---", "%YAML 1.1\n---", "%TAG !e! tag:e,2000:\n---", "# c\n---", "\ufeff---",
          "---\n---", "---\n# c\n---", "--- # c\rx: y", "---\n...", "\n---", "--- \n\n"]
TAKEN_STARTS = ["---", "--- ", "---\t", "--- # c", "# c\n---", "---\n---", "---\n# c\n---", "---\n..."]
PIECES = ["!", "! ", "!!str ", "!!map ", "!!merge ", "!,", "&a ", "*a", "*a : ", "<<: ", '"<<": ',
          "? ", ": ", ":", "- ", "-", ", ", ",", "{", "}", "[", "]", "{}", "[]", "#", " #", " # c",
          "|", ">", "|-\n", "|+\n", ">2\n", '"', "'", "\\", "\\/", "\\x41", "\\u00e9", "\\ud83d",
          "\t", " ", "  ", "\n", "\n\n", "\r", "\r\n", "\u0085", "\u2028", "\u2029", "\u00a0",
          "\ufeff", "\x0c", "\x00", "\x07", "\x7f", "\u0080", "\ufffe", "---", "--- ", "\n---\n",
          "\n--- {a: b}\n", "\n...\n", "%YAML 1.1\n", "@", "`", "~", "yes", "0x10", "null", "<<",
          "\n  ", "\n- ", "a: b\n", "? a\n: b\n", "&a", "*", "&", "k: v, ", "%", "=", "\\\n", "''"]
# Whole values, and what goes around them.
SNIPPETS = ["?", "?b", "{?b: c}", "[?b]", "{a ?b: c}", ":b", "{:b}", "{a: :b}",
          "{a:b}", "[a:b]", "[a: b]", "[? a : b]", "[? a]", "{? a}", "{?}", "[?]", "[: b]", "{: b}",
          "[a?]", "[-]", "[-a]", "{-a: b}", "{- a: b}", '{"a":b}', '{"a" :b}', '["a":b]', "[&a]",
          "{*a : b}", "{*a: b}", "[*a, b]", "{&a b: c}", "{&a : b}", "[!!str]", "[!!str , a]",
          "[!!str a]", "{!!str a: b}", "{!!str : b}", '"a"#b', "{a}#b", "[a]#b", "{a: b#c}",
          "{a: 'b'#c\n}", "{a: b, #c\n}", "{a: b #c\n}", "[a\n,b]", "{a\n: b}", "{a:\n b}",
          "{'a'\n: b}", "- - a\n", "- ? a\n", "? - a\n", "- a: b\n", "a: - b\n", "&a\n",
          "!!str\n", "|#c\n", "| #c\n", "|9\n", "|0\n", "|+1\n", "|1+\n", "|\t\n", ">\n\n",
          "'a''b'", "'a\n\nb'", '"a\\\n  b"', '"a\n b"', '"\\_"', '"\\N"', '"\\L"', '"\\\t"',
          "a\n  b: c\n", "\tb", "a:\tb", "a:\t- b", "-\ta", "-\t- a", "?\ta\n:\tb\n", "a: b\t#c",
          "{<<: {1: a}, '1': b}", "{<<: [{yes: a}, {'true': b}]}", "{1: a, <<: {'1': b}}",
          "{a: -_1, a: '-_1'}", "{a: 0b+1, a: '0b+1'}", "0." + "1" * 1100, "1_" * 600 + "0"]
SPICES = ["typed keys", "typed values", "tags", "merges", "aliases", "flow", "quotes", "blocks",
          "breaks", "starts", "comments", "explicit keys", "twice", "tabs", "odd merges",
          "deep flow", "no end", "snippets"]


class Texts:
    """One text; what is written where is chosen by rng and the spices of the text."""

    def __init__(self, rng):
        self.rng = rng
        self.spices = set(rng.sample(SPICES, rng.choice([1, 2, 2, 3, 4])))
        self.anchors = []
        self.mappings = []  # anchors that may be merged

    def has(self, spice, chance):
        return spice in self.spices and self.rng.random() < chance

    def odd(self, *choices):
        """What is seldom taken is seldom offered."""
        return list(choices) if self.rng.random() < 0.1 else []

    def gap(self):
        if self.has("tabs", 0.05):
            return self.rng.choice(["\t", " \t", "\t "])
        return " " * self.rng.choice([1, 1, 1, 1, 2])

    def tail(self):
        """Behind a value, to the end of its line."""
        if self.has("comments", 0.3):
            return self.rng.choice([" # c", "  #", " #: {", " # 'x", "\t# c", " ##", " # é"]
                                   + self.odd(" # \u2028 c", "#c"))
        return self.rng.choice(["", "", "", "", "", "", " "])

    def end(self):
        if self.has("breaks", 0.04):
            return self.rng.choice(BREAKS + ["\r\n", "\n\n"] * 8)
        if self.has("comments", 0.15):
            return "\n" + " " * self.rng.randint(0, 6) + self.rng.choice(["# c", "#"] + self.odd("\t# c")) + "\n"
        return "\n"

    def quoted(self):
        inner = self.rng.choice(
            ["x", "a b", "<<", "yes", "1", "a\n  b", "a\n\n  b", " x ", "\\n" , "a: b", "#", "\t",
             "a\\\n   b", "\\t", "\\e", "\\u263a", "\\U0001f6d2", "''", "\\x85", "---", "{", "*a",
             "!", ""] + self.odd("\u2028", "a \u0085 b", "\\/", "\\ud83d\\ude02", "x\n  ---\n  y"))
        if self.rng.random() < 0.5:
            return "'" + inner.replace("''", "").replace("'", "") + "'"
        return '"' + inner + '"'

    def scalar(self, flow):
        if self.has("quotes", 0.3):
            return self.quoted()
        if self.has("snippets", 0.04):
            return self.rng.choice(SNIPPETS)
        if self.has("typed values", 0.5):
            text = self.rng.choice(TYPED)
            return "x" if text.lower().strip("+-") in (".inf", ".nan") and not self.odd(1) else text
        text = self.rng.choice(VALUES)
        return "x" if flow and set(text) & set(",{}[]?") and not self.odd(1) else text

    def properties(self, fitting="!!str"):
        out = ""
        if self.has("aliases", 0.2):
            self.anchors.append(self.rng.choice(["a", "b", "c", "m-1", "_x"]))
            if fitting == "!!map":
                self.mappings.append(self.anchors[-1])
            out = "&" + self.anchors[-1] + self.gap()
        if self.has("tags", 0.12):
            tag = (fitting if self.rng.random() < 0.7 else self.rng.choice(TAGS)) + self.gap()
            out = tag + out if self.rng.random() < 0.3 else out + tag
        return out

    def alias(self):
        if not self.anchors and self.rng.random() < 0.95:
            return "x"
        return "*" + self.rng.choice(self.anchors or ["a"])

    def key(self):
        if self.has("typed keys", 0.3):
            return self.rng.choice([k for k in TYPED_KEYS if self.rng.random() < 0.4] or KEYS
                                   if self.rng.random() < 0.3 else TAKEN_KEYS)
        if self.has("odd merges", 0.15):
            return self.rng.choice(['"<<"', "'<<'"]
                                   + self.odd("<<", "!!merge <<", "&m <<", "<< ", "! <<", '! "<<"', '!!merge "<<"', "!!str <<", "*m "))
        if self.has("aliases", 0.03):
            return self.alias() + " "
        if self.has("quotes", 0.15):
            return self.quoted()
        key = self.rng.choice(KEYS) + (str(self.rng.randrange(30)) if self.rng.random() < 0.9 else "")
        return self.properties() + key if self.has("tags", 0.15) else key

    def value(self, depth, flow):
        """In flow style, on one line or more."""
        rng = self.rng
        if self.has("aliases", 0.15):
            return self.alias() + rng.choice(["", " "])
        kind = rng.randrange(8) if depth else 0
        if kind >= 6 or (kind >= 4 and self.has("deep flow", 0.6)):
            between = rng.choice([", ", ", ", ",", " , ", ",\n      "])
            items = [self.pair(depth - 1) if kind % 2 else self.value(depth - 1, True)
                     for _ in range(rng.randint(0, 3))]
            inner = between.join(items) + (rng.choice(["", "", ",", " "]) if items else "")
            out = self.properties("!!map" if kind % 2 else "!!seq")
            return out + ("{%s}" if kind % 2 else "[%s]") % inner
        return self.properties() + self.scalar(flow)

    def collection(self, rng):
        """A mapping of labels, or what is none."""
        if rng.random() < 0.2:
            return self.value(1, False)
        return "{%s}" % ", ".join(self.pair(0) for _ in range(rng.randint(0, 2)))

    def pair(self, depth):
        rng = self.rng
        if self.has("merges", 0.2):
            return "<<: " + self.merged(depth)
        key, value = self.key(), self.value(depth, True)
        if self.has("deep flow", 0.15):
            return rng.choice([key, key + ":", "? " + key, key + " : " + value, "? " + key + " : x",
                               '"' + "k" + '":' + value])
        return key + ":" + self.gap() + value

    def merged(self, depth):
        one = "{%s}" % ", ".join(self.pair(max(depth - 1, 0)) for _ in range(self.rng.randint(0, 2)))
        if self.mappings and self.rng.random() < 0.5:
            one = "*" + self.rng.choice(self.mappings + self.odd(self.anchors[-1]))
        return self.rng.choice([one, one, "[%s]" % one, "[%s, {q: r}]" % one, "~" if
                                self.has("odd merges", 0.2) else one])

    def block_scalar(self, indent):
        rng = self.rng
        head = rng.choice(["|", ">", "|-", "|+", ">-", ">+", "|1", ">-1", "|+ # c", "| "] + self.odd("|2"))
        lines = [rng.choice(["x", "a: b", "# c", "é", ""])] + [rng.choice(["x", "", "  y", "# no comment", "---", "a: b", " ", "é", "'", "<<: *a"]
                            + self.odd("x \u2028", "x\r", "\tz")) for _ in range(rng.randint(0, 3))]
        return head + "\n" + "".join((" " * indent + line if line else "") + "\n" for line in lines)

    def entries(self, indent, depth):
        """Block style: lines, each with its end."""
        rng = self.rng
        out = ""
        for _ in range(rng.randint(1, 4)):
            lead = " " * indent
            if self.has("merges", 0.15) or self.has("odd merges", 0.1):
                out += lead + "<<: " + self.merged(depth) + self.tail() + self.end()
                continue
            key = self.key()
            entry = self.entry(lead, key, indent, depth)
            out += entry
            if self.has("twice", 0.15):
                out += entry if rng.random() < 0.9 else self.entry(lead, key, indent, depth)
        return out

    def entry(self, lead, key, indent, depth):
        rng = self.rng
        if self.has("explicit keys", 0.3):
            return lead + "? " + key + "\n" + lead + ": " + self.value(1, False) + self.end()
        head = lead + key + rng.choice([":", ":", ":", ":", ":", " :"])
        if self.has("blocks", 0.3):
            return head + " " + self.block_scalar(indent + rng.choice([1, 2, 2, 2, 4]))
        kind = rng.randrange(6) if depth else 0
        if kind < 3 or "flow" in self.spices and kind < 5:
            return head + self.gap() + self.value(2, False) + self.tail() + self.end()
        head += (self.gap() + self.properties("!!seq" if kind == 3 else "!!map")).rstrip() + self.tail() + self.end()
        if kind == 3:
            step = rng.choice([0, 2, 2])
            items = [" " * (indent + step) + "-" + self.gap() + self.item(indent + step, depth)
                     for _ in range(rng.randint(1, 3))]
            return head + "".join(items)
        return head + self.entries(indent + rng.choice([1, 2, 2, 2, 4]), depth - 1)

    def item(self, indent, depth):
        if depth > 1 and self.rng.random() < 0.3:
            return self.entries(indent + 2, depth - 1).removeprefix(" " * (indent + 2))
        return self.value(1, False) + self.tail() + self.end()

    def object(self):
        rng = self.rng
        kind, version = rng.choice([("ConfigMap", "v1"), ("ConfigMap", "v1"), ("Pod", "v1"),
                                    ("Deployment", "apps/v1"), ("Widget", "example.com/v1")])
        if "flow" in self.spices and rng.random() < 0.3:
            return self.flow_object(kind, version)
        labels = self.entries(4, 1) if rng.random() < 0.4 else ""
        metadata = "metadata:%s\n  name: %s%s" % (
            self.tail(), rng.choice(["a", "a", '"a"', "'b'"]), self.end())
        if labels:
            metadata += "  labels:" + self.tail() + "\n" + labels
        if rng.random() < 0.2:
            metadata += self.entries(2, 1)
        parts = [f"apiVersion: {version}{self.tail()}{self.end()}",
                 f"kind: {kind}{self.tail()}{self.end()}", metadata]
        if kind == "Deployment":
            parts.append("spec:\n  template:\n    metadata:\n      labels: "
                         + self.collection(rng) + "\n    spec:\n      containers: []\n"
                         if rng.random() < 0.3 else
                         "spec:\n  template:\n    spec:\n      containers: []\n"
                         + self.entries(4, 2))
        elif kind == "Pod":
            parts.append("spec:\n  containers: []\n" + self.entries(2, 2))
        else:
            parts.append(rng.choice(["data", "spec", "data2"]) + ":\n" + self.entries(2, 3))
        if "twice" in self.spices and rng.random() < 0.3:
            parts.append(rng.choice(parts))
        rng.shuffle(parts)
        if self.has("merges", 0.5) or self.has("odd merges", 0.5):
            parts.insert(rng.randint(0, len(parts)),
                         rng.choice(["<<: ", "!!merge <<: ", "? <<\n: "] + self.odd('! "<<": '))
                         + self.merged(1) + "\n")
        return "".join(parts)

    def flow_object(self, kind, version):
        rng = self.rng
        quote = rng.choice(["", '"'])
        pairs = [f"{quote}{k}{quote}: {quote}{v}{quote}" for k, v in
                 [("apiVersion", version), ("kind", kind)]]
        pairs.append(f'{quote}metadata{quote}: {{{quote}name{quote}: "a"'
                     + (", " + self.pair(2) if rng.random() < 0.5 else "") + "}")
        pairs += [self.pair(3) for _ in range(rng.randint(0, 3))]
        if kind in ("Pod", "Deployment"):
            pairs.append("spec: {containers: [], template: {spec: {}}}")
        rng.shuffle(pairs)
        return "{" + rng.choice([", ", ",\n  ", ","]).join(pairs) + "}\n"

    def text(self):
        out = ""
        for number in range(self.rng.choice([1, 1, 1, 2, 3])):
            if self.has("starts", 0.5):
                out += self.rng.choice(STARTS + TAKEN_STARTS * 4) + self.rng.choice(["\n", "\r\n"])
            elif number or self.rng.random() < 0.5:
                out += "---\n"
            self.anchors, self.mappings = [], []
            out += self.object()
            if self.has("starts", 0.2):
                out += self.rng.choice(["...\n", "... # c\n", "...\n# c\n", "...\r\n"])
        if "no end" in self.spices:
            out = out.rstrip("\n")
        if "breaks" in self.spices and self.rng.random() < 0.3:
            out = out.replace("\r\n", "\n").replace("\n", "\r\n")
        return out


def mutate(rng, text):
    """A few bytes come, go or are doubled."""
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        at = rng.randint(0, len(text))
        kind = rng.randrange(8)
        if kind < 4:
            text = text[:at] + rng.choice(PIECES + SNIPPETS) + text[at:]
        elif kind == 4:
            text = text[:at] + text[at + rng.choice([1, 1, 2, 5]):]
        elif kind == 5:
            end = at + rng.choice([3, 10, 40])
            text = text[:end] + text[at:end] + text[end:]
        elif kind == 6:
            begin = text.rfind("\n", 0, at) + 1
            text = text[:begin] + rng.choice([" ", "  ", "\t", "- ", "? ", ": ", "# "]) + text[begin:]
        else:
            lines = text.splitlines(keepends=True)
            if lines:
                lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
            text = "".join(lines)
    return text


def text(rng, fixtures):
    """A made-up text or a fixture, mutated or not."""
    if rng.random() < 0.1:
        return mutate(rng, rng.choice(fixtures))
    made = Texts(rng).text()
    return mutate(rng, made) if rng.random() < 0.15 else made
