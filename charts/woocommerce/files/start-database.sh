#!/bin/sh
# The image takes any data folder with system tables for a complete one. If its first start was cut
# short (a power cut, a full volume), that database lets nobody in, for ever: it is made anew. A
# folder of another origin, without the note that is made here, is never touched.
set -eu
data=/var/lib/mysql
note=$data/.store-initialising

if [ -e "$note" ]; then
  echo "the database's first start was cut short: its files are made anew" >&2
  find "$data" -mindepth 1 -maxdepth 1 ! -name lost+found ! -path "$note" -exec rm -rf {} +
elif [ ! -d "$data/mysql" ]; then
  : >"$note"
fi
# MariaDB itself says no more than "error 28".
df -Pm "$data" | tail -n 1 | while read -r _ size _ free _; do
  echo "the volume has $free of $size MB left"
done
exec docker-entrypoint.sh mariadbd "$@"
