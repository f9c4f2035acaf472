"""What the webhook takes of memory: its bounds' sum, the chart's limit, and the process
that is driven to that sum."""

import json
import re
import socket
import ssl
import threading

import pytest
import yaml

from conftest import ROOT
from test_webhook_process import Webhook, parse_metrics
from webhook_server import SLOW, Certificates, read_answer, request

MIB = 1 << 20
FOLLOWED = 160 * MIB  # that of the sum which is for following a cluster: SG_MAX_FOLLOWED


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


def bound(webhook):
    return parse_metrics(webhook.get("/metrics")[1])["storeguard_memory_bound_bytes", ""]


def test_the_charts_limit_is_more_than_all_bounds_together(certificates, tmp_path):
    """With all that it may do: followed, and asked by Argo CD."""
    kubeconfig, token = tmp_path / "kubeconfig", tmp_path / "token"
    kubeconfig.write_text(json.dumps({
        "current-context": "x", "users": [{"name": "x", "user": {"token": "hidden"}}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "clusters": [{"name": "x", "cluster": {"server": "https://127.0.0.1:1"}}]}))
    token.write_text("secret")
    values = yaml.safe_load((ROOT / "charts" / "storeguard" / "values.yaml").read_text())
    limit = values["deployment"]["resources"]["limits"]["memory"]
    with Webhook(certificates, tmp_path, "--generator", "127.0.0.1:0",
                 "--generator-token-file", token, where=("--kubeconfig", kubeconfig)) as w:
        needed = bound(w)
    assert limit.endswith("Mi") and int(limit[:-2]) * MIB >= needed, needed / MIB


class Worst:
    """Connections from several addresses of this host, as many as get in, each with as
    much as it may leave behind."""

    def __init__(self, webhook, certificates):
        self.webhook, self.held = webhook, []
        self.context = ssl.create_default_context(
            cafile=certificates.path("ca.crt"))

    def connect(self, number, port=None):
        raw = socket.create_connection(("127.0.0.1", port or self.webhook.port),
                                       timeout=30 * SLOW,
                                       source_address=(f"127.0.1.{1 + number % 4}", 0))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.held.append(raw if port else
                         self.context.wrap_socket(raw, server_hostname="localhost"))
        return self.held[-1]

    def fill(self, count, port=None):
        for number in range(count):
            s = self.connect(number, port)
            s.sendall(request("/validate-store", b"x" * 3500, X_Filler="y" * 6000,
                              Content_Type="application/json"))
            read_answer(s)

    def close(self):
        for s in self.held:
            s.close()


def peak(webhook):
    with open(f"/proc/{webhook.process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) * 1024


def post_again_and_again(worst, number, body, statuses):
    s = worst.connect(number)
    for _ in range(2):
        s.sendall(request("/validate-store", body, Content_Type="application/json"))
        statuses.append(read_answer(s).status)


def test_driven_to_the_sum_it_stays_below(certificates, tmp_path):
    """All connections with full buffers, and bodies of the size and the kind that take
    most, as many at once as get in and more."""
    largest = b'{"a":[' + b"0," * (4 * MIB - 10) + b"0]}"
    values = b'{"a":[' + b",".join(b'"%05d"' % n for n in range(99990)) + b"]}"
    with Webhook(certificates, tmp_path) as webhook:
        worst = Worst(webhook, certificates)
        idle = peak(webhook)
        worst.fill(1000)
        worst.fill(120, webhook.http)
        filled = peak(webhook)
        for number in range(2):  # bodies that never end
            worst.connect(number).sendall(request("/validate-store", largest)[:-1000])
        statuses = []
        threads = [threading.Thread(target=post_again_and_again, args=(
            worst, number, (largest, values)[number % 2], statuses)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert webhook.get("/healthz")[0].status == 200
        most, allowed = peak(webhook), bound(webhook) - FOLLOWED
        worst.close()
    assert set(statuses) <= {400, 503} and 400 in statuses, statuses
    assert filled - idle > 25 * MIB and most - filled > 16 * MIB, (idle, filled, most)
    assert most < allowed, (idle / MIB, filled / MIB, most / MIB, allowed / MIB)
