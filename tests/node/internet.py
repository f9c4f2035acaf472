"""Hosts beyond the node, in a network namespace behind its bridge: on the Internet,
in private networks, and where clouds keep their machines' credentials."""

import contextlib
import pathlib
import subprocess
import sys

from cluster.client import TOOL

SERVER = pathlib.Path(__file__).with_name("server.py")
ADDRESS = "203.0.113.10"
PRIVATE = {"metadata service": "169.254.169.254", "link-local": "169.254.9.9",
           "Azure's wire server": "168.63.129.16", "carrier's network": "100.64.9.9",
           "private 10/8": "10.9.9.9", "private 172.16/12": "172.16.9.9",
           "private 192.168/16": "192.168.9.9"}
PORTS = (22, 80, 443, 465, 587, 8080)
SETUP = """
ip netns add internet
ip link add uplink type veth peer name eth0 netns internet
ip link set uplink master node0 up
ip -n internet link set lo up
ip -n internet link set eth0 up
for address in 10.200.0.2/24 "$@"; do
	ip -n internet address add "$address" dev eth0
done
ip -n internet route add default via 10.200.0.1
"""
CLEANUP = "ip link delete uplink; ip netns delete internet"


@contextlib.contextmanager
def connected_to(cluster):
    """The hosts are there as long as this lasts."""
    done = cluster.tool("exec", "sh", "-ec", SETUP, "sh", ADDRESS, *PRIVATE.values())
    assert done.returncode == 0, done.stderr
    try:
        with subprocess.Popen(
                [TOOL, "--dir", cluster.state.folder, "exec", "ip", "netns", "exec",
                 "internet", sys.executable, "-B", SERVER, *map(str, PORTS)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout.readline() == "listening\n"
            yield
    finally:
        cluster.tool("exec", "sh", "-c", CLEANUP)
