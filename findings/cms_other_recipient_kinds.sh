#!/usr/bin/env bash
# About: EnvelopedData for a reader with RSA beside another recipient with an elliptic curve (kari), a symmetric key (kekri)
#   or a password (pwri). RFC 5652 section 6.2: "all implementations MUST gracefully handle unimplemented alternatives
#   within the RecipientInfo CHOICE".
# Versions: NSS 3.87.1 (Debian 12, libnss3-tools and libnss3 2:3.87.1-1+deb12u*); PyPI cryptography 48.0.0;
#   GnuPG 2.2.40 (Debian 12); OpenSSL 3.0.
# Guess: cmsutil and cryptography decrypt each of them by the reader's own KeyTransRecipientInfo and pass over the
#   others.
# Behaviour: in both, one RecipientInfo of another kind makes the whole message unreadable: "improperly formatted DER-encoded
#   message" and "UnexpectedTag". A second addressee whose certificate has an elliptic curve is enough. OpenSSL and gpgsm
#   decrypt all of them with the same RSA key.
# Seen: see `expected` below.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download libnss3-tools libnss3 libnspr4 gpgsm gpg-agent libksba8 libgcrypt20 libassuan0 libnpth0 libgpg-error0 \
  >/dev/null 2>&1
for name in libnss3-tools_2%3a3.87.1-1 gpgsm_2.2.40-1.1 libksba8_1.6.3-2; do
  case $(echo $name*) in $name*.deb) ;; *) echo "another version than $name"; exit 1 ;; esac
done
for package in ./*.deb; do dpkg -x "$package" tools; done
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install cryptography==48.0.0 2>/dev/null
make() {
  openssl req -x509 -newkey "$2" "${@:3}" -nodes -keyout "$1.key" -out "$1.pem" -days 30 -subj "/CN=$1" 2>/dev/null
}
make Alice rsa:2048
make Bob rsa:2048
make Eve ec -pkeyopt ec_paramgen_curve:P-256
openssl pkcs12 -export -in Alice.pem -inkey Alice.key -keypbe PBE-SHA1-3DES -certpbe NONE -macalg sha1 -name Alice \
  -out Alice.p12 -passout pass:secret
printf 'Content-Type: text/plain\r\n\r\nWe meet at eight.\r\n' > part
encrypt() {
  openssl cms -encrypt -binary -aes-256-cbc -in part -recip Alice.pem "${@:2}" -outform DER -out "$1.der"
}
encrypt 'only_Alice'
encrypt 'ktri' -recip Bob.pem
encrypt 'kari' -recip Eve.pem
encrypt 'kekri' -secretkey 000102030405060708090A0B0C0D0E0F -secretkeyid 616263
encrypt 'pwri' -pwri_password "the letter of May"

cat > one.py <<'PYTHON'
import sys
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs7
def read(name):
    with open(name, "rb") as file:
        return file.read()
certificate, key = x509.load_pem_x509_certificate(read("Alice.pem")), load_pem_private_key(read("Alice.key"), None)
try:
    sys.stdout.buffer.write(pkcs7.pkcs7_decrypt_der(read(sys.argv[1]), certificate, key, []))
except ValueError as error:
    sys.exit("UnexpectedTag" if "UnexpectedTag" in str(error) else str(error))
PYTHON
LIBRARIES=$(find "$place/tools" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
export LIBRARIES GNUPGHOME=$place/gnupg
mkdir -m 700 "$GNUPGHOME"
mkdir db
cat > steps.sh <<'STEPS'
gpgsm() { tools/usr/bin/gpgsm --batch --quiet --disable-crl-checks --pinentry-mode loopback --passphrase-fd 3 "$@" 3<<< secret; }
nss() { LD_LIBRARY_PATH=$LIBRARIES tools/usr/bin/"$@"; }
said() { if cmp -s content part; then echo "$1: decrypted"; else echo "$1: ${2:-failed}"; fi; rm -f content; }
gpgsm --import Alice.p12 >/dev/null 2>&1
nss certutil -N -d sql:db --empty-password
nss pk12util -i Alice.p12 -d sql:db -W secret >/dev/null
for kind in only_Alice ktri kari kekri pwri; do
  nss cmsutil -D -d sql:db -i $kind.der -o content 2> err || true
  said "$kind, cmsutil" "$(grep -o 'SEC_ERROR_[A-Z_]*' err || true)"
  (unset LD_LIBRARY_PATH; venv/bin/python one.py $kind.der > content 2> err) || true
  said "$kind, cryptography" "$(cat err)"
  gpgsm --decrypt --output content $kind.der 2>/dev/null || true
  said "$kind, gpgsm"
  (unset LD_LIBRARY_PATH; openssl cms -decrypt -inform DER -in $kind.der -recip Alice.pem -inkey Alice.key -out content) || true
  said "$kind, openssl"
done
STEPS
LD_LIBRARY_PATH=$LIBRARIES tools/usr/bin/gpg-agent --quiet --daemon bash steps.sh > seen
cat > expected <<'TEXT'
only_Alice, cmsutil: decrypted
only_Alice, cryptography: decrypted
only_Alice, gpgsm: decrypted
only_Alice, openssl: decrypted
ktri, cmsutil: decrypted
ktri, cryptography: decrypted
ktri, gpgsm: decrypted
ktri, openssl: decrypted
kari, cmsutil: SEC_ERROR_BAD_DER
kari, cryptography: UnexpectedTag
kari, gpgsm: decrypted
kari, openssl: decrypted
kekri, cmsutil: SEC_ERROR_BAD_DER
kekri, cryptography: UnexpectedTag
kekri, gpgsm: decrypted
kekri, openssl: decrypted
pwri, cmsutil: SEC_ERROR_BAD_DER
pwri, cryptography: UnexpectedTag
pwri, gpgsm: decrypted
pwri, openssl: decrypted
TEXT
cat seen
diff expected seen
