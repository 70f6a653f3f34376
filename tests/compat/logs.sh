#!/usr/bin/env bash
# The logs script of Next.js's compatibility suite
# (NEXT_TEST_DEPLOY_LOGS_SCRIPT_PATH): what deploy.sh recorded of the app in the
# current folder, and what its build and its server said.
set -euo pipefail
state=$PWD/.pack/compat

if [ ! -s "$state/markers" ] && [ ! -s "$state/build.log" ]; then
  echo "nothing was deployed in $PWD" >&2
  exit 1
fi
[ ! -s "$state/markers" ] || cat "$state/markers"
for log in build server; do
  echo "=== $log"
  [ ! -e "$state/$log.log" ] || cat "$state/$log.log"
done
