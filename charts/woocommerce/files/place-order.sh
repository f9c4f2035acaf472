#!/bin/sh
# Places an order in a WooCommerce shop as a customer's browser would, by its Store API, to be paid
# in cash on delivery, and prints the order's number.
#
#   place-order.sh URL [ADDRESS]
#
# ADDRESS: JSON with fields of the customer's address that are to differ from the sample, such as
# {"country": "CA", "state": "ON", "postcode": "K1A 0B1", "city": "Ottawa"}. By default the customer
# lives in the shop's own country. Needs curl and jq.
set -eu

fail() {
  echo "place-order: $step: $*" >&2
  exit 1
}

header() { # NAME in small letters: its last value in the last answer
  awk -v name="$1" '
    { sub(/\r$/, ""); end = index($0, ":") }
    end && tolower(substr($0, 1, end - 1)) == name { value = substr($0, end + 1) }
    END { sub(/^[ \t]+/, "", value); print value }' "$work/headers"
}

shops_words() {
  jq -re '"\(.message) (\(.code))"' "$work/body" 2>/dev/null || head -c 300 "$work/body"
}

# The token stands for the cart; the nonce is wanted by the checkout, and by shops without tokens,
# which know the cart by cookies.
remember_session() {
  token=$(header cart-token)
  nonce=$(header nonce)
  {
    cat "$work/session"
    [ -z "$token" ] || printf 'Cart-Token: %s\n' "$token"
    [ -z "$nonce" ] || printf 'Nonce: %s\n' "$nonce"
  } | awk -F : '{ line[$1] = $0 } END { for (name in line) print line[name] }' >"$work/new"
  mv "$work/new" "$work/session"
}

ask() { # arguments of curl; returns after a success only, with the answer in body and headers
  status=$(curl --silent --show-error --max-time 60 --header "@$work/session" \
    --cookie "$work/cookies" --cookie-jar "$work/cookies" --dump-header "$work/headers" \
    --output "$work/body" --write-out '%{http_code}' "$@" 2>"$work/why") ||
    fail "no answer: $(cat "$work/why")"
  case $status in
  2*) ;;
  3*) fail "HTTP $status: the shop sends elsewhere, to $(header location)" ;;
  *) fail "HTTP $status: $(shops_words)" ;;
  esac
}

api() { # PATH [BODY]: GET, or POST of JSON
  if [ $# -eq 1 ]; then
    ask "$store$1"
  else
    ask --header 'Content-Type: application/json' --data "$2" "$store$1"
  fi
  jq -e . "$work/body" >/dev/null 2>&1 ||
    fail "HTTP $status, but no JSON: $(head -c 300 "$work/body")"
  remember_session
}

answer() { # arguments of jq
  jq -r "$@" "$work/body"
}

sample_address() { # COUNTRY: what differs between countries
  case $1 in
  "" | US) echo '{"country": "US", "state": "NY", "postcode": "10001", "city": "New York"}' ;;
  CA) echo '{"country": "CA", "state": "ON", "postcode": "K1A 0B1", "city": "Ottawa"}' ;;
  GB) echo '{"country": "GB", "postcode": "SW1A 1AA", "city": "London"}' ;;
  IN) echo '{"country": "IN", "state": "DL", "postcode": "110001", "city": "New Delhi"}' ;;
  NL) echo '{"country": "NL", "postcode": "1012 JS", "city": "Amsterdam"}' ;;
  *) printf '{"country": "%s", "postcode": "10115", "city": "City"}\n' "$1" ;;
  esac
}

choose_shipping() {
  [ "$(answer .needs_shipping)" = true ] || return 0
  [ "$(answer '[.shipping_rates[] | .shipping_rates != []] | length > 0 and all')" = true ] ||
    fail "the shop ships nothing to $(printf '%s' "$shipping" | jq -r '"\(.country) \(.postcode)"')"
  answer -c '.shipping_rates[] | select(.shipping_rates | any(.selected) | not) |
    {package_id, rate_id: (.shipping_rates | min_by(.price | tonumber) | .rate_id)}' \
    >"$work/choices"
  while IFS= read -r choice; do
    api "/cart/select-shipping-rate" "$choice"
  done <"$work/choices"
}

step="arguments"
case $# in
1 | 2) ;;
*) fail "usage: place-order.sh URL [ADDRESS]" ;;
esac
shop=${1%/}
address=${2:-"{}"}
printf '%s' "$address" | jq -e 'type == "object"' >/dev/null 2>&1 ||
  fail "ADDRESS is not a JSON object: $address"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
touch "$work/session" "$work/cookies"

step="start page"
ask "$shop/"
root=$(sed -n 's/^[Ll]ink:.*<\([^>]*\)>; *rel="https:\/\/api\.w\.org\/".*/\1/p' "$work/headers")
store=${root:-$shop/wp-json/}wc/store/v1

step="products"
case $store in
*\?*) api "/products&per_page=100" ;;
*) api "/products?per_page=100" ;;
esac
product=$(answer 'map(select(.type == "simple" and .is_purchasable and .is_in_stock))[0].id // ""')
[ -n "$product" ] || fail "none of the shop's $(answer length) can be bought"

step="cart"
api "/cart"
country=$(answer '.shipping_address.country // ""')

step="adding product $product to the cart"
api "/cart/add-item" "{\"id\": $product, \"quantity\": 1}"

step="address"
shipping=$(sample_address "$country" | jq -c --argjson own "$address" '
  {first_name: "Test", last_name: "Customer", company: "", address_1: "1 Main Street",
    address_2: "", state: "", phone: "5550100000"} + . + $own | del(.email)')
billing=$(printf '%s' "$shipping" | jq -c --argjson own "$address" '
  . + {email: ($own.email // "customer@example.com")}')
addresses="\"billing_address\": $billing, \"shipping_address\": $shipping"
api "/cart/update-customer" "{$addresses}"

step="shipping"
choose_shipping

step="payment"
[ "$(answer '(.payment_methods // ["cod"]) | index("cod") != null')" = true ] ||
  fail "no cash on delivery (cod); the shop takes: $(answer '.payment_methods | join(", ")')"

step="checkout"
api "/checkout" "{$addresses, \"payment_method\": \"cod\"}"
result=$(answer '.payment_result.payment_status // ""')
[ "$result" = success ] || fail "HTTP $status, but the payment's status is \"$result\""
number=$(answer '.order_number // .order_id // ""')
case $number in
"" | 0) fail "HTTP $status, but no order: $(head -c 300 "$work/body")" ;;
esac
printf '%s\n' "$number"
