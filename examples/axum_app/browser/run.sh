#!/usr/bin/env bash
# Walks through the application in headless Chromium. Installs what it needs; screenshots go to $SHOTS, or nowhere.
set -euo pipefail
cd "$(dirname "$0")/../../.."

missing=()
for package in chromium chromium-driver python3-venv; do
  dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  root=(); [ "$(id -u)" -eq 0 ] || root=(sudo)
  "${root[@]}" apt-get update --quiet --quiet
  "${root[@]}" apt-get install --yes --no-install-recommends "${missing[@]}"
fi

work=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
python3 -c 'import selenium' 2>/dev/null && python=python3 || {
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install --quiet 'selenium>=4.20'
  python="$work/venv/bin/python"
}

port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cargo build --quiet -p axum_app
"${CARGO_TARGET_DIR:-target}/debug/axum_app" --listen "127.0.0.1:$port" --database "${DATABASE:-sqlite::memory:}" >"$work/log" 2>&1 &
server=$!
for _ in $(seq 100); do grep -q '^Open' "$work/log" && break; sleep 0.1; done
"$python" examples/axum_app/browser/walk.py "http://127.0.0.1:$port" "$work" || { cat "$work/log"; exit 1; }
