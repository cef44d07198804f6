#!/usr/bin/env bash
# About: object identifiers below 2.25, the arc of ITU-T X.667 whose next number is a UUID of 128 bits: anybody may make one
#   without a registry. Here one is a policy of a certificate (RFC 5280 section 4.2.1.4) and the type of an otherName
#   (section 4.2.1.6).
# Versions: npm asn1js 4.0.0, pkijs 4.0.0, node-forge 1.4.3, jsrsasign 11.1.5; GnuTLS 3.7.9, GnuPG 2.2.40 with libksba 1.6.3,
#   NSS 3.87.1 (all Debian 12); PyPI cryptography 48.0.0, asn1crypto 1.5.1; OpenSSL 3.0.
# Guess: node-forge fails at numbers above 53 bits. All others print the identifier.
# Behaviour: OpenSSL, cryptography, asn1crypto and jsrsasign print it. certtool cannot parse the policies, and refuses a whole
#   certificate for such an otherName. node-forge raises. asn1js, and so PKI.js, gives a string with hexadecimal digits in
#   braces in place of the number, and encodes that string as 2.25 without raising. gpgsm shows
#   1.3.6.1.4.1.11591.2.12242973, GnuPG's mark for a bad identifier, and NSS "UNSUPPORTED".
# Seen: see `expected` below. Python 3.11, Node 20.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download gpgsm gpg-agent libksba8 libgcrypt20 libassuan0 libnpth0 libgpg-error0 gnutls-bin libgnutls30 libtasn1-6 \
  libnss3-tools libnss3 libnspr4 >/dev/null 2>&1
for name in gpgsm_2.2.40-1.1 libksba8_1.6.3-2 gnutls-bin_3.7.9-2 libtasn1-6_4.19.0-2 libnss3-tools_2%3a3.87.1-1; do
  case $(echo $name*) in $name*.deb) ;; *) echo "another version than $name"; exit 1 ;; esac
done
for package in ./*.deb; do dpkg -x "$package" tools; done
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install cryptography==48.0.0 asn1crypto==1.5.1 2>/dev/null
npm install --silent --no-audit --no-fund asn1js@4.0.0 pkijs@4.0.0 node-forge@1.4.3 jsrsasign@11.1.5 >/dev/null
cat > certificate.cnf <<'TEXT'
[req]
distinguished_name = name
[name]
[alice]
basicConstraints = critical, CA:FALSE
certificatePolicies = 2.25.305821105408246119474742976030998643995
[bob]
basicConstraints = critical, CA:FALSE
subjectAltName = otherName:2.25.305821105408246119474742976030998643995;UTF8:Bob
TEXT
make() {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out "$2" -days 30 -subj "/CN=$1" -config certificate.cnf \
    -extensions "$1" 2>/dev/null
}
make alice cert.pem
make bob name.pem
openssl x509 -in cert.pem -outform DER -out cert.der
cat > one.py <<'PYTHON'
from asn1crypto import x509 as other
from cryptography import x509
with open("cert.der", "rb") as file:
    certificate_der = file.read()
policies = x509.load_der_x509_certificate(certificate_der).extensions.get_extension_for_class(x509.CertificatePolicies).value
print("cryptography:", policies[0].policy_identifier.dotted_string)
print("asn1crypto:", other.Certificate.load(certificate_der).certificate_policies_value[0]["policy_identifier"].dotted)
PYTHON
cat > two.mjs <<'NODE'
import { readFileSync } from "node:fs";
import { ObjectIdentifier } from "asn1js";
import forge from "node-forge";
import jsrsasign from "jsrsasign";
import { Certificate } from "pkijs";
const pem = readFileSync("cert.pem", "latin1");
const hasPolicies = ({ extnID }) => extnID === "2.5.29.32";
const certificate = new jsrsasign.X509(pem);
console.log("jsrsasign:", certificate.getExtCertificatePolicies().array[0].policyoid);
const policies = Certificate.fromBER(new Uint8Array(readFileSync("cert.der")).buffer).extensions.find(hasPolicies);
const { policyIdentifier } = policies.parsedValue.certificatePolicies[0];
console.log("pkijs:", policyIdentifier);
console.log("asn1js encodes it as:", Buffer.from(new ObjectIdentifier({ value: policyIdentifier }).toBER()).toString("hex"));
const { value } = forge.pki.certificateFromPem(pem).getExtension("certificatePolicies");
try {
  console.log("node-forge:", forge.asn1.derToOid(forge.asn1.fromDer(value).value[0].value[0].value));
} catch (error) {
  console.log("node-forge:", error.message);
}
NODE
LIBRARIES=$(find "$place/tools" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
tool() { LD_LIBRARY_PATH=$LIBRARIES tools/usr/bin/"$@"; }
export GNUPGHOME=$place/gnupg
mkdir -m 700 "$GNUPGHOME" db
tool certutil -N -d sql:db --empty-password
tool certutil -A -d sql:db -n Alice -t ,, -i cert.der
{
  echo "openssl: $(openssl x509 -in cert.pem -noout -text | sed -n 's/^ *Policy: //p')"
  venv/bin/python one.py
  node two.mjs
  echo "certtool, policy: $(tool certtool --certificate-info --infile cert.pem 2>&1 | grep error)"
  echo "certtool, otherName: $(tool certtool --certificate-info --infile name.pem 2>&1)"
  echo "openssl, otherName: $(openssl x509 -in name.pem -noout -text | sed -n 's/^ *othername: //p')"
  echo "gpgsm: $(tool gpgsm --batch --quiet --no-autostart --import cert.der 2>/dev/null
    tool gpgsm --batch --quiet --no-autostart --dump-cert alice 2>/dev/null | sed -n 's/^ *policies: //p')"
  echo "certutil: $(tool certutil -L -d sql:db -n Alice | sed -n 's/^ *Policy Name: //p')"
} > seen
cat > expected <<'TEXT'
openssl: 2.25.305821105408246119474742976030998643995
cryptography: 2.25.305821105408246119474742976030998643995
asn1crypto: 2.25.305821105408246119474742976030998643995
jsrsasign: 2.25.305821105408246119474742976030998643995
pkijs: 2.25.{034c130028184c28473d312700002a2e570a1b}
asn1js encodes it as: 060169
node-forge: OID value too large; max is 53-bits.
certtool, policy: error: certificate policies import: ASN1 parser: Error in DER parsing.
certtool, otherName: import error: ASN1 parser: Error in DER parsing.
openssl, otherName: 2.25.305821105408246119474742976030998643995::Bob
gpgsm: 1.3.6.1.4.1.11591.2.12242973
certutil: OID.2.25.UNSUPPORTED
TEXT
cat seen
diff expected seen
