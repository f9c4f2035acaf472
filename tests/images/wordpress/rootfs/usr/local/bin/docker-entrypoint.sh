#!/bin/sh
# Starts Apache as the official image does: first WordPress is copied into the
# working directory, if it is not there, and wp-config.php is made, if there are
# WORDPRESS_* variables for it to read. Both belong to the volume from then on.
set -eu

source=/usr/src/wordpress

# Themes and plugins that the volume has already are the merchant's.
kept_content() {
	for part in "$source"/wp-content/*/*/; do
		part=${part#"$source/"}
		[ ! -e "$part" ] || printf '%s\n' "${part%/}"
	done
}

copy_wordpress() {
	echo "WordPress is not in $PWD: copying it" >&2
	kept=$(mktemp)
	kept_content >"$kept"
	# by name: the working directory itself stays as it is
	(cd "$source" && ls -A | tar --files-from=- --exclude-from="$kept" -cf -) |
		tar --no-same-owner -xf -
	rm "$kept"
	echo "copied WordPress to $PWD" >&2
}

# Keys and salts are drawn here; everything else is read on each request.
write_config() {
	echo "writing $PWD/wp-config.php" >&2
	while IFS= read -r line; do
		case $line in
		*'@RANDOM@'*)
			random=$(head -c 64 /dev/urandom | sha1sum | cut -d ' ' -f 1)
			line=${line%%@RANDOM@*}$random${line#*@RANDOM@}
			;;
		esac
		printf '%s\n' "$line"
	done <"$source/wp-config-docker.php" >wp-config.php
}

case ${1:-} in
apache2*)
	if [ ! -e index.php ] && [ ! -e wp-includes/version.php ]; then
		copy_wordpress
	fi
	if [ ! -s wp-config.php ] && env | grep -q '^WORDPRESS_'; then
		write_config
	fi
	;;
esac
exec "$@"
