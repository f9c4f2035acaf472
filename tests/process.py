"""Other people's programs that run beside a cluster as long as a test wants them."""

import shutil
import subprocess


class Process:
    """One of them; its log, in that folder, outlives the tests."""

    def __init__(self, name, words, environment, ready, logs):
        self.name, self.words = name, [str(word) for word in words]
        self.environment, self.ready = environment, ready
        logs.mkdir(parents=True, exist_ok=True)
        self.log = logs / f"{name}.log"
        self.log.unlink(missing_ok=True)
        self.process = None

    def start(self, cluster):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                # killed with the tests, however they end
                [shutil.which("setpriv"), "--pdeathsig", "KILL", *self.words],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)
        cluster.wait(f"{self.name}, ready", self._is_ready, seconds=60)

    def _is_ready(self):
        assert self.process.poll() is None, \
            f"{self.name} ended with {self.process.returncode}:\n{self.tail()}"
        return self.ready()

    def stop(self, seconds=10):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def said(self):
        return self.log.read_text(errors="replace")

    def tail(self):
        return "\n".join(self.said().splitlines()[-15:])
