"""The webhook's TLS server: what comes in, what has to wait, and what is refused.

Against tests/programs/serve, the server with a handler of its own.
"""

import concurrent.futures
import contextlib
import socket
import ssl
import subprocess
import threading
import time

import pytest

from webhook_server import (SLOW, Certificates, Server, is_closed, read_answer,
                            request)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def server(certificates):
    with Server(certificates, "--max-body", 100000, "--read", 60000 * SLOW) as s:
        yield s


@pytest.fixture(scope="module")
def impatient(certificates):
    with Server(certificates, "--read", 1000 * SLOW) as s:
        yield s


def test_answer_has_type_and_length(server):
    answer = server.post("/echo?timeout=5s", "hello")
    assert (answer.status, answer.body) == (200, b"hello")
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["content-length"] == "5"
    assert "connection" not in answer.headers


def test_kept_connection_and_sizes(server):
    with server.connect() as s:
        for size in (0, 1, 100, 16383, 16384, 16385, 40000, 99999, 100000, 3):
            body = bytes(i % 251 for i in range(size))
            s.sendall(request("/echo", body))
            answer = read_answer(s)
            assert (answer.status, answer.body) == (200, body), size


def test_chunked(server):
    with server.connect() as s:
        head = request("/echo", Content_Length=None, Transfer_Encoding="chunked")
        for chunks in ([b"a"], [b"x" * 70000, b"y" * 30000], [b"z"] * 500):
            s.sendall(head)
            for chunk in chunks:
                s.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            s.sendall(b"0\r\n\r\n")
            assert read_answer(s).body == b"".join(chunks)


def test_pipelined(server):
    with server.connect() as s:
        bodies = [b"%d" % i * 100 for i in range(50)]
        s.sendall(b"".join(request("/echo", body) for body in bodies))
        rest = bytearray()
        assert [read_answer(s, rest).body for _ in bodies] == bodies


def test_pipelined_behind_one_that_waits(server):
    with server.connect() as s:
        s.sendall(request("/later", "200") + request("/echo", "second"))
        rest = bytearray()
        assert read_answer(s, rest).body == b"waited\n"
        assert read_answer(s, rest).body == b"second"


def test_byte_by_byte(server):
    with server.connect() as s:
        for byte in request("/echo", "slow"):
            s.sendall(bytes([byte]))
        assert read_answer(s).body == b"slow"


@pytest.mark.parametrize("timeout, left", [
    ("5s", (4600, 4750)), ("500ms", (300, 450)), ("1.5s", (1200, 1350)),
    ("1m", (29600, 29750)),  # bounded by the server's own
    ("nonsense", (29600, 29750)), ("-1s", (29600, 29750)), ("", (29600, 29750)),
])
def test_deadline_of_the_url(server, timeout, left):
    facts = server.post(f"/facts?timeout={timeout}", "abc",
                        Content_Type="application/json").json()
    assert facts["length"] == 3 and facts["type"] == "application/json"
    assert left[0] - 300 * (SLOW - 1) <= facts["left"] <= left[1], facts


def test_wrong_method_and_path(server):
    with server.connect() as s:
        s.sendall(request("/echo", method="GET"))
        answer = read_answer(s)
        assert (answer.status, answer.headers["allow"]) == (405, "POST")
        s.sendall(request("/echo", method="BREW"))
        assert read_answer(s).status == 405
        s.sendall(request("/nowhere", "x"))
        assert read_answer(s).status == 404
        s.sendall(request("/echo", method="HEAD"))
        assert read_answer(s, head=True).status == 405
        s.sendall(request("/echo", "still there"))
        assert read_answer(s).body == b"still there"


@pytest.mark.parametrize("head", ["length", "chunked"])
def test_over_the_cap(server, head):
    before = server.stats()["too_large"]
    body = b"x" * 3_000_000
    with server.connect() as s:
        if head == "length":
            s.sendall(request("/echo", body))
        else:
            s.sendall(request("/echo", Content_Length=None,
                              Transfer_Encoding="chunked"))
            for at in range(0, len(body), 50000):
                s.sendall(b"c350\r\n" + body[at:at + 50000] + b"\r\n")
            s.sendall(b"0\r\n\r\n")
        answer = read_answer(s)
        assert answer.status == 413
        assert "at most 100000 bytes" in answer.json()["message"]
        s.sendall(request("/echo", "next"))
        assert read_answer(s).body == b"next"
    assert server.stats()["too_large"] == before + 1


def test_over_the_cap_is_told_before_it_is_sent(server):
    with server.connect() as s:
        s.sendall(request("/echo", Content_Length="4000000000",
                          Expect="100-continue"))
        assert read_answer(s).status == 413


@pytest.mark.parametrize("junk", [
    b"GET\r\n\r\n", b"nonsense\r\n\r\n",
    b"POST /echo HTTP/9.9\r\n\r\n",
    b"POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"POST /echo HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /" + b"x" * 100000 + b" HTTP/1.1\r\n\r\n",
    b"POST /echo HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n",
    bytes(range(256)) * 10,
], ids=["no-path", "nonsense", "version", "negative", "huge", "chunk",
        "long-path", "long-head", "bytes"])
def test_no_http(impatient, junk):
    with impatient.connect() as s:
        try:
            s.sendall(junk)
            first = s.recv(65536)
        except (ssl.SSLError, ConnectionError):
            first = b""
        assert first == b"" or first.split()[1][:1] in (b"4", b"5"), first[:100]
    assert impatient.post("/echo", "still there").body == b"still there"


def test_client_that_leaves(server):
    """In the middle of a head, a body, and while its request waits."""
    for start in (b"POST /ec", request("/echo", "12345")[:-2],
                  request("/later", "300"), request("/stuck", "300")):
        with server.connect() as s:
            s.sendall(start)
    server.wait_for(lambda t: t["connections"] == 0 and t["requests"] == 0 and
                    t["waiting"] == 0)


def test_half_closed_by_the_client(certificates):
    with Server(None) as server, server.plain() as s:
        s.sendall(request("/echo", "my last words"))
        s.shutdown(socket.SHUT_WR)
        assert read_answer(s).body == b"my last words"
        assert is_closed(s)


# --- TLS ---------------------------------------------------------------------

def test_not_tls(server):
    before = server.stats()["handshakes_failed"]
    for junk in (request("/echo", "x"), b"\x16\x03\x01\xff\xff" + b"\0" * 100):
        with server.plain() as s:
            s.sendall(junk)
            s.shutdown(socket.SHUT_WR)
            s.settimeout(20 * SLOW)
            try:
                while s.recv(4096):
                    pass
            except ConnectionError:
                pass
    server.wait_for(lambda t: t["handshakes_failed"] == before + 2)


@pytest.mark.parametrize("version, accepted", [
    ("-tls1", False), ("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True),
])
def test_tls_versions(server, version, accepted):
    seen = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", version,
         "-cipher", "ALL@SECLEVEL=0"], input=b"", capture_output=True,
        timeout=20 * SLOW, check=False)
    assert (b"Cipher is (NONE)" not in seen.stdout) == accepted, seen.stdout


def ask(server, client, version="TLSv1_3"):
    """The client as the server sees it, on a connection of its own; None: not let in."""
    context = server.context(client)
    context.maximum_version = ssl.TLSVersion[version]
    try:
        with server.connect(context=context) as s:
            s.sendall(request("/facts", "{}"))
            return read_answer(s).json()["client"]
    except (ssl.SSLError, EOFError, ConnectionError):
        return None


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("client, accepted", [
    (None, False), ("stranger", False), ("only-server", False),
    ("apiserver", True),
])
def test_client_certificates(certificates, client, accepted, version):
    with Server(certificates, "--client-ca", certificates.path("ca.crt")) as server:
        assert ask(server, client, version) == (client if accepted else None)
        if not accepted:
            stats = server.wait_for(lambda t: t["handshakes_failed"] == 1)
            assert stats["requests_total"] == 0


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_other_clients_at_once(certificates, version):
    """From one moment to the next, the former's get in no more; not by a connection that
    they have, nor by a session of it."""
    with Server(certificates, "--client-ca", certificates.path("ca.crt")) as server:
        assert ask(server, "apiserver", version) == "apiserver"
        assert ask(server, "stranger", version) is None
        context = server.context("apiserver")
        context.maximum_version = ssl.TLSVersion[version]
        kept, waits = server.connect(context=context), server.connect(context=context)
        for s in (kept, waits):
            s.sendall(request("/facts", "{}"))
            assert read_answer(s).json()["client"] == "apiserver"
        waits.sendall(request("/later", "300"))
        server.wait_for(lambda t: t["waiting"] == 1)
        assert server.say("client-ca " + certificates.path("stranger-ca.crt")) == "ok"
        assert ask(server, "apiserver", version) is None
        assert ask(server, "stranger", version) == "stranger"
        answer = read_answer(waits)
        assert answer.status == 200 and answer.headers["connection"] == "close"
        assert is_closed(waits)
        session = kept.session
        kept.sendall(request("/facts", "{}"))
        answer = read_answer(kept)
        assert answer.status == 403 and "CA" in answer.json()["message"]
        assert is_closed(kept)
        with pytest.raises((ssl.SSLError, EOFError, ConnectionError)), \
                context.wrap_socket(server.plain(), server_hostname="localhost",
                                    session=session) as s:
            s.sendall(request("/facts", "{}"))
            read_answer(s)


def test_a_further_ca_drops_nobody(certificates, tmp_path):
    """Nor does a file that holds no CA, nor another certificate of the server's."""
    both = tmp_path / "both.crt"
    both.write_text("".join(open(certificates.path(name)).read()
                            for name in ("stranger-ca.crt", "ca.crt")))
    with Server(certificates, "--client-ca", certificates.path("ca.crt")) as server:
        with server.connect("apiserver") as kept:
            assert server.say(f"client-ca {both}") == "ok"
            assert "no certificate" in server.say(
                "client-ca " + certificates.path("ca.key"))
            assert server.say("certificate {} {}".format(
                *certificates.pair("second"))) == "ok"
            for _ in range(2):
                kept.sendall(request("/facts", "{}"))
                answer = read_answer(kept)
                assert answer.status == 200 and "connection" not in answer.headers
        assert [ask(server, name) for name in ("apiserver", "stranger")] == [
            "apiserver", "stranger"]


def shown_certificate(server):
    with server.connect() as s:
        names = dict(pair[0] for pair in s.getpeercert()["subject"])
        return names["commonName"]


def test_another_certificate(certificates):
    with Server(certificates) as server:
        with server.connect() as kept:
            assert shown_certificate(server) == "first"
            line = "certificate {} {}".format(*certificates.pair("second"))
            assert server.say(line) == "ok"
            assert shown_certificate(server) == "second"
            kept.sendall(request("/echo", "kept"))
            assert read_answer(kept).body == b"kept"
        broken = "certificate {} {}".format(certificates.path("first.crt"),
                                            certificates.path("second.key"))
        assert "do not belong together" in server.say(broken)
        no_pem = "certificate {0} {0}".format(certificates.path("first.ext"))
        assert "not usable PEM" in server.say(no_pem)
        assert shown_certificate(server) == "second"


# --- load --------------------------------------------------------------------

class Load:
    """Threads that post, with kept connections, until told to stop."""

    def __init__(self, server, threads=4, requests_each=None):
        self.server = server
        self.stopped = threading.Event()
        self.requests_each = requests_each
        self.failures = []
        self.answered = 0
        self.threads = [threading.Thread(target=self.run, args=(i,))
                        for i in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        context = self.server.context()
        connection, used = None, 0
        while not self.stopped.is_set():
            body = b"%d-%d" % (number, used)
            # a connection refused before a request is sent is no failed request:
            # there are other replicas
            try:
                connection = connection or self.server.connect(context=context)
            except OSError:
                time.sleep(0.01)
                continue
            path = "/echo" if used % 5 else "/later"
            try:
                connection.sendall(request(path, body if used % 5 else b"20"))
                answer = read_answer(connection)
            except (OSError, EOFError) as error:
                self.failures.append(f"{path}, use {used}: {error!r}")
                connection, used = None, 0
                continue
            if answer.status != 200 or (used % 5 and answer.body != body):
                self.failures.append(f"{answer.status} {answer.body[:100]}")
            self.answered += 1
            used += 1
            if (answer.headers.get("connection") == "close" or
                    used == self.requests_each):
                connection.close()
                connection, used = None, 0
        if connection:
            connection.close()

    def wait_for(self, count):
        end = time.monotonic() + 30 * SLOW
        while self.answered < count:
            assert time.monotonic() < end, (self.answered, self.failures[:3])
            time.sleep(0.01)

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()


def test_certificate_swapped_under_load(certificates):
    with Server(certificates) as server:
        load = Load(server, requests_each=7)
        for i in range(40):
            name = ("first", "second")[i % 2]
            assert server.say("certificate {} {}".format(
                *certificates.pair(name))) == "ok"
            load.wait_for(load.answered + 10)
        load.stop()
        assert not load.failures, load.failures[:5]
        assert load.answered >= 400


def test_drain_under_load(certificates):
    with Server(certificates) as server:
        load = Load(server)
        load.wait_for(200)
        assert server.say("close") == "ok"
        load.wait_for(load.answered + 50)
        assert server.say("stop 20000") == "stopped, cut off 0"
        load.stop()
        assert not load.failures, load.failures[:5]


def test_stop_waits_for_requests_under_way(certificates):
    with Server(certificates, "--timeout", 60000) as server:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(server.post, "/later", "1500")
                       for _ in range(8)]
            server.wait_for(lambda t: t["waiting"] == 8)
            with server.connect() as idle:
                assert server.say("stop 60000") == "stopped, cut off 0"
                assert is_closed(idle)
            assert [a.result().status for a in answers] == [200] * 8
            assert all(a.result().headers["connection"] == "close"
                       for a in answers)


def test_stop_is_over_in_time(certificates):
    with Server(certificates, "--timeout", 60000) as server:
        with server.connect() as waits, server.connect() as reads:
            waits.sendall(request("/later", "2000"))
            reads.sendall(request("/echo", "abc")[:-1])
            server.wait_for(lambda t: t["waiting"] == 1 and t["requests"] == 2)
            begun = time.monotonic()
            assert server.say("stop 300") == "stopped, cut off 2"
            # the handler is left its own deadline
            assert time.monotonic() - begun < 5 * SLOW


def test_stop_with_a_full_queue(certificates):
    """Suspended connections are no reason to abort."""
    with Server(certificates, "--waiters", 1) as server:
        connections = [server.connect() for _ in range(50)]
        for s in connections:
            s.sendall(request("/later", "100"))
        server.wait_for(lambda t: t["waiting"] > 40)
        assert server.say("stop 0").startswith("stopped, cut off ")
        for s in connections:
            assert read_answer(s).status in (200, 503)
            s.close()


# --- what has to wait --------------------------------------------------------

def test_queue_full(certificates):
    with Server(certificates, "--waiters", 2, "--queue", 3,
                "--timeout", 60000) as server:
        waiting = [server.connect() for _ in range(5)]
        for count, s in enumerate(waiting):
            s.sendall(request("/later", "1500"))
            server.wait_for(lambda t, n=count: t["waiting"] == n + 1)
        answer = server.post("/later", "0")
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["reason"] == "ServiceUnavailable"
        # who need not wait does not
        assert server.post("/echo", "x").status == 200
        assert [read_answer(s).status for s in waiting] == [200] * 5
        assert server.stats()["queue_full"] == 1
        for s in waiting:
            s.close()


@pytest.mark.parametrize("path", ["/later", "/stuck"])
def test_deadline_is_met(certificates, path):
    """By a handler that heeds it, and for one that does not."""
    with Server(certificates, "--waiters", 1) as server:
        with server.connect() as s:
            begun = time.monotonic()
            s.sendall(request(f"{path}?timeout=1s", "3000"))
            answer = read_answer(s)
            took = time.monotonic() - begun
            assert answer.status == 503
            assert 0.8 <= took < 1 + SLOW * 0.2, took
            # the connection goes on, whatever the handler does
            s.sendall(request("/echo", "next"))
            assert read_answer(s).body == b"next"


def test_deadline_in_the_queue(certificates):
    with Server(certificates, "--waiters", 1) as server:
        with server.connect() as first, server.connect() as second:
            first.sendall(request("/stuck?timeout=5s", "2000"))
            server.wait_for(lambda t: t["waiting"] == 1)
            begun = time.monotonic()
            second.sendall(request("/later?timeout=500ms", "0"))
            assert read_answer(second).status == 503
            assert time.monotonic() - begun < 0.5 + SLOW * 0.2
            assert read_answer(first).status == 200


# --- who takes too long, and too many -----------------------------------------

def test_slow_loris(certificates):
    """A byte now and then does not live for ever: in the handshake, head, or body."""
    with Server(certificates, "--read", 1000) as server:
        whole = request("/echo", b"x" * 1000)
        fresh = server.plain()
        head, body, again, lines = (server.connect() for _ in range(4))
        body.sendall(whole[:-1000])
        again.sendall(request("/echo", "first"))
        assert read_answer(again).body == b"first"
        drips = {fresh: b"\x16\x03\x01\x02\x00\x01" + b"\0" * 1000,
                 head: whole, body: whole[-1000:], again: whole,
                 lines: b"\r\n" * 500}
        begun = time.monotonic()
        closed = {}
        for at in range(100 * SLOW):
            for s in [s for s in drips if s not in closed]:
                try:
                    s.sendall(drips[s][at:at + 1])
                    s.settimeout(0.01)
                    if s.recv(1) == b"":
                        closed[s] = time.monotonic() - begun
                except (socket.timeout, ssl.SSLWantReadError):
                    pass
                except (ssl.SSLError, OSError):
                    closed[s] = time.monotonic() - begun
            if len(closed) == len(drips):
                break
            time.sleep(0.05)
        assert len(closed) == 5
        assert all(0.5 < t < 1 + 2 * SLOW for t in closed.values()), closed
        assert server.stats()["read_timeouts"] == 5
        assert server.post("/echo", "x").status == 200


def test_idle_connection_is_kept(certificates):
    """Longer than a request may take to come; then not for ever."""
    with Server(certificates, "--read", 500, "--idle", 4000) as server:
        with server.connect() as unused, server.connect() as used:
            used.sendall(request("/echo", "x"))
            read_answer(used)
            time.sleep(2)  # four times the time that a request has
            for s in (unused, used):
                s.sendall(request("/echo", "later"))
                assert read_answer(s).body == b"later"
            assert is_closed(unused, 8) and is_closed(used, 8)
        assert server.stats()["read_timeouts"] == 0


def connect_from(server, address, tls=True):
    """From another address of this host: another source."""
    raw = socket.create_connection(("127.0.0.1", server.port), timeout=20 * SLOW,
                                   source_address=(address, 0))
    if not (tls and server.tls):
        return raw
    return server.context().wrap_socket(raw, server_hostname="localhost")


def ask_on(s, text="x"):
    s.sendall(request("/echo", text))
    return read_answer(s).body.decode()


def test_the_longest_idle_make_room(certificates):
    """Whether or not they have asked before; nobody who is being answered."""
    with Server(certificates, "--connections", 20, "--of-one", 20) as server:
        waits = server.connect()
        waits.sendall(request("/later", "1500"))
        idle = [server.connect() for _ in range(19)]
        for s in idle[10:]:
            ask_on(s)
        time.sleep(0.02)  # which is longer ago, by a clock of milliseconds
        for s in idle[:10]:
            ask_on(s)
        assert server.stats()["connections"] == 20
        for count in (1, 2, 3):
            assert server.post("/echo", "let me in").body == b"let me in"
            server.wait_for(lambda t: t["connections"] < 20)
            idle.insert(0, server.connect())
            assert server.stats()["connections_pruned"] == count
        closed = [is_closed(s, 0.05) for s in idle]
        assert closed.count(True) == 3 and not any(closed[:13])
        assert {ask_on(s, "kept") for s, gone in zip(idle, closed) if not gone} == {"kept"}
        assert read_answer(waits).body == b"waited\n"
        for s in [waits, *idle]:
            s.close()


@pytest.mark.parametrize("what", ["nothing", "a handshake", "a head", "an answer"])
def test_one_source_does_not_keep_others_out(certificates, what):
    """Whatever it does with its connections; and what others have, stays theirs."""
    with Server(certificates if what == "a handshake" else None, "--connections", 20,
                "--threads", 1) as server:
        kept = connect_from(server, "127.0.0.2")
        ask_on(kept)
        hostile = []
        for _ in range(60):
            s = connect_from(server, "127.0.0.3", tls=False)
            hostile.append(s)
            if what in ("a handshake", "a head"):
                s.sendall(b"\x16\x03\x01\x02\x00\x01" if what == "a handshake" else
                          b"POST /echo HTTP/1.1\r\nHo")
            elif what == "an answer":
                s.sendall(request("/echo", "x"))
                with contextlib.suppress(EOFError, OSError):
                    read_answer(s)
        server.wait_for(lambda t: t["connections"] <= 11)
        fresh = [connect_from(server, f"127.0.0.{n}") for n in range(4, 9)]
        assert [ask_on(s) for s in [kept, *fresh]] == ["x"] * 6
        for s in [kept, *fresh, *hostile]:
            s.close()


def test_a_source_of_which_all_are_answered_gets_no_more(certificates):
    with Server(certificates, "--connections", 8, "--waiters", 8) as server:
        waiting = [connect_from(server, "127.0.0.2") for _ in range(4)]
        for s in waiting:
            s.sendall(request("/later", "2000"))
        server.wait_for(lambda t: t["waiting"] == 4)
        with pytest.raises(OSError):
            ask_on(connect_from(server, "127.0.0.2"))
        assert ask_on(connect_from(server, "127.0.0.3")) == "x"
        assert server.stats()["connections_refused"] == 1
        assert [read_answer(s).status for s in waiting] == [200] * 4
        for s in waiting:
            s.close()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("part", [b"POST", b"POST /echo HTTP/1.1\r\nHost: loc"])
def test_half_a_head_at_once(certificates, tls, part):
    """Sent with the handshake's end, or as soon as another is answered, it has as long as
    any; who has sent nothing has longer."""
    with Server(certificates if tls else None, "--read", 1000) as server:
        first, later, silent = server.connect(), server.connect(), server.connect()
        ask_on(later)
        begun = time.monotonic()
        first.sendall(part)
        later.sendall(part)
        for s in (first, later):
            assert is_closed(s, 5)
            assert 0.8 <= time.monotonic() - begun < 1 + SLOW
        assert ask_on(silent) == "x"
        assert server.stats()["read_timeouts"] == 2
        silent.close()


def test_thousands_of_connections(certificates):
    with Server(certificates, "--connections", 4000, "--of-one", 4000) as server:
        context = server.context()
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            all_of_them = list(pool.map(
                lambda _: server.connect(context=context), range(2000)))
        assert server.stats()["connections"] == 2000
        for s in all_of_them:
            s.sendall(request("/echo", "one of many"))
        assert all(read_answer(s).body == b"one of many" for s in all_of_them)
        for s in all_of_them:
            s.close()
        server.wait_for(lambda t: t["connections"] == 0, timeout=30)


def test_many_large_bodies(certificates):
    """Memory has a bound; who is refused is told to come again. Announcing is no use."""
    with Server(certificates, "--read", 60000 * SLOW, "--memory", 16 << 20) as server:
        size = 8 * 1024 * 1024 - 1
        begun = [server.connect() for _ in range(10)]
        for s in begun:
            s.sendall(request("/echo", b"x", Content_Length=str(size)))
        server.wait_for(lambda t: t["requests"] == 10)
        assert server.post("/echo", b"z" * 100000).body == b"z" * 100000
        for s in begun:
            s.sendall(b"y" * (size - 2))
        for s in begun:
            s.sendall(b"y")
        answers = [read_answer(s) for s in begun]
        statuses = [a.status for a in answers]
        assert statuses.count(503) == 10 - statuses.count(200) and statuses[-1] == 503
        refused = answers[-1]
        assert "large requests" in refused.json()["message"]
        assert int(refused.headers["retry-after"]) >= 1
        # it is given back
        assert server.post("/echo", b"z" * size).status == 200
        for s in begun:
            s.close()
