#!/usr/bin/env bash
# run.sh [IDP..]: the application and real identity providers that know each other by the URLs of their metadata alone.
# Prints a line a case, a matrix, and as the last line: N passed, M failed.
set -euo pipefail
cd "$(dirname "$0")/../../.."
kit=${SAML_SP_INTEROP:-../shared/interop}
if [ ! -f "$kit/saml.py" ]; then
  printf '\n!! %s is not there: the application was tried with NO real identity provider\n' "$kit"
  [ -z "${SAML_SP_INTEROP-}" ]; exit
fi
kit=$(cd "$kit" && pwd)
export INTEROP_DEPS=${INTEROP_DEPS:-${TMPDIR:-/tmp}/interop-deps} PYTHONDONTWRITEBYTECODE=1
unset INTEROP_SIGN INTEROP_ENCRYPT INTEROP_DIGEST INTEROP_NAMEID INTEROP_SLO
cargo build --quiet -p axum_app
dir=$(mktemp -d) app= idp=
quit() {
  [ -z "$idp" ] || "$kit/$idp/stop.sh" "$dir/$idp"
  [ -z "$app" ] || { kill "$app" 2> /dev/null && wait "$app" || true; }
  idp='' app=''
}
trap 'quit; rm -rf "$dir"' EXIT
free() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

for name in signing decryption; do
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$name" -keyout "$dir/$name.key" -out "$dir/$name.crt" 2> /dev/null
done
idps=${*:-simplesamlphp lemonldap-ng}
for name in $idps; do
  run=$dir/$name base=http://127.0.0.1:$(free) port=$(free); mkdir "$run"
  "${CARGO_TARGET_DIR:-target}/debug/axum_app" --listen "${base#http://}" --local-identity-providers allow --key "$dir/signing.key" \
    --certificate "$dir/signing.crt" --decryption-key "$dir/decryption.key" --decryption-certificate "$dir/decryption.crt" > "$run/app.log" 2>&1 &
  app=$!
  until grep -q '^Open' "$run/app.log"; do kill -0 "$app" || { cat "$run/app.log"; exit 1; }; sleep 0.1; done
  echo '{"sign": "both", "encrypt": false, "digest": "sha256", "nameid": "email", "slo": "redirect"}' > "$run/variant.json"
  start=("$kit/$name/start.sh" "$run" "$base/saml/metadata/globex/" "$port")
  idp=$name
  "${start[@]}" 2> /dev/null || {
    "$kit/$idp/install.sh" > "$dir/install.log" 2>&1 || { tail -n 5 "$dir/install.log"; exit 1; }
    "${start[@]}"; }
  python3 examples/axum_app/interop/walk.py "$kit" "$idp" "$base" "$run" "$port" "$dir/results" || {
    printf 'the walk itself\t%s\tFAILED\n' "$idp" >> "$dir/results"; tail -n 20 "$run/app.log"; }
  quit
done

echo; awk -F'\t' -v idps="$idps" '
  BEGIN { n = split(idps, name, " "); printf "%-52s", ""; for (i = 1; i <= n; i++) printf " %-32s", name[i]; print "" }
  !($1 in seen) { seen[$1] = 1; order[++rows] = $1 } { cell[$1, $2] = $3; if ($3 ~ /^FAILED/) failed++; else passed++ }
  END { for (r = 1; r <= rows; r++) { printf "%-52s", order[r]; for (i = 1; i <= n; i++) printf " %-32s", ((order[r], name[i]) in cell) ? cell[order[r], name[i]] : "-"; print "" }
        printf "%d passed, %d failed\n", passed, failed; exit failed > 0 || passed == 0 }' "$dir/results"
