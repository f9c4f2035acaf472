"""An informer (tests/programs/follow) on a real API server, and on a fake one."""

import json
import os
import signal
import socket
import subprocess
import time

import pytest

from api_programs import (  # noqa: F401
    PROGRAMS, SLOW, STORES, Fake, a_list, certificates, config, event, fake, freeze, gone,
    kubeconfig, own, program, service_pid, store, stores)


def make_many(cluster, names):
    text = "\n---\n".join(json.dumps(store(name)) for name in names)
    cluster.must("create", "-f", "-", input=text, timeout=300)


# --- following, on a real API server -----------------------------------------


def test_listed_then_watched(stores, program):
    stores.apply(store("fashion"))
    follow = program("follow", kubeconfig(stores), STORES)
    follow.wait_for("end")
    assert [line.split()[:2] for line in follow.lines] == [
        ["begin"], ["set", "fashion"], ["end"]]
    seen = len(follow.lines)
    stores.apply(store("shoes"))
    stores.apply(store("shoes", plan="medium"))
    stores.must("delete", "store", "fashion")
    follow.wait_for("removed fashion")
    assert [line.split()[:2] for line in follow.lines[seen:]] == [
        ["set", "shoes"], ["set", "shoes"], ["removed", "fashion"]]
    assert follow.end() < 500 * SLOW
    assert all("listed 1" in line for line in follow.errors), follow.errors


def test_many_are_listed_in_pages(stores, program):
    names = {f"s{n:04}" for n in range(1200)}
    make_many(stores, sorted(names))
    follow = program("follow", kubeconfig(stores), STORES)
    follow.wait_for("end")
    told = [line.split()[1] for line in follow.lines if line.startswith("set ")]
    assert len(told) == 1200 and set(told) == names
    assert follow.lines.count("begin") == 1
    follow.end()
    assert any("listed 1200" in line for line in follow.errors)


def test_the_api_server_is_restarted(stores, program):
    follow = program("follow", kubeconfig(stores), STORES)
    follow.wait_for("end")
    stores.restart()
    stores.apply(store("after"))
    follow.wait("set after", lambda p: any(
        line.startswith("set after") for line in p.lines), seconds=15)
    assert follow.end() < 500 * SLOW


def test_the_api_server_stands_still(stores, program):
    """As behind a network that swallows everything."""
    follow = program("follow", kubeconfig(stores), STORES, 3000)
    follow.wait_for("end")
    pid = service_pid(stores, "kube-apiserver")
    freeze(pid)
    try:
        # silence alone is no failure; that the next watch is not answered is
        follow.wait_for_log("nothing came for 3 s")
    finally:
        os.kill(pid, signal.SIGCONT)
    stores.apply(store("after"))
    follow.wait("set after", lambda p: any(
        line.startswith("set after") for line in p.lines), seconds=30)
    follow.end()


def test_stopping_is_prompt_while_the_api_server_stands_still(stores, program):
    follow = program("follow", kubeconfig(stores), STORES)
    follow.wait_for("end")
    pid = service_pid(stores, "kube-apiserver")
    freeze(pid)
    try:
        assert follow.end() < 500 * SLOW
    finally:
        os.kill(pid, signal.SIGCONT)


def test_who_may_not_list(stores, program):
    follow = program("follow", kubeconfig(stores, "bob"), STORES)
    follow.wait_for_log('403: stores.urumi.io is forbidden: User "bob" cannot list')
    assert "end" not in follow.lines
    assert follow.end() < 500 * SLOW


def test_a_kind_that_is_not_there_yet(stores, program):
    follow = program("follow", kubeconfig(stores), "/apis/urumi.io/v1/storequotas2")
    follow.wait_for_log("404: 404 page not found")
    assert follow.end() < 500 * SLOW


# --- on a fake one ---------------------------------------------------------


def paths(fake):
    return [path for path, _ in fake.requests]


def test_what_is_asked(fake, config, program):
    def answer(handler):
        if handler.is_watch:
            handler.stream(event("BOOKMARK", "", "opaque/7"), hold=False)
        elif "continue" in handler.path:
            handler.reply(200, a_list("two", version="opaque&5"))
        else:
            handler.reply(200, a_list("one", version="4", more="to/ken+="))

    fake.answer = answer
    follow = program("follow", config(fake.url), STORES)
    follow.wait("second watch", lambda _: len(fake.requests) > 3)
    follow.end()
    assert paths(fake)[:2] == [f"{STORES}?limit=500",
                               f"{STORES}?limit=500&continue=to%2Fken%2B%3D"]
    path, _, query = paths(fake)[2].partition("?")
    asked = dict(pair.split("=") for pair in query.split("&"))
    assert path == STORES and 300 <= int(asked.pop("timeoutSeconds")) < 600
    assert asked == {"watch": "true", "allowWatchBookmarks": "true",
                     "resourceVersion": "opaque%265"}
    # the bookmark is where the next one begins
    assert paths(fake)[3].endswith("resourceVersion=opaque%2F7")
    headers = fake.requests[0][1]
    assert headers["User-Agent"].startswith("storeguard-webhook/")
    assert headers["Authorization"] == "Bearer hidden-token"
    assert headers["Host"] == fake.url.removeprefix("https://")


def test_lines_that_lie_across_pieces(fake, config, program):
    line = event("ADDED", "ünï", "101")

    def answer(handler):
        if handler.is_watch:
            handler.stream(line[:1], line[1:20], line[20:-1],
                           line[-1:] + event("DELETED", "x", "102")
                           + event("MODIFIED", "y", "103")[:-1], b"\n")
        else:
            handler.reply(200, a_list())

    fake.answer = answer
    follow = program("follow", config(fake.url), STORES)
    follow.wait_for("set y 103")
    assert follow.lines[2:] == ["set ünï 101", "removed x", "set y 103"]
    follow.end()


@pytest.mark.parametrize("way", ["status", "event"])
def test_gone_is_listed_again_at_once(fake, config, program, way):
    def answer(handler):
        watches = sum("watch=true" in path for path in paths(fake))
        if not handler.is_watch:
            handler.reply(200, a_list("a" if watches == 0 else "b"))
        elif watches > 1:
            handler.stream()
        elif way == "status":
            handler.reply(410, gone())
        else:
            handler.stream(json.dumps({"type": "ERROR", "object": gone()}).encode()
                           + b"\n")

    fake.answer = answer
    follow = program("follow", config(fake.url), STORES)
    follow.wait("second end", lambda p: p.lines.count("end") == 2, seconds=5)
    assert follow.lines == ["begin", "set a 1", "end", "begin", "set b 1", "end"]
    follow.end()


def test_a_list_that_expires_on_its_way_begins_again(fake, config, program):
    def answer(handler):
        if handler.is_watch:
            handler.stream()
        elif "continue" in handler.path and len(fake.requests) < 3:
            handler.reply(410, gone("the continue parameter is too old"))
        elif "continue" in handler.path:
            handler.reply(200, a_list("c"))
        else:
            handler.reply(200, a_list("a" if len(fake.requests) < 3 else "b", more="x"))

    fake.answer = answer
    follow = program("follow", config(fake.url), STORES)
    follow.wait_for("end")
    assert follow.lines == ["begin", "set a 1", "begin", "set b 1", "set c 1", "end"]
    follow.end()


def test_retry_after_is_respected(fake, config, program):
    times = []

    def answer(handler):
        times.append(time.monotonic())
        if handler.is_watch:
            handler.stream()
        elif len(times) == 1:
            handler.reply(429, b"Too many requests", [("Retry-After", "2")])
        elif len(times) == 2:
            handler.reply(503, b"", [("Retry-After", "1")])
        else:
            handler.reply(200, a_list())

    fake.answer = answer
    follow = program("follow", config(fake.url), STORES)
    follow.wait_for("end", seconds=15)
    assert times[1] - times[0] >= 2 and times[2] - times[1] >= 1
    assert "429: Too many requests" in follow.errors[0]
    follow.end()


def test_failures_wait_longer_and_longer(fake, config, program):
    times = []

    def answer(handler):
        times.append(time.monotonic())
        handler.reply(500, b"<html>no</html>")

    fake.answer = answer
    follow = program("follow", config(fake.url), STORES)
    follow.wait("six tries", lambda _: len(times) >= 6, seconds=30)
    gaps = [after - before for before, after in zip(times, times[1:])]
    assert gaps[0] < 1 * SLOW and 3.2 < gaps[4] < 7 * SLOW, gaps
    assert "500: <html>no</html>" in follow.errors[0]
    assert follow.end() < 500 * SLOW


def test_what_came_half_is_asked_for_in_smaller_pages(fake, config, program):
    def answer(handler):
        if handler.is_watch:
            handler.stream()
        elif "limit=500" in handler.path:
            whole = json.dumps(a_list("a", "b")).encode()
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(whole)))
            handler.end_headers()
            handler.wfile.write(whole[:len(whole) // 2])
            handler.close_connection = True
        elif "limit=250" in handler.path:
            handler.reply(504, b"the server was unable to return a response in time")
        else:
            handler.reply(200, a_list("a"))

    fake.answer = answer
    follow = program("follow", config(fake.url), STORES)
    follow.wait_for("set a 1")
    follow.wait_for("end")
    assert paths(fake)[:3] == [f"{STORES}?limit={n}" for n in (500, 250, 125)]
    follow.end()


UNREADABLE = {
    "too many values": ("[" + "0," * 120_000 + "0]", "more than 100000 values"),
    "too long": ('"' + "x" * (5 << 20) + '"', "larger than 4 MiB"),
    "too deep": ("[" * 600 + "]" * 600, "nested deeper than 512 levels"),
    "a NUL": (r'"\u0000"', "holds a NUL"),
    "half a pair": (r'"\ud800"', "surrogate pair"),
}


def unreadable(name, case, version="1"):
    return ('{"metadata": {"annotations": {"a": "}]"}, "name": "%s", "resourceVersion": '
            '"%s"}, "spec": {"values": {"x": %s}}}' % (name, version, UNREADABLE[case][0]))


@pytest.mark.parametrize("case", UNREADABLE)
def test_an_object_that_cannot_be_read_costs_the_others_nothing(fake, config, program,
                                                               case):
    """In a list, and in a watch, which goes on."""
    page = json.dumps(a_list("a", "b")).replace(
        "[{", f"[{unreadable('worst', case)}, {{", 1).encode()

    def answer(handler):
        if handler.is_watch:
            handler.stream('{"type": "MODIFIED", "object": %s}\n'.encode()
                           % unreadable("worst", case, "300").encode()
                           + event("ADDED", "after", "301"))
        else:
            handler.reply(200, page)

    fake.answer = answer
    follow = program("follow", config(fake.url), STORES)
    follow.wait_for("set after 301")
    assert follow.lines == ["begin", "left out worst", "set a 1", "set b 1", "end",
                            "left out worst", "set after 301"]
    told = [line for line in follow.errors if "left out" in line]
    assert len(told) == 1 and "worst is left out" in told[0], told
    assert UNREADABLE[case][1] in told[0]
    assert sum("watch=true" in path for path in paths(fake)) == 1
    follow.end()


def test_a_page_of_many_large_objects(fake, config, program):
    """Each can be read, and none is an obstacle to the next."""
    large = dict(a_list("x"), items=[
        dict(store(f"s{n}", values={"a": [0] * 92_000}),
             metadata={"name": f"s{n}", "resourceVersion": "1"}) for n in range(24)])
    fake.answer = lambda handler: (handler.stream() if handler.is_watch
                                   else handler.reply(200, large))
    follow = program("follow", config(fake.url), STORES)
    follow.wait_for("end")
    assert len(follow.lines) == 26 and not any("left" in line for line in follow.lines)
    follow.end()


@pytest.mark.parametrize("items", [b"", b',"items":null', b',"items":[]'])
def test_lists_of_nothing(fake, config, program, items):
    body = b'{"metadata":{"resourceVersion":"1"}%s}' % items
    fake.answer = lambda handler: (handler.stream() if handler.is_watch
                                   else handler.reply(200, body))
    follow = program("follow", config(fake.url), STORES)
    follow.wait_for("end")
    assert follow.lines == ["begin", "end"]
    follow.end()


WRONG = {
    "no list": (b'{"kind":"Status"}', "the answer is no list of objects"),
    "no JSON": (b"<html>", f"GET {STORES}"),
    "empty": (b"", f"GET {STORES}"),
    "a list of nothing": (b'{"metadata":{"resourceVersion":"1"},"items":7}',
                          "the answer is no list of objects"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_lists(fake, config, program, case):
    body, says = WRONG[case]
    fake.answer = lambda handler: handler.reply(200, body)
    follow = program("follow", config(fake.url), STORES)
    follow.wait_for_log(says)
    assert "end" not in follow.lines
    follow.end()


WRONG_EVENTS = {
    "no JSON": b"{]\n",
    "no event": b"[]\n",
    "no version": b'{"type":"ADDED","object":{"metadata":{"name":"x"}}}\n',
    "an error": b'{"type":"ERROR","object":{"message":"etcd went away","code":500}}\n',
    "a line too long": b'{"type":"' + b"x" * (5 << 20) + b'"}\n',
    "cut within a line": event("ADDED", "x", "7")[:-1],
}


@pytest.mark.parametrize("case", WRONG_EVENTS)
def test_wrong_events_end_the_watch_and_no_more(fake, config, program, case):
    """Whatever comes, the next watch or list goes on."""

    def answer(handler):
        if not handler.is_watch:
            handler.reply(200, a_list("a"))
        elif sum("watch=true" in path for path in paths(fake)) == 1:
            handler.stream(WRONG_EVENTS[case], hold=False)
        else:
            handler.stream(event("ADDED", "after", "200"))

    fake.answer = answer
    follow = program("follow", config(fake.url), STORES)
    follow.wait_for("set after 200")
    assert len(follow.errors) > 1
    follow.end()


def test_a_watch_that_ends_at_once_is_no_busy_loop(fake, config, program):
    fake.answer = lambda handler: (handler.stream(hold=False) if handler.is_watch
                                   else handler.reply(200, a_list()))
    follow = program("follow", config(fake.url), STORES)
    follow.wait_for("end")
    time.sleep(2)  # what happens in this time is what is looked at
    assert 2 <= len(fake.requests) < 12, paths(fake)
    follow.end()


def test_silence_is_no_failure(fake, config, program):
    """The API server has nothing to say where nothing changes."""
    fake.answer = lambda handler: (handler.stream() if handler.is_watch
                                   else handler.reply(200, a_list()))
    follow = program("follow", config(fake.url), STORES, 1000)
    follow.wait("third watch", lambda _: len(fake.requests) == 4, seconds=10)
    follow.end()
    assert all(path.endswith("resourceVersion=100") for path in paths(fake)[1:])
    assert len(follow.errors) == 1, follow.errors


def test_redirects_are_not_followed(fake, config, program):
    fake.answer = lambda handler: handler.reply(
        302, b"", [("Location", f"{fake.url}/elsewhere")])
    follow = program("follow", config(fake.url), STORES)
    follow.wait_for_log("302: (no body)")
    follow.end()
    assert "/elsewhere" not in paths(fake)


def test_another_authority_is_not_trusted(fake, config, program):
    fake.answer = lambda handler: handler.reply(200, a_list())
    follow = program("follow", config(fake.url, authority="other.crt"), STORES)
    follow.wait_for_log("certificate")
    follow.end()
    assert fake.requests == []


def test_the_name_in_the_certificate(certificates, config, program):
    """tls-server-name, and that it is looked at."""
    fake = Fake(certificates / "named.crt", certificates / "server.key")
    fake.answer = lambda handler: (handler.stream() if handler.is_watch
                                   else handler.reply(200, a_list()))
    try:
        follow = program("follow", config(fake.url), STORES)
        follow.wait_for_log("127.0.0.1")
        follow.end()
        assert fake.requests == []
        named = config(fake.url, cluster={"tls-server-name": "api.example.com"})
        follow = program("follow", named, STORES)
        follow.wait_for("end")
        follow.end()
        assert fake.requests[0][1]["Host"] == fake.url.removeprefix("https://")
    finally:
        fake.over.set()
        fake.shutdown()


def test_the_token_is_read_for_each_request(fake, config, program, tmp_path):
    token = tmp_path / "token"
    token.write_text("first\n")

    def answer(handler):
        if not handler.is_watch:
            handler.reply(200, a_list())
            return
        token.write_text("second\n")
        handler.stream(event("BOOKMARK", "", "5"), hold=len(fake.requests) > 2)

    fake.answer = answer
    follow = program("follow", config(fake.url, tokenFile="token"), STORES)
    follow.wait("third request", lambda _: len(fake.requests) > 2)
    follow.end()
    assert [headers["Authorization"] for _, headers in fake.requests[:3]] == [
        "Bearer first", "Bearer first", "Bearer second"]


def test_no_log_has_a_token(fake, config, program):
    fake.answer = lambda handler: handler.reply(401, {"kind": "Status",
                                                      "message": "Unauthorized"})
    follow = program("follow", config(fake.url), STORES)
    follow.wait_for_log("401: Unauthorized")
    follow.end()
    assert "hidden" not in "".join(follow.errors + follow.lines)


def test_nobody_is_there(config, program):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    follow = program("follow", config(f"https://127.0.0.1:{port}"), STORES)
    follow.wait_for_log("Failed to connect")
    assert follow.end() < 500 * SLOW


def test_who_takes_connections_and_says_nothing(config, program):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        follow = program("follow", config(url), STORES)
        silent.accept()
        assert follow.end() < 500 * SLOW


def test_a_kubeconfig_that_is_refused(tmp_path, config):
    def message(path):
        done = subprocess.run([PROGRAMS / "follow", path, STORES], capture_output=True,
                              text=True, timeout=20, check=False)
        assert done.returncode == 1
        return done.stderr

    assert "cannot open" in message(tmp_path / "none")
    assert "user.exec: no other program is run" in message(
        config("https://127.0.0.1:1", exec={"command": "x"}))
    assert "must be like https://HOST:PORT" in message(
        config("https://user:hidden@127.0.0.1:1"))
    assert "hidden" not in message(config("https://user:hidden@127.0.0.1:1"))
