"""Keeps one cluster running: `python3 -m cluster.supervisor FOLDER ...`.

For a node it is started in namespaces of its own (see `cluster up`), so that
mounts, network and processes of the node end with it, however it ends.
"""

import argparse
import os
import select
import signal
import sys
import traceback

from cluster import control_plane, node, pki, relay
from cluster.services import Failed
from cluster.state import State


class Stop(Exception):
    """Somebody asked for the end."""


def _outside_pid():
    """Our process id as those see it who look from outside; /proc is still
    theirs when the supervisor starts."""
    return int(os.readlink("/proc/self"))


def _ask_for_end(number, _frame):
    raise Stop(f"signal {number}")


def _watch(services, while_fd, state):
    """Until a service ends that does not come back, or the process whose pidfd that is."""
    poll = select.poll()
    if while_fd is not None:
        poll.register(while_fd, select.POLLIN)
    followed = {}

    def follow(service):
        fd = os.pidfd_open(service.process.pid)
        followed[fd] = service
        poll.register(fd, select.POLLIN)

    for service in services:
        follow(service)
    while True:
        for fd, _ in poll.poll():
            if fd == while_fd:
                raise Stop("the process that wanted the cluster has ended")
            service = followed.pop(fd)
            poll.unregister(fd)
            os.close(fd)
            if not service.was_killed() or service.name not in state.facts["comes_back"]:
                service.check()
            service.start(state.logs)
            follow(service)


def _services(state, listen_fd):
    """Each in turn, since what a later one is told depends on the former."""
    yield from control_plane.services(state)
    if state.facts["node"]:
        yield relay.service(listen_fd, "127.0.0.1", control_plane.API_PORT)
        yield from node.services(state)


def run(state, while_fd, listen_fd):
    facts = state.facts
    started = []
    try:
        if facts["node"]:
            node.prepare(state)
        if not (state.pki / "ca.crt").exists():
            pki.make(state.pki, {facts["address"], facts["advertise"], "127.0.0.1",
                                 control_plane.SERVICE_ADDRESS})
        for service in _services(state, listen_fd):
            started.append(service)
            service.start(state.logs)
            service.wait()
        if facts["node"]:
            node.furnish(state)
        state.ready.touch()
        _watch(started, while_fd, state)
    finally:
        state.ready.unlink(missing_ok=True)
        if facts["node"]:
            node.end_everything(state)
        for service in reversed(started):
            service.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--while-fd", type=int)
    parser.add_argument("--listen-fd", type=int)
    options = parser.parse_args()
    state = State(options.folder)
    lock = state.lock()
    if lock is None:
        sys.exit(f"{state.folder}: another cluster is running there")
    state.note_supervisor(_outside_pid())
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _ask_for_end)
    try:
        run(state, options.while_fd, options.listen_fd)
    except Stop as reason:
        print(f"stopped: {reason}", flush=True)
    except Failed as failure:
        state.failure.write_text(f"{failure}\n")
        sys.exit(1)
    except Exception:
        state.failure.write_text(traceback.format_exc())
        raise


if __name__ == "__main__":
    main()
