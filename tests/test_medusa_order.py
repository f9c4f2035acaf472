"""The order script of the Medusa chart against a stand-in that answers as Medusa's
Store API does: what the script asks for, and what it says when a step fails. The real
Medusa takes its orders on the node (tests/node/test_medusa.py)."""

import http.server
import json
import os
import socket
import subprocess
import threading

import pytest

from conftest import ROOT

SCRIPT = ROOT / "charts" / "medusa" / "files" / "place-order.sh"
KEY = "pk_0123"
REGION = {"id": "reg_1", "countries": [{"iso_2": "aq"}, {"iso_2": "de"}]}
MUG = {"id": "variant_mug", "manage_inventory": True, "allow_backorder": False,
       "calculated_price": {"calculated_amount": 12}}
SHIRT = {"id": "variant_shirt", "manage_inventory": False,
         "calculated_price": {"calculated_amount": 25}}
UNPRICED = {"id": "variant_free", "manage_inventory": False, "calculated_price": None}


class Shop:
    """A store with two regions, of which one has countries, and three products."""

    def __init__(self):
        self.asked = []
        self.answers = {
            "GET regions": {"regions": [{"id": "reg_0", "countries": []}, REGION]},
            "GET products": {"products": [{"variants": [UNPRICED, MUG]},
                                          {"variants": [SHIRT]}]},
            "POST carts": {"cart": {"id": "cart_1"}},
            "POST carts/cart_1": {"cart": {"id": "cart_1"}},
            "GET shipping-options": {"shipping_options": [
                {"id": "so_express", "amount": 20}, {"id": "so_free", "amount": 0}]},
            "POST carts/cart_1/shipping-methods": {"cart": {"id": "cart_1"}},
            "GET payment-providers": {"payment_providers": [
                {"id": "pp_card"}, {"id": "pp_system_default"}]},
            "POST payment-collections": {"payment_collection": {"id": "pay_1"}},
            "POST payment-collections/pay_1/payment-sessions": {
                "payment_collection": {"id": "pay_1"}},
            "POST carts/cart_1/complete": {"type": "order", "order": {"id": "order_1"}},
        }

    def answer(self, call, query, sent):
        """Status and body; an answer may be either, or depend on what was sent."""
        self.asked.append((call, query, sent))
        found = self.answers.get(call, (404, "no such path"))
        if callable(found):
            found = found(sent)
        return found if isinstance(found, tuple) else (200, found)

    def sent(self, call):
        """What was sent with the last such call."""
        return [sent for asked, _, sent in self.asked if asked == call][-1]


def handler(shop):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.reply(None)

        def do_POST(self):
            self.reply(json.loads(self.rfile.read(int(self.headers["content-length"]))))

        def reply(self, sent):
            path, _, query = self.path.partition("?")
            call = f"{self.command} {path.removeprefix('/store/')}"
            status, body = shop.answer(call, query, sent)
            if self.headers["x-publishable-api-key"] != KEY:
                status, body = 400, {"message": "A valid publishable key is required"}
            text = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    return Handler


@pytest.fixture
def shop():
    shop = Shop()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(shop))
    threading.Thread(target=server.serve_forever, args=(0.01,)).start()
    shop.url = f"http://127.0.0.1:{server.server_port}"
    yield shop
    server.shutdown()
    server.server_close()


def run(*args, **environment):
    return subprocess.run([SCRIPT, *args], capture_output=True, text=True, timeout=30,
                          env={**os.environ, **environment}, check=False)


def place_order(shop):
    """The order's id, with nothing else said."""
    done = run(shop.url, KEY)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def refusal(shop):
    """What is said when no order can be placed."""
    done = run(shop.url, KEY)
    assert done.returncode == 1, done
    assert done.stdout == ""
    return done.stderr


def test_an_order_is_placed_and_its_id_printed(shop):
    assert place_order(shop) == "order_1\n"
    assert shop.sent("POST carts") == {
        "region_id": "reg_1", "items": [{"variant_id": "variant_shirt", "quantity": 1}]}
    address = shop.sent("POST carts/cart_1")
    assert address["shipping_address"] == address["billing_address"]
    assert shop.sent("POST carts/cart_1/shipping-methods") == {"option_id": "so_free"}
    assert shop.sent("POST payment-collections/pay_1/payment-sessions") == {
        "provider_id": "pp_system_default"}


def test_a_slash_behind_the_address_changes_nothing(shop):
    shop.url += "/"
    assert place_order(shop) == "order_1\n"


def test_what_is_out_of_stock_gives_way_to_the_next(shop):
    def carts(sent):
        if sent["items"][0]["variant_id"] == "variant_shirt":
            return 400, {"message": "variant_shirt is out of stock"}
        return {"cart": {"id": "cart_1"}}
    shop.answers["POST carts"] = carts
    assert place_order(shop) == "order_1\n"
    assert shop.sent("POST carts")["items"][0]["variant_id"] == "variant_mug"


def test_the_country_is_one_that_the_store_ships_to(shop):
    def options(_):
        to = shop.sent("POST carts/cart_1")["shipping_address"]["country_code"]
        return {"shipping_options": [{"id": "so_free", "amount": 0}] if to == "de" else []}
    shop.answers["GET shipping-options"] = options
    assert place_order(shop) == "order_1\n"


STEPS = {"GET regions": "region", "GET products": "product", "POST carts": "cart",
         "POST carts/cart_1": "address", "GET shipping-options": "shipping",
         "POST carts/cart_1/shipping-methods": "shipping",
         "GET payment-providers": "payment", "POST payment-collections": "payment",
         "POST payment-collections/pay_1/payment-sessions": "payment",
         "POST carts/cart_1/complete": "complete"}


@pytest.mark.parametrize("call", STEPS)
def test_a_failure_names_its_step_status_and_message(shop, call):
    shop.answers[call] = (500, {"type": "unknown", "message": "the database is gone"})
    assert refusal(shop) == (
        f"place-order: {STEPS[call]}: HTTP 500: the database is gone\n")


@pytest.mark.parametrize("call, answer, words", [
    ("GET regions", {"regions": []}, "region: the store has no region with a country"),
    ("GET products", {"products": [{"variants": [UNPRICED]}]},
     "product: the store sells no product that has a price"),
    ("GET shipping-options", {"shipping_options": []},
     "shipping: the store ships to no country of its region reg_1"),
    ("GET payment-providers", {"payment_providers": []},
     "payment: the store has no way to pay in its region reg_1"),
    ("POST carts", {}, "cart: the store answered without a cart"),
    ("POST carts/cart_1/complete",
     {"type": "cart", "error": {"message": "the card was declined"}},
     "complete: no order was made: the card was declined"),
])
def test_what_a_store_lacks_is_said(shop, call, answer, words):
    shop.answers[call] = answer
    assert refusal(shop) == f"place-order: {words}\n"


def test_a_proxys_page_is_quoted(shop):
    shop.answers["GET regions"] = (502, "<html>\n<h1>502 Bad Gateway</h1>")
    assert refusal(shop) == (
        "place-order: region: HTTP 502: <html> <h1>502 Bad Gateway</h1>\n")


def test_another_kind_of_site_is_told_apart(shop):
    shop.answers["GET regions"] = "<html>Welcome</html>"
    assert refusal(shop) == ("place-order: region: HTTP 200, but not the JSON of a "
                             "Medusa store: <html>Welcome</html>\n")


def test_a_wrong_key_shows_the_stores_own_words(shop):
    done = run(shop.url, "pk_other")
    assert done.returncode == 1
    assert "region: HTTP 400: A valid publishable key is required" in done.stderr


def test_a_store_that_does_not_answer(shop):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        done = run(f"http://127.0.0.1:{free.getsockname()[1]}", KEY)
    assert done.returncode == 1
    assert done.stderr.startswith("place-order: region: curl: (7) "), done.stderr


@pytest.mark.parametrize("args", [[], ["http://shop.example.com"],
                                  ["http://shop.example.com", KEY, "more"]])
def test_wrong_usage_is_answered_by_the_right_one(args):
    done = run(*args)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: place-order.sh URL PUBLISHABLE-KEY")


def test_nothing_is_left_behind(shop, tmp_path):
    assert run(shop.url, KEY, TMPDIR=str(tmp_path)).returncode == 0
    assert list(tmp_path.iterdir()) == []
