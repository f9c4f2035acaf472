#!/bin/sh
# Compiles the server and the administration into .medusa/server, with the packages that they need
# to run. What only compilers and debuggers read is half of all files, and stays out.
set -eu
node_modules/.bin/medusa build
npm prune --omit=dev --ignore-scripts --no-audit --no-fund
find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' \) \
  -delete
mv node_modules .medusa/server/
