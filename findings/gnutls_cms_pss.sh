#!/usr/bin/env bash
# About: CMS signatures with RSASSA-PSS (RFC 4056) whose parameters are not SHA-256 with a salt of 32 bytes. The signer chooses
#   both: RFC 4055 section 3.1 recommends a salt as long as the hash, and its DEFAULT is 20 bytes.
# Versions: GnuTLS 3.7.9 (Debian 12, gnutls-bin 3.7.9-2+deb12u*); OpenSSL 3.0; NSS 3.87.1 (Debian 12) as witness.
# Guess: certtool verifies all of them by the parameters in the message, and at least the messages that it signed itself.
# Behaviour: it verifies SHA-256 with 32 bytes only. A salt of 20 or 222 bytes fails (222 is the choice of `openssl cms`
#   with a key of 2048 bits), and so do SHA-384 and SHA-512 with each salt, also where certtool itself wrote the message:
#   "Public key signature verification has failed". OpenSSL verifies all of them, and NSS verifies those of OpenSSL.
# Seen: see `expected` below.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download gnutls-bin libnss3-tools libnss3 libnspr4 >/dev/null 2>&1
for name in gnutls-bin_3.7.9-2 libnss3-tools_2%3a3.87.1-1; do
  case $(echo $name*) in $name*.deb) ;; *) echo "another version than $name"; exit 1 ;; esac
done
for package in ./*.deb; do dpkg -x "$package" tools; done
make() {
  openssl req -x509 -newkey "$2" -pkeyopt rsa_keygen_bits:2048 -nodes -keyout "$1.key" -out "$1.pem" -days 30 \
    -subj "/CN=$1" 2>/dev/null
}
make Alice rsa
make Pia rsa-pss
LIBRARIES=$(find tools -name libnss3.so -printf '%h:')$(find tools -name libsoftokn3.so -printf '%h')
mkdir db
nss() { LD_LIBRARY_PATH=$LIBRARIES tools/usr/bin/"$@"; }
nss certutil -N -d sql:db --empty-password
nss certutil -A -d sql:db -n Alice -t CP,CP,CP -a -i Alice.pem
printf 'Content-Type: text/plain\r\n\r\nWe meet at eight.\r\n' > part
check() {
  tools/usr/bin/certtool --p7-verify --inder --infile signed.der --load-ca-certificate "$2.pem" > out 2>&1 || true
  echo "$1: certtool $(sed -n 's/.*Signature status: \([a-z ]*\).*/\1/p' out)"
  echo "$1: openssl $(openssl cms -verify -binary -inform DER -in signed.der -CAfile "$2.pem" -purpose any -out /dev/null 2>&1)"
}
by_openssl() {
  openssl cms -sign -binary -nodetach -in part -signer Alice.pem -inkey Alice.key -md "$1" -keyopt rsa_padding_mode:pss \
    "${@:3}" -outform DER -out signed.der
  check "openssl $1, salt $2" Alice
  echo "openssl $1, salt $2: cmsutil $(nss cmsutil -D -d sql:db -h 1 -i signed.der 2>&1 | grep -ao 'status=[A-Za-z]*')"
}
by_certtool() {
  tools/usr/bin/certtool --p7-sign --hash "$1" --load-certificate Pia.pem --load-privkey Pia.key --infile part --outder \
    --outfile signed.der 2>/dev/null
  check "certtool $1" Pia
}
{
  by_openssl sha256 32 -keyopt rsa_pss_saltlen:32
  by_openssl sha256 20 -keyopt rsa_pss_saltlen:20
  by_openssl sha256 'not named'
  by_openssl sha384 48 -keyopt rsa_pss_saltlen:48
  by_openssl sha512 64 -keyopt rsa_pss_saltlen:64
  for hash in sha256 sha384 sha512; do by_certtool $hash; done
} > seen
cat > expected <<'TEXT'
openssl sha256, salt 32: certtool ok
openssl sha256, salt 32: openssl CMS Verification successful
openssl sha256, salt 32: cmsutil status=GoodSignature
openssl sha256, salt 20: certtool verification failed
openssl sha256, salt 20: openssl CMS Verification successful
openssl sha256, salt 20: cmsutil status=GoodSignature
openssl sha256, salt not named: certtool verification failed
openssl sha256, salt not named: openssl CMS Verification successful
openssl sha256, salt not named: cmsutil status=GoodSignature
openssl sha384, salt 48: certtool verification failed
openssl sha384, salt 48: openssl CMS Verification successful
openssl sha384, salt 48: cmsutil status=GoodSignature
openssl sha512, salt 64: certtool verification failed
openssl sha512, salt 64: openssl CMS Verification successful
openssl sha512, salt 64: cmsutil status=GoodSignature
certtool sha256: certtool ok
certtool sha256: openssl CMS Verification successful
certtool sha384: certtool verification failed
certtool sha384: openssl CMS Verification successful
certtool sha512: certtool verification failed
certtool sha512: openssl CMS Verification successful
TEXT
cat seen
diff expected seen
