"""Names that look like reserved and protected ones are refused, and shops are called by
ordinary words: how many of these are refused by mistake, on Debian's SCOWL word lists.

    /usr/bin/python3 -B -m pytest -q -s tests/test_names.py

prints the figures that README states.
"""

import pathlib
import re
import subprocess

import pytest
import yaml

from conftest import ROOT, WEBHOOK

SCOWL = pathlib.Path("/usr/share/dict/scowl")
NAMING = yaml.safe_load((ROOT / "common" / "default-policy.yaml").read_text())["spec"]["naming"]
LISTED = NAMING["reserved"] + NAMING["protected"]


def words(*levels):
    """What can be a Store's name, of the levels: the smaller, the commoner."""
    found = set()
    for level in levels:
        for language in ("english", "american"):
            path = SCOWL / f"{language}-words.{level}"
            assert path.exists(), f"{path} is missing: run make deps"
            found |= set(path.read_text("latin-1").split())
    return sorted(word for word in found if re.fullmatch("[a-z]{3,32}", word))


def refused(names, at_once=150):
    """The names among them that may not be taken, and why."""
    found = {}
    for begin in range(0, len(names), at_once):
        found |= refused_of_few(names[begin:begin + at_once])
    return found


def refused_of_few(names):
    stores = "".join(
        f"---\napiVersion: urumi.io/v1\nkind: Store\nmetadata: {{name: {name}}}\n"
        f"spec: {{engine: medusa, owner: {name}}}\n" for name in names)
    done = subprocess.run([WEBHOOK, "review", "--user", "admin", "--groups",
                           "system:masters", "-"], input=stores.encode(),
                          capture_output=True, timeout=30, check=False)
    assert done.returncode in (0, 1) and not done.stderr, done.stderr
    said = " ".join(done.stdout.decode().split())
    return {name: why for name, why in
            re.findall(r'metadata\.name: "([^"]+)" ((?:is|resembles) [^;]+);', said)}


# levels of the lists, words at least, and wrongly refused ones at most
@pytest.mark.parametrize("levels, least, most", [((10, 20), 10_000, 2),
                                                 ((10, 20, 35), 35_000, 5)],
                         ids=["common", "ordinary"])
def test_ordinary_words_are_free(levels, least, most):
    names = words(*levels)
    assert len(names) >= least
    found = refused(names)
    wrong = {name: why for name, why in found.items() if name not in LISTED}
    assert set(found) - set(wrong) == set(names) & set(LISTED)
    print(f"\n{len(names)} words: {len(found) - len(wrong)} are names of the policy, "
          f"{len(wrong)} are refused for their looks: {wrong}")
    assert len(wrong) <= most, wrong


def spellings(name):
    """How one would write another's name so that it is read alike."""
    for letter, alike in {"o": "0", "l": "1", "i": "1", "z": "2", "e": "3", "a": "4",
                          "s": "5", "g": "6", "t": "7", "b": "8", "m": "rn",
                          "w": "vv", "d": "cl"}.items():
        if letter in name:
            yield name.replace(letter, alike)
            yield name.replace(letter, alike, 1) + "-24"
    for at in range(1, len(name)):
        yield f"{name[:at]}-{name[at:]}"
        yield name[:at] + name[at - 1:]
    yield name + "3"
    yield name + "-365"


def test_every_listed_name_is_kept_from_its_look_alikes():
    """Each of the policy's names, spelled in every way that is read alike."""
    tried = {alike for name in LISTED for alike in spellings(name)}
    tried |= {f"my-{alike}-shop" for name in NAMING["protected"]
              for alike in spellings(name)}
    tried = {name for name in tried if re.fullmatch(NAMING["pattern"], name)
             and len(name) >= 3 and name[2:4] != "--"}
    assert len(tried) > 500
    assert tried - set(refused(sorted(tried))) == set()
