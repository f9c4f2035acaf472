"""charts/woocommerce/files/setup.sh step by step, with stand-ins for wp-cli and the
database: twice, and with a failure at each call in turn before a retry."""

import os
import subprocess

import pytest
import yaml

from conftest import ROOT
from helm import chart_args, helms  # noqa: F401
from wordpress_stand_in import PAGES, Error, Site, StandIn, parse

FILES = ROOT / "charts" / "woocommerce" / "files"
PASSWORD = "correct-horse-battery-staple"
SETTINGS = {"STORE_URL": "http://fashion.shops.example.com",
            "STORE_TITLE": 'Fashion, by "Alice" $HOME', "ADMIN_PASSWORD": PASSWORD,
            "ADMIN_EMAIL": "alice@example.com", "WOOCOMMERCE_VERSION": "10.7.0",
            "SHOP_CURRENCY": "USD", "SHOP_COUNTRY": "US", "SHOP_LOCALE": "en_US",
            "SHOP_DEMO_PRODUCTS": "true", "STORE_WAIT_SECONDS": "4"}
PRODUCTS = {"demo-mug": "12.00", "demo-shirt": "25.00", "demo-bag": "18.00"}


class SetUp:
    """Runs the script in a volume where WordPress' files are."""

    def __init__(self, folder):
        self.stand_in = StandIn(folder / "programs")
        self.html = folder / "html"
        self.html.mkdir()
        self.config = self.html / "wp-config.php"
        self.config.write_text("<?php\nrequire_once ABSPATH . 'wp-settings.php';\n")

    @property
    def site(self):
        return self.stand_in.site

    @property
    def commands(self):
        """wp's, without those that only look."""
        return [" ".join(words[1:]) for words in self.stand_in.calls
                if words[0] == "wp" and not set(words) & {
                    "list", "is-installed", "is-active"}]

    def run(self, **settings):
        done = subprocess.run(
            ["sh", FILES / "setup.sh"], cwd=self.html, capture_output=True, text=True,
            timeout=60, check=False, env={
                "PATH": f"{self.stand_in.folder}:{os.environ['PATH']}",
                "STAND_IN": str(self.stand_in.folder), **SETTINGS, **settings})
        said = done.stdout + done.stderr
        assert "STAND-IN" not in said, said
        assert PASSWORD not in said
        return done

    def must(self, **settings):
        done = self.run(**settings)
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith("the shop is set up: "
                                    "http://fashion.shops.example.com\n")
        return done


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    setup = SetUp(tmp_path_factory.mktemp("setup"))
    yield setup
    setup.stand_in.close()


@pytest.fixture
def setup(programs):
    programs.stand_in.reset(Site())
    return programs


@pytest.fixture(scope="module")
def done(programs):
    """A site that was set up without any trouble, and the calls that it took."""
    programs.stand_in.reset(Site())
    programs.must()
    return programs.site, programs.stand_in.calls


def assert_is_a_shop(site):
    assert site.users == {"admin": PASSWORD}
    assert site.options["blogname"] == SETTINGS["STORE_TITLE"]
    assert site.plugins == {"woocommerce": ["10.7.0", True]}
    assert site.theme == "storefront"
    assert site.options["woocommerce_coming_soon"] == "no"
    assert site.options["woocommerce_currency"] == "USD"
    assert site.options["woocommerce_default_country"] == "US"
    assert sorted(site.pages) == sorted(PAGES)
    assert site.gateways == {"cod": True}
    assert site.shipping == ["free_shipping"]
    assert site.permalinks == "/%postname%/"
    assert {slug: (p["sku"], p["price"], p["status"])
            for slug, p in site.products.items()} == {
                slug: (slug, price, "publish") for slug, price in PRODUCTS.items()}


def test_an_empty_wordpress_becomes_a_shop(done):
    assert_is_a_shop(done[0])
    assert not done[0].begun


def test_nothing_happens_before_the_lock_is_held(done):
    programs = [words[:1] + words[2:3] for words in done[1]]
    assert programs[:2] == [["php", "answers"], ["php", "alone"]]


def test_a_second_run_changes_nothing(setup, done):
    setup.stand_in.reset(done[0])
    setup.must(ADMIN_PASSWORD="another")
    assert vars(setup.site) == vars(done[0])
    assert setup.commands == []


# A question's answer may be no.
QUESTIONS = {"is-installed", "is-active", "answers", "alone"}
# Calls with several effects, that can be cut short in between.
LONG = [{"core", "install"}, {"wc", "tool"}, {"wc", "product", "update"}]


def calls_of(done, mode):
    return [number for number, words in enumerate(done[1])
            if not set(words) & QUESTIONS
            and (mode != "half" or any(long <= set(words) for long in LONG))]


@pytest.mark.parametrize("mode", ["before", "half", "after"])
def test_a_failure_at_any_call_ends_the_run_and_a_retry_completes_it(setup, done, mode):
    numbers = calls_of(done, mode)
    assert len(numbers) >= 5
    for number in numbers:
        what = f"call {number}, {' '.join(done[1][number])}"
        setup.stand_in.reset(Site(), fail=(number, mode))
        failed = setup.run()
        assert failed.returncode != 0, f"{what}: its failure went unnoticed"
        assert len(setup.stand_in.calls) == number + 1, f"{what}: the run went on"
        assert "set-up failed at: " in failed.stderr.splitlines()[-1], what
        if mode != "half":
            assert all("price" in p or p["status"] == "draft"
                       for p in setup.site.products.values()), f"{what}: sold half made"
        setup.stand_in.reset(setup.site)
        setup.must(ADMIN_PASSWORD=PASSWORD)
        assert_is_a_shop(setup.site)
        assert not setup.site.begun, what
        assert vars(setup.site) == vars(done[0]) | {
            "options": setup.site.options, "products": setup.site.products}, what


def test_a_failure_says_at_which_step(setup, done):
    number = next(n for n, words in enumerate(done[1]) if "install_pages" in words)
    setup.stand_in.reset(Site(), fail=(number, "before"))
    failed = setup.run()
    assert failed.stderr == ("Error: injected, before\nset-up failed at: pages (exit "
                             "status 1). A retry goes on from there.\n")


def test_an_installation_that_was_cut_short_is_begun_anew(setup, done):
    number = next(n for n, words in enumerate(done[1]) if words[1:3] == [
        "core", "install"])
    setup.stand_in.reset(Site(), fail=(number, "half"))
    assert setup.run().returncode != 0
    assert setup.site.installed and setup.site.users == {}
    setup.stand_in.reset(setup.site)
    setup.must()
    assert setup.site.users == {"admin": PASSWORD}


def test_an_installation_of_another_origin_is_kept(setup):
    setup.site.installed = True
    setup.site.users = {"admin": "the merchant's own"}
    setup.site.options["blogname"] = "Old shop"
    setup.must()
    assert setup.site.users == {"admin": "the merchant's own"}


def change_everything(site):
    """As a merchant may."""
    site.users["admin"] = "changed in the administration"
    site.wc_product_delete("demo-mug")
    site.products["demo-bag"]["price"] = "20.00"
    site.options.update(woocommerce_currency="EUR", woocommerce_coming_soon="yes",
                        woocommerce_default_country="DE", blogname="My shop")
    site.theme = "twentytwentyfive"
    site.pages.remove("refund_returns")
    site.gateways["cod"] = False
    site.shipping.clear()
    site.permalinks = "/shop/%postname%/"
    site.plugins["woocommerce"][0] = "10.8.1"


def test_what_the_merchant_changed_stays(setup, done):
    setup.stand_in.reset(done[0])
    change_everything(setup.site)
    changed = Site()
    vars(changed).update(vars(setup.site))
    setup.stand_in.reset(changed)
    setup.must(WOOCOMMERCE_VERSION="10.7.1")
    assert vars(setup.site) == vars(changed)
    assert setup.commands == []


def test_a_value_that_the_store_changes_is_followed_and_nothing_else(setup, done):
    setup.stand_in.reset(done[0])
    change_everything(setup.site)
    setup.must(SHOP_CURRENCY="CHF", STORE_TITLE="Fashion and more")
    assert setup.commands == [
        "option update blogname Fashion and more",
        setup.commands[1],
        "option update woocommerce_currency CHF",
        "option update store_setup_currency CHF"]
    assert setup.commands[1].startswith("option update store_setup_title ")


def test_what_was_changed_before_a_retry_stays(setup, done):
    number = next(n for n, words in enumerate(done[1]) if "--slug=demo-bag" in words)
    setup.stand_in.reset(Site(), fail=(number, "before"))
    assert setup.run().returncode == 1
    setup.site.products["demo-mug"]["price"] = "14.00"
    setup.site.wc_product_delete("demo-shirt")
    setup.stand_in.reset(setup.site)
    setup.must()
    assert setup.site.products["demo-mug"]["price"] == "14.00"
    assert set(setup.site.products) == {"demo-mug", "demo-bag"}


def test_demo_products_may_come_later(setup):
    setup.must(SHOP_DEMO_PRODUCTS="false")
    assert setup.site.products == {}
    setup.stand_in.reset(setup.site)
    setup.must()
    assert set(setup.site.products) == set(PRODUCTS)


def test_a_product_of_that_sku_is_the_merchants(setup):
    setup.must(SHOP_DEMO_PRODUCTS="false")
    setup.site.products["my-mug"] = {"id": 1, "sku": "demo-mug", "status": "publish"}
    setup.stand_in.reset(setup.site)
    setup.must()
    assert set(setup.site.products) == {"my-mug", "demo-shirt", "demo-bag"}


def test_a_shop_speaks_its_language_as_far_as_it_can(setup):
    setup.site.untranslated = ["storefront"]
    done = setup.must(SHOP_LOCALE="de_DE")
    assert setup.site.options["WPLANG"] == "de_DE"
    assert "the theme stays in English" in done.stderr
    assert setup.commands.index("site switch-language de_DE") < setup.commands.index(
        "wc tool run install_pages --user=1"), "the pages have names of that language"


def test_a_language_that_does_not_exist_is_said(setup):
    failed = setup.run(SHOP_LOCALE="xx_XX")
    assert failed.returncode == 1
    assert "Language 'xx_XX' not available" in failed.stderr
    assert "set-up failed at: locale" in failed.stderr


def test_a_database_that_is_slow_is_waited_for(setup):
    setup.stand_in.silent = 1
    done = setup.must()
    assert "waiting for the database: Connection refused\n" in done.stderr


def test_a_database_that_does_not_come_is_given_up(setup):
    setup.stand_in.silent = 1000
    failed = setup.run()
    setup.stand_in.silent = 0
    assert failed.returncode == 1
    assert failed.stderr.splitlines() == [
        "waiting for the database: Connection refused", "gave up after 4 seconds",
        "set-up failed at: waiting for the database (exit status 1). A retry goes on "
        "from there."]
    assert all(words[0] == "php" for words in setup.stand_in.calls)


@pytest.mark.parametrize("text", ["", "<?php\ndefine('DB_NAME', 'wordpr"],
                         ids=["empty", "half-written"])
def test_files_that_do_not_come_are_given_up(setup, text):
    complete = setup.config.read_text()
    setup.config.write_text(text)
    failed = setup.run()
    setup.config.write_text(complete)
    assert failed.returncode == 1
    assert "see the web pod's log" in failed.stderr
    assert "set-up failed at: waiting for WordPress' files" in failed.stderr


@pytest.mark.parametrize("words", [
    "core instal", "core install --url=x", "option update a b --auto=yes",
    "plugin activate", "wc tool run a b", "core is-installed --network=1"])
def test_the_stand_in_refuses_what_wp_cli_would(words):
    with pytest.raises(Error):
        parse(words.split())


def test_the_cluster_gets_the_scripts_that_it_runs_and_no_others(helms):  # noqa: F811
    done = helms[3].template(*chart_args("woocommerce"))
    assert done.returncode == 0, done.stderr.decode()
    data = {name: text for o in yaml.safe_load_all(done.stdout)
            if o["kind"] == "ConfigMap" for name, text in o["data"].items()}
    shipped = {"setup.sh": "setup.sh", "database.php": "database.php"}
    for name, file in shipped.items():
        assert data[name].strip() == (FILES / file).read_text().strip()
    assert not [name for name, text in data.items() if "place-order" in text]
