#!/bin/sh
# Places an order in a Medusa shop as a customer's browser would, by its Store API, to be paid by
# hand, and prints the order's id.
#
#   place-order.sh URL KEY
#
# KEY is a publishable key of the shop (pk_…): it is in the set-up Job's log, and in the
# administration under Settings, Publishable API Keys. Needs curl and jq.
set -eu

fail() {
  echo "place-order: $step: $*" >&2
  exit 1
}

shops_words() {
  jq -re '"\(.message) (\(.type))"' "$work/body" 2>/dev/null || head -c 300 "$work/body"
}

api() { # PATH [BODY]: GET, or POST of JSON; returns after a success only, with the answer in body
  path=$1
  [ $# -eq 1 ] || set -- "$1" --header 'Content-Type: application/json' --data "$2"
  shift
  status=$(curl --silent --show-error --max-time 60 --header "x-publishable-api-key: $key" \
    --output "$work/body" --write-out '%{http_code}' "$@" "$shop/store$path" 2>"$work/why") ||
    fail "no answer: $(cat "$work/why")"
  case $status in
  2*) ;;
  3*) fail "HTTP $status: the shop sends elsewhere; is it https?" ;;
  *) fail "HTTP $status: $(shops_words)" ;;
  esac
  jq -e . "$work/body" >/dev/null 2>&1 ||
    fail "HTTP $status, but no JSON: $(head -c 300 "$work/body")"
}

answer() { # arguments of jq; null is nothing
  jq -r "$@" "$work/body" | sed 's/^null$//'
}

step="arguments"
[ $# -eq 2 ] || fail "usage: place-order.sh URL KEY, the key being a publishable one (pk_…)"
shop=${1%/}
key=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

step="regions"
api "/regions"
region=$(answer '.regions[0].id')
country=$(answer '.regions[0].countries[0].iso_2')
[ -n "$region" ] && [ -n "$country" ] || fail "the shop sells to no country"

step="products"
api "/products?region_id=$region&fields=title,*variants,*variants.calculated_price"
variant=$(answer '[.products[].variants[] | select(.calculated_price.calculated_amount != null)][0].id')
[ -n "$variant" ] || fail "none of the shop's $(answer '.products | length') has a price in $country"

step="cart"
api "/carts" "{\"region_id\": \"$region\"}"
cart=$(answer .cart.id)

step="adding $variant to the cart"
api "/carts/$cart/line-items" "{\"variant_id\": \"$variant\", \"quantity\": 1}"

step="address"
address="{\"first_name\": \"Test\", \"last_name\": \"Customer\", \"address_1\": \"1 Main Street\",
  \"city\": \"Springfield\", \"postal_code\": \"10115\", \"country_code\": \"$country\",
  \"phone\": \"5550100000\"}"
api "/carts/$cart" "{\"email\": \"customer@example.com\", \"shipping_address\": $address,
  \"billing_address\": $address}"

step="shipping"
api "/shipping-options?cart_id=$cart"
option=$(answer '.shipping_options | min_by(.amount).id')
[ -n "$option" ] || fail "the shop ships nothing to $country"
api "/carts/$cart/shipping-methods" "{\"option_id\": \"$option\"}"

step="payment"
api "/payment-providers?region_id=$region"
[ "$(answer '.payment_providers | any(.id == "pp_system_default")')" = true ] ||
  fail "no payment by hand; the shop takes: $(answer '[.payment_providers[].id] | join(", ")')"
api "/payment-collections" "{\"cart_id\": \"$cart\"}"
collection=$(answer .payment_collection.id)
api "/payment-collections/$collection/payment-sessions" '{"provider_id": "pp_system_default"}'

step="completion"
api "/carts/$cart/complete" "{}"
[ "$(answer .type)" = order ] || fail "HTTP $status, but no order: $(answer .error.message)"
order=$(answer .order.id)
[ -n "$order" ] || fail "HTTP $status, but the order has no id"
printf '%s\n' "$order"
