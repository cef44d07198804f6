#!/usr/bin/env bash
# About: valid forms of DKIM signatures and key records: white space around "=" (RFC 6376 section 3.2), a second query method in q=
#   (section 3.5: unrecognized ones MUST be ignored), a second service type in s= (section 3.6.1, with tlsrpt of RFC 8460), a
#   body without CRLF at its end (section 3.4.4, as BDAT can carry it), and the RSAPublicKey that section 3.6.1 names.
# Versions: npm mailauth 4.13.3; PyPI dkimpy 1.1.8, cryptography 48.0.0; Node 20.
# Guess: both verify all of them.
# Behaviour: each refuses some that the other verifies. mailauth: white space between "b" and "=" ("bad signature"), and
#   RSAPublicKey ("unknown key type"). dkimpy: the second query method, the second service type, and the body that ends in
#   white space without CRLF, in relaxed canonicalisation.
# Seen: see `expected` below. Python 3.11.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install dkimpy==1.1.8 dnspython==2.7.0 cryptography==48.0.0 2>/dev/null
npm install --silent --no-audit --no-fund mailauth@4.13.3 >/dev/null
cat > sign.py <<'PYTHON'
"""Mails signed with relaxed/relaxed over From and Subject, and the key record of each."""
import base64
import hashlib
import re
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
key = rsa.generate_private_key(65537, 2048)
def public(form):
    return base64.b64encode(key.public_key().public_bytes(Encoding.DER, form)).decode()
SPKI = public(PublicFormat.SubjectPublicKeyInfo)
def relax(value):
    return re.sub(r"[ \t]+", " ", value.replace("\r\n", "")).strip()
def write(name, *, body="Hello  world \r\n", spaced="", q="dns/txt", record=f"v=DKIM1; p={SPKI}"):
    fields = {"from": "ann@example.test", "subject": "hi"}
    relaxed = "".join(re.sub(r"[ \t]+", " ", line).rstrip() + "\r\n" for line in body.removesuffix("\r\n").split("\r\n"))
    tags = {"v": "1", "a": "rsa-sha256", "c": "relaxed/relaxed", "d": "example.test", "s": "s", "q": q, "h": "From:Subject",
            "bh": base64.b64encode(hashlib.sha256(relaxed.encode()).digest()).decode(), "b": ""}
    value = "; ".join(f"{tag}{' = ' if tag in spaced else '='}{content}" for tag, content in tags.items())
    signed = "".join(f"{field}:{content}\r\n" for field, content in fields.items()) + "dkim-signature:" + relax(value)
    signature = base64.b64encode(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
    rest = "".join(f"{field.title()}: {content}\r\n" for field, content in fields.items())
    with open(f"{name}.eml", "wb") as file:
        file.write(f"DKIM-Signature: {value}{signature}\r\n{rest}\r\n{body}".encode())
    with open(f"{name}.txt", "w") as file:
        file.write(record)
write("1 plain")
write("2 white space after b", spaced="b")
write("3 white space after others", spaced="vacdsqh")
write("4 query methods", q="dns/txt:example/method")
write("5 service types", record=f"v=DKIM1; s=tlsrpt:email; p={SPKI}")
write("6 no CRLF", body="Hello  world ")
write("7 RSAPublicKey", record=f"v=DKIM1; p={public(PublicFormat.PKCS1)}")
PYTHON
cat > one.py <<'PYTHON'
import pathlib
import dkim
for path in sorted(pathlib.Path().glob("*.eml")):
    record = path.with_suffix(".txt").read_bytes()
    print(f"{path.stem}, dkimpy:", "pass" if dkim.verify(path.read_bytes(), dnsfunc=lambda name, timeout=5: record) else "fail")
PYTHON
cat > two.cjs <<'NODE'
const { readFileSync, readdirSync } = require("node:fs");
const { dkimVerify } = require("mailauth/lib/dkim/verify");
(async () => {
  for (const file of readdirSync(".").filter((one) => one.endsWith(".eml")).sort()) {
    const record = readFileSync(file.replace("eml", "txt"), "latin1");
    const { results: [{ status }] } = await dkimVerify(readFileSync(file), { resolver: async () => [[record]] });
    console.log(`${file.slice(0, -4)}, mailauth: ${status.result}${status.comment ? `, ${status.comment}` : ""}`);
  }
})();
NODE
venv/bin/python sign.py
{ venv/bin/python one.py; node two.cjs; } > seen
cat > expected <<'TEXT'
1 plain, dkimpy: pass
2 white space after b, dkimpy: pass
3 white space after others, dkimpy: pass
4 query methods, dkimpy: fail
5 service types, dkimpy: fail
6 no CRLF, dkimpy: fail
7 RSAPublicKey, dkimpy: pass
1 plain, mailauth: pass
2 white space after b, mailauth: fail, bad signature
3 white space after others, mailauth: pass
4 query methods, mailauth: pass
5 service types, mailauth: pass
6 no CRLF, mailauth: pass
7 RSAPublicKey, mailauth: neutral, unknown key type
TEXT
cat seen
diff expected seen
