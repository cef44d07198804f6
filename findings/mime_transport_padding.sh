#!/usr/bin/env bash
# About: white space that a transport added to the end of a line. RFC 2045 section 6.7 has readers of quoted-printable delete
#   it (rule 3; its ABNF allows transport-padding after "="), and RFC 2046 section 5.1.1 says that receivers MUST handle it
#   after a boundary.
# Versions: Python 3.11 (email); PyPI mail-parser 4.8.0; npm postal-mime 4.0.0, mailparser 3.14.2, emailjs-mime-parser 2.0.7,
#   letterparser 0.1.8; perl's MIME::QuotedPrint as witness.
# Guess: all take a "=" with white space after it for a soft line break, and find all parts.
# Behaviour: of the parsers only mailparser does both. The others keep "=", the white space and the line break in the text
#   of the message, and white space at the end of the other lines too. emailjs-mime-parser finds no part behind boundaries
#   that have white space after them, and raises nothing.
# Seen: see `expected` below. Node 20, Debian 12.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install mail-parser==4.8.0 2>/dev/null
npm install --silent --no-audit --no-fund postal-mime@4.0.0 mailparser@3.14.2 emailjs-mime-parser@2.0.7 letterparser@0.1.8 >/dev/null
mkdir mails
top=('From: ann@example.test' 'Subject: test' 'MIME-Version: 1.0')
quoted=('Content-Type: text/plain; charset=utf-8' 'Content-Transfer-Encoding: quoted-printable' '' 'We meet = ' 'at eight.  ' 'Ann')
printf '%s\r\n' "${top[@]}" "${quoted[@]}" > mails/quoted.eml
printf '%s\r\n' "${top[@]}" 'Content-Type: multipart/mixed; boundary=b' '' '--b ' 'Content-Type: text/plain' '' 'One.' \
  '--b  ' 'Content-Type: text/plain' '' 'Two.' '--b-- ' > mails/boundary.eml
cat > one.py <<'PYTHON'
import email
import email.policy
import pathlib
import mailparser
for path in sorted(pathlib.Path("mails").iterdir()):
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    texts = [part.get_content() for part in message.walk() if part.get_content_type() == "text/plain"]
    print(f"{path.stem} email: {texts}")
    print(f"{path.stem} mail-parser: {mailparser.parse_from_bytes(path.read_bytes()).text_plain}")
PYTHON
cat > two.mjs <<'NODE'
import { readFileSync, readdirSync } from "node:fs";
import emailjs from "emailjs-mime-parser";
import { extract } from "letterparser";
import { simpleParser } from "mailparser";
import PostalMime from "postal-mime";
const texts = ({ content, childNodes }) => (content ? [new TextDecoder().decode(content)] : childNodes.flatMap(texts));
const finds = {
  "postal-mime": async (raw) => (await PostalMime.parse(raw)).text,
  mailparser: async (raw) => (await simpleParser(raw)).text,
  emailjs: async (raw) => texts((emailjs.default ?? emailjs)(raw)),
  letterparser: async (raw) => extract(raw.toString("latin1")).text,
};
for (const file of readdirSync("mails").sort()) {
  for (const [name, find] of Object.entries(finds)) {
    console.log(`${file.slice(0, -4)} ${name}: ${JSON.stringify(await find(readFileSync(`mails/${file}`)))}`);
  }
}
NODE
{
  venv/bin/python one.py
  node two.mjs
  printf 'quoted perl: '
  printf '%s\r\n' "${quoted[@]:3}" | perl -MMIME::QuotedPrint -0777 -ne '$_ = decode_qp($_); s/\r/\\r/g; s/\n/\\n/g; print "$_\n"'
} > seen
cat > expected <<'TEXT'
boundary email: ['One.', 'Two.']
boundary mail-parser: ['One.', 'Two.']
quoted email: ['We meet = \r\nat eight.  \r\nAnn\r\n']
quoted mail-parser: ['We meet = \r\nat eight.  \r\nAnn\r\n']
boundary postal-mime: "One.\n\nTwo.\n"
boundary mailparser: "One.\nTwo."
boundary emailjs: []
boundary letterparser: "One.\nTwo."
quoted postal-mime: "We meet = \nat eight.  \nAnn\n"
quoted mailparser: "We meet at eight.\nAnn\n"
quoted emailjs: ["We meet = \nat eight.  \nAnn\n"]
quoted letterparser: "We meet = \nat eight.  \nAnn"
quoted perl: We meet at eight.\nAnn\n
TEXT
cat seen
diff expected seen
