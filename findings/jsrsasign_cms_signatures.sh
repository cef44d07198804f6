#!/usr/bin/env bash
# About: SignedData of `openssl cms -sign` in jsrsasign: RSA with the identifier rsaEncryption, which RFC 3370 section 3.2 says MUST
#   be supported; no signedAttrs (RFC 5652 section 5.3: OPTIONAL); a key identifier (section 5.3: MUST); indefinite lengths
#   (section 2).
# Versions: npm jsrsasign 11.1.5; OpenSSL 3.0; Node 20.
# Guess: its CMSUtil.verifySignedData verifies all of them but perhaps the key identifier.
# Behaviour: it verifies only the ECDSA signature in DER with signedAttrs, issuer and serial number. It refuses the plain RSA
#   signature that OpenSSL makes by default ("provider not supported: undefined"). The others raise too, two of them a
#   TypeError of JavaScript. OpenSSL verifies all.
# Seen: see `expected` below.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
npm install --silent --no-audit --no-fund jsrsasign@11.1.5 >/dev/null
make() { openssl req -x509 -newkey "${@:2}" -nodes -keyout "$1.key" -out "$1.pem" -days 30 -subj "/CN=$1" 2>/dev/null; }
make rsa rsa:2048
make ec ec -pkeyopt ec_paramgen_curve:P-256
printf 'We meet at eight.\n' > text
cat > one.cjs <<'NODE'
const { readFileSync } = require("node:fs");
const { KJUR } = require("jsrsasign");
try {
  console.log(KJUR.asn1.cms.CMSUtil.verifySignedData({ cms: readFileSync("signed.der").toString("hex") }).isValid);
} catch (error) {
  console.log(error.message ?? error);
}
NODE
check() {
  openssl cms -sign -binary -nodetach -in text -signer "$2.pem" -inkey "$2.key" "${@:3}" -outform DER -out signed.der
  echo "$1: jsrsasign: $(node one.cjs)"
  echo "$1: openssl: $(openssl cms -verify -binary -inform DER -in signed.der -CAfile "$2.pem" -purpose any -out /dev/null 2>&1)"
}
{
  check ECDSA ec
  check RSA rsa
  check 'ECDSA, no signedAttrs' ec -noattr
  check 'ECDSA, key identifier' ec -keyid
  check 'ECDSA, indefinite lengths' ec -stream
} > seen
cat > expected <<'TEXT'
ECDSA: jsrsasign: true
ECDSA: openssl: CMS Verification successful
RSA: jsrsasign: provider not supported: undefined
RSA: openssl: CMS Verification successful
ECDSA, no signedAttrs: jsrsasign: malformed SignerInfo
ECDSA, no signedAttrs: openssl: CMS Verification successful
ECDSA, key identifier: jsrsasign: Cannot read properties of undefined (reading 'getPublicKey')
ECDSA, key identifier: openssl: CMS Verification successful
ECDSA, indefinite lengths: jsrsasign: Cannot read properties of undefined (reading 'length')
ECDSA, indefinite lengths: openssl: CMS Verification successful
TEXT
cat seen
diff expected seen
