"""A program that the supervisor keeps running: started, waited for, stopped."""

import os
import signal
import subprocess
import time


class Failed(Exception):
    """A service did not come up, or ended; the message is for a person."""


class Service:
    """argv and what tells that it is ready. A service that goes away takes
    the cluster with it: tests must not go on in half a cluster. Unless it was killed
    and is one that comes back: tests that want this say so."""

    def __init__(self, name, argv, ready=None, env=None, pass_fds=()):
        self.name = name
        self.argv = [str(word) for word in argv]
        self.ready = ready or (lambda: True)
        self.env = env or {}
        self.pass_fds = pass_fds
        self.process = None
        self.log = None

    def start(self, logs):
        self.log = logs / f"{self.name}.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                # killed with the supervisor, however that ends
                ["setpriv", "--pdeathsig", "KILL", *self.argv],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env={**os.environ, **self.env}, pass_fds=self.pass_fds,
                start_new_session=True)

    def wait(self, seconds=120):
        """Until it is ready."""
        deadline = time.monotonic() + seconds
        while not self.ready():
            self.check()
            if time.monotonic() > deadline:
                raise Failed(f"{self.name} is not ready after {seconds} s; "
                             f"the end of {self.log}:\n{self.tail()}")
            time.sleep(0.1)

    def check(self):
        code = self.process.poll()
        if code is not None:
            raise Failed(f"{self.name} ended with {code}; the end of {self.log}:\n"
                         f"{self.tail()}")

    def was_killed(self):
        return self.process.wait() == -signal.SIGKILL

    def tail(self, lines=15):
        text = self.log.read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def stop(self, seconds=15):
        """Politely, then for certain."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
