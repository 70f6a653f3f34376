#!/usr/bin/env bash
# The deploy script of Next.js's compatibility suite (NEXT_TEST_DEPLOY_SCRIPT_PATH;
# next/dist/docs, 07-adapters/04-testing-adapters.md): builds the app in the
# current folder with pack, serves what was packed on a free port in the
# background, and prints its URL. Everything else goes to stderr and to
# .pack/compat, where logs.sh and cleanup.sh find it.
#
# PACK names a pack to use instead of the one of this repository.
set -euo pipefail
exec 3>&1 1>&2

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
app=$PWD
state=$app/.pack/compat

# packBinary builds pack, unless it is newer than all of its sources.
packBinary() {
  local folder=${XDG_CACHE_HOME:-$HOME/.cache}/pack/compat
  local binary
  binary=$folder/pack-$(printf %s "$repository" | cksum | cut -d ' ' -f 1)
  mkdir -p "$folder"
  if [ ! -x "$binary" ] || [ -n "$(find "$repository/cmd" "$repository/infra" "$repository/lambda" "$repository/manifest" \
    "$repository/s3cache" "$repository/go.mod" -type f -newer "$binary" -print | head -n 1)" ]; then
    # Deployments may run side by side: built beside, then renamed.
    (cd "$repository" && go build -o "$binary.$$" ./cmd/pack && touch "$binary.$$" && mv "$binary.$$" "$binary")
  fi
  echo "$binary"
}

# installed says whether the app finds Next.js.
installed() {
  node -e "require.resolve('next/package.json', { paths: [process.cwd()] })" 2>/dev/null
}

# locked says whether pack can install by a lock file.
locked() {
  local file
  for file in pnpm-lock.yaml yarn.lock bun.lock bun.lockb package-lock.json npm-shrinkwrap.json; do
    [ ! -e "$file" ] || return 0
  done
  return 1
}

# installDependencies does what pack does not: install without a lock file,
# which the suite's apps do not have.
installDependencies() {
  local manager
  manager=$(node -p "(require('./package.json').packageManager || 'npm').split('@')[0]")
  if [ "$manager" != npm ] && ! command -v "$manager" >/dev/null; then
    echo "$manager is not installed: npm takes its place"
    manager=npm
  fi
  case $manager in
  npm) npm install --include=dev --no-audit --no-fund --no-package-lock ;;
  pnpm) pnpm install --no-frozen-lockfile --prod=false ;;
  yarn) YARN_ENABLE_IMMUTABLE_INSTALLS=0 yarn install ;;
  *) "$manager" install ;;
  esac
}

# standIns lets build scripts call package managers that are not here, as the
# suite's own do (`pnpm post-build`): npm runs their scripts.
standIns() {
  local manager
  for manager in pnpm yarn; do
    command -v "$manager" >/dev/null && continue
    mkdir -p "$state/bin"
    printf '#!/bin/sh\n[ "$1" != run ] || shift\nexec npm run "$@"\n' >"$state/bin/$manager"
    chmod +x "$state/bin/$manager"
  done
  [ ! -d "$state/bin" ] || export PATH="$PATH:$state/bin"
}

# markers are the lines that the suite reads.
markers() {
  node -e "
    const build = JSON.parse(require('fs').readFileSync('.pack/build.json', 'utf8'))
    const immutable = build.outputs.staticFiles.some((file) => file.immutableHash)
    console.log('BUILD_ID: ' + build.buildId)
    console.log('DEPLOYMENT_ID: ' + (build.config.deploymentId || process.env.PACK_DEPLOYMENT_ID))
    console.log('NEXT_SUPPORTS_IMMUTABLE_ASSETS: ' + (immutable ? 1 : 0))"
}

# detached runs a command that outlives this script, in a session of its own
# where the system has setsid.
detached() {
  if command -v setsid >/dev/null; then
    setsid "$@" &
  else
    nohup "$@" &
  fi
}

"$here/cleanup.sh"
mkdir -p "$state"
rm -f "$state/markers"
: >"$state/build.log"
: >"$state/server.log"

# A test runner's own mode is not the app's.
if [ "${NODE_ENV:-}" = test ]; then unset NODE_ENV; fi
# As Vercel and the suite's own next.config have it.
export NEXT_PRIVATE_TEST_MODE=${NEXT_PRIVATE_TEST_MODE:-${NEXT_TEST_MODE:-}}
[ -n "$NEXT_PRIVATE_TEST_MODE" ] || unset NEXT_PRIVATE_TEST_MODE
if [ -n "${__NEXT_CACHE_COMPONENTS:-}" ]; then
  export NEXT_PRIVATE_EXPERIMENTAL_CACHE_COMPONENTS=$__NEXT_CACHE_COMPONENTS
fi
export NEXT_TELEMETRY_DISABLED=1
# Taken where the app sets no deploymentId of its own.
export PACK_DEPLOYMENT_ID=${PACK_DEPLOYMENT_ID:-pack-$(node -p "require('crypto').randomBytes(6).toString('hex')")}

pack=${PACK:-$(packBinary)}
{
  if ! installed && ! locked; then installDependencies; fi
  standIns
  "$pack" build --force
} 2>&1 | tee -a "$state/build.log" >&2
markers >"$state/markers"

: >"$state/url"
detached "$pack" serve --no-build --fresh --port 0 </dev/null >"$state/url" 2>"$state/server.log" 3>&-
server=$!
echo "$server" >"$state/pid"
for _ in $(seq 600); do
  if [ -s "$state/url" ]; then
    cat "$state/url" >&3
    exit 0
  fi
  if ! kill -0 "$server" 2>/dev/null; then break; fi
  sleep 0.1
done
echo "pack serve printed no URL:"
cat "$state/server.log"
"$here/cleanup.sh"
exit 1
