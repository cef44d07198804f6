#!/usr/bin/env bash
# About: a part of a message without any header field. RFC 2046 section 5.1 allows it: the part begins with the empty line
#   after its boundary, and is plain text.
# Versions: Debian 12 libemail-mime-perl 1.953-1 with libemail-simple-perl 2.218-1, libmime-tools-perl 5.510-1,
#   libmail-message-perl 3.012-1; PyPI flanker 0.9.11; npm postal-mime 4.0.0, emailjs-mime-parser 2.0.7; Python's email.
# Guess: all of them give the text of the part.
# Behaviour: all do but Email::MIME. It takes the text up to the next empty line for header fields that it cannot read,
#   drops it, and says nothing. A part of one paragraph is empty.
# Seen: see `expected` below. Node 20, Debian 12.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download libemail-mime-perl=1.953-1 libemail-simple-perl=2.218-1 libemail-mime-contenttype-perl libemail-mime-encodings-perl \
  libemail-messageid-perl libemail-date-format-perl libmodule-runtime-perl libemail-address-xs-perl libtext-unidecode-perl \
  libmime-types-perl libmime-tools-perl=5.510-1 libmailtools-perl libtimedate-perl libconvert-binhex-perl \
  libmail-message-perl=3.012-1 libuser-identity-perl libobject-realize-later-perl >/dev/null 2>&1
for file in *.deb; do dpkg -x "$file" debs; done
PERL5LIB=$place/debs/usr/share/perl5:$(echo "$place"/debs/usr/lib/*/perl5/*)
export PERL5LIB
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install flanker==0.9.11 2>/dev/null
npm install --silent --no-audit --no-fund postal-mime@4.0.0 emailjs-mime-parser@2.0.7 >/dev/null
printf '%s\r\n' 'From: ann@example.test' 'Subject: test' 'MIME-Version: 1.0' 'Content-Type: multipart/mixed; boundary=s' '' \
  '--s' '' 'One.' '--s' '' 'Two.' '' 'Three: 3.' '--s--' > mail
cat > one.py <<'PYTHON'
import email
import email.policy
from flanker import mime
raw = open("mail", "rb").read()
message = email.message_from_bytes(raw, policy=email.policy.default)
print("email:", [part.get_content().split() for part in message.iter_parts()])
print("flanker:", [part.body.split() for part in mime.from_string(raw).parts])
PYTHON
cat > two.mjs <<'NODE'
import { readFileSync } from "node:fs";
import emailjs from "emailjs-mime-parser";
import PostalMime from "postal-mime";
const raw = readFileSync("mail");
console.log("postal-mime:", JSON.stringify((await PostalMime.parse(raw)).text.split(/\s+/).filter(Boolean)));
const { childNodes } = (emailjs.default ?? emailjs)(raw);
console.log("emailjs:", JSON.stringify(childNodes.map(({ content }) => new TextDecoder().decode(content).split(/\s+/))));
NODE
cat > three.pl <<'PERL'
use strict;
use Email::MIME;
use Mail::Message;
use MIME::Parser;
sub show { print shift, ": ", join(" | ", map { join " ", split } @_), "\n" }
open my $file, "<:raw", "mail";
my $raw = do { local $/; <$file> };
my $parser = MIME::Parser->new;
$parser->output_to_core(1);
show("MIME::Parser", map { $_->bodyhandle->as_string } $parser->parse_data($raw)->parts);
show("Mail::Message", map { $_->body->string } Mail::Message->read(\$raw)->parts);
show("Email::MIME", map { $_->body } Email::MIME->new($raw)->subparts);
PERL
{
  venv/bin/python one.py 2>/dev/null | grep -v '^Symbol '
  node two.mjs
  perl three.pl
} > seen
cat > expected <<'TEXT'
email: [['One.'], ['Two.', 'Three:', '3.']]
flanker: [['One.'], ['Two.', 'Three:', '3.']]
postal-mime: ["One.","Two.","Three:","3."]
emailjs: [["One."],["Two.","Three:","3."]]
MIME::Parser: One. | Two. Three: 3.
Mail::Message: One. | Two. Three: 3.
Email::MIME:  | Three: 3.
TEXT
diff expected seen
