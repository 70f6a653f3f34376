#!/usr/bin/env bash
# The cleanup script of Next.js's compatibility suite
# (NEXT_TEST_CLEANUP_SCRIPT_PATH): ends what deploy.sh started in the current
# folder. The functions' processes end with their parent. Logs stay.
set -euo pipefail
state=$PWD/.pack/compat

[ -s "$state/pid" ] || exit 0
server=$(cat "$state/pid")
# The number may be another process's by now.
ours() { ps -o command= -p "$server" 2>/dev/null | grep -q 'serve --no-build'; }
if ours; then
  kill "$server" 2>/dev/null || true
  for _ in $(seq 150); do
    ours || break
    sleep 0.1
  done
  ! ours || kill -9 "$server" 2>/dev/null || true
fi
rm -f "$state/pid" "$state/url"
