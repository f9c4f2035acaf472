#!/bin/sh
# Starts MariaDB as the official image does: an empty data folder is initialised
# first, from MARIADB_ROOT_PASSWORD, MARIADB_DATABASE, MARIADB_USER and
# MARIADB_PASSWORD, by a server that no network reaches. Then the files of
# /docker-entrypoint-initdb.d are run, once.
set -eu

data=/var/lib/mysql
socket=/run/mysqld/mysqld.sock

literal() { # VALUE: as a string of SQL
	printf "'"
	printf %s "$1" | sed "s/[\\\\']/\\\\&/g"
	printf "'"
}

accounts() {
	# mariadb-install-db leaves accounts without a password: for nobody, and for
	# root by address.
	echo "DELETE FROM mysql.global_priv"
	echo "WHERE User = '' OR User = 'root' AND Host <> 'localhost';"
	echo "FLUSH PRIVILEGES;"
	root=$(literal "$MARIADB_ROOT_PASSWORD")
	printf '%s\n' "CREATE USER 'root'@'%' IDENTIFIED BY $root;"
	printf '%s\n' "GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;"
	if [ -n "${MARIADB_DATABASE:-}" ]; then
		printf '%s\n' "CREATE DATABASE \`$MARIADB_DATABASE\`;"
	fi
	if [ -n "${MARIADB_USER:-}" ]; then
		user="$(literal "$MARIADB_USER")@'%'"
		printf '%s\n' "CREATE USER $user IDENTIFIED BY $(literal "$MARIADB_PASSWORD");"
		if [ -n "${MARIADB_DATABASE:-}" ]; then
			printf '%s\n' "GRANT ALL ON \`$MARIADB_DATABASE\`.* TO $user;"
		fi
	fi
	printf '%s\n' "ALTER USER 'root'@'localhost' IDENTIFIED BY $root;"
}

sql() {
	MYSQL_PWD=$MARIADB_ROOT_PASSWORD mariadb --socket="$socket" --user=root "$@"
}

run_initial_files() {
	for file in /docker-entrypoint-initdb.d/*; do
		case $file in
		*.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
		*.sql) sql ${MARIADB_DATABASE:+"$MARIADB_DATABASE"} <"$file" ;;
		esac
	done
}

initialise() {
	echo "initialising $data"
	program=$1
	shift
	if ! said=$(mariadb-install-db --datadir="$data" --skip-test-db --force \
		--auth-root-authentication-method=normal "$@" 2>&1); then
		echo "$said" >&2
		exit 1
	fi
	"$program" "$@" --skip-networking &
	server=$!
	until mariadb-admin --socket="$socket" --user=root --silent ping 2>/dev/null; do
		kill -0 $server 2>/dev/null || exit 1
		sleep 0.2
	done
	accounts | mariadb --socket="$socket" --user=root
	run_initial_files
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
