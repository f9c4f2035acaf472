#!/bin/sh
# Servers and workers start only on a database that is migrated for their image. A failure is
# retried by the kubelet, and shows in the pod's status meanwhile.
migrated() {
  found=$(psql --no-psqlrc --tuples-only --no-align --set=image="$MEDUSA_IMAGE" 2>/dev/null <<'SQL'
SELECT 1 FROM store_setup.migrated WHERE image = :'image';
SQL
  )
  [ "$found" = 1 ]
}

left=300
until migrated; do
  left=$((left - 1))
  if [ "$left" -eq 0 ]; then
    echo "after 10 minutes the set-up Job has not migrated the database for $MEDUSA_IMAGE" >&2
    exit 1
  fi
  sleep 2
done
