# Sourced by the image at the end of the database's first start; see start-database.sh.
sync
rm -f /var/lib/mysql/.store-initialising
