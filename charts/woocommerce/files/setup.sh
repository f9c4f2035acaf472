#!/bin/sh
# Makes an empty WordPress a shop. Runs again after every change of its inputs and after every
# failure, so each step finds out first what is there. What the merchant has changed since stays.
set -eu
here=$(dirname "$0")

doing="starting"
say_where() {
  status=$?
  if [ "$status" -ne 0 ]; then
    echo "set-up failed at: $doing (exit status $status). A retry goes on from there." >&2
  fi
}
trap say_where EXIT

database() {
  php "$here/database.php" "$@"
}

# The first argument says what is waited for, the rest is a command that succeeds once it is there,
# and says why not until then.
wait_for() {
  doing="waiting for $1"
  shift
  left=$((${STORE_WAIT_SECONDS:-300} / 2))
  said=
  until why=$("$@" 2>&1); do
    if [ "$why" != "$said" ]; then
      echo "$doing: $why" >&2
      said=$why
    fi
    left=$((left - 1))
    if [ "$left" -le 0 ]; then
      echo "gave up after ${STORE_WAIT_SECONDS:-300} seconds" >&2
      exit 1
    fi
    sleep 2
  done
}

# wp-config.php comes last, and ends with this.
wordpress_is_there() {
  grep -qs 'wp-settings\.php' wp-config.php || {
    echo "no wp-config.php yet: see the web pod's log"
    return 1
  }
}

# An upgrade starts its set-up before it stops the last one's: two at once would both find nothing.
if [ "${1:-}" != alone ]; then
  wait_for "the database" database answers
  wait_for "WordPress' files" wordpress_is_there
  trap - EXIT
  exec php "$here/database.php" alone sh "$0" alone
fi

# A step that succeeded is not repeated, for the merchant may undo what was done here, unless its
# value has changed since.
step() { # NAME VALUE COMMAND...
  doing=$1
  mark="store_setup_$1"
  value=$2
  shift 2
  if printf '%s\n' "$marks" | grep -qxF "$mark,$value"; then
    echo "$doing: done before"
    return
  fi
  echo "$doing"
  "$@"
  wp option update "$mark" "$value"
}

# WordPress takes an installation that was cut short for a complete one, or for a broken one.
install_wordpress() {
  doing="WordPress"
  database undo-begun-installation
  if wp core is-installed; then
    echo "$doing: done before"
    return
  fi
  echo "$doing"
  database begin-installation
  wp core install --url="$STORE_URL" --title="$STORE_TITLE" --admin_user=admin \
    --admin_password="$ADMIN_PASSWORD" --admin_email="$ADMIN_EMAIL" --skip-email
  database end-installation
}

install_woocommerce() {
  doing="the WooCommerce plugin"
  echo "$doing"
  wp plugin is-installed woocommerce ||
    wp plugin install woocommerce --version="$WOOCOMMERCE_VERSION"
  wp plugin is-active woocommerce || wp plugin activate woocommerce
}

install_theme() {
  wp theme is-installed storefront || wp theme install storefront
  wp theme activate storefront
}

set_locale() {
  if [ "$SHOP_LOCALE" != en_US ]; then
    wp language core install "$SHOP_LOCALE"
    # Not every locale has these, and a shop in English is better than none.
    wp language plugin install woocommerce "$SHOP_LOCALE" || echo "WooCommerce stays in English" >&2
    wp language theme install storefront "$SHOP_LOCALE" || echo "the theme stays in English" >&2
  fi
  wp site switch-language "$SHOP_LOCALE"
}

open_shop() {
  wp option update woocommerce_coming_soon no
  wp option update woocommerce_store_pages_only no
}

# Zone 0 is "everywhere else", the only zone of a new shop.
ship_free() {
  methods=$(wp wc shipping_zone_method list 0 --field=method_id --user=1)
  if ! printf '%s\n' "$methods" | grep -qx free_shipping; then
    wp wc shipping_zone_method create 0 --method_id=free_shipping --user=1
  fi
}

# The slug is the SKU, too: WooCommerce saves a product before its SKU, and a run that was killed in
# between left a draft that is completed here.
add_product() { # SKU NAME PRICE
  id=$(wp wc product list --sku="$1" --format=ids --user=1)
  if [ -n "$id" ]; then
    return
  fi
  id=$(wp wc product list --slug="$1" --format=ids --user=1)
  if [ -z "$id" ]; then
    id=$(wp wc product create --slug="$1" --name="$2" --type=simple --status=draft \
      --porcelain --user=1)
  fi
  wp wc product update "$id" --sku="$1" --regular_price="$3" --status=publish --user=1
}

install_wordpress
install_woocommerce
doing="reading what was done before"
marks=$(wp option list --search='store_setup_*' --fields=option_name,option_value --format=csv)
step title "$(printf %s "$STORE_TITLE" | sha256sum | cut -c 1-16)" \
  wp option update blogname "$STORE_TITLE"
step theme done install_theme
step currency "$SHOP_CURRENCY" wp option update woocommerce_currency "$SHOP_CURRENCY"
step country "$SHOP_COUNTRY" wp option update woocommerce_default_country "$SHOP_COUNTRY"
step locale "$SHOP_LOCALE" set_locale
step open done open_shop
step pages done wp wc tool run install_pages --user=1
step cod done wp wc payment_gateway update cod --enabled=true --user=1
step shipping done ship_free
step permalinks done wp rewrite structure '/%postname%/'
if [ "$SHOP_DEMO_PRODUCTS" = true ]; then
  step demo-mug done add_product demo-mug "Demo mug" 12.00
  step demo-shirt done add_product demo-shirt "Demo T-shirt" 25.00
  step demo-bag done add_product demo-bag "Demo tote bag" 18.00
fi
echo "the shop is set up: $STORE_URL"
