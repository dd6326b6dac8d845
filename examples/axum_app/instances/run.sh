#!/usr/bin/env bash
# Two processes of the application behind one PostgreSQL and one Redis on 127.0.0.1, which this script starts and ends.
# LOAD=1 adds a bounded load run with wrk, of a release build; LOGINS is how many responses are made for it.
set -euo pipefail
cd "$(dirname "$0")/../../.."
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1 || true)
if [ -z "$bin" ]; then
  root=(); [ "$(id -u)" -eq 0 ] || root=(sudo)
  "${root[@]}" apt-get update --quiet --quiet
  "${root[@]}" apt-get install --yes --no-install-recommends postgresql
  bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
fi
if ! command -v redis-server >/dev/null; then bash .ci/install; fi
profile=debug release=()
[ -z "${LOAD:-}" ] || { profile=release; release=(--release); }
cargo build --quiet -p axum_app "${release[@]}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 examples/axum_app/instances/faults.py "${CARGO_TARGET_DIR:-target}/$profile/axum_app" "$bin" "$work"
