#!/usr/bin/env bash
# About: a PKCS#12 file whose bags have no attributes (RFC 7292 section 4.2: bagAttributes is OPTIONAL), in NSS.
# Versions: NSS 3.87.1 (Debian 12, libnss3-tools and libnss3 2:3.87.1-1+deb12u*); PyPI asn1crypto 1.5.1, cryptography
#   48.0.0; OpenSSL 3.0.
# Guess: pk12util finds the certificate of the key by the public key where no localKeyID names it, as OpenSSL does.
# Behaviour: it imports the file with localKeyID and refuses the one without: "UNABLE_TO_IMPORT_KEY", exit code 18. A
#   friendlyName does not help. OpenSSL and cryptography read the key and its certificate from all of them.
# Seen: see `expected` below.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download libnss3-tools libnss3 libnspr4 >/dev/null 2>&1
case $(echo libnss3-tools_*) in libnss3-tools_2%3a3.87.1-1+deb12u*) ;; *) echo "another version: $(echo libnss3-tools_*)"; exit 1 ;; esac
for package in ./*.deb; do dpkg -x "$package" tools; done
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install asn1crypto==1.5.1 cryptography==48.0.0 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 30 -subj /CN=Alice 2>/dev/null
openssl pkcs12 -export -in cert.pem -inkey key.pem -certpbe NONE -macalg sha256 -out whole.p12 -passout pass:secret
cat > strip.py <<'PYTHON'
"""whole.p12 with other attributes on each bag, and its MAC computed anew (RFC 7292 appendix B, one block of SHA-256)."""
import hashlib, hmac, sys
from asn1crypto import algos, core, pkcs12

def fill(octets):
    length = -(-len(octets) // 64) * 64
    return (octets * (length // len(octets) + 1))[:length]

def write(name, keep):
    pfx = pkcs12.Pfx.load(open("whole.p12", "rb").read())
    safe = pkcs12.AuthenticatedSafe.load(pfx["auth_safe"]["content"].native)
    for content in safe:
        bags = pkcs12.SafeContents.load(content["content"].native)
        kept = []
        for bag in bags:
            attributes = [one for one in bag["bag_attributes"] if one["type"].native == keep]
            if keep == "friendly_name":
                value = {"type": "friendly_name", "values": [core.BMPString("Alice")]}
                attributes = [pkcs12.Attribute(value)]
            fields = {"bag_id": bag["bag_id"].native, "bag_value": bag["bag_value"]}
            kept.append(pkcs12.SafeBag(fields | ({"bag_attributes": attributes} if attributes else {})))
        content["content"] = core.OctetString(pkcs12.SafeContents(kept).dump())
    octets = safe.dump(force=True)
    mac = pfx["mac_data"]
    key = hashlib.sha256(b"\x03" * 64 + fill(mac["mac_salt"].native) + fill("secret".encode("utf-16-be") + b"\0\0")).digest()
    for _ in range(mac["iterations"].native - 1):
        key = hashlib.sha256(key).digest()
    info = {"digest_algorithm": {"algorithm": "sha256"}, "digest": hmac.digest(key, octets, "sha256")}
    data = {"mac": info, "mac_salt": mac["mac_salt"].native, "iterations": mac["iterations"].native}
    made = {"version": "v3", "auth_safe": {"content_type": "data", "content": core.OctetString(octets)}, "mac_data": data}
    open(name, "wb").write(pkcs12.Pfx(made).dump())

write("localKeyID.p12", "local_key_id")
write("friendlyName.p12", "friendly_name")
write("none.p12", "")
PYTHON
venv/bin/python strip.py
LIBRARIES=$(find tools -name libnss3.so -printf '%h:')$(find tools -name libsoftokn3.so -printf '%h')
for file in localKeyID friendlyName none; do
  rm -rf db; mkdir db
  LD_LIBRARY_PATH=$LIBRARIES tools/usr/bin/certutil -N -d sql:db --empty-password
  code=0
  LD_LIBRARY_PATH=$LIBRARIES tools/usr/bin/pk12util -i $file.p12 -d sql:db -W secret >out 2>&1 || code=$?
  keys=$(LD_LIBRARY_PATH=$LIBRARIES tools/usr/bin/certutil -K -d sql:db 2>/dev/null | grep -c '^<' || true)
  echo "$file: pk12util $code, $keys key"
  openssl pkcs12 -in $file.p12 -nodes -passin pass:secret -out pem 2>/dev/null
  echo "$file: openssl $(grep -c BEGIN pem) values"
  venv/bin/python -c "
from cryptography.hazmat.primitives.serialization import pkcs12
key, certificate, _ = pkcs12.load_key_and_certificates(open('$file.p12', 'rb').read(), b'secret')
print('$file: cryptography', key is not None and certificate is not None)"
done > seen
cat > expected <<'TEXT'
localKeyID: pk12util 0, 1 key
localKeyID: openssl 2 values
localKeyID: cryptography True
friendlyName: pk12util 18, 0 key
friendlyName: openssl 2 values
friendlyName: cryptography True
none: pk12util 18, 0 key
none: openssl 2 values
none: cryptography True
TEXT
cat seen
diff expected seen
