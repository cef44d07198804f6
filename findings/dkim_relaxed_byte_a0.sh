#!/usr/bin/env bash
# About: DKIM (RFC 6376) over header fields in raw UTF-8 (RFC 6532), as SMTPUTF8 servers relay them.
# Versions: npm mailauth 4.13.3; PyPI dkimpy 1.1.8; Node 18 or newer.
# Guess: both canonicalise "Subject: voilà" alike, because RFC 6376 section 3.4.2 knows two white-space characters,
#   space and tab.
# Behaviour: mailauth treats the byte A0, the second byte of "à" in UTF-8 (and of every other character that ends in it),
#   as white space in relaxed header canonicalisation and removes it. A message with such a field that dkimpy signed
#   fails in mailauth with "bad signature", and the reverse fails in dkimpy. "voilé" passes both ways. With simple
#   canonicalisation of header fields both pass.
# Seen: see `expected` below. Debian 12, Node 20.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install dkimpy==1.1.8 dnspython==2.7.0 2>/dev/null
npm install --silent --no-audit --no-fund mailauth@4.13.3 >/dev/null
openssl genrsa -out key.pem 2048 2>/dev/null
openssl rsa -in key.pem -pubout -outform DER 2>/dev/null | base64 -w0 > public.b64

cat > one.py <<'PYTHON'
import sys
import dkim
def record(name, timeout=5):
    return b"v=DKIM1; k=rsa; p=" + open("public.b64", "rb").read()
message = sys.stdin.buffer.read()
if sys.argv[1] == "verify":
    print("pass" if dkim.verify(message, dnsfunc=record) else "fail")
else:
    how = tuple(sys.argv[2].encode().split(b"/"))
    key = open("key.pem", "rb").read()
    signature = dkim.sign(message, b"s", b"example.test", key, canonicalize=how, include_headers=[b"from", b"subject"])
    sys.stdout.buffer.write(signature + message)
PYTHON
cat > two.cjs <<'NODE'
const { readFileSync } = require("node:fs");
const { dkimSign } = require("mailauth/lib/dkim/sign");
const { dkimVerify } = require("mailauth/lib/dkim/verify");
const message = readFileSync(0);
const record = `v=DKIM1; k=rsa; p=${readFileSync("public.b64", "latin1")}`;
(async () => {
  if (process.argv[2] === "verify") {
    const { results } = await dkimVerify(message, { resolver: async () => [[record]] });
    console.log(results[0].status.result);
    return;
  }
  const { signatures } = await dkimSign(message, {
    canonicalization: process.argv[3], headerList: ["from", "subject"],
    signatureData: [{ signingDomain: "example.test", selector: "s", privateKey: readFileSync("key.pem") }],
  });
  process.stdout.write(Buffer.concat([Buffer.from(signatures), message]));
})();
NODE
mail() { printf 'From: a@example.test\r\nSubject: %s\r\n\r\nHello\r\n' "$1"; }
for how in relaxed/relaxed simple/relaxed; do
  for subject in voilé voilà; do
    one=$(mail "$subject" | venv/bin/python one.py sign $how | node two.cjs verify)
    two=$(mail "$subject" | node two.cjs sign $how | venv/bin/python one.py verify)
    echo "$how $subject: dkimpy then mailauth $one, mailauth then dkimpy $two"
  done
done > seen
cat > expected <<'TEXT'
relaxed/relaxed voilé: dkimpy then mailauth pass, mailauth then dkimpy pass
relaxed/relaxed voilà: dkimpy then mailauth fail, mailauth then dkimpy fail
simple/relaxed voilé: dkimpy then mailauth pass, mailauth then dkimpy pass
simple/relaxed voilà: dkimpy then mailauth pass, mailauth then dkimpy pass
TEXT
cat seen
diff expected seen
