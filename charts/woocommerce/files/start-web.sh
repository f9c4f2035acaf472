#!/bin/sh
# Puts WordPress onto an empty volume, then starts the image's server. The image would do so itself,
# but take a copy that was cut short (a power cut, a full volume) for complete. Here each part is
# complete once it is there, for it is moved into place, and wp-config.php comes last. What is there
# already stays: it is the merchant's. Several pods of one shop wait for each other.
set -eu
source=/usr/src/wordpress
new=.store-new

config_is_complete() {
  grep -qs 'wp-settings\.php' wp-config.php
}

move_missing() ( # FROM TO
  for part in "$1"/* "$1"/.[!.]*; do
    name=${part##*/}
    if [ ! -e "$part" ]; then
      continue
    elif [ ! -e "$2/$name" ]; then
      mv "$part" "$2/"
    else
      case $name in
      wp-content | themes | plugins) move_missing "$part" "$2/$name" ;;
      esac
    fi
  done
)

exec 9>.store-lock
flock 9
if ! config_is_complete; then
  echo "copying WordPress"
  rm -rf "$new" wp-config.php
  cp -R "$source" "$new"
  sync
  move_missing "$new" .
  rm -rf "$new"
  # The image writes it before it starts any Apache; this one says its version and ends.
  docker-entrypoint.sh apache2 -v
  config_is_complete
  echo "WordPress is there"
fi
exec 9>&-
exec docker-entrypoint.sh apache2-foreground
