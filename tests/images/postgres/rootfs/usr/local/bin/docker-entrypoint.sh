#!/bin/sh
# Starts PostgreSQL as the official image does: an empty PGDATA is initialised
# first, from POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB, by a server that
# listens on its socket only.
set -eu

user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}

initialise() {
	echo "initialising $PGDATA"
	password=$(mktemp)
	printf '%s\n' "$POSTGRES_PASSWORD" >"$password"
	initdb --pgdata="$PGDATA" --username="$user" --pwfile="$password" \
		--auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 >/dev/null
	rm -f "$password"
	echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
	PGHOST= pg_ctl --silent --wait --options="-c listen_addresses=''" start
	if [ "$database" != postgres ]; then
		PGHOST= PGPASSWORD= createdb --username="$user" --maintenance-db=postgres "$database"
	fi
	pg_ctl --silent --wait --mode=fast stop
	echo "initialised $PGDATA"
}

case ${1:-} in
-* | '') set -- postgres "$@" ;;
esac
if [ "$1" = postgres ]; then
	mkdir -p "$PGDATA"
	chmod 700 "$PGDATA"
	if [ ! -s "$PGDATA/PG_VERSION" ]; then
		: "${POSTGRES_PASSWORD:?must be set, for a database that is to be initialised}"
		initialise
	fi
fi
exec "$@"
