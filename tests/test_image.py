"""The container images: what is in them and whose it is, that the programs run from
them alone, and that the same input makes the same bytes."""

import http.client
import json
import os
import pathlib
import re
import shlex
import shutil
import ssl
import stat
import subprocess
import tarfile

import pytest

from conftest import ROOT, STORE, WEBHOOK, must, postrender, tool

USERS = {"storeguard": "65532:65532", "storeguard-cmp": "999:999"}
SETTINGS = {"etc/passwd", "etc/group", "etc/nsswitch.conf",
            "etc/ssl/certs/ca-certificates.crt"}
BIN = "usr/local/bin"
LABEL = "org.opencontainers.image."


class Image:
    """The image in an archive, unpacked into a folder."""

    def __init__(self, archive, folder):
        with tarfile.open(archive) as tar:
            def blob(descriptor):
                return tar.extractfile(f"blobs/{descriptor['digest'].replace(':', '/')}")

            index = json.load(tar.extractfile("index.json"))
            self.reference = index["manifests"][0]["annotations"][f"{LABEL}ref.name"]
            manifest = json.load(blob(index["manifests"][0]))
            self.config = json.load(blob(manifest["config"]))["config"]
            layer, = manifest["layers"]
            with tarfile.open(fileobj=blob(layer)) as content:
                self.members = {os.path.normpath(m.name): m for m in content}
                content.extractall(folder)
        self.root = folder

    def files(self):
        return {name for name, member in self.members.items() if not member.isdir()}

    def command(self, *command):
        """That runs it in there, as the image's user where we may choose one."""
        user, group = self.config["User"].split(":")
        whom = (["--setuid", user, "--setgid", group] if os.getuid() == 0 else
                ["--map-root-user"])
        return [shutil.which("unshare"), "--root", self.root, *whom, *command]

    def environment(self):
        return dict(setting.split("=", 1) for setting in self.config["Env"])

    def run(self, *command, stdin=None):
        return subprocess.run(self.command(*command), input=stdin, text=True, timeout=60,
                              capture_output=True, check=False, env=self.environment())


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    subprocess.run(["make", "-s", "image", "image-cmp"], cwd=ROOT, timeout=500, check=True,
                   env={**os.environ, "MAKEFLAGS": ""})
    return {name: Image(ROOT / "build" / f"{name}-image.tar", tmp_path_factory.mktemp(name))
            for name in USERS}


@pytest.fixture(scope="module")
def version():
    return must(subprocess.run([WEBHOOK, "--version"], capture_output=True, text=True,
                               check=False)).split()[1]


@pytest.mark.parametrize("name", USERS)
def test_its_name_and_settings(images, name, version):
    image = images[name]
    assert image.reference == f"docker.io/library/{name}:{version}"
    assert image.config["User"] == USERS[name], image.config
    assert image.config["Labels"][f"{LABEL}version"] == version, image.config
    assert "Entrypoint" not in image.config and "Cmd" not in image.config, image.config


def containerfile(stage):
    """What it says of the settings, in the form of an image's."""
    text = (ROOT / "charts/storeguard/image/Containerfile").read_text()
    lines = text.split(f"FROM scratch AS {stage}\n")[1].split("\nFROM ")[0].splitlines()
    said = [line.replace('"', "").split(" ", 1) for line in lines]
    return {"User": dict(said)["USER"],
            "Env": [rest for word, rest in said if word == "ENV"],
            "Labels": dict(rest.split("=", 1) for word, rest in said if word == "LABEL")}


@pytest.mark.parametrize("name", USERS)
def test_the_containerfile_says_the_same(images, name):
    assert containerfile(name) == images[name].config


def needed(files):
    """Those that are no licences."""
    licence = re.compile(r"usr/share/(doc/[^/]+/copyright|common-licenses/[^/]+)")
    return {name for name in files if not licence.fullmatch(name)}


def test_the_cluster_gets_both_programs_and_no_shell(images):
    library = re.compile(r"lib(64)?/([^/]+/)?[^/]+\.so(\.[0-9]+)*")
    files = {f for f in needed(images["storeguard"].files()) if not library.fullmatch(f)}
    assert files == {*SETTINGS, f"{BIN}/storeguard-webhook", f"{BIN}/storeguard-postrender"}


def test_argo_cd_gets_helm_and_a_shell_and_no_git(images):
    assert needed(images["storeguard-cmp"].files()) == {
        *SETTINGS, "bin/bash", "bin/sh", f"{BIN}/helm", f"{BIN}/storeguard-postrender",
        f"{BIN}/storeguard-render", "home/argocd/cmp-server/config/plugin.yaml"}


@pytest.mark.parametrize("name", USERS)
def test_all_is_roots_and_only_root_may_change_it(images, name):
    wrong = {path: (member.uid, member.gid, stat.filemode(member.mode))
             for path, member in images[name].members.items()
             if (member.uid, member.gid) != (0, 0) or not member.issym() and (
                 member.mode & (stat.S_ISUID | stat.S_ISGID | 0o022) or
                 not (member.isfile() or member.isdir()))}
    writable = {"tmp": (0, 0, "?rwxrwxrwt")} if name == "storeguard-cmp" else {}
    assert wrong == writable


@pytest.mark.parametrize("name, others", [
    ("storeguard", ["libc6", "libyaml-", "libmicrohttpd", "libgnutls", "libcurl",
                    "libssl"]),
    ("storeguard-cmp", ["libc6", "libyaml-", "bash-static", "helm"])])
def test_licences_come_along(images, name, others):
    packages = {file.split("/")[3] for file in images[name].files()
                if file.startswith("usr/share/doc/")}
    for start in ["storeguard", "ca-certificates", *others]:
        assert any(package.startswith(start) for package in packages), (start, packages)


def certificates(text):
    return set(re.findall("-----BEGIN CERTIFICATE-----[^-]*", text))


@pytest.mark.parametrize("name", USERS)
def test_no_certificate_authority_of_this_machines_own(images, name):
    packaged = set()
    for file in pathlib.Path("/usr/share/ca-certificates").rglob("*.crt"):
        packaged |= certificates(file.read_text())
    bundle = certificates(
        (images[name].root / "etc/ssl/certs/ca-certificates.crt").read_text())
    assert len(bundle) > 50 and bundle <= packaged, bundle - packaged


def test_the_programs_run_from_it_alone(images, version):
    image = images["storeguard"]
    for program in ("storeguard-webhook", "storeguard-postrender"):
        assert must(image.run(program, "--version")) == f"{program} {version}\n"
    rendered = (ROOT / "tests/demo/rendered.yaml").read_text()
    assert must(image.run("storeguard-postrender", *STORE, stdin=rendered)) == must(
        postrender(STORE, stdin=rendered)).decode()


def test_the_webhook_decides_in_it(images):
    image = images["storeguard"]
    stores = {file: (ROOT / f"tests/demo/{file}.yaml").read_text()
              for file in ("fashion", "refused")}
    must(image.run("storeguard-webhook", "review", "-", stdin=stores["fashion"]))
    done = image.run("storeguard-webhook", "review", "-", stdin=stores["refused"])
    assert done.returncode == 1 and "resembles the protected name" in done.stdout, done


def test_the_webhook_serves_from_it(images):
    image = images["storeguard"]
    process = subprocess.Popen(
        image.command("storeguard-webhook", "serve", "--standalone", "--listen",
                      "127.0.0.1:0", "--http", "127.0.0.1:0"),
        env=image.environment(), stderr=subprocess.PIPE, text=True)
    try:
        said = process.stderr.readline()
        started = json.loads(said)
        assert started["message"] == "serving", said
        plain = http.client.HTTPConnection(started["http"], timeout=20)
        plain.request("GET", "/healthz")
        assert plain.getresponse().read() == b"ok\n"
        unknown_to_us = ssl._create_unverified_context()
        tls = http.client.HTTPSConnection(started["listen"], timeout=20,
                                          context=unknown_to_us)
        tls.request("GET", "/")
        assert tls.getresponse().status == 404
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def test_argo_cds_sidecar_guards_a_chart_and_notices_when_helm_fails(images):
    image = images["storeguard-cmp"]
    shutil.copytree(ROOT / "charts/woocommerce", image.root / "tmp/chart")
    guarded = shlex.join(["storeguard-postrender", *STORE])
    render = ("helm template store-fashion chart --set store.name=fashion"
              " --set store.host=fashion.shops.example.com"
              " --set credentials.seed=only-for-the-tests")
    done = image.run("sh", "-c", f"set -o pipefail; cd tmp; {render} | {guarded}")
    for part in ("name: storeguard-default-deny", "kind: Deployment"):
        assert part in must(done), done.stdout
    late = image.run("sh", "-c",
                     f"set -o pipefail; cd tmp; {{ {render}; false; }} | {guarded}")
    assert (late.returncode, late.stdout) == (1, done.stdout), late.stderr


def test_argo_cds_plugin_runs_from_it_alone(images):
    image = images["storeguard-cmp"]
    shutil.copytree(ROOT / "charts/medusa", image.root / "tmp/medusa")
    mounted = image.root / "etc/storeguard"
    for name, content in ({
            "policy/policy.yaml": (ROOT / "common/default-policy.yaml").read_text(),
            "policy/checksum": "x", "seed-key/key": "k" * 32}).items():
        (mounted / name).parent.mkdir(parents=True, exist_ok=True)
        (mounted / name).write_text(content)
    store = json.dumps({"apiVersion": "urumi.io/v1", "kind": "Store",
                        "metadata": {"name": "books", "uid": "1"},
                        "spec": {"engine": "medusa", "owner": "alice"}})
    done = image.run("sh", "-c", f"cd tmp/medusa; ARGOCD_APP_NAMESPACE=store-books "
                     f"ARGOCD_ENV_STORE={shlex.quote(store)} storeguard-render")
    for part in ("kind: Namespace", "name: storeguard-default-deny", "kind: Deployment"):
        assert part in must(done), done.stdout


def test_its_helm_is_the_pinned_one(images):
    pinned = subprocess.run([tool("helm3"), "version", "--short"], capture_output=True,
                            text=True, check=False)
    assert must(images["storeguard-cmp"].run("helm", "version", "--short")) == must(pinned)


@pytest.mark.parametrize("name", USERS)
def test_built_again_it_is_the_same_to_the_byte(images, name, version, tmp_path):
    again = tmp_path / "again.tar"
    subprocess.run([ROOT / "charts/storeguard/image/build", name, version, again],
                   env={**os.environ, "HELM": tool("helm3")}, umask=0o077, timeout=300,
                   check=True)
    assert list(tmp_path.iterdir()) == [again]
    assert again.read_bytes() == (ROOT / "build" / f"{name}-image.tar").read_bytes(), \
        f"build/{name}-image.tar and {again} differ"
