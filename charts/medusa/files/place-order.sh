#!/bin/sh
# Orders one piece of something in a Medusa store, as a customer's browser would, and prints the
# order's id. Works against any Medusa v2 store: what it needs to know, it asks the store.
#
#   place-order.sh URL PUBLISHABLE-KEY
#
# Needs curl and jq. On failure it says at which step, and what the store answered.
set -eu

if [ $# -ne 2 ]; then
  echo "usage: place-order.sh URL PUBLISHABLE-KEY, such as https://fashion.example.com pk_0123" >&2
  exit 2
fi
for program in curl jq; do
  command -v $program >/dev/null || {
    echo "place-order: $program is not installed" >&2
    exit 2
  }
done

url=${1%/}
key=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { # STEP MESSAGE
  echo "place-order: $1: $2" >&2
  exit 1
}

# What the store says is wrong: Medusa's message, or else how the answer begins.
complaint() {
  jq -er '.message // .error.message // .error | strings' "$work/answer" 2>/dev/null ||
    head -c 200 "$work/answer" | tr -s '[:space:]' ' '
}

# Asks the store: POST where JSON is given, or else GET. The answer is for `answer`.
ask() { # STEP PATH [JSON]
  step=$1
  path=$2
  shift 2
  [ $# -eq 0 ] || set -- --header 'content-type: application/json' --data "$1"
  : >"$work/answer"
  status=$(curl --silent --show-error --max-time 60 --header "x-publishable-api-key: $key" "$@" \
    --output "$work/answer" --write-out '%{http_code}' "$url/store/$path" 2>"$work/error") ||
    fail "$step" "$(cat "$work/error")"
  case $status in
    2??) ;;
    *) fail "$step" "HTTP $status: $(complaint)" ;;
  esac
  answer 'type == "object"' >/dev/null ||
    fail "$step" "HTTP $status, but not the JSON of a Medusa store: $(complaint)"
}

answer() { # JQ-FILTER: fails where the answer has no such thing
  jq -er "($1) // empty" "$work/answer" 2>/dev/null
}

# The regions that deliver anywhere, each with its countries.
ask region regions
answer '[.regions[]? | select((.countries | length) > 0)] | select(length > 0)' \
  >"$work/regions" || fail region "the store has no region with a country"

# Something that has a price in one of them: what needs no stock first.
for region in $(jq -r '.[].id' "$work/regions"); do
  ask product "products?region_id=$region&limit=100&fields=%2Avariants.calculated_price"
  variants=$(answer '[.products[]?.variants[]? | select(.calculated_price.calculated_amount != null)]
    | sort_by(.manage_inventory == true and .allow_backorder != true)[].id' || :)
  [ -z "$variants" ] || break
done
[ -n "$variants" ] || fail product "the store sells no product that has a price"

cart=
for variant in $variants; do
  items=$(jq -nc --arg region "$region" --arg variant "$variant" \
    '{region_id: $region, items: [{variant_id: $variant, quantity: 1}]}')
  # it may be out of stock: the next one, then
  if (ask cart carts "$items") 2>"$work/refused"; then
    cart=$(answer .cart.id) || fail cart "the store answered without a cart"
    break
  fi
done
[ -n "$cart" ] || {
  cat "$work/refused" >&2
  exit 1
}

# A country of the region to which the store ships.
option=
for country in $(jq -r --arg region "$region" \
  '.[] | select(.id == $region).countries[].iso_2' "$work/regions"); do
  ask address "carts/$cart" "$(jq -nc --arg country "$country" '
    {first_name: "Test", last_name: "Customer", address_1: "1 High Street", city: "Townsville",
      postal_code: "10001", country_code: $country}
    | {email: "customer@example.com", shipping_address: ., billing_address: .}')"
  ask shipping "shipping-options?cart_id=$cart"
  option=$(answer '.shipping_options | sort_by(.amount // 0)[0].id') && break
done
[ -n "$option" ] || fail shipping "the store ships to no country of its region $region"
ask shipping "carts/$cart/shipping-methods" "$(jq -nc --arg id "$option" '{option_id: $id}')"

# Where payment by hand is possible, nobody's card is needed.
ask payment "payment-providers?region_id=$region"
provider=$(answer '[.payment_providers[]?.id] | sort_by(. != "pp_system_default")[0]') ||
  fail payment "the store has no way to pay in its region $region"
ask payment payment-collections "$(jq -nc --arg id "$cart" '{cart_id: $id}')"
collection=$(answer .payment_collection.id) ||
  fail payment "the store answered without a payment collection"
ask payment "payment-collections/$collection/payment-sessions" \
  "$(jq -nc --arg id "$provider" '{provider_id: $id}')"

# Medusa answers 200 even where it makes no order of the cart.
ask complete "carts/$cart/complete" '{}'
answer 'select(.type == "order").order.id' || fail complete "no order was made: $(complaint)"
