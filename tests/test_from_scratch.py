"""What a newcomer runs: the demo, and make install."""

import os
import re
import subprocess

import pytest

from conftest import ROOT, tool

PROGRAMS = ["certs", "postrender", "webhook"]


def shell(*command, **env):
    result = subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
                            check=False)
    assert result.returncode == 0, result.stdout
    return result.stdout


def test_the_demo_shows_a_store_guarded_and_one_refused():
    said = shell("tests/demo/run")
    for part in ["Deployment/store-fashion-web", "storeguard-default-deny", "requests.cpu",
                 "+    urumi.io/store: fashion", "does not fit plan \"small\"",
                 "Exit 1, and 0 bytes", "spec.host: shoes.shops.example.com",
                 'The Store "paypa1-shop" is invalid', "looks like a secret"]:
        assert part in said, f"{part!r} is not shown:\n{said}"
    wide = [line for line in said.splitlines() if len(line) > 80]
    assert not wide, wide


def test_the_committed_manifests_are_the_charts():
    """They stand in where there is neither Helm nor Go."""
    shell("tests/demo/run")
    rendered = (ROOT / "build" / "demo" / "rendered.yaml").read_text()
    committed = (ROOT / "tests" / "demo" / "rendered.yaml").read_text()
    assert tool("helm3") and rendered == committed, \
        "run make demo, then copy build/demo/rendered.yaml to tests/demo"


def test_install_honours_prefix_and_destdir(tmp_path):
    shell("make", "-s", "install", f"DESTDIR={tmp_path}", "PREFIX=/opt/sg", MAKEFLAGS="")
    found = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert found == [*(f"opt/sg/bin/storeguard-{name}" for name in PROGRAMS),
                     "opt/sg/lib/storeguard/helm4/storeguard/bin/storeguard-postrender",
                     "opt/sg/lib/storeguard/helm4/storeguard/plugin.yaml",
                     *(f"opt/sg/share/man/man1/storeguard-{name}.1" for name in PROGRAMS)], found
    version = shell(str(tmp_path / "opt/sg/bin/storeguard-postrender"), "--version")
    assert re.fullmatch(r"storeguard-postrender \d+\.\d+\.\d+\n", version), version
    plugin = (tmp_path / "opt/sg/lib/storeguard/helm4/storeguard/plugin.yaml").read_text()
    assert f"version: {version.split()[1]}" in plugin, plugin


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_man_page_knows_every_option(name):
    page = (ROOT / name / f"storeguard-{name}.1").read_text()
    program = os.environ.get(f"STOREGUARD_{name.upper()}", f"build/storeguard-{name}")
    options = re.findall(r"--([a-z-]+)", shell(program, "--help"))
    missing = [o for o in options if f"Fl Fl {o}" not in page]
    assert len(options) > 5 and not missing, f"the man page lacks {missing} of {options}"
