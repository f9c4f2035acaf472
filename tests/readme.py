"""What the README promises, for the tests that hold programs and charts against it."""

import re

from conftest import ROOT


def metrics():
    """The metrics of its table, each with its labels."""
    rows = re.findall(r"^\| `(\w+)(?:\{([a-z, ]+)\})?` \|", (ROOT / "README.md").read_text(),
                      re.M)
    return {name: set(re.split(", *", labels)) if labels else set() for name, labels in rows}
