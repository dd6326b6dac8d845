#!/usr/bin/env bash
# run.sh [IDP..]: whole logins and logouts at real identity providers that validate the signatures of requests.
# INTEROP_PARTS="logins logouts exchange" chooses among them. They run on
# 127.0.0.1 and are ended by their process ids. Prints a line a case, a matrix, and as the last line: N passed, M failed.
set -euo pipefail
cd "$(dirname "$0")/../.."
kit=${SAML_SP_INTEROP:-../shared/interop}
if [ ! -f "$kit/saml.py" ]; then
  printf '\n!! %s is not there: NO login at a real identity provider was tried\n' "$kit"
  [ -z "${SAML_SP_INTEROP-}" ]; exit
fi
kit=$(cd "$kit" && pwd)
export INTEROP_DEPS=${INTEROP_DEPS:-${TMPDIR:-/tmp}/interop-deps} PYTHONDONTWRITEBYTECODE=1
unset INTEROP_SIGN INTEROP_ENCRYPT INTEROP_DIGEST INTEROP_NAMEID INTEROP_SLO
cargo build --quiet --example interop
interop=${CARGO_TARGET_DIR:-target}/debug/examples/interop
dir=$(mktemp -d) idp=
trap '[ -z "$idp" ] || "$kit/$idp/stop.sh" "$dir/$idp"; rm -rf "$dir"' EXIT
passed=0 failed=0
base=http://127.0.0.1:8080/saml

program() { # program start|finish OPTION..
  local command=$1; shift
  "$interop" "$command" --state "$run/state" --decryption-key "$dir/encryption.key" --decryption-cert "$dir/encryption.crt" --idp "$run/idp-metadata.xml" --sp $base/metadata --acs $base/acs "$@"
}
start() { program start --key "$dir/sp.key" --cert "$dir/sp.crt" "$@" > "$run/start" 2> "$run/err" || { outcome="not started: $(cat "$run/err")"; return 1; }; }
browse() { # to the identity provider and back: $run/form
  [ "${session-}" = kept ] || rm -f "$run/cookies"
  python3 tests/interop/browser.py "$kit" "$run/start" "$run/cookies" > "$run/form" 2> "$run/err" || { outcome="IdP refuses: $(reason)"; return 1; }
  asked=$(sed -n 's/^passwords=/; passwords /p' "$run/form")
}
finish() { outcome=$(program finish --form "$run/form" "$@" 2> "$run/err") || outcome+=$(grep '^interop:' "$run/err" || true); outcome+=$asked; }
reason() { # what the identity provider's log says, or its answer
  case $idp in
    simplesamlphp) grep 'Caused by' "$run/log/ssp.log" | tail -n 1 | sed 's/.*Exception: //' ;;
    lemonldap-ng) grep -F '[error]' "$run/server.log" | tail -n 1 | sed 's/.*\[error\] //' ;;
    *) head -n 1 "$run/err" | sed 's/.*answered //' ;;
  esac
}
judge() { # judge LABEL EXPECTED: compares $outcome with the pattern
  local short; short=$(cut -d' ' -f1,2 <<< "${outcome%%[;:]*}"); [[ $short != login* ]] || short=login
  # shellcheck disable=SC2053
  if [[ $outcome == $2 ]]; then passed=$((passed + 1)); short_line=${outcome%%$'\n'*}; echo "ok      $idp: $1: ${short_line:0:160}"
  else failed=$((failed + 1)); short="FAILED $short"; echo "FAILED  $idp: $1: $outcome (expected $2)"; fi
  printf '%s\t%s\t%s\n' "$1" "$idp" "$short" >> "$dir/results"
}
login() { # login LABEL EXPECTED OPTION..: the whole way
  local label=$1 expected=$2; shift 2
  asked=; { start "$@" && browse && finish; } || true
  judge "$label" "$expected"
}
at() { [[ " $1 " == *" $idp "* ]]; }
change() { # change OLD NEW: the posted answer
  python3 - "$run/form" "$1" "$2" <<< '
import base64, sys
form, old, new = sys.argv[1:]
lines = open(form).read().splitlines()
change = lambda value: base64.b64encode(base64.b64decode(value).replace(old.encode(), new.encode())).decode()
open(form, "w").write("\n".join("SAMLResponse=" + change(line[13:]) if line.startswith("SAMLResponse=") else line for line in lines) + "\n")'
}

library() { # library URL: pysaml2's own judgement of a signed redirect
  local python=$INTEROP_DEPS/pysaml2/bin/python; [ -x "$python" ] || python=/usr/bin/python3
  "$python" - "$1" "$dir/sp.crt" 2>&1 <<< '
import sys, urllib.parse
from saml2.sigver import RSACrypto, verify_redirect_signature
query = dict(urllib.parse.parse_qsl(sys.argv[1].split("?", 1)[1]))
certificate = "".join(line for line in open(sys.argv[2]) if "---" not in line).strip()
print("verifies" if verify_redirect_signature(query, RSACrypto(None), certificate) else "does not verify")'
}

sp_logout() { # sp_logout OPTION..: ends the session here and takes the request to the identity provider: $run/form
  program logout "${sls[@]}" "$@" > "$run/start" 2> "$run/err" || { outcome="not started: $(cat "$run/err")"; return 1; }
  at_idp || return 1
  # Other sessions of the browser that the identity provider has end first, one by one: it asks, we answer.
  local turn
  for turn in 1 2 3; do
    grep -q 'SAMLRequest=' "$run/form" || break
    arrive "$@"; tail -n 1 <<< "$outcome" > "$run/start"; at_idp || return 1
  done
}
idp_logout() { "$kit/slo.sh" "$run" "$run/cookies" > "$run/form" 2> "$run/err" || { outcome="IdP does not ask: $(tail -n 1 "$run/err")"; return 1; }; }
at_idp() { # our message there, what comes back: $run/form
  python3 tests/interop/logout.py "$kit" "$run/start" "$run/cookies" > "$run/form" 2> "$run/err" || { outcome="IdP refuses: $(reason)"; return 1; }
}
arrive() { outcome=$(program arrive "${sls[@]}" --form "$run/form" "$@" 2> "$run/err") || outcome+=$(grep '^interop:' "$run/err" || true); }
over() { # over BINDING: how the identity provider begins logouts
  sed -i "s/\"slo\": \"[a-z]*\"/\"slo\": \"$1\"/" "$run/variant.json"
  if at lemonldap-ng; then # it reads that once
    "$kit/$idp/stop.sh" "$run"; "$kit/$idp/start.sh" "$run" "$dir/sp-metadata.xml" $port 2> /dev/null
  fi
}
altered() { # altered OLD NEW: the message on its way here, a query or a form
  sed -i "s|$1|$2|" "$run/form"
}

logouts() {
  local binding answer
  sls=(--sls $base/sls --key "$dir/sp.key" --cert "$dir/sp.crt")
  for binding in redirect post; do
    # pysaml2's application here takes no logout over POST, verifies none, and keeps its own session.
    if ! at pysaml2 || [ $binding = redirect ]; then
    login "login, that a forgery can't end over $binding" 'login *; passwords 1'
    { sp_logout --binding $binding --key "$dir/other.key" --cert "$dir/other.crt" && arrive; } || true
    at pysaml2 || judge "logout from here, $binding, signed by another key" '@(IdP refuses: *|refused slo.status*)'
    login "login, to log out here over $binding" 'login *; passwords 1'
    # samlp's application here asks for a second session of the browser without end.
    at samlp || session=kept login "the same browser again" 'login *; passwords 0'
    { sp_logout --binding $binding --relay-state /bye && arrive; } || true
    judge "logout from here, $binding" 'finished Complete; session ended; kept /goodbye; echoed *; deviations \[\]'
    arrive; judge "the same answer again" 'refused slo.in_response_to*'
    at pysaml2 || session=kept login "gone there too: asks for the password" 'login *; passwords 1'
    fi

    over $binding
    login "login, to log out there over $binding" 'login *; passwords 1'
    answer=$binding; ! at pysaml2 || answer=redirect
    { idp_logout && cp "$run/form" "$run/asked" && arrive --binding $answer; } || true; judge "logout from there, $binding" 'asked Success; session ended; deviations \[\]*'
    tail -n 1 <<< "$outcome" > "$run/start"; at_idp && outcome=$(head -n 1 "$run/form") || true
    judge "our answer, $answer, to a request over $binding" '[er]*=*'
    arrive_again; session=kept login "gone there too: asks for the password, again" 'login *; passwords 1'
  done
  over redirect
  login "login, to be logged out by a forgery" 'login *'
  idp_logout; cp "$run/form" "$run/good"
  altered 'SigAlg=[^&]*' 'SigAlg=http%3A%2F%2Fwww.w3.org%2F2000%2F09%2Fxmldsig%23rsa-sha1'; arrive; judge "request with another SigAlg" 'refused binding.detached_algorithm*'
  cp "$run/good" "$run/form"; altered '&SigAlg=.*' ''; arrive; judge "request without its signature" 'refused slo.unsigned*'
  cp "$run/good" "$run/form"; arrive --sls $base/other; judge "request to another endpoint" 'refused slo.destination*'
  cp "$run/good" "$run/form"; arrive; judge "and then as it was" 'asked Success; session ended*'
}
arrive_again() {
  # What the identity provider had sent, once more.
  cp "$run/asked" "$run/form"; arrive; judge "the same request again" 'refused slo.replay*'
}

rolled() { # rolled next|both: the identity provider's metadata with the certificate of another key, alone or before its own
  python3 - "$run/idp-metadata.xml" "$dir/other.crt" "$1" > "$run/rolled.xml" <<< '
import re, sys
metadata, certificate, which = open(sys.argv[1]).read(), open(sys.argv[2]).read(), sys.argv[3]
other = "".join(line for line in certificate.splitlines() if "---" not in line)
start = re.search(r"<([\w]+:)?IDPSSODescriptor\b", metadata).start()
head, role = metadata[:start], metadata[start:]
descriptor = re.compile(r"<(?:\w+:)?KeyDescriptor\b.*?</(?:\w+:)?KeyDescriptor>", re.S)
new = lambda key: re.sub(r"(X509Certificate[^>]*>)[^<]*", lambda found: found[1] + other, key, count=1)
pair = lambda found: new(found[0]) + (found[0] if which == "both" else "")
print(head + descriptor.sub(pair, role))'
}

exchange() { # keys that change, and clocks that differ
  rolled both
  login "a next key in the metadata, before the present one" 'login *' --idp "$run/rolled.xml"
  start; browse; rolled next; finish --idp "$run/rolled.xml"; judge "signed by the key before the last" 'refused dsig.*'
  for seconds in 100 -100; do
    start; browse; finish --clock $seconds; judge "our clock is off by $seconds s" 'login *'
  done
  for seconds in 86400 -86400; do
    rm -f "$run/cookies"; "$kit/login.sh" "$idp" "$(sed -n 's/^idp_initiated=//p' "$run/urls")" "$run/cookies" > "$run/form"; asked=
    finish --unsolicited accept --clock $seconds; judge "our clock is off by $seconds s" "refused profile.$([ "$seconds" -gt 0 ] && echo '*expired' || echo '@(issue_instant|not_yet_valid)')*"
  done
}

configure() { # validation of requests, in each product's own words
  python3 - "$idp" "$dir/sp.crt" <<< '
import json, sys
idp, certificate = sys.argv[1:]
option = {"CheckSSOMessageSignature": 1, "SignSSOMessage": 1, "CheckSLOMessageSignature": 1, "SignSLOMessage": 1, "NameIDFormat": "email", "EncryptionMode": "none", "ForceUTF8": 1, "EnableIDPInitiatedURL": 1, "SignatureMethod": "", "NotOnOrAfterTimeout": 300}
own = {"simplesamlphp": {"validate.authnrequest": True}, "samlp": {"signingCert": open(certificate).read()}, "pysaml2": {},
       "lemonldap-ng": {"samlSPMetaDataOptions": {"sp": {"samlSPMetaDataOptions" + name: value for name, value in option.items()}}}}
print(json.dumps({"sign": "both", "encrypt": False, "digest": "sha256", "nameid": "email", "slo": "redirect", idp: own[idp]}))'
}

logins() {
  local format=urn:oasis:names:tc:SAML:2.0:nameid-format class=urn:oasis:names:tc:SAML:2.0:ac:classes more=http://www.w3.org/2001/04/xmldsig-more
  local alice='login alice@example.com (emailAddress); *Ünïcode <&> O'"'"'Neil*deviations \[\]; kept /kept/by/the/host'
  local binding digest own
  own=Password; ! at "lemonldap-ng samlp" || own=unspecified

  for binding in redirect post; do
    login "$binding" "$alice*passwords 1" --binding $binding
    for digest in sha384 sha512; do
      if at samlp && [ $binding$digest != postsha512 ]; then continue; fi # it knows no other
      login "$binding, RSA-$digest" "$alice*" --binding $binding --algorithm "$more#rsa-$digest"
    done
    login "$binding, RelayState" "$alice; echoed /a b~c?d=e&f=%20+<\">;*" --binding $binding --relay-state '/a b~c?d=e&f=%20+<">'
    # pysaml2's application here looks at embedded signatures only.
    if at pysaml2 && [ $binding = redirect ]; then continue; fi
    login "$binding, signed by another key" 'IdP refuses: *ign*' --binding $binding --key "$dir/other.key" --cert "$dir/other.crt"
    at pysaml2 || login "$binding, unsigned" "$(at lemonldap-ng && echo 'not started: *signing key*' || echo 'IdP refuses: *')" \
      --binding $binding --key '' --cert ''
  done
  login "post, no certificate in the signature" "$alice*" --binding post --cert ''

  if at pysaml2; then # so its library is asked itself
    start --algorithm "$more#rsa-sha512" --relay-state /x.y~z; outcome=$(library "$(cut -d= -f2- "$run/start")") || true
    judge "redirect, judged by the library" 'verifies'
  fi
  start --relay-state /mine; sed -i 's|RelayState=%2Fmine|RelayState=%2Fyours|' "$run/start"
  at pysaml2 || { browse || true; judge "redirect, RelayState changed on the way" 'IdP refuses: *ign*'; }
  start --binding post; sed -i "s|value=\"[^\"]*\"|value=\"$(grep -o 'value="[^"]*"' "$run/state/page.html" | cut -d'"' -f2 | base64 -d | sed 's|Version=|Consent="urn:x" Version=|' | base64 -w0)\"|" "$run/state/page.html"
  browse || true; judge "post, request changed on the way" 'IdP refuses: *ign*'

  login "NameIDPolicy emailAddress" "$alice*" --name-id urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress
  if at "simplesamlphp lemonldap-ng"; then # the others' applications do not read it
    login "NameIDPolicy persistent" 'login * (persistent); *' --name-id $format:persistent
    login "NameIDPolicy transient" 'login * (transient); *' --name-id $format:transient
  fi
  ! at lemonldap-ng || login "NameIDPolicy unknown: an empty NameID" 'refused profile.name_id*' --name-id urn:example:unknown
  login "exact context that it has" "login *; class $own; *" --context $class:$own
  login "exact context that it has not" 'refused profile.authn_context*' --context $class:TimeSyncToken
  login "minimum context" 'login *' --context $class:Password --comparison minimum
  login "ACS by index" "$alice*" --acs-index 0
  at "simplesamlphp samlp" || login "ACS by an index that is not there" 'IdP refuses: *' --acs-index 7
  login "Subject, IDPList, Extensions" "$alice*" --subject alice@example.com --idp-list "$base/idp" --extensions '<x:e xmlns:x="urn:example:x">ü</x:e>'

  login "first login of a browser" '*; passwords 1'
  session=kept login "second login, no password" '*; passwords 0'
  if at "simplesamlphp lemonldap-ng"; then
    session=kept login "IsPassive with a session" '*; passwords 0' --passive yes
    ! at lemonldap-ng || sleep 6 # its own pause before it asks again
    session=kept login "ForceAuthn with a session" '*; passwords 1' --force-authn yes
  fi
  ! at simplesamlphp || login "IsPassive without a session" 'refused profile.no_passive *:NoPassive*; passwords 0' --passive yes

  login "to be replayed" 'login *'; finish; judge "the same answer again" 'refused flow.request_consumed*'
  start; cp "$run/state/cookie" "$run/mine"; browse; tr 0-9a-f 1-9a-f0 < "$run/mine" > "$run/state/cookie"
  finish; judge "the answer in another browser" 'refused flow.browser_mismatch*'
  cp "$run/mine" "$run/state/cookie"; finish; judge "and then in the right one" 'login *'
  start; browse; cp "$run/form" "$run/good"; change alice@example.com mallory@example.com
  finish; judge "answer changed: NameID" 'refused dsig.*'
  cp "$run/good" "$run/form"; finish; judge "the true answer after that" 'refused flow.request_consumed*'
  start; browse; change '>admins<' '>root<'; finish; judge "answer changed: a group" 'refused dsig.digest_mismatch*'
  start; browse; change alice@example.com 'alice@example.com<!-- -->'; finish; judge "answer changed: a comment" 'refused xml.comment*'

  rm -f "$run/cookies"; "$kit/login.sh" "$idp" "$(sed -n 's/^idp_initiated=//p' "$run/urls")" "$run/cookies" > "$run/form"; asked=
  finish; judge "IdP-initiated, refused by default" 'refused profile.unsolicited*'
  finish --unsolicited accept; judge "IdP-initiated, accepted" 'login *; echoed /deep/link'
  finish --unsolicited accept; judge "IdP-initiated, again" 'refused flow.replay*'
  finish --unsolicited convert --key "$dir/sp.key" --cert "$dir/sp.crt"; echo "$outcome" > "$run/start"
  { session=kept browse && finish; } || true; judge "IdP-initiated, converted" 'login *; passwords 0'

  at lemonldap-ng && return # reads its options at the start only
  sed -i 's/"encrypt": false/"encrypt": true/' "$run/variant.json"
  # pysaml2 knows Triple DES only.
  login "encrypted for the key in our metadata" "$(at pysaml2 && echo 'refused enc.algorithm *tripledes-cbc*' || echo "$alice*")"
  sed -i 's/"encrypt": true/"encrypt": false/' "$run/variant.json"
}

for name in sp encryption other; do
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$name" -keyout "$dir/$name.key" -out "$dir/$name.crt" 2> /dev/null
done
# Our own metadata, as it is, is all that the identity providers learn of us.
"$interop" metadata --state "$dir" --acs $base/acs --key "$dir/sp.key" --cert "$dir/sp.crt" \
  --decryption-key "$dir/encryption.key" --decryption-cert "$dir/encryption.crt" > "$dir/sp-metadata.xml"
outcome=$("$interop" contract --state "$dir/contract" 2>&1) || true; judge "the program's store" 'the store keeps*'
port=8300 idps=${*:-simplesamlphp lemonldap-ng pysaml2 samlp}
for name in $idps; do
  port=$((port + 1)) run=$dir/$name asked=; mkdir -p "$run"; idp=$name
  configure > "$run/variant.json"
  "$kit/$idp/start.sh" "$run" "$dir/sp-metadata.xml" $port 2> /dev/null || {
    "$kit/$idp/install.sh" > "$dir/install.log" 2>&1 || { tail -n 5 "$dir/install.log"; exit 1; }
    "$kit/$idp/start.sh" "$run" "$dir/sp-metadata.xml" $port; }
  for part in ${INTEROP_PARTS:-logins logouts exchange}; do $part; done
  "$kit/$idp/stop.sh" "$run"; idp=
done

echo; awk -F'\t' -v idps="$idps" '
  BEGIN { n = split(idps, name, " "); printf "%-42s", ""; for (i = 1; i <= n; i++) printf " %-30s", name[i]; print "" }
  !($1 in seen) { seen[$1] = 1; order[++rows] = $1 } { cell[$1, $2] = $3 }
  END { for (r = 1; r <= rows; r++) { printf "%-42s", order[r]; for (i = 1; i <= n; i++) printf " %-30s", ((order[r], name[i]) in cell) ? cell[order[r], name[i]] : "-"; print "" } }' "$dir/results"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
