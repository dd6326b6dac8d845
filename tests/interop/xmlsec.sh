#!/usr/bin/env bash
# Our signed requests and logout messages before programs that nobody here wrote: xmlsec1 (signatures in place), openssl (signatures
# over a query) and xmllint (the OASIS schemas, if an installed package has them). Last line: N passed, M failed.
set -euo pipefail
cd "$(dirname "$0")/../.."
root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
if ! command -v xmlsec1 xmllint > /dev/null; then
  root apt-get update -qq && root apt-get install -y -qq --no-install-recommends xmlsec1 libxml2-utils > /dev/null
fi
cargo build --quiet --example interop
interop=${CARGO_TARGET_DIR:-target}/debug/examples/interop
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
passed=0 failed=0

judge() { # judge LABEL COMMAND..: the command's success is the verdict
  local label=$1; shift
  if "$@" > "$dir/out" 2>&1; then passed=$((passed + 1)); echo "ok      $label"
  else failed=$((failed + 1)); echo "FAILED  $label: $(tail -n 1 "$dir/out")"; fi
}
not() { ! "$@"; }
start() { # start BINDING OPTION..
  local binding=$1; shift
  "$interop" start --state "$dir" --idp examples/data/idp.xml --sp https://sp.example.com/metadata --acs https://sp.example.com/acs --binding "$binding" "$@"
}
published() { # published OPTION..: our metadata
  "$interop" metadata --state "$dir" --acs https://sp.example.com/acme/acs "$@" > "$dir/metadata.xml"
}
message() { # message PAGE: the message in a page that posts it
  grep -oE 'name="SAML(Request|Response)" value="[^"]*"' "$1" | cut -d'"' -f4 | base64 -d
}
key() { # key NAME OPENSSL_OPTION..: NAME.key, NAME.crt, NAME.pub
  local name=$dir/$1; shift
  openssl req -x509 -nodes -days 2 -subj "/CN=sp" -keyout "$name.key" -out "$name.crt" "$@" 2> /dev/null
  openssl x509 -in "$name.crt" -pubkey -noout > "$name.pub"
}
in_place() { # in_place KEY FILE [ELEMENT]
  xmlsec1 --verify --pubkey-cert-pem "$dir/$1.crt" --id-attr:ID "urn:oasis:names:tc:SAML:2.0:protocol:${3-AuthnRequest}" "$2"
}
over_query() { # over_query KEY DIGEST [OPENSSL_OPTION..]
  local key=$1 digest=$2; shift 2
  openssl dgst "-$digest" -verify "$dir/$key.pub" -signature "$dir/signature" "$@" "$dir/octets"
}

relay='/a b?c=d&e=é+*~"<>%20'
text="Ünïcode <&> \"O'Neil\""
all=(--force-authn yes --name-id urn:oasis:names:tc:SAML:2.0:nameid-format:persistent --sp-name-qualifier "$text"
  --context "urn:oasis:names:tc:SAML:2.0:ac:classes:Password https://refeds.org/profile/mfa" --comparison minimum
  --attribute-index 3 --idp-list "https://one.example.com https://two.example.com/?a=b&c=d" --subject "$text"
  --extensions '<x:e xmlns:x="urn:example:x" x:a="1"><x:b>ü</x:b></x:e>' --relay-state "$relay")

more=http://www.w3.org/2001/04/xmldsig-more
key rsa -newkey rsa:2048
key rsa3072 -newkey rsa:3072
for curve in 256:prime256v1 384:secp384r1 521:secp521r1; do key "p${curve%%:*}" -newkey ec -pkeyopt "ec_paramgen_curve:${curve##*:}"; done

for pair in rsa:rsa rsa3072:rsa p256:ecdsa p384:ecdsa p521:ecdsa; do
  for digest in sha256 sha384 sha512; do
    name=${pair%%:*} uri=$more#${pair##*:}-$digest
    sign=(--key "$dir/$name.key" --cert "$dir/$name.crt" --algorithm "$uri")
    for options in plain all; do
      extra=(); [ $options = plain ] || extra=("${all[@]}")
      message "$(start post "${sign[@]}" "${extra[@]}" | cut -d= -f2)" > "$dir/signed.xml"
      judge "xmlsec1   $name ${pair##*:}-$digest in place, $options" in_place "$name" "$dir/signed.xml"
      url=$(start redirect "${sign[@]}" "${extra[@]}"); url=${url#redirect=}
      [ "$(python3 tests/interop/octets.py "$url" "$dir")" = "$uri" ] || echo "wrong SigAlg in $url"
      judge "openssl   $name ${pair##*:}-$digest over the query, $options" over_query "$name" "$digest"
    done
  done
done
sed -i "s|https://two|https://six|" "$dir/signed.xml"; sed -i "s|RelayState=%2F|RelayState=%2f|" "$dir/octets"
judge "xmlsec1   refuses a changed request" not in_place p521 "$dir/signed.xml"
judge "openssl   refuses a changed query" not over_query p521 sha512

# Logout: one end asks, the other answers; the same program is both.
entity() { # entity NAME KEY BINDING: the metadata of that end as of an identity provider
  printf '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://%s.example.com/"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:%s" Location="https://%s.example.com/sls"/><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://%s.example.com/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>' \
    "$1" "$(grep -v -- --- "$dir/$2.crt" | tr -d '\n')" "$3" "$1" "$1" > "$dir/$1.xml"
}
end() { # end COMMAND NAME OTHER KEY OPTION..
  local command=$1 name=$2 other=$3 key=$4; shift 4
  mkdir -p "$dir/$name"
  "$interop" "$command" --state "$dir/$name" --idp "$dir/$other.xml" --sp "https://$name.example.com/" --acs "https://$name.example.com/acs" \
    --sls "https://$name.example.com/sls" --key "$dir/$key.key" --cert "$dir/$key.crt" --name "$text" "$@"
}
for pair in rsa:sha256 p256:sha256 p384:sha384 p521:sha512; do
  name=${pair%%:*} digest=${pair##*:}
  entity sp rsa3072 HTTP-POST; entity idp "$name" HTTP-POST
  message "$(end logout idp sp "$name" | cut -d= -f2)" > "$dir/signed.xml"
  judge "xmlsec1   $name LogoutRequest in place" in_place "$name" "$dir/signed.xml" LogoutRequest
  echo "SAMLRequest=$(base64 -w0 "$dir/signed.xml")" > "$dir/form"
  message "$(end arrive sp idp rsa3072 --form "$dir/form" | tail -n 1 | cut -d= -f2)" > "$dir/answer.xml"
  judge "xmlsec1   rsa3072 LogoutResponse to it in place" in_place rsa3072 "$dir/answer.xml" LogoutResponse
  sed -i 's|:status:UnknownPrincipal|:status:PartialLogout|' "$dir/answer.xml"
  judge "xmlsec1   refuses it with another status" not in_place rsa3072 "$dir/answer.xml" LogoutResponse
  entity sp rsa3072 HTTP-Redirect; entity idp "$name" HTTP-Redirect
  end logout idp sp "$name" --relay-state "$relay" > "$dir/form"
  python3 tests/interop/octets.py "$(cut -d= -f2- "$dir/form")" "$dir" > /dev/null
  judge "openssl   $name LogoutRequest over the query" over_query "$name" $digest
  answer=$(end arrive sp idp rsa3072 --form "$dir/form" | tail -n 1)
  python3 tests/interop/octets.py "${answer#redirect=}" "$dir" > /dev/null
  judge "openssl   rsa3072 LogoutResponse to it over the query" over_query rsa3072 sha256
done

# xmlsec1 before 1.3 has no RSA-PSS. openssl has: over a query, and over SignedInfo, which we write in canonical form.
for digest in sha256 sha384 sha512; do
  sign=(--key "$dir/rsa.key" --cert "$dir/rsa.crt" --algorithm "http://www.w3.org/2007/05/xmldsig-more#$digest-rsa-MGF1")
  pss=(-sigopt rsa_padding_mode:pss -sigopt "rsa_mgf1_md:$digest" -sigopt rsa_pss_saltlen:digest)
  url=$(start redirect "${sign[@]}" --relay-state "$relay"); python3 tests/interop/octets.py "${url#redirect=}" "$dir" > /dev/null
  judge "openssl   rsa pss-$digest over the query" over_query rsa "$digest" "${pss[@]}"
  message "$(start post "${sign[@]}" "${all[@]}" | cut -d= -f2)" > "$dir/signed.xml"
  grep -oz '<ds:SignedInfo.*</ds:SignedInfo>' "$dir/signed.xml" | tr -d '\0' > "$dir/info.xml"
  xmllint --exc-c14n "$dir/info.xml" > "$dir/octets"
  grep -o '<ds:SignatureValue>[^<]*' "$dir/signed.xml" | cut -d'>' -f2 | base64 -d > "$dir/signature"
  judge "openssl   rsa pss-$digest in place, SignedInfo" over_query rsa "$digest" "${pss[@]}"
  grep -o '<ds:DigestValue>[^<]*' "$dir/signed.xml" | cut -d'>' -f2 > "$dir/want"
  sed 's|<ds:Signature .*</ds:Signature>||' "$dir/signed.xml" | xmllint --exc-c14n - | openssl dgst "-$digest" -binary | base64 -w0 > "$dir/got"
  judge "openssl   rsa pss-$digest in place, digest" test "$(cat "$dir/want")" = "$(cat "$dir/got")"
done

schema=$(find / -name saml-schema-protocol-2.0.xsd -not -path '/proc/*' -print -quit 2> /dev/null || true)
if [ -z "$schema" ]; then
  echo "!! no installed package has saml-schema-protocol-2.0.xsd (simplesamlphp, pysaml2 and others do): NOT validated"
else
  # The schemas name each other by URL; a catalog keeps xmllint off the network.
  { echo '<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">'
    for file in "$(dirname "$schema")"/*.xsd; do
      for base in http://docs.oasis-open.org/security/saml/v2.0 http://www.w3.org/TR/2002/REC-xmldsig-core-20020212 http://www.w3.org/TR/2002/REC-xmlenc-core-20021210; do
        echo "<system systemId=\"$base/$(basename "$file")\" uri=\"file://$file\"/>"
      done
    done; echo '</catalog>'; } > "$dir/catalog.xml"
  valid() { XML_CATALOG_FILES="$dir/catalog.xml" xmllint --nonet --noout --schema "${2:-$schema}" "$1"; }
  validate() { # validate LABEL OPTION..
    local label=$1; shift
    message "$(start post "$@" | cut -d= -f2)" > "$dir/request.xml"; judge "xmllint   $label" valid "$dir/request.xml"
  }
  sign=(--key "$dir/rsa.key" --cert "$dir/rsa.crt")
  validate "no option, unsigned"
  validate "no option" "${sign[@]}"
  validate "every option" "${sign[@]}" "${all[@]}"
  validate "IsPassive, index" "${sign[@]}" "${all[@]}" --force-authn no --passive yes --acs-index 65535
  for comparison in exact maximum better; do validate "Comparison $comparison" "${all[@]}" --comparison $comparison; done
  entity sp rsa3072 HTTP-POST; entity idp rsa HTTP-POST
  message "$(end logout idp sp rsa | cut -d= -f2)" > "$dir/signed.xml"; judge "xmllint   LogoutRequest" valid "$dir/signed.xml"
  echo "SAMLRequest=$(base64 -w0 "$dir/signed.xml")" > "$dir/form"
  message "$(end arrive sp idp rsa3072 --form "$dir/form" | tail -n 1 | cut -d= -f2)" > "$dir/answer.xml"
  judge "xmllint   LogoutResponse" valid "$dir/answer.xml"
  sed -i 's/Version="2.0"//' "$dir/request.xml"; judge "xmllint   refuses a request without Version" not valid "$dir/request.xml"

  schema=${schema/protocol/metadata}
  published "${sign[@]}"; judge "xmllint   metadata" valid "$dir/metadata.xml"
  published "${sign[@]}" --decryption-key "$dir/rsa.key" --decryption-cert "$dir/rsa.crt"
  judge "xmllint   metadata, encryption key" valid "$dir/metadata.xml"
  sed -i 's/ entityID="[^"]*"//' "$dir/metadata.xml"; judge "xmllint   refuses metadata without entityID" not valid "$dir/metadata.xml"
fi

for name in rsa rsa3072; do
  published --key "$dir/$name.key" --cert "$dir/$name.crt"
  judge "xmlsec1   metadata, $name" xmlsec1 --verify --pubkey-cert-pem "$dir/$name.crt" --id-attr:ID urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor "$dir/metadata.xml"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
