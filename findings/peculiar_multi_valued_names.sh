#!/usr/bin/env bash
# About: a name with two attributes in one RelativeDistinguishedName, which is a SET OF (RFC 5280 section 4.1.2.4). X.690 section
#   11.6 sorts its members by their encodings in DER, and RFC 5280 section 4.1 signs DER.
# Versions: npm @peculiar/x509 2.2.0, jsrsasign 11.1.5; PyPI cryptography 48.0.0, asn1crypto 1.5.1; OpenSSL 3.0; Node 20.
# Guess: @peculiar/x509 sorts "CN=Zoe+OU=A", and cryptography reads the certificate.
# Behaviour: it writes the attributes in the order of the text. cryptography refuses to parse such a certificate at all
#   (InvalidSetOrdering); with "OU=A+CN=Zoe", the same name, it reads it. jsrsasign and OpenSSL sort.
# Seen: see `expected` below. Python 3.11.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install cryptography==48.0.0 asn1crypto==1.5.1 2>/dev/null
npm install --silent --no-audit --no-fund @peculiar/x509@2.2.0 reflect-metadata@0.2.2 jsrsasign@11.1.5 >/dev/null
cat > one.cjs <<'NODE'
require("reflect-metadata");
const { webcrypto } = require("node:crypto");
const { writeFileSync } = require("node:fs");
const x509 = require("@peculiar/x509");
const { KEYUTIL, KJUR } = require("jsrsasign");
x509.cryptoProvider.set(webcrypto);
const byJsrsasign = () => {
  const { prvKeyObj, pubKeyObj } = KEYUTIL.generateKeypair("EC", "secp256r1");
  const name = { str: "/CN=Zoe+OU=A" };
  return new KJUR.asn1.x509.Certificate({ version: 3, serial: { int: 1 }, issuer: name, subject: name, notbefore: "260101000000Z",
    notafter: "300101000000Z", sbjpubkey: pubKeyObj, sigalg: "SHA256withECDSA", cakey: prvKeyObj, ext: [] }).tohex();
};
(async () => {
  const signingAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(signingAlgorithm, true, ["sign", "verify"]);
  for (const name of ["CN=Zoe+OU=A", "OU=A+CN=Zoe"]) {
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({ serialNumber: "01", name, signingAlgorithm, keys,
      notBefore: new Date("2026-01-01"), notAfter: new Date("2030-01-01") });
    writeFileSync(`@peculiar ${name}.der`, Buffer.from(certificate.rawData));
  }
  writeFileSync("jsrsasign CN=Zoe+OU=A.der", Buffer.from(byJsrsasign(), "hex"));
})();
NODE
node one.cjs
printf '[req]\nprompt = no\ndistinguished_name = name\n[name]\nCN = Zoe\n+OU = A\n' > name.cnf
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -outform DER -out 'openssl CN=Zoe+OU=A.der' -days 30 \
  -config name.cnf 2>/dev/null
cat > two.py <<'PYTHON'
import pathlib
from asn1crypto import x509 as other
from cryptography import x509
for path in sorted(pathlib.Path().glob("*.der")):
    try:
        print(f"{path.stem}, read by cryptography:", x509.load_der_x509_certificate(path.read_bytes()).subject.rfc4514_string())
    except ValueError as error:
        print(f"{path.stem}, read by cryptography:", "InvalidSetOrdering" if "InvalidSetOrdering" in str(error) else error)
    written = other.Certificate.load(path.read_bytes()).subject.chosen[0]
    sorted_members = sorted(member.dump() for member in written)
    print(f"{path.stem}, sorted:", [member.dump() for member in written] == sorted_members)
PYTHON
venv/bin/python two.py > seen
cat > expected <<'TEXT'
@peculiar CN=Zoe+OU=A, read by cryptography: InvalidSetOrdering
@peculiar CN=Zoe+OU=A, sorted: False
@peculiar OU=A+CN=Zoe, read by cryptography: OU=A+CN=Zoe
@peculiar OU=A+CN=Zoe, sorted: True
jsrsasign CN=Zoe+OU=A, read by cryptography: OU=A+CN=Zoe
jsrsasign CN=Zoe+OU=A, sorted: True
openssl CN=Zoe+OU=A, read by cryptography: OU=A+CN=Zoe
openssl CN=Zoe+OU=A, sorted: True
TEXT
cat seen
diff expected seen
