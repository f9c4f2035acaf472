#!/bin/sh
# Tells the servers that the database fits their image. In a schema of its own: Medusa compares
# the public one with its models.
set -eu
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=image="$MEDUSA_IMAGE" <<'SQL'
SET client_min_messages TO warning;
CREATE SCHEMA IF NOT EXISTS store_setup;
CREATE TABLE IF NOT EXISTS store_setup.migrated (image text PRIMARY KEY);
INSERT INTO store_setup.migrated VALUES (:'image') ON CONFLICT DO NOTHING;
SQL
