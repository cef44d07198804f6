#!/usr/bin/env bash
# About: EnvelopedData for an elliptic curve (kari) without ukm. RFC 5753 section 3.1.1: "ukm MAY be present or absent"; its
#   section 7.2 puts the ukm into entityUInfo, which is OPTIONAL in the input of the key derivation.
# Versions: npm pkijs 4.0.0, asn1js 4.0.0; OpenSSL 3.0; Node 20.
# Guess: PKI.js decrypts a message that `openssl cms -encrypt` wrote with its defaults, and OpenSSL one of PKI.js.
# Behaviour: PKI.js decrypts none that has no ukm, and OpenSSL writes none that has one: "The operation failed". For an absent
#   ukm PKI.js derives the key from an empty entityUInfo instead of none. It does the same where it encrypts, so a message
#   that PKI.js wrote without ukm is readable by PKI.js only. With the ukm that PKI.js adds by itself, OpenSSL reads it.
# Seen: see `expected` below.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
npm install --silent --no-audit --no-fund pkijs@4.0.0 asn1js@4.0.0 >/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 30 -subj /CN=Alice \
  2>/dev/null
openssl x509 -in cert.pem -outform DER -out cert.der
openssl pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out key.der
printf 'We meet at eight.\n' > text
cat > one.mjs <<'NODE'
import { readFileSync, writeFileSync } from "node:fs";
import { webcrypto } from "node:crypto";
import * as pkijs from "pkijs";
pkijs.setEngine("node", new pkijs.CryptoEngine({ name: "node", crypto: webcrypto }));
const bytes = (name) => new Uint8Array(readFileSync(name)).buffer;
const recipientCertificate = pkijs.Certificate.fromBER(bytes("cert.der"));
const [, , act, name, ukm] = process.argv;
if (act === "encrypt") {
  const enveloped = new pkijs.EnvelopedData();
  enveloped.addRecipientByCertificate(recipientCertificate, { kdfAlgorithm: "SHA-256" }, 2);
  if (ukm === "without") delete enveloped.recipientInfos[0].value.ukm;
  await enveloped.encrypt({ name: "AES-CBC", length: 256 }, bytes("text"));
  const content = new pkijs.ContentInfo({ contentType: pkijs.ContentInfo.ENVELOPED_DATA, content: enveloped.toSchema() });
  writeFileSync(name, new Uint8Array(content.toSchema().toBER()));
} else {
  const { content } = pkijs.ContentInfo.fromBER(bytes(name));
  const enveloped = new pkijs.EnvelopedData({ schema: content });
  try {
    const recipientPrivateKey = bytes("key.der");
    process.stdout.write(new Uint8Array(await enveloped.decrypt(0, { recipientCertificate, recipientPrivateKey })));
  } catch (error) {
    console.log(error.message);
  }
}
NODE
openssl cms -encrypt -binary -aes-256-cbc -in text -recip cert.pem -keyopt ecdh_kdf_md:sha256 -outform DER -out openssl.der
node one.mjs encrypt pkijs_with_ukm.der with
node one.mjs encrypt pkijs_without_ukm.der without
for name in openssl pkijs_with_ukm pkijs_without_ukm; do
  openssl cms -cmsout -print -inform DER -in $name.der > print
  grep -q 'ukm: *$' print && echo "$name: ukm present" || echo "$name: ukm absent"
  echo "$name, read by pkijs: $(node one.mjs decrypt $name.der)"
  openssl cms -decrypt -binary -inform DER -in $name.der -recip cert.pem -inkey key.pem -out content 2>/dev/null ||
    echo failed > content
  echo "$name, read by openssl: $(cat content)"
done > seen
cat > expected <<'TEXT'
openssl: ukm absent
openssl, read by pkijs: The operation failed for an operation-specific reason
openssl, read by openssl: We meet at eight.
pkijs_with_ukm: ukm present
pkijs_with_ukm, read by pkijs: We meet at eight.
pkijs_with_ukm, read by openssl: We meet at eight.
pkijs_without_ukm: ukm absent
pkijs_without_ukm, read by pkijs: We meet at eight.
pkijs_without_ukm, read by openssl: failed
TEXT
cat seen
diff expected seen
