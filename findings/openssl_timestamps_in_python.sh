#!/usr/bin/env bash
# About: timestamps (RFC 3161) that `openssl ts -reply` makes with RSA and ECDSA, with the certificates that the request asks for
#   (certReq) and without, in two readers.
# Versions: PyPI rfc3161-client 1.0.9, rfc3161ng 2.1.3; OpenSSL 3.0.
# Guess: both verify all of them, as `openssl ts -verify` does.
# Behaviour: OpenSSL writes the certificates in the order of its arguments. In DER, which RFC 3161 section 3.4 asks for, a SET OF is
#   sorted, so rfc3161-client refuses each response in which a longer certificate comes before a shorter one: an issuer
#   with a shorter name is enough. rfc3161ng takes each order, and raises TypeError for each timestamp with ECDSA.
# Seen: see `expected` below. Python 3.11.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install rfc3161-client==1.0.9 rfc3161ng==2.1.3 2>/dev/null
cat > openssl.cnf <<'TEXT'
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[stamper]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = one
[one]
serial = ./serial
signer_digest = sha256
default_policy = 1.3.6.1.4.1.32473.1
digests = sha256
ess_cert_id_alg = sha256
TEXT
export OPENSSL_CONF=$place/openssl.cnf
make() {
  openssl req -x509 -newkey "$2" "${@:5}" -nodes -keyout "$1.key" -out "$1.root.pem" -days 30 -subj "/CN=$3" \
    -extensions authority 2>/dev/null
  openssl req -new -newkey "$2" "${@:5}" -nodes -keyout "$1.signer.key" -out request.pem -subj "/CN=$4" 2>/dev/null
  openssl x509 -req -in request.pem -CA "$1.root.pem" -CAkey "$1.key" -set_serial 2 -days 20 -extfile openssl.cnf \
    -extensions stamper -out "$1.signer.pem" 2>/dev/null
}
name=$(printf 'x%.0s' {1..64})
make rsa_short_issuer rsa:2048 Root "$name"
make rsa_long_issuer rsa:2048 "$name" Stamper
make ec_long_issuer ec "$name" Stamper -pkeyopt ec_paramgen_curve:P-256
echo 01 > serial
echo 'We meet at eight.' > text
cat > one.py <<'PYTHON'
import sys
import rfc3161_client
import rfc3161ng
from cryptography import x509
who, what = sys.argv[1:]
def read(name):
    with open(name, "rb") as file:
        return file.read()
def by_client():
    response = rfc3161_client.decode_timestamp_response(read("response"))
    root, signer = (x509.load_pem_x509_certificate(read(f"{who}.{kind}.pem")) for kind in ("root", "signer"))
    verifier = rfc3161_client.VerifierBuilder().add_root_certificate(root).tsa_certificate(signer).build()
    return verifier.verify_message(response, read("text"))
def by_ng():
    token = rfc3161ng.decode_timestamp_response(read("response")).time_stamp_token
    return rfc3161ng.check_timestamp(token, certificate=read(f"{who}.signer.pem"), data=read("text"), hashname="sha256")
for name, check in (("rfc3161-client", by_client), ("rfc3161ng", by_ng)):
    try:
        print(f"{who}, {what}, {name}: {check()}")
    except (TypeError, ValueError) as error:
        kind = "InvalidSetOrdering" if "InvalidSetOrdering" in str(error) else error
        print(f"{who}, {what}, {name}: {type(error).__name__}, {kind}")
PYTHON
for who in rsa_short_issuer rsa_long_issuer ec_long_issuer; do
  for what in certificates none; do
    option=(); [ $what = none ] || option=(-cert)
    openssl ts -query -data text -sha256 "${option[@]}" -out query 2>/dev/null
    openssl ts -reply -config openssl.cnf -queryfile query -signer $who.signer.pem -inkey $who.signer.key -chain $who.root.pem \
      -out response 2>/dev/null
    verdict=$(openssl ts -verify -data text -in response -CAfile $who.root.pem -untrusted $who.signer.pem 2>/dev/null)
    echo "$who, $what, openssl: $verdict"
    venv/bin/python one.py $who $what
  done
done > seen
cat > expected <<'TEXT'
rsa_short_issuer, certificates, openssl: Verification: OK
rsa_short_issuer, certificates, rfc3161-client: ValueError, InvalidSetOrdering
rsa_short_issuer, certificates, rfc3161ng: True
rsa_short_issuer, none, openssl: Verification: OK
rsa_short_issuer, none, rfc3161-client: True
rsa_short_issuer, none, rfc3161ng: True
rsa_long_issuer, certificates, openssl: Verification: OK
rsa_long_issuer, certificates, rfc3161-client: True
rsa_long_issuer, certificates, rfc3161ng: True
rsa_long_issuer, none, openssl: Verification: OK
rsa_long_issuer, none, rfc3161-client: True
rsa_long_issuer, none, rfc3161ng: True
ec_long_issuer, certificates, openssl: Verification: OK
ec_long_issuer, certificates, rfc3161-client: True
ec_long_issuer, certificates, rfc3161ng: TypeError, ECPublicKey.verify() takes 3 positional arguments but 4 were given
ec_long_issuer, none, openssl: Verification: OK
ec_long_issuer, none, rfc3161-client: True
ec_long_issuer, none, rfc3161ng: TypeError, ECPublicKey.verify() takes 3 positional arguments but 4 were given
TEXT
cat seen
diff expected seen
