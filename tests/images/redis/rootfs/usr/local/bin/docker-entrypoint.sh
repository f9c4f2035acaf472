#!/bin/sh
# Starts Redis as the official image does. Its protected mode is off: it would
# answer its own container only, and networks are closed by policies.
set -eu
case ${1:-} in
-* | *.conf | '') set -- redis-server "$@" ;;
esac
if [ "$1" = redis-server ]; then
	set -- "$@" --protected-mode no
fi
exec "$@"
