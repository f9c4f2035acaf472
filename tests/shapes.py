"""Streams that are dear to read, by their shape: for the tests of bounds and the
benchmark, each with the number of times its size that it may take in memory.

shapes.py FOLDER writes each into a file of its name."""

import pathlib
import sys

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-%d
  labels:
    app: web
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web, urumi.io/component: web}
    spec:
      containers:
        - name: php
          image: wordpress:6
          ports:
            - containerPort: 80
          env:
            - name: A
              value: "b"
"""


def item(number):
    return "- " + (DEPLOYMENT % number).replace("\n", "\n  ").rstrip(" ")


def aliased_metadata():
    """Labels go into each alias, which is written out for that."""
    head = "- apiVersion: v1\n  kind: ConfigMap\n  metadata: "
    big = ", ".join(f"k{i}: v" for i in range(400))
    return ("apiVersion: v1\nkind: List\nitems:\n" + head + "&m {name: a, annotations: {%s}}\n" % big
            + (head + "*m\n") * 1200)


def aliased_items():
    return ("apiVersion: v1\nkind: List\nitems: [&a {apiVersion: v1, kind: ConfigMap, metadata: "
            "{name: a}}" + ", *a" * 100_000 + "]\n")


def deep(levels, nodes):
    return CONFIG + "d: " + "[" * levels + "a," * nodes + "]" * levels + "\n"


# name: what it is, and the most that it may take
TAKEN = {
    "documents": (lambda: "".join("---\n" + DEPLOYMENT % i for i in range(5000)), 8),
    "documents that may hold a Store": (
        lambda: "".join(f"---\n# urumi.io/v\n{CONFIG}" for _ in range(30_000)), 12),
    "empty documents": (lambda: "---\n" * 500_000 + CONFIG, 12),
    "a List": (lambda: "apiVersion: v1\nkind: List\nitems:\n" + "".join(map(item, range(4000))), 28),
    "a flow list": (lambda: CONFIG + "d: [" + "a," * 900_000 + "a]\n", 60),
    "flow mappings": (lambda: CONFIG + "d: [" + "{a: b}," * 200_000 + "]\n", 60),
    "quoted words": (lambda: CONFIG + "d: [" + "''," * 900_000 + "'']\n", 40),
    "a block list": (lambda: CONFIG + "d:\n" + "- a\n" * 900_000, 32),
    "keys": (lambda: CONFIG + "d:\n" + "".join(f"  k{i}: v\n" for i in range(300_000)), 28),
    "aliases": (lambda: CONFIG + "d:\n- &a a\n" + "- *a\n" * 500_000, 20),
    "a literal": (lambda: CONFIG + "d:\n  a: |\n" + "    bcdefghijklmnopqrstuvw xyz\n" * 200_000, 8),
    "a comment": (lambda: CONFIG + "# c\n" * 1_500_000, 4),
}
# what is refused takes no more than the program does for little, but for the input
REFUSED = {
    "aliases that labels go into": (aliased_metadata, "written out"),
    "items that are aliases": (aliased_items, "aliases of more than"),
    "deep flow style": (lambda: deep(505, 900_000), "505 levels"),
}

if __name__ == "__main__":
    for name, (make, _) in (TAKEN | REFUSED).items():
        (pathlib.Path(sys.argv[1]) / name).write_text(make())
