#!/usr/bin/env bash
# About: comments in MIME fields. RFC 2045 section 5.1 says that `charset=us-ascii (Plain text)` and `charset="us-ascii"` are
#   completely equivalent, and section 3 allows comments in all fields that it defines.
# Versions: Python 3.11 (email); PyPI mail-parser 4.8.0, imap-tools 1.16.0; npm postal-mime 4.0.0, mailparser 3.14.2,
#   emailjs-mime-parser 2.0.7, letterparser 0.1.8.
# Guess: all ignore comments in Content-Type, which the RFC shows itself. In Content-Transfer-Encoding only Python's parser, and
#   what is built on it, takes them for a part of the value.
# Behaviour: only postal-mime and mailparser ignore them everywhere. After the charset, imap-tools drops the letter outside
#   ASCII, mail-parser replaces it, and letterparser raises. After the type, Python finds no text/plain, also with its modern
#   policy, and emailjs-mime-parser loses the charset. In Content-Transfer-Encoding all but those two leave base64 as it is.
# Seen: see `expected` below: the text that each finds in five forms of one message. Python 3.11, Node 20.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install mail-parser==4.8.0 imap-tools==1.16.0 2>/dev/null
npm install --silent --no-audit --no-fund postal-mime@4.0.0 mailparser@3.14.2 emailjs-mime-parser@2.0.7 letterparser@0.1.8 >/dev/null
mkdir mails
# The text is "Grün" in ISO 8859-1.
mail() {
  printf '%s\r\n' 'From: ann@example.test' 'Subject: test' 'MIME-Version: 1.0' "Content-Type: $2" \
    "Content-Transfer-Encoding: $3" '' 'R3L8bg==' > "mails/$1.eml"
}
mail 1_none 'text/plain; charset=iso-8859-1' base64
mail 2_charset 'text/plain; charset=iso-8859-1 (Latin 1)' base64
mail 3_type 'text/plain (Plain text); charset=iso-8859-1' base64
mail 4_encoding 'text/plain; charset=iso-8859-1' 'base64 (by the gateway)'
mail 5_before 'text/plain; charset=iso-8859-1' '(by the gateway) base64'
cat > one.py <<'PYTHON'
import email
import email.policy
import pathlib
import imap_tools
import mailparser
def by_email(message_bytes):
    part = email.message_from_bytes(message_bytes, policy=email.policy.default).get_body(preferencelist=["plain"])
    return part and part.get_content()
FINDS = {
    "email": by_email,
    "imap-tools": lambda message_bytes: imap_tools.MailMessage.from_bytes(message_bytes).text,
    "mail-parser": lambda message_bytes: (mailparser.parse_from_bytes(message_bytes).text_plain or [None])[0],
}
for path in sorted(pathlib.Path("mails").iterdir()):
    for name, find in FINDS.items():
        text = find(path.read_bytes())
        print(f"{path.stem} {name}: {ascii(text.strip()) if text else 'no text'}")
PYTHON
cat > two.mjs <<'NODE'
import { readFileSync, readdirSync } from "node:fs";
import emailjs from "emailjs-mime-parser";
import { extract } from "letterparser";
import { simpleParser } from "mailparser";
import PostalMime from "postal-mime";
const finds = {
  "postal-mime": async (raw) => (await PostalMime.parse(raw)).text,
  mailparser: async (raw) => (await simpleParser(raw)).text,
  emailjs: async (raw) => new TextDecoder().decode((emailjs.default ?? emailjs)(raw).content),
  letterparser: async (raw) => extract(raw.toString("latin1")).text,
};
const ascii = (text) => text.trim().replace(/[^ -~]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
for (const file of readdirSync("mails").sort()) {
  for (const [name, find] of Object.entries(finds)) {
    const text = await find(readFileSync(`mails/${file}`)).catch(({ message }) => message);
    console.log(`${file.slice(0, -4)} ${name}: ${text ? ascii(text) : "no text"}`);
  }
}
NODE
{ venv/bin/python one.py 2>/dev/null; node two.mjs; } > seen
cat > expected <<'TEXT'
1_none email: 'Gr\xfcn'
1_none imap-tools: 'Gr\xfcn'
1_none mail-parser: 'Gr\xfcn'
2_charset email: 'Gr\xfcn'
2_charset imap-tools: 'Grn'
2_charset mail-parser: 'Gr\ufffdn'
3_type email: no text
3_type imap-tools: no text
3_type mail-parser: no text
4_encoding email: 'R3L8bg=='
4_encoding imap-tools: 'R3L8bg=='
4_encoding mail-parser: 'R3L8bg=='
5_before email: 'R3L8bg=='
5_before imap-tools: 'R3L8bg=='
5_before mail-parser: 'R3L8bg=='
1_none postal-mime: Gr\u00fcn
1_none mailparser: Gr\u00fcn
1_none emailjs: Gr\u00fcn
1_none letterparser: Gr\u00fcn
2_charset postal-mime: Gr\u00fcn
2_charset mailparser: Gr\u00fcn
2_charset emailjs: Gr\u00fcn
2_charset letterparser: The "iso-8859-1 (Latin 1)" encoding is not supported
3_type postal-mime: Gr\u00fcn
3_type mailparser: Gr\u00fcn
3_type emailjs: Gr\ufffdn
3_type letterparser: Gr\u00fcn
4_encoding postal-mime: Gr\u00fcn
4_encoding mailparser: Gr\u00fcn
4_encoding emailjs: R3L8bg==
4_encoding letterparser: R3L8bg==
5_before postal-mime: Gr\u00fcn
5_before mailparser: Gr\u00fcn
5_before emailjs: R3L8bg==
5_before letterparser: R3L8bg==
TEXT
cat seen
diff expected seen
