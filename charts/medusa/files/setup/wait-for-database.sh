#!/bin/sh
# The set-up Job's first step: the database may still be starting.
left=150
until pg_isready --quiet; do
  left=$((left - 1))
  if [ "$left" -eq 0 ]; then
    echo "gave up waiting for the database after 5 minutes" >&2
    exit 1
  fi
  sleep 2
done
