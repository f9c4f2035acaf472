"""The folder of one cluster: where everything of it is, and who may log in.

A cluster lives in a folder under build/. Whatever is not a process is in there:
keys, tokens, kubeconfigs, etcd's data, the node's images and volumes, logs.
"""

import fcntl
import json
import os
import pathlib
import secrets
import shutil
import signal

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = pathlib.Path(os.environ.get("STOREGUARD_TOOLS", ROOT / "build" / "tools"))

# People, with their groups, for tests and for trying things out by hand.
PEOPLE = {
    "admin": ["system:masters"],
    "alice": ["store-owners"],
    "bob": ["store-owners"],
    "carol": ["store-owners", "agencies"],
    "dora": ["store-admins"],
}
COMPONENTS = {
    "system:kube-controller-manager": [],
    "system:kube-scheduler": [],
    "system:kube-proxy": [],
    "system:calico": ["system:masters"],
}
NODE_NAME = "node"
INSIDE = "admin:inside"
NODE = {f"system:node:{NODE_NAME}": ["system:nodes"]}


class State:
    """One cluster's folder. Nothing is made until prepare()."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.logs = self.folder / "log"
        self.audit_log = self.logs / "audit.log"
        self.pki = self.folder / "pki"
        self.kubeconfigs = self.folder / "kubeconfig"
        self.tokens = self.folder / "tokens.csv"
        self.ready = self.folder / "ready"
        self.failure = self.folder / "failure"
        self._facts = self.folder / "facts.json"
        self._supervisor = self.folder / "supervisor"

    @property
    def facts(self):
        """What prepare() was given: node, address, server, ports, flags, comes_back."""
        return json.loads(self._facts.read_text())

    def flags(self, service):
        """Further ones, of `up --flag`; the last of a name counts."""
        return self.facts["flags"].get(service, [])

    def exists(self):
        return self._facts.exists()

    def prepare(self, facts):
        """Makes the folder with new tokens. facts say how it is reached."""
        for folder in (self.logs, self.pki, self.kubeconfigs):
            folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self._facts.write_text(json.dumps(facts))
        users = {**PEOPLE, **COMPONENTS, **NODE}
        rows, table = [], {}
        for number, (user, groups) in enumerate(users.items()):
            table[user] = secrets.token_hex(20)
            rows.append(f'{table[user]},{user},u{number},"{",".join(groups)}"')
        self.tokens.write_text("\n".join(rows) + "\n")
        for user, token in table.items():
            server = facts["inside" if ":" in user else "server"]
            self.write_kubeconfig(user, server, token)
        # the administrator inside the node's network
        self.write_kubeconfig(INSIDE, facts["inside"], table["admin"])

    def kubeconfig(self, user="admin"):
        return self.kubeconfigs / user.replace(":", "-")

    def write_kubeconfig(self, user, server, token):
        ca = self.pki / "ca.crt"
        path = self.kubeconfig(user)
        path.touch(mode=0o600)
        path.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "default",
            "clusters": [{"name": "default", "cluster": {
                "server": server, "certificate-authority": str(ca)}}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": "default", "context": {
                "cluster": "default", "user": user}}],
        }, indent=1) + "\n")

    def remove(self):
        """Everything, the folder too."""
        if self.folder.exists():
            shutil.rmtree(self.folder)

    # --- the supervisor ------------------------------------------------------

    def lock(self):
        """Held by the supervisor as long as it lives; None if another has it.
        A lock ends with its process, however that ends."""
        self.folder.mkdir(parents=True, exist_ok=True)
        fd = os.open(self._supervisor, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        return fd

    def is_running(self):
        if not self._supervisor.exists():
            return False
        fd = self.lock()
        if fd is None:
            return True
        os.close(fd)
        return False

    def note_supervisor(self, pid):
        self._supervisor.write_text(str(pid))

    def signal_supervisor(self, number=signal.SIGTERM):
        """Asks the supervisor to stop; only while it holds its lock, since a
        process id may have passed to another program."""
        if self.is_running():
            os.kill(self.supervisor_pid(), number)

    def supervisor_pid(self):
        """As seen from outside its namespaces."""
        return int(self._supervisor.read_text())
