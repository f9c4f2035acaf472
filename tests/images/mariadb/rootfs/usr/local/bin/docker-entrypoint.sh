#!/bin/sh
# Starts MariaDB as the official image does: an empty data folder is initialised
# first, from MARIADB_ROOT_PASSWORD, MARIADB_DATABASE, MARIADB_USER and
# MARIADB_PASSWORD, by a server that no network reaches.
set -eu

data=/var/lib/mysql
socket=/run/mysqld/mysqld.sock

literal() { # VALUE: as a string of SQL
	printf "'"
	printf %s "$1" | sed "s/[\\\\']/\\\\&/g"
	printf "'"
}

accounts() {
	root=$(literal "$MARIADB_ROOT_PASSWORD")
	echo "CREATE USER 'root'@'%' IDENTIFIED BY $root;"
	echo "GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;"
	if [ -n "${MARIADB_DATABASE:-}" ]; then
		echo "CREATE DATABASE \`$MARIADB_DATABASE\`;"
	fi
	if [ -n "${MARIADB_USER:-}" ]; then
		user="$(literal "$MARIADB_USER")@'%'"
		echo "CREATE USER $user IDENTIFIED BY $(literal "$MARIADB_PASSWORD");"
		if [ -n "${MARIADB_DATABASE:-}" ]; then
			echo "GRANT ALL ON \`$MARIADB_DATABASE\`.* TO $user;"
		fi
	fi
	echo "ALTER USER 'root'@'localhost' IDENTIFIED BY $root;"
}

initialise() {
	echo "initialising $data"
	mariadb-install-db --datadir="$data" --skip-test-db \
		--auth-root-authentication-method=normal >/dev/null
	"$@" --skip-networking &
	server=$!
	until mariadb-admin --socket="$socket" --user=root --silent ping 2>/dev/null; do
		kill -0 $server 2>/dev/null || exit 1
		sleep 0.2
	done
	accounts | mariadb --socket="$socket" --user=root
	kill $server
	wait $server
	echo "initialised $data"
}

case ${1:-} in
-* | '') set -- mariadbd "$@" ;;
esac
if [ "$1" = mariadbd ] && [ ! -d "$data/mysql" ]; then
	: "${MARIADB_ROOT_PASSWORD:?must be set, for a database that is to be initialised}"
	[ -z "${MARIADB_USER:-}" ] || : "${MARIADB_PASSWORD:?must be set, for MARIADB_USER}"
	initialise "$@"
fi
exec "$@"
