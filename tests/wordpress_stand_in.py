"""A WordPress of Python objects, and a `wp` and a `php` on PATH that act on it: they
pass their arguments on to the test, which records them and can make any of them fail.
Arguments are checked against wp-cli's syntax (tests/images/wordpress-cli)."""

import copy
import os
import re
import threading

from conftest import ROOT

COMMANDS = ROOT / "tests/images/wordpress-cli/rootfs/usr/local/share/wp/commands"
PAGES = ("shop", "cart", "checkout", "myaccount", "refund_returns")

# What both programs are: the arguments go out, the exit status and the words come in.
PROGRAM = """\
#!/bin/sh
printf '%s\\0' "${0##*/}" "$@" >"$STAND_IN/request"
read -r status <"$STAND_IN/status"
cat "$STAND_IN/out"
cat "$STAND_IN/err" >&2
[ "$status" != run ] || { shift 2; exec "$@"; }
exit "$status"
"""


class Error(Exception):
    """The command says so, and exits with 1."""


class Exit(Exception):
    """The command exits with a status, and says nothing."""


class Cut(Exception):
    """The command is cut short in the midst of its work."""


def known_commands():
    """Command: (least and most positional arguments, options: takes a value,
    required options)."""
    table = {}
    for line in COMMANDS.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        words = line.split()
        name = " ".join(w for w in words if w[0] not in "<[-")
        positional = [w for w in words if w.lstrip("[").startswith("<")]
        least = sum(not w.startswith("[") for w in positional)
        most = 1000 if any(w.endswith("...") for w in positional) else len(positional)
        options, required = {}, set()
        for word in words:
            found = re.fullmatch(r"(\[?)--([\w-]+)(=<\w+>)?\]?", word)
            if found:
                options[found[2]] = found[3] is not None
                if not found[1]:
                    required.add(found[2])
        table[name] = (least, most, options, required)
    return table


KNOWN = known_commands()


def parse(words):
    """(command, positional arguments, options) as wp-cli takes them."""
    positional = [w for w in words if not w.startswith("--")]
    given = dict((w[2:].split("=", 1) + [None])[:2] for w in words if w.startswith("--"))
    for length in range(len(positional), 0, -1):
        command = " ".join(positional[:length])
        if command in KNOWN:
            break
    else:
        raise Error(f"'{' '.join(positional)}' is not a registered wp command.")
    least, most, options, required = KNOWN[command]
    arguments = positional[length:]
    wrong = [f"unknown --{name} parameter" for name in given
             if name not in options and name not in ("user", "quiet")]
    wrong += [f"missing --{name} parameter" for name in required - set(given)]
    wrong += [f"--{name}: value" for name, takes in options.items()
              if name in given and takes != (given[name] is not None)]
    if not least <= len(arguments) <= most:
        wrong.append(f"{len(arguments)} positional arguments")
    if wrong:
        raise Error(f"{command}: {', '.join(wrong)}")
    return command, arguments, given


class Site:
    """What is in the database and on the volume."""

    def __init__(self):
        self.begun = False        # the note of an installation that is under way
        self.installed = False
        self.users = {}           # name: password
        self.options = {}
        self.plugins = {}         # name: [version, active]
        self.themes = ["twentytwentyfive"]
        self.theme = "twentytwentyfive"
        self.languages = []
        self.untranslated = []    # plugins and themes without a translation
        self.permalinks = ""
        self.pages = []
        self.products = {}        # slug: fields
        self.shipping = []        # methods of zone 0
        self.gateways = {"cod": False}

    # --- php database.php --------------------------------------------------------

    def begin_installation(self):
        self.begun = True

    def end_installation(self):
        self.begun = False

    def undo_begun_installation(self):
        if self.begun:
            self.installed, self.users, self.options = False, {}, {}

    # --- wp ------------------------------------------------------------------------

    def run(self, words, cut=False):
        """Output of a command; cut short where it has more than one effect."""
        command, arguments, options = parse(words)
        if not self.installed and not command.startswith("core "):
            raise Error("The site you have requested is not installed.")
        if command.startswith("wc "):
            if not self.plugins.get("woocommerce", [0, False])[1]:
                raise Error("'wc' is not a registered wp command.")
            if options.get("user") != "1" or "admin" not in self.users:
                raise Error("Sorry, you cannot do that.")
        method = getattr(self, re.sub("[ -]", "_", command))
        return method(arguments, options, cut) or ""

    @staticmethod
    def say(yes):
        raise Exit(0 if yes else 1)

    def core_is_installed(self, _args, _options, _cut):
        self.say(self.installed)

    def core_install(self, _args, options, cut):
        if self.installed:
            return "WordPress is already installed."
        self.installed = True
        self.options["blogname"] = options["title"]
        if cut:
            raise Cut
        self.users[options["admin_user"]] = options["admin_password"]
        return "Success: WordPress installed successfully."

    def option_list(self, _args, options, _cut):
        assert options["format"] == "csv" and options["search"].endswith("*")
        assert options["fields"] == "option_name,option_value"
        rows = [f"{name},{value}" for name, value in self.options.items()
                if name.startswith(options["search"][:-1])]
        return "\n".join(["option_name,option_value", *rows])

    def option_update(self, args, _options, _cut):
        self.options[args[0]] = args[1]

    def plugin_is_installed(self, args, _options, _cut):
        self.say(args[0] in self.plugins)

    def plugin_is_active(self, args, _options, _cut):
        self.say(self.plugins.get(args[0], [0, False])[1])

    def plugin_install(self, args, options, _cut):
        assert args[0] not in self.plugins, "installed twice"
        self.plugins[args[0]] = [options["version"], False]

    def plugin_activate(self, args, _options, _cut):
        self.plugins[args[0]][1] = True
        for name in ("coming_soon", "store_pages_only"):
            self.options.setdefault(f"woocommerce_{name}", "yes")

    def theme_is_installed(self, args, _options, _cut):
        self.say(args[0] in self.themes)

    def theme_install(self, args, _options, _cut):
        assert args[0] not in self.themes, "installed twice"
        self.themes.append(args[0])

    def theme_activate(self, args, _options, _cut):
        assert args[0] in self.themes
        self.theme = args[0]

    def language_core_install(self, args, _options, _cut):
        if args[0] == "xx_XX":
            raise Error("Language 'xx_XX' not available.")
        self.languages = sorted({*self.languages, args[0]})

    def language_plugin_install(self, args, _options, _cut):
        if args[0] in self.untranslated:
            raise Error(f"Language '{args[1]}' for '{args[0]}' not available.")

    language_theme_install = language_plugin_install

    def site_switch_language(self, args, _options, _cut):
        if args[0] not in ["en_US", *self.languages]:
            raise Error("Language not installed.")
        self.options["WPLANG"] = "" if args[0] == "en_US" else args[0]

    def rewrite_structure(self, args, _options, _cut):
        self.permalinks = args[0]

    def wc_tool_run(self, args, _options, cut):
        assert args == ["install_pages"]
        for page in PAGES:
            if page not in self.pages:
                self.pages.append(page)
                if cut:
                    raise Cut

    def wc_payment_gateway_update(self, args, options, _cut):
        self.gateways[args[0]] = options["enabled"] == "true"

    def wc_shipping_zone_method_list(self, args, options, _cut):
        assert (args, options["field"]) == (["0"], "method_id")
        return "\n".join(self.shipping)

    def wc_shipping_zone_method_create(self, args, options, _cut):
        assert args == ["0"]
        self.shipping.append(options["method_id"])

    def wc_product_list(self, _args, options, _cut):
        assert options["format"] == "ids"
        return " ".join(str(p["id"]) for slug, p in self.products.items()
                        if slug == options.get("slug") or "sku" in options
                        and p.get("sku") == options["sku"])

    def wc_product_create(self, _args, options, _cut):
        slug = options["slug"]
        assert slug not in self.products, f"doubled: {slug}"
        number = 10 + len(self.products)
        self.products[slug] = {"id": number, "status": options["status"],
                               "name": options["name"]}
        return str(number)

    def wc_product_update(self, args, options, cut):
        product = next(p for p in self.products.values() if str(p["id"]) == args[0])
        product["status"] = options["status"]
        if cut:
            raise Cut
        product.update(sku=options["sku"], price=options["regular_price"])

    def wc_product_delete(self, slug):
        """By the merchant."""
        del self.products[slug]


class StandIn:
    """The programs, and the thread that answers them."""

    def __init__(self, folder):
        self.site = Site()
        self.folder = folder
        self.calls = []           # each a list of words
        self.before = []          # the site before each call
        self.fail = None          # (number of the call, before|half|after)
        self.silent = 0           # times that the database doesn't answer
        self._stop = False
        folder.mkdir()
        for program in ("wp", "php"):
            (folder / program).write_text(PROGRAM)
            (folder / program).chmod(0o755)
        for name in ("request", "status"):
            os.mkfifo(folder / name)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self):
        self._stop = True
        (self.folder / "request").write_bytes(b"")
        self._thread.join()

    def reset(self, site, fail=None):
        """For another run, which finds that site."""
        self.site = copy.deepcopy(site)
        self.calls, self.before, self.fail = [], [], fail

    def _serve(self):
        while True:
            words = (self.folder / "request").read_bytes().decode().split("\0")[:-1]
            if self._stop:
                return
            status, out, err = self._answer(words)
            (self.folder / "out").write_text(out and out + "\n")
            (self.folder / "err").write_text(err and err + "\n")
            (self.folder / "status").write_text(f"{status}\n")

    def _answer(self, words):
        number = len(self.calls)
        self.calls.append(words)
        self.before.append(copy.deepcopy(self.site))
        mode = self.fail[1] if self.fail and self.fail[0] == number else None
        if mode == "before":
            return 1, "", "Error: injected, before"
        try:
            answer = self._act(words, cut=mode == "half")
        except Exit as end:
            answer = end.args[0], "", ""
        except Cut:
            return 137, "", "Killed"
        except Error as error:
            answer = 1, "", f"Error: {error}"
        except Exception as error:  # an assertion of the stand-in's own
            return 99, "", f"STAND-IN: {words}: {error!r}"
        return (1, answer[1], "Error: injected, after") if mode == "after" else answer

    def _act(self, words, cut):
        if words[0] == "wp":
            return 0, self.site.run(words[1:], cut), ""
        verb = words[2]
        if verb == "alone":
            return "run", "", ""
        if verb == "answers":
            self.silent -= 1
            return (1, "", "Connection refused") if self.silent >= 0 else (0, "", "")
        getattr(self.site, verb.replace("-", "_"))()
        return 0, "", ""
