"""charts/woocommerce/files/place-order.sh against a server that holds to the contract
of WooCommerce's Store API: sessions by token or cookie, nonces, addresses, shipping
rates, payment methods. Nothing of the server is WooCommerce's."""

import http.server
import json
import subprocess
import threading
import urllib.parse

import pytest

from conftest import ROOT

SCRIPT = ROOT / "charts" / "woocommerce" / "files" / "place-order.sh"
STATES = {"US": {"NY", "CA"}, "CA": {"ON", "QC"}}
ADDRESS = ("first_name", "last_name", "address_1", "city", "postcode", "country")


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Shop:
    """What the server knows; tests change it before the script runs."""

    def __init__(self):
        self.products = [
            {"id": 7, "type": "variable", "is_purchasable": True, "is_in_stock": True},
            {"id": 8, "type": "simple", "is_purchasable": True, "is_in_stock": False},
            {"id": 9, "type": "simple", "is_purchasable": True, "is_in_stock": True}]
        self.country = "US"
        self.rates = {"US": [("flat_rate:2", 500), ("free_shipping:1", 0)],
                      "CA": [("flat_rate:3", 900)]}
        self.preselects = True
        self.methods = ["bacs", "cod"]
        self.root = "/wp-json/"
        self.announces_root = True
        self.tokens = True       # Cart-Token is known
        self.payment = "success"
        self.instead = {}        # path: (status, headers, body)
        self.carts = {}
        self.orders = []
        self.nonce = "1a2b3c4d5e"

    # --- the session ---------------------------------------------------------------

    def session(self, headers):
        """(key, whether the token was valid)"""
        token = headers.get("Cart-Token")
        if self.tokens and token in self.carts:
            return token, True
        cookie = headers.get("Cookie", "").partition("session=")[2].partition(";")[0]
        if cookie in self.carts:
            return cookie, False
        key = f"cart{len(self.carts)}"
        self.carts[key] = {"items": [], "chosen": None, "address": {
            "country": self.country}}
        return key, False

    def check_nonce(self, headers, method, path, by_token):
        if path != "/checkout" and (method == "GET" or by_token):
            return
        if "Nonce" not in headers:
            raise Refused(401, "woocommerce_rest_missing_nonce",
                          "Missing the Nonce header.")
        if headers["Nonce"] != self.nonce:
            raise Refused(403, "woocommerce_rest_invalid_nonce", "Nonce is invalid.")

    # --- endpoints -------------------------------------------------------------------

    def cart(self, cart, _body=None):
        rates = [{"rate_id": rate, "price": str(price),
                  "selected": rate == cart["chosen"]}
                 for rate, price in self.rates.get(cart["address"]["country"], [])]
        if self.preselects and rates and not any(r["selected"] for r in rates):
            rates[0]["selected"] = True
            cart["chosen"] = rates[0]["rate_id"]
        packages = [{"package_id": 0, "shipping_rates": rates}] if cart["items"] else []
        return {"items": cart["items"], "needs_shipping": bool(cart["items"]),
                "shipping_address": cart["address"], "shipping_rates": packages,
                "payment_methods": self.methods}

    def add_item(self, cart, body):
        product = next((p for p in self.products if p["id"] == body["id"]), None)
        if product is None or not product["is_in_stock"]:
            raise Refused(400, "woocommerce_rest_product_out_of_stock",
                          "You cannot add this product: it is out of stock.")
        cart["items"].append({"id": body["id"], "quantity": body["quantity"]})
        return self.cart(cart)

    def check_address(self, address, email):
        missing = [f for f in ADDRESS + (("email",) if email else ())
                   if not address.get(f)]
        states = STATES.get(address.get("country"), {""})
        if missing or address["state"] not in states:
            raise Refused(400, "rest_invalid_param",
                          f"Invalid parameter(s): {', '.join(missing) or 'state'}")

    def update_customer(self, cart, body):
        self.check_address(body["shipping_address"], email=False)
        cart["address"] = body["shipping_address"]
        cart["chosen"] = None
        return self.cart(cart)

    def select_rate(self, cart, body):
        assert set(body) == {"package_id", "rate_id"}, body
        cart["chosen"] = body["rate_id"]
        return self.cart(cart)

    def checkout(self, cart, body):
        if not cart["items"]:
            raise Refused(400, "woocommerce_rest_cart_empty",
                          "Cannot place an order for an empty cart.")
        self.check_address(body["billing_address"], email=True)
        self.check_address(body["shipping_address"], email=False)
        if body["payment_method"] not in self.methods:
            raise Refused(400, "woocommerce_rest_checkout_payment_method_disabled",
                          "The payment method is not available.")
        if cart["chosen"] is None:
            raise Refused(400, "woocommerce_rest_invalid_shipping_option",
                          "Sorry, this order requires a shipping option.")
        self.orders.append({**cart, "email": body["billing_address"]["email"]})
        cart["items"] = []
        return {"order_id": 100 + len(self.orders), "status": "processing",
                "order_number": f"2026-{len(self.orders)}", "payment_result": {
                    "payment_status": self.payment}}

    def answer(self, method, target, headers, body):
        """(status, headers, body as bytes)"""
        url = urllib.parse.urlsplit(target)
        query = dict(urllib.parse.parse_qsl(url.query))
        path = url.path
        if "rest_route" in query:
            path = "/wp-json" + query["rest_route"]
        if path in self.instead:
            return self.instead[path]
        if path == "/":
            link = f'<{headers["Origin-Of-Test"]}{self.root}>; rel="https://api.w.org/"'
            return 200, [("Link", link)] if self.announces_root else [], b"<html>"
        endpoint = path.removeprefix("/wp-json/wc/store/v1")
        known = {("GET", "/products"): None, ("GET", "/cart"): self.cart,
                 ("POST", "/cart/add-item"): self.add_item,
                 ("POST", "/cart/update-customer"): self.update_customer,
                 ("POST", "/cart/select-shipping-rate"): self.select_rate,
                 ("POST", "/checkout"): self.checkout}
        if endpoint == path or (method, endpoint) not in known:
            return 404, [], json.dumps({"code": "rest_no_route", "message":
                                        "No route was found."}).encode()
        if endpoint == "/products":
            return 200, [], json.dumps(self.products).encode()
        key, by_token = self.session(headers)
        session = [("nonce", self.nonce), ("Set-Cookie", f"session={key}; path=/")]
        if self.tokens:
            session.append(("cart-token", key))
        try:
            self.check_nonce(headers, method, endpoint, by_token)
            if method == "POST":
                assert headers["Content-Type"] == "application/json"
            result = known[method, endpoint](self.carts[key], json.loads(body or b"{}"))
        except Refused as refusal:
            return refusal.status, session, json.dumps({
                "code": refusal.code, "message": refusal.message}).encode()
        status = 201 if endpoint == "/cart/add-item" else 200
        return status, session, json.dumps(result).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.headers["Origin-Of-Test"] = f"http://{self.headers['Host']}"
        status, headers, body = self.server.shop.answer(
            self.command, self.path, self.headers, body)
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_args):
        pass


@pytest.fixture
def shop():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.shop = Shop()
    server.shop.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield server.shop
    server.shutdown()
    thread.join()
    server.server_close()


def order(shop, *args):
    return subprocess.run([SCRIPT, shop.url, *args], capture_output=True, text=True,
                          timeout=60, check=False)


def assert_ordered(shop, done):
    assert (done.returncode, done.stdout, done.stderr) == (0, "2026-1\n", "")
    assert len(shop.orders) == 1
    assert shop.orders[0]["items"] == [{"id": 9, "quantity": 1}]


def test_an_order_is_placed(shop):
    assert_ordered(shop, order(shop))
    assert shop.orders[0]["email"] == "customer@example.com"


def test_the_url_may_end_in_a_slash(shop):
    shop.url += "/"
    assert_ordered(shop, order(shop))


@pytest.mark.parametrize("change", [
    {"tokens": False}, {"announces_root": False}, {"root": "/?rest_route=/"}],
    ids=["only-cookies-and-nonce", "api-not-announced", "plain-permalinks"])
def test_other_shops_are_understood(shop, change):
    vars(shop).update(change)
    assert_ordered(shop, order(shop))


def test_each_order_has_a_cart_of_its_own(shop):
    first, second = order(shop), order(shop)
    assert [first.stdout, second.stdout] == ["2026-1\n", "2026-2\n"]
    assert [len(o["items"]) for o in shop.orders] == [1, 1]


def test_the_cheapest_rate_is_chosen_where_the_shop_chose_none(shop):
    shop.preselects = False
    assert_ordered(shop, order(shop))
    assert shop.orders[0]["chosen"] == "free_shipping:1"


def test_the_customer_lives_where_the_shop_does(shop):
    shop.country = "CA"
    assert_ordered(shop, order(shop))
    assert shop.orders[0]["address"]["state"] == "ON"


def test_an_address_may_be_given(shop):
    assert_ordered(shop, order(shop, '{"state": "CA", "email": "bob@example.com"}'))
    assert shop.orders[0]["address"]["state"] == "CA"
    assert shop.orders[0]["email"] == "bob@example.com"


PAGE = (200, [], b"<html>Down for maintenance</html>")
ERROR = (500, [], b'{"code": "internal", "message": "There has been a critical error."}')


@pytest.mark.parametrize("change,said", [
    ({"instead": {"/": (503, [], b"Briefly unavailable")}},
     ["start page", "HTTP 503", "Briefly unavailable"]),
    ({"instead": {"/": (301, [("Location", "https://shop.example.com/")], b"")}},
     ["start page", "HTTP 301", "https://shop.example.com/"]),
    ({"instead": {"/wp-json/wc/store/v1/products": PAGE}},
     ["products", "no JSON", "Down for maintenance"]),
    ({"products": []}, ["products", "none of the shop's 0"]),
    ({"instead": {"/wp-json/wc/store/v1/cart": ERROR}},
     ["cart", "HTTP 500", "critical error", "internal"]),
    ({"instead": {"/wp-json/wc/store/v1/cart/add-item": ERROR}},
     ["adding product 9", "HTTP 500", "critical error"]),
    ({"country": "CA", "rates": {}}, ["shipping", "ships nothing to CA K1A 0B1"]),
    ({"methods": ["bacs", "stripe"]}, ["payment", "takes: bacs, stripe"]),
    ({"instead": {"/wp-json/wc/store/v1/checkout": ERROR}},
     ["checkout", "HTTP 500", "critical error"]),
    ({"payment": "failure"}, ["checkout", '"failure"']),
], ids=lambda v: None if isinstance(v, dict) else v[0].replace(" ", "-"))
def test_a_failure_says_at_which_step_and_why(shop, change, said):
    vars(shop).update(change)
    done = order(shop)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert done.stderr.startswith(f"place-order: {said[0]}"), done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for words in said[1:]:
        assert words in done.stderr


def test_the_shops_refusal_of_an_address_is_passed_on(shop):
    done = order(shop, '{"state": "Nowhere"}')
    assert done.stderr == ("place-order: address: HTTP 400: Invalid parameter(s): state "
                           "(rest_invalid_param)\n")
    assert shop.orders == []


def test_a_shop_that_does_not_answer(shop):
    shop.url = "http://127.0.0.1:1"
    done = order(shop)
    assert done.returncode == 1
    assert done.stderr.startswith("place-order: start page: no answer: "), done.stderr


@pytest.mark.parametrize("args,said", [
    ([], "usage"), (["x", "not JSON"], "ADDRESS"), (["x", "[]"], "ADDRESS"),
    (["a", "{}", "b"], "usage")])
def test_wrong_arguments(args, said):
    done = subprocess.run([SCRIPT, *args], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("place-order: arguments: ") and said in done.stderr
