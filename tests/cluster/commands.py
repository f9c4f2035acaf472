"""Programs that are run to their end; what they said is in the failure."""

import subprocess

from cluster.services import Failed
from cluster.state import INSIDE, TOOLS


def run(*command, **kwargs):
    """What it printed."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, **kwargs)
    if done.returncode != 0:
        raise Failed(f"{' '.join(words)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def kubectl(state, *args, **kwargs):
    """As the administrator, from inside the node's network."""
    return run(TOOLS / "kubectl", "--kubeconfig", state.kubeconfig(INSIDE), *args,
               **kwargs)
