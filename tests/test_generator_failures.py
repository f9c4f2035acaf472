"""The generator before an API server whose list of Stores goes wrong on its way: an error,
and never a list that is too short. (What a real one does: test_generator.py.)"""

import json
import socket
import subprocess
import threading
import time

import pytest

from api_programs import SLOW, STORES, a_list, certificates, config, fake, gone, store  # noqa: F401
from conftest import WEBHOOK
from generator import Generator, question, started

PAGE = 500


class Webhook:
    """Ready, with empty caches."""

    def __init__(self, fake, kubeconfig, folder, certificates):  # noqa: F811
        self.log = folder / "log"
        (folder / "token").write_text("right")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [WEBHOOK, "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--kubeconfig",
                 kubeconfig, "--tls-cert", certificates / "server.crt", "--tls-key",
                 certificates / "server.key", "--generator", "127.0.0.1:0",
                 "--generator-token-file", folder / "token", "--drain", "0"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.token_file, self.generator = folder / "token", None

    def said(self):
        return self.log.read_text()

    def logged(self):
        return [json.loads(line) for line in self.said().splitlines()]

    def wait(self, *lines):
        """Until it serves, and has said all of these."""
        deadline = time.monotonic() + 20 * SLOW
        while not all(text in self.said() for text in ('"serving"', *lines)):
            assert self.process.poll() is None and time.monotonic() < deadline, self.said()
            time.sleep(0.05)
        self.generator = Generator(started(self.logged())["generator"], self.token_file)

    def end(self):
        self.process.terminate()
        assert self.process.wait(60 * SLOW) == 0, self.said()
        assert "Sanitizer" not in self.said(), self.said()


@pytest.fixture
def webhook(fake, config, tmp_path, certificates):  # noqa: F811
    fake.hold_nothing(lambda handler: handler.reply(404))
    one = Webhook(fake, config(fake.url), tmp_path, certificates)
    try:
        one.wait("stores: listed", "storepolicies: listed", "storequotas: listed")
        fake.requests.clear()
        yield one
    finally:
        one.end()


def test_before_the_policy_is_known_there_is_no_list(
        fake, config, tmp_path, certificates):  # noqa: F811
    """Another policy would give Stores other hosts."""
    fake.hold_nothing(lambda handler: handler.reply(404))
    as_held = fake.answer
    fake.answer = lambda handler: (handler.reply(403, b"no") if "policies" in handler.path
                                   else as_held(handler))
    one = Webhook(fake, config(fake.url), tmp_path, certificates)
    try:
        one.wait("stores: listed")
        one.generator.ask().fails(503, "policy in force is not known")
        fake.answer = as_held
        one.wait("storepolicies: listed")
        assert one.generator.ask().parameters == []
    finally:
        one.end()


def entries(*names, more="", **spec):
    page = a_list(more=more)
    page["items"] = [dict(store(name, delivery="gitops", **spec), metadata={
        "name": name, "uid": f"uid-{name}"}) for name in names]
    return page


def pages(fake, *answers):  # noqa: F811
    """Each list of Stores gets the next of these answers, the last again and again;
    answers are functions of the handler, or pages."""
    left = list(answers)

    def answer(handler):
        if handler.is_watch:
            handler.stream()
        elif not handler.path.startswith(f"{STORES}?"):
            handler.reply(200, a_list())
        else:
            one = left.pop(0) if len(left) > 1 else left[0]
            if callable(one):
                one(handler)
            else:
                handler.reply(200, one)

    fake.answer = answer


def cut(handler):
    """Half of a page, and the connection is gone."""
    body = json.dumps(entries("c", "d")).encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[:len(body) // 2])
    handler.wfile.flush()
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def replies(status, body):
    return lambda handler: handler.reply(status, body)


BROKEN = {
    "cut off": (cut, "GET"),
    "half a page": (replies(200, json.dumps(entries("c", "d")).encode()[:-40]), "not JSON"),
    "nothing": (replies(200, b""), "not JSON"),
    "no list": (replies(200, {"kind": "Status", "status": "Success"}), "no list"),
    "another list": (replies(200, {"metadata": {"resourceVersion": "1"}, "items": {}}),
                     "no list"),
    "error": (replies(500, b"etcdserver: request timed out"), "500"),
    "overloaded": (replies(429, b"later"), "429"),
    "forbidden": (replies(403, {"kind": "Status", "message": "not for you"}), "not for you"),
    "no such kind": (replies(404, b"404 page not found"), "404"),
    "expired, always": (replies(410, gone()), "410"),
}


@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.parametrize("first", [True, False], ids=["first page", "second page"])
def test_a_list_that_breaks_is_none(fake, webhook, case, first):  # noqa: F811
    broken, says = BROKEN[case]
    if first:
        pages(fake, broken)
    elif "expired" in case:
        turn = [entries("a", "b", more="next"), broken]
        pages(fake, lambda handler: handler.reply(200, turn[0])
              if "continue=" not in handler.path else turn[1](handler))
    else:
        pages(fake, entries("a", "b", more="next"), broken)
    webhook.generator.ask().fails(503, "can't be read", says)
    pages(fake, entries("a", "b", more="next"), entries("c"))
    assert webhook.generator.ask().names == ["a", "b", "c"]


def test_a_list_that_stands_still_in_the_middle_is_none(fake, webhook):  # noqa: F811
    pages(fake, entries("a", "b", more="next"), lambda handler: handler.stream(b'{"items": ['))
    begun = time.monotonic()
    webhook.generator.ask().fails(503, "can't be read", "no whole answer in time")
    assert time.monotonic() - begun < 25 * SLOW


def test_a_list_that_expires_begins_anew(fake, webhook):  # noqa: F811
    pages(fake, entries("a", "gone-since", more="next"), replies(410, gone()),
          entries("a", more="next"), entries("b"))
    assert webhook.generator.ask().names == ["a", "b"]


def test_lists_are_read_by_quorum_and_as_one(fake, webhook):  # noqa: F811
    pages(fake, entries("a", more="to=ken"), entries("b"))
    webhook.generator.ask()
    asked = [path for path, _ in fake.requests if path.startswith(f"{STORES}?limit")]
    assert asked == [f"{STORES}?limit={PAGE}", f"{STORES}?limit={PAGE}&continue=to%3Dken"]


def test_the_order_is_by_name_whatever_the_lists(fake, webhook):  # noqa: F811
    pages(fake, entries("m", "a", more="next"), entries("z", "b"))
    first = webhook.generator.ask()
    assert first.names == ["a", "b", "m", "z"]
    pages(fake, entries("z", "m", "b", "a"))
    assert webhook.generator.ask().body == first.body


def test_a_store_without_a_name_spoils_the_list(fake, webhook):  # noqa: F811
    spoilt = entries("a", "b")
    del spoilt["items"][1]["metadata"]["name"]
    pages(fake, spoilt)
    webhook.generator.ask().fails(500, "without a name")


def test_fields_of_later_versions_stand_in_nobodys_way(fake, webhook):  # noqa: F811
    pages(fake, entries("a", invented={"x": [1.5, None, True, "1e3"]}))
    (entry,) = webhook.generator.ask().parameters
    assert '"invented":{"x":[1.5,null,true,"1e3"]}' in entry["store"]


def test_a_list_that_is_too_large_is_refused_and_had_in_parts(fake, webhook):  # noqa: F811
    large = entries(*(f"shop-{number:03d}" for number in range(500)), more="next",
                    values={"x": "y" * 32_000})
    rest = entries(*(f"zoo-{number:03d}" for number in range(600)), engine="medusa",
                   values={"x": "y" * 32_000})
    pages(fake, large, rest)
    webhook.generator.ask().fails(500, "larger than 32 MiB", "each engine by itself",
                                  "input.parameters: {shard: 0, of: 2}")
    pages(fake, large, rest)
    assert len(webhook.generator.ask(question(engine="medusa")).names) == 600
    names = []
    for shard in range(2):
        pages(fake, large, rest)
        names += webhook.generator.ask(question(shard=str(shard), of=2)).names
    assert len(names) == len(set(names)) == 1100


def test_worse_than_any_is_withheld_alone(fake, webhook):  # noqa: F811
    """Made before there was a budget, or while nobody looked."""
    stores = entries("good", "many", "long", "deep")
    many, long, deep = (item["spec"] for item in stores["items"][1:])
    many["values"], long["values"] = {"x": [0] * 92_000}, {"x": "y" * 1_400_000}
    deep["values"] = "DEEP"
    body = json.dumps(stores).replace(
        '"DEEP"', '{"x": %s%s}' % ("[" * 3000, "]" * 3000)).encode()
    pages(fake, lambda handler: handler.reply(200, body))
    assert webhook.generator.ask().names == ["good"]
    said = [line["stores"] for line in webhook.logged() if "withheld from" in line["message"]]
    assert len(said) == 1 and all(f"{name}: spec.values is larger" in said[0]
                                  for name in ("many", "long", "deep")), said


def test_lists_are_read_one_after_another(fake, webhook):  # noqa: F811
    """Ten who ask at once all get theirs, and the API server one list at a time."""
    under_way, most = [], []

    def slowly(handler):
        under_way.append(1)
        most.append(len(under_way))
        time.sleep(0.1)
        under_way.pop()
        handler.reply(200, entries("a"))

    pages(fake, slowly)
    seen = []
    callers = [threading.Thread(target=lambda: seen.append(webhook.generator.ask().names))
               for _ in range(10)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert seen == [["a"]] * 10 and max(most) == 1
