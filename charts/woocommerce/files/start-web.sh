#!/bin/sh
# The image copies WordPress onto an empty volume. If that was cut short (a power cut, a full
# volume), it would take what is there for complete: it copies once more. Its last file is
# wp-config.php. Several pods of one shop wait for each other.
set -eu
note=.store-copying

exec 9>.store-lock
flock 9
if [ ! -s wp-config.php ]; then
  if [ -e "$note" ]; then
    echo "the copying of WordPress was cut short: once more" >&2
    rm -f index.php wp-config.php
    # The image leaves themes and plugins alone that it finds.
    for part in /usr/src/wordpress/wp-content/*/*/; do
      rm -rf "${part#/usr/src/wordpress/}"
    done
  elif [ ! -e index.php ]; then
    : >"$note"
  fi
fi
# It copies before it starts any Apache; this one says its version and ends.
docker-entrypoint.sh apache2 -v
rm -f "$note"
exec 9>&-
exec docker-entrypoint.sh apache2-foreground
