#!/usr/bin/env bash
# About: `openssl cms -sign` with a certificate whose key is id-RSASSA-PSS (RFC 4055 section 1.2, RFC 4056 section 2).
# Versions: OpenSSL 3.0 (Debian 12, openssl and libssl3 3.0.*-1~deb12u*).
# Guess: the key can do nothing else than PSS, so the command signs with PSS by itself, as `openssl req` and
#   `openssl dgst` do with this key.
# Behaviour: it succeeds, and writes rsaEncryption as the signature algorithm. RFC 4056 section 3 asks for id-RSASSA-PSS
#   there. Its own `cms -verify` refuses the message with "illegal or unsupported padding mode". With the further option
#   -keyopt rsa_padding_mode:pss the message is right.
# Seen: see `expected` below.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download openssl libssl3 >/dev/null 2>&1
for name in openssl_3.0. libssl3_3.0.; do
  case $(echo $name*) in $name*-1~deb12u*) ;; *) echo "another version: $(echo $name*)"; exit 1 ;; esac
done
for package in ./*.deb; do dpkg -x "$package" tools; done
printf '[req]\ndistinguished_name = name\n[name]\n' > openssl.cnf
LD_LIBRARY_PATH=$(dirname "$(find "$place/tools" -name libcrypto.so.3)")
export LD_LIBRARY_PATH OPENSSL_CONF=$place/openssl.cnf
openssl=$place/tools/usr/bin/openssl
"$openssl" req -x509 -newkey rsa-pss -pkeyopt rsa_keygen_bits:2048 -nodes -keyout key.pem -out cert.pem -days 30 \
  -subj /CN=Alice 2>/dev/null
printf 'We meet at eight.\n' > text
{
  echo "key: $("$openssl" x509 -in cert.pem -noout -text | sed -n 's/.*Public Key Algorithm: //p')"
  "$openssl" verify -CAfile cert.pem cert.pem
  "$openssl" dgst -sha256 -sign key.pem -out signature text
  "$openssl" x509 -in cert.pem -pubkey -noout > public.pem
  echo "dgst: $("$openssl" dgst -sha256 -verify public.pem -signature signature text)"
  for option in '' '-keyopt rsa_padding_mode:pss'; do
    # shellcheck disable=SC2086
    "$openssl" cms -sign -binary -nodetach -in text -signer cert.pem -inkey key.pem $option -outform DER -out signed.der
    "$openssl" cms -cmsout -print -inform DER -in signed.der > print
    echo "cms $option: $(grep -A1 'signatureAlgorithm' print | sed -n 's/.*algorithm: \([A-Za-z]*\).*/\1/p' | tail -n 1)"
    { "$openssl" cms -verify -binary -inform DER -in signed.der -CAfile cert.pem -purpose any -out /dev/null 2>&1 || true; } |
      sed 's/^[^:]*:error:[^:]*:[^:]*:[^:]*:\([^:]*\):.*/\1/'
  done
} > seen
cat > expected <<'TEXT'
key: rsassaPss
cert.pem: OK
dgst: Verified OK
cms : rsaEncryption
CMS Verification failure
illegal or unsupported padding mode
cms -keyopt rsa_padding_mode:pss: rsassaPss
CMS Verification successful
TEXT
cat seen
diff expected seen
