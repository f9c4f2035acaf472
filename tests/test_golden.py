"""Golden folders: what goes in, the arguments, and what must come out, byte for byte.

tests/golden/<case>/ holds
  args        one argument a line; the program runs in the case's folder
  in.yaml     standard input; absent: nothing
  env         further environment, NAME=VALUE a line
  out.yaml    the whole of standard output, of a run that ends with 0, or
  error.txt   the whole of standard error, of a run that fails and prints nothing
  exit        how a failing run ends, where that is not 1
  stderr.txt  what a successful run says on standard error; absent: nothing
  and the store.yaml, policy.yaml or key that args may name.

STOREGUARD_BLESS=1 writes the expectations anew: read every change before
keeping it.
"""

import os
import pathlib

import pytest

from conftest import postrender

GOLDEN = pathlib.Path(__file__).resolve().parent / "golden"
CASES = sorted(path.parent for path in GOLDEN.glob("*/args"))
BLESS = os.environ.get("STOREGUARD_BLESS") == "1"
# Neither a Helm around the tests nor a terminal's wishes may show.
ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", **{
    name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}}


def arguments(case):
    return (case / "args").read_text().splitlines()


def read(path, otherwise=b""):
    return path.read_bytes() if path.exists() else otherwise


def environment(case):
    lines = read(case / "env").decode().splitlines()
    return {**ENVIRONMENT, **dict(line.split("=", 1) for line in lines)}


def run(case, stdin):
    return postrender(arguments(case), stdin, cwd=case, env=environment(case))


def write(path, content):
    """Keeps a file only where there is something to say."""
    if content:
        path.write_bytes(content)
    else:
        path.unlink(missing_ok=True)


def bless(case, result):
    failed = result.returncode != 0
    write(case / "out.yaml", b"" if failed else result.stdout)
    write(case / "stderr.txt", b"" if failed else result.stderr)
    write(case / "error.txt", result.stderr if failed else b"")
    write(case / "exit", b"%d\n" % result.returncode
          if result.returncode not in (0, 1) else b"")


def name_of(case):
    return case.name


def test_there_are_cases():
    assert len(CASES) >= 35, f"only {len(CASES)} cases below {GOLDEN}"


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_golden(case):
    result = run(case, read(case / "in.yaml"))
    if BLESS:
        bless(case, result)
    fails = (case / "error.txt").exists()
    code = int(read(case / "exit", b"1" if fails else b"0"))
    said = read(case / ("error.txt" if fails else "stderr.txt")).decode()
    assert result.stderr.decode() == said
    assert result.stdout.decode() == read(case / "out.yaml").decode()
    # decoding forgives nothing, but comparing bytes is the point
    assert result.stdout == read(case / "out.yaml")
    assert result.returncode == code, f"ended with {result.returncode}: {said}"


# --only guards and values leave no release to be read again.
AGAIN = [case for case in CASES
         if (case / "out.yaml").exists() and (case / "in.yaml").exists()
         and not {"--only=guards", "values"} & set(arguments(case))]


@pytest.mark.parametrize("case", AGAIN, ids=name_of)
def test_twice_is_once(case):
    """What came out, put in again with the same arguments, comes out the same."""
    once = read(case / "out.yaml")
    twice = run(case, once)
    assert twice.returncode == 0, f"refused its own output: {twice.stderr.decode()}"
    assert twice.stdout.decode() == once.decode()


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_stderr_is_readable(case):
    """Tables fit a terminal of 80 columns, and no line ends in blanks."""
    for name in ("error.txt", "stderr.txt"):
        for line in read(case / name).decode().splitlines():
            assert line == line.rstrip(), f"{name}: blanks at the end of {line!r}"
            # sentences (and bullets) wrap by themselves; what stands in columns must not
            if line.startswith("  ") and not line.startswith("  - "):
                assert len(line) <= 80, f"{name}: {len(line)} columns: {line!r}"
