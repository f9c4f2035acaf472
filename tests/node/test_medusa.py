"""A Medusa store on the node: real Medusa from npm on real PostgreSQL and Redis, under
guard. It takes orders, and keeps them whatever happens."""

import json

import pytest

from conftest import ROOT
from node.checks import assert_inside_bounds, events

NAMED = ["--set", "store.displayName=Books & More"]
# What a second seed could double.
TABLES = ("product", "product_variant", "region", "sales_channel", "shipping_option",
          "shipping_profile", "stock_location", "api_key", "user", "auth_identity",
          "tax_region", "fulfillment_set")


@pytest.fixture(scope="module")
def shop(make_store):
    store = make_store("books", "medusa", major=4)
    store.upgrade(*NAMED)
    store.wait_ready()
    return store


@pytest.fixture(scope="module")
def order(shop):
    """The first order's id."""
    return place_order(shop)


def publishable_key(shop):
    return shop.medusa("SELECT token FROM api_key WHERE type = 'publishable'")


def place_order(shop):
    done = shop.run_customer(ROOT / "charts" / "medusa" / "files" / "place-order.sh",
                             publishable_key(shop))
    assert done.returncode == 0, f"{done.stderr}\n{shop.describe()}"
    return done.stdout.strip()


def orders(shop):
    return shop.medusa("SELECT string_agg(id, ' ') FROM \"order\"").split()


def everything(shop):
    return {table: shop.medusa(f'SELECT COUNT(*) FROM "{table}" WHERE deleted_at IS NULL')
            for table in TABLES}


def revision(shop):
    history = json.loads(shop.run_helm("history", shop.release, "-o", "json",
                                       guarded=False).stdout)
    return history[-1]["revision"]


def test_the_store_is_up_within_its_bounds(shop):
    assert_inside_bounds(shop)


def test_the_shop_answers_through_its_service(shop):
    assert shop.http("/health") == (200, "OK")


def test_an_order_is_placed_over_http(shop, order):
    assert order in orders(shop)


def test_the_key_is_where_the_notes_say(shop):
    notes = shop.run_helm("get", "notes", shop.release, guarded=False).stdout.decode()
    assert "place-order.sh" in notes, notes
    assert publishable_key(shop) in shop.job_logs()


def test_the_administrator_gets_in_by_the_secret_alone(shop):
    password = shop.password("admin-password")
    for words, status in ((password, 200), ("wrong", 401)):
        code, body = shop.http("/auth/user/emailpass", "--json", json.dumps(
            {"email": f"admin@{shop.host}", "password": words}))
        assert code == status, body
    assert password not in shop.job_logs()
    assert password not in shop.must("get", "all,configmaps,events", "-o", "yaml")


def test_a_second_seed_adds_nothing(shop):
    before = everything(shop)
    assert before["product"] == "3" and before["user"] == "1", before
    shop.must("delete", "job", shop.job()["metadata"]["name"])
    shop.upgrade(*NAMED)
    shop.wait_ready()
    assert everything(shop) == before


def is_migrating(store):
    return any(status["name"] == "migrate" and "running" in status["state"]
               for pod in store.pods("setup")
               for status in pod["status"].get("initContainerStatuses", []))


def test_a_set_up_cut_short_is_retried_and_doubles_nothing(make_store):
    """The database goes away while the set-up runs, and comes back."""
    store = make_store("comics", "medusa", major=3)
    store.upgrade()
    store.cluster.wait("migration under way", lambda: is_migrating(store), 180)
    store.must("delete", "pod", f"{store.release}-database-0", "--grace-period=0",
               "--force")
    store.wait_ready()
    counts = everything(store)
    assert counts["product"] == "3" and counts["user"] == "1", counts
    assert place_order(store) in orders(store)


def test_upgrade_rollback_and_plan_change_keep_order_and_guards(shop, order):
    guards, password = shop.guards(), shop.password("admin-password")
    hard = shop.quota()["hard"]["limits.cpu"]
    before = revision(shop)
    shop.plan = "medium"
    shop.upgrade("--set", "store.displayName=Books and Maps", "--set",
                 "database.storage=2Gi")
    shop.wait_ready()
    assert shop.quota()["hard"]["limits.cpu"] != hard
    claim = shop.must("get", "pvc", f"{shop.release}-database", "-o",
                      "jsonpath={.spec.resources.requests.storage}")
    assert claim == "2Gi", "the owner's new size did not reach the claim"
    shop.upgrade("--set", "store.displayName=Books and Maps", "--set",
                 "database.storage=2Gi", guarded=False)
    assert shop.guards() == guards, "an upgrade without the flag took guards away"
    shop.upgrade(*NAMED, "--set", "database.storage=2Gi")
    shop.plan = "small"
    shop.wait_ready()
    assert order in orders(shop)
    assert shop.guards() == guards
    assert shop.password("admin-password") == password
    assert before < revision(shop)


def test_a_broken_image_says_so_and_a_rollback_mends_it(shop, order):
    before = revision(shop)
    shop.upgrade(*NAMED, "--set", "database.storage=2Gi", "--set",
                 "image=storeguard.test/pause:1")
    shop.cluster.wait("word of what is wrong", lambda: [
        e for e in events(shop) if "executable file not found" in e], 120)
    assert shop.http("/health") == (200, "OK"), "the old server left before the new one came"
    shop.rollback(before)
    shop.wait_ready()
    assert shop.http("/health") == (200, "OK")
    assert order in orders(shop)


def test_a_power_cut_is_survived(shop, order):
    shop.cluster.restart()
    shop.wait_ready()
    assert order in orders(shop)
    assert place_order(shop) != order


def test_what_was_uninstalled_comes_back_as_it_was(shop, order):
    guards = shop.guards()
    done = shop.run_helm("uninstall", shop.release, "--wait", guarded=False)
    assert done.returncode == 0, done.stderr.decode()
    assert shop.guards() == guards
    shop.upgrade(*NAMED, "--set", "database.storage=2Gi")
    shop.wait_ready()
    assert order in orders(shop)
    assert everything(shop)["product"] == "3"
