#!/bin/sh
# Makes an empty WordPress a shop. Runs again after every change of its inputs and after every
# failure, so each step finds out first what is there.
set -eu
cd /var/www/html

# The first argument says what is waited for, the rest is a command that succeeds once it is there.
wait_for() {
  what=$1
  shift
  left=150
  until "$@" >/dev/null 2>&1; do
    left=$((left - 1))
    if [ "$left" -eq 0 ]; then
      echo "gave up waiting for $what after 5 minutes" >&2
      exit 1
    fi
    sleep 2
  done
  echo "$what is there"
}

# The merchant may undo what was done here, so a step that succeeded is never repeated.
once() {
  step=$1
  shift
  if wp option get "store_setup_$step" >/dev/null 2>&1; then
    echo "$step: done before"
    return
  fi
  "$@"
  wp option update "store_setup_$step" done
}

database_answers() {
  php -r 'mysqli_report(MYSQLI_REPORT_OFF);
    exit(@mysqli_connect(getenv("WORDPRESS_DB_HOST"), getenv("WORDPRESS_DB_USER"),
      getenv("WORDPRESS_DB_PASSWORD"), getenv("WORDPRESS_DB_NAME")) ? 0 : 1);'
}

install_wordpress() {
  if wp core is-installed; then
    return
  fi
  wp core install --url="$STORE_URL" --title="$STORE_TITLE" --admin_user=admin \
    --admin_password="$ADMIN_PASSWORD" --admin_email="$ADMIN_EMAIL" --skip-email
}

install_woocommerce() {
  wp plugin is-installed woocommerce || wp plugin install woocommerce --version="$WOOCOMMERCE_VERSION"
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

install_pages() {
  wp wc tool run install_pages --user=1
}

accept_cash_on_delivery() {
  wp wc payment_gateway update cod --enabled=true --user=1
}

# Zone 0 is "everywhere else", the only zone of a new shop.
ship_free() {
  methods=$(wp wc shipping_zone_method list 0 --field=method_id --user=1)
  if ! printf '%s\n' "$methods" | grep -qx free_shipping; then
    wp wc shipping_zone_method create 0 --method_id=free_shipping --user=1
  fi
}

add_product() {
  id=$(wp wc product list --sku="$1" --format=ids --user=1)
  if [ -z "$id" ]; then
    wp wc product create --sku="$1" --name="$2" --regular_price="$3" --type=simple --status=publish --user=1
  fi
}

add_demo_products() {
  add_product demo-mug "Demo mug" 12.00
  add_product demo-shirt "Demo T-shirt" 25.00
  add_product demo-bag "Demo tote bag" 18.00
}

wait_for "the database" database_answers
# The web pod's entrypoint writes wp-config.php last.
wait_for "WordPress" test -s wp-config.php

install_wordpress
install_woocommerce
once theme install_theme
wp option update woocommerce_currency "$SHOP_CURRENCY"
wp option update woocommerce_default_country "$SHOP_COUNTRY"
set_locale
once open open_shop
once pages install_pages
once cod accept_cash_on_delivery
once shipping ship_free
once permalinks wp rewrite structure '/%postname%/'
if [ "$SHOP_DEMO_PRODUCTS" = true ]; then
  once demo_products add_demo_products
fi
echo "the shop is set up: $STORE_URL"
