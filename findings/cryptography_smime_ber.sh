#!/usr/bin/env bash
# About: encrypted S/MIME mails whose EnvelopedData has indefinite lengths. RFC 5652 section 1 says that CMS values are in BER,
#   and section 2 names indefinite lengths as the way to process a content type in a single pass.
# Versions: PyPI cryptography 48.0.0; NSS 3.87.1 (Debian 12, the library of Thunderbird), OpenSSL 3.0 as senders.
# Guess: pkcs7_decrypt_smime reads them, because load_der_pkcs7_certificates reads SignedData with indefinite lengths.
# Behaviour: it decrypts DER only. Each encrypted mail of NSS's cmsutil and each one of `openssl cms -stream` is a ValueError,
#   "InvalidLength". The same recipient, algorithms and key in DER pass. OpenSSL decrypts all three.
# Seen: see `expected` below. Python 3.11.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download libnss3-tools libnss3 libnspr4 >/dev/null 2>&1
case $(echo libnss3-tools_*) in libnss3-tools_2%3a3.87.1-1+deb12u*) ;; *) echo "another version: $(echo libnss3-tools_*)"; exit 1 ;; esac
for package in ./*.deb; do dpkg -x "$package" tools; done
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install cryptography==48.0.0 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 30 -subj /CN=Alice \
  -addext subjectAltName=email:alice@example.test 2>/dev/null
printf 'We meet at eight.\n' > text
LIBRARIES=$(find tools -name libnss3.so -printf '%h:')$(find tools -name libsoftokn3.so -printf '%h')
nss() { LD_LIBRARY_PATH=$LIBRARIES tools/usr/bin/"$@"; }
mkdir db
nss certutil -N -d sql:db --empty-password
nss certutil -A -d sql:db -n Alice -t CP,CP,CP -a -i cert.pem
openssl cms -encrypt -binary -aes-128-cbc -in text -outform DER -out openssl.der cert.pem
openssl cms -encrypt -binary -aes-128-cbc -stream -in text -outform DER -out openssl_stream.der cert.pem
nss cmsutil -E -d sql:db -r alice@example.test -i text -o nss.der
cat > one.py <<'PYTHON'
import sys
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs7
with open("cert.pem", "rb") as file:
    certificate = x509.load_pem_x509_certificate(file.read())
with open("key.pem", "rb") as file:
    key = load_pem_private_key(file.read(), None)
try:
    print(pkcs7.pkcs7_decrypt_smime(sys.stdin.buffer.read(), certificate, key, []).decode().strip())
except Exception as error:
    print(type(error).__name__, error)
PYTHON
for name in openssl openssl_stream nss; do
  echo "$name: $(od -An -tx1 -j1 -N1 $name.der | tr -d ' ' | sed 's/^80$/indefinite length/; s/^8[0-9]$/definite length/')"
  openssl asn1parse -inform DER -in $name.der | grep -o 'aes-[0-9]*-cbc\|rsaEncryption' | xargs echo "$name:"
  { printf '%s\n' 'MIME-Version: 1.0' 'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m' \
    'Content-Transfer-Encoding: base64' ''; base64 $name.der; } > mail
  echo "$name, cryptography: $(venv/bin/python one.py < mail)"
  echo "$name, openssl: $(openssl cms -decrypt -in mail -recip cert.pem -inkey key.pem)"
done > seen
cat > expected <<'TEXT'
openssl: definite length
openssl: rsaEncryption aes-128-cbc
openssl, cryptography: We meet at eight.
openssl, openssl: We meet at eight.
openssl_stream: indefinite length
openssl_stream: rsaEncryption aes-128-cbc
openssl_stream, cryptography: ValueError error parsing asn1 value: ParseError { kind: InvalidLength }
openssl_stream, openssl: We meet at eight.
nss: indefinite length
nss: rsaEncryption aes-128-cbc
nss, cryptography: ValueError error parsing asn1 value: ParseError { kind: InvalidLength }
nss, openssl: We meet at eight.
TEXT
cat seen
diff expected seen
