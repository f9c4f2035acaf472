"""storeguard-certs as a person uses it; what it makes is judged by openssl."""

import base64
import os
import subprocess

import pytest

from conftest import CERTS

NAME = "storeguard-webhook.storeguard.svc"
PARTS = {"ca.crt", "ca.key", "tls.crt", "tls.key", "ca-bundle.crt"}


def certs(*args):
    return subprocess.run([CERTS, *map(str, args)], capture_output=True, text=True,
                          timeout=20, check=False)


def must(*args):
    done = certs(*args)
    assert done.returncode == 0, done.stderr
    return done.stdout


def openssl(*args):
    return subprocess.run(["openssl", *map(str, args)], capture_output=True, text=True,
                          timeout=20, check=False)


def verified(folder, bundle=None, name=NAME):
    """As strictly as RFC 5280 and Go's crypto/x509 look."""
    return openssl("verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname",
                   name, "-CAfile", bundle or folder / "ca-bundle.crt",
                   folder / "tls.crt").returncode == 0


def text_of(path):
    return openssl("x509", "-noout", "-text", "-in", path).stdout


@pytest.fixture
def folder(tmp_path):
    must("init", tmp_path / "certs", "--name", "storeguard/storeguard-webhook",
         "--dns", "127.0.0.1")
    return tmp_path / "certs"


def test_init_makes_what_callers_accept(folder):
    assert set(os.listdir(folder)) == PARTS
    assert verified(folder)
    assert verified(folder, name="storeguard-webhook.storeguard.svc.cluster.local")
    assert not verified(folder, name="another.storeguard.svc")
    assert openssl("verify", "-verify_ip", "127.0.0.1", "-CAfile", folder / "ca.crt",
                   folder / "tls.crt").returncode == 0
    ca, leaf = text_of(folder / "ca.crt"), text_of(folder / "tls.crt")
    for said in ("CA:TRUE, pathlen:0", "Certificate Sign, CRL Sign", "Version: 3",
                 "NIST CURVE: P-256", "Subject Key Identifier"):
        assert said in ca, ca
    for said in ("CA:FALSE", "TLS Web Server Authentication", "IP Address:127.0.0.1",
                 "Authority Key Identifier", "ecdsa-with-SHA256"):
        assert said in leaf, leaf


def test_keys_are_their_owners_alone(folder):
    modes = {name: (folder / name).stat().st_mode & 0o777 for name in PARTS}
    assert modes["ca.key"] == modes["tls.key"] == 0o600, modes
    assert folder.stat().st_mode & 0o077 == 0


def test_init_does_not_overwrite(folder):
    before = (folder / "ca.crt").read_text()
    done = certs("init", folder, "--dns", "a.example.com")
    assert done.returncode == 1 and "holds certificates already" in done.stderr
    assert (folder / "ca.crt").read_text() == before


def test_a_new_certificate_has_the_names_of_the_last_or_those_given(folder):
    before = (folder / "tls.crt").read_text()
    must("issue", folder, "--days", "10")
    assert verified(folder) and (folder / "tls.crt").read_text() != before
    must("issue", folder, "--dns", "hook.example.com")
    assert verified(folder, name="hook.example.com") and not verified(folder)


def test_at_no_step_of_a_rotation_is_a_caller_refused(folder, tmp_path):
    old = tmp_path / "old-bundle"
    old.write_bytes((folder / "ca-bundle.crt").read_bytes())
    for _ in range(2):  # a step that is taken again changes nothing
        said = must("rotate", folder, "begin")
        assert "put the bundle into the webhook configurations" in said
    # callers with the former bundle, and with the new one
    assert verified(folder, old) and verified(folder)
    assert (folder / "ca-bundle.crt").read_text().count("BEGIN CERTIFICATE") == 2

    done = certs("rotate", folder, "finish")
    assert done.returncode == 1 and "first run rotate DIR leaf" in done.stderr

    for _ in range(2):
        said = must("rotate", folder, "leaf")
        assert "run: storeguard-certs rotate DIR finish" in said
    assert verified(folder) and not verified(folder, old)
    both = tmp_path / "both"
    both.write_bytes((folder / "ca-bundle.crt").read_bytes())

    for _ in range(2):
        assert "no rotation is under way" in must("rotate", folder, "finish")
    assert verified(folder) and verified(folder, both)
    assert (folder / "ca-bundle.crt").read_bytes() == (folder / "ca.crt").read_bytes()


def test_a_rotation_that_was_cut_off_goes_on(folder, tmp_path):
    """Between the new CA's key and its certificate."""
    old = (folder / "ca.crt").read_bytes()
    must("rotate", folder, "begin")
    (folder / "ca.crt").write_bytes(old)
    must("rotate", folder, "leaf")
    must("rotate", folder, "finish")
    assert verified(folder) and verified(folder, folder / "ca.crt")
    assert (folder / "ca.crt").read_bytes() != old


def test_an_init_that_was_cut_off_is_run_again(folder):
    (folder / "tls.crt").unlink()
    (folder / ".tls.crt.new").write_text("half of it")
    must("init", folder, "--name", "storeguard/storeguard-webhook")
    assert verified(folder) and set(os.listdir(folder)) == PARTS


def test_the_bundle_is_pasted_as_it_is_printed(folder):
    printed = must("bundle", folder)
    assert printed.count("\n") == 1
    assert base64.b64decode(printed) == (folder / "ca-bundle.crt").read_bytes()


def test_show_tells_what_is_due(folder, tmp_path):
    said = must("show", folder)
    assert NAME in said and "renewal due 2" in said and "CN=storeguard-ca-" in said
    # alone, without the five minutes of the past, a day is due after sixteen hours
    must("issue", folder, "--days", "1")
    assert certs("show", folder).returncode == 0
    (folder / "tls.key").write_bytes((folder / "ca.key").read_bytes())
    done = certs("show", folder)
    assert done.returncode == 1
    assert "broken: the serving certificate: the key does not belong" in done.stdout
    must("issue", folder)
    assert certs("show", folder).returncode == 0 and verified(folder)


@pytest.mark.parametrize("args, says", [
    ([], "a command is missing"),
    (["renew", "x"], "unknown command: renew"),
    (["init"], "init needs the folder"),
    (["init", "x"], "init needs --name NAMESPACE/SERVICE or --dns NAME"),
    (["init", "x", "--name", "svc"], '--name: "svc" is not NAMESPACE/SERVICE'),
    (["init", "x", "--dns"], "needs a value: --dns"),
    (["init", "x", "--dns", "a", "--days", "0"], "--days takes a number of days from 1"),
    (["init", "x", "--dns", "a", "--ca-days", "1x"], "--ca-days takes a number of days"),
    (["show", "x", "--dns", "a"], "--name and --dns are for init and issue"),
    (["show", "x", "y"], "unexpected argument: y"),
    (["rotate", "x", "end"], "the steps of rotate are begin, leaf and finish"),
    (["show", "--colour", "x"], "unknown or ambiguous option: --colour"),
])
def test_wrong_usage(args, says):
    done = certs(*args)
    assert done.returncode == 2 and says in done.stderr, done.stderr
    assert done.stdout == ""


def test_files_that_are_not_what_they_should_be(folder, tmp_path):
    (folder / "ca-bundle.crt").write_text("nonsense")
    done = certs("bundle", folder)
    assert done.returncode == 3 and "holds no certificate" in done.stderr
    done = certs("rotate", folder, "begin")
    assert done.returncode == 3 and "can't be rotated" in done.stderr, done.stderr
    done = certs("init", tmp_path / "new", "--dns", "a,DNS:b.example.com")
    assert done.returncode == 3 and "is no DNS name" in done.stderr
    assert os.listdir(tmp_path / "new") == []
    done = certs("show", tmp_path / "nowhere")
    assert done.returncode == 4 and "No such file or directory" in done.stderr


def test_no_key_is_ever_printed(folder):
    for command in (["show"], ["bundle"], ["rotate"], ["issue"], ["rotate", "begin"]):
        done = certs(command[0], folder, *command[1:])
        assert "PRIVATE" not in done.stdout + done.stderr
        assert "LS0tLS1CRUdJTiBQUklW" not in done.stdout  # the same in base64


def test_help_and_version():
    assert must("--help").startswith("Usage: storeguard-certs init DIR")
    assert max(map(len, must("--help").splitlines())) <= 80
    assert must("--version").startswith("storeguard-certs ")
