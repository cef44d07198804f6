#!/usr/bin/env bash
# About: a list, a filter or an archive reads a signed message, adds one field at its top, and writes it again. RFC 1847
#   section 2.1 has agents treat both parts of multipart/signed as opaque: the signature is over the very bytes of the first.
# Versions: Debian 12 libmime-tools-perl 5.510-1, libmail-message-perl 3.012-1, libemail-mime-perl 1.953-1; PyPI flanker 0.9.11;
#   npm mailsplit 5.4.6; Python 3.11 email (policies compat32 and SMTP).
# Guess: what nobody has touched is written as it came, but for the ends of lines.
# Behaviour: so it is with Email::MIME and mailsplit. MIME::Parser encodes quoted-printable and base64 anew in lines of its own,
#   and ends an inner multipart, and begins it, with other empty lines. Mail::Message and
#   Python's email write fields without a space after the colon with one, and two spaces as one in the fields of an
#   attached message; Python's email also ends an inner multipart with one more line. flanker writes ISO 8859-1 as UTF-8 and
#   still calls it ISO 8859-1. Each of these breaks the signature.
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
npm install --silent --no-audit --no-fund mailsplit@5.4.6 >/dev/null
mkdir mails MIME::Parser Mail::Message Email::MIME flanker compat32 SMTP mailsplit
cat > make.py <<'PYTHON'
from pathlib import Path
TOP = b"""From: ann@example.test
Subject: test
MIME-Version: 1.0
Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=s

--s
"""
END = b"""
--s
Content-Type: application/pkcs7-signature; name=smime.p7s
Content-Transfer-Encoding: base64

MIIB
--s--
"""
TEXT = b"Content-Type: text/plain; charset=utf-8\n"
parts = {
    "plain": TEXT + b"\nOne.\n",
    "quoted": TEXT + b"Content-Transfer-Encoding: quoted-printable\n\nsoft=\n line =3d\n",
    "base64": TEXT + b"Content-Transfer-Encoding: base64\n\nT25l\nLiBU\nd28u\n",
    "inner": b"Content-Type: multipart/mixed; boundary=i\n\n\n--i\n" + TEXT + b"\nOne.\n--i--\n\n",
    "inner end": b"Content-Type: multipart/mixed; boundary=i\n\n--i\n" + TEXT + b"\nOne.\n--i--",
    "no space": b"content-type:text/plain\nCONTENT-transfer-ENCODING:7BIT\n\nOne.",
    "attached message": b"Content-Type: message/rfc822\n\nFrom: x@example.test\nSubject:  two  spaces\n\nBody.\n",
    "ISO 8859-1": b"Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\nGr\xfc\xdfe\n",
}
for name, part in parts.items():
    (Path("mails") / name).write_bytes((TOP + part + END).replace(b"\n", b"\r\n"))
PYTHON
cat > one.py <<'PYTHON'
import email
import email.policy
from pathlib import Path
from flanker import mime
for path in Path("mails").iterdir():
    raw = path.read_bytes()
    for policy in (email.policy.compat32, email.policy.SMTP):
        message = email.message_from_bytes(raw, policy=policy)
        message["X-Added"] = "1"
        folder = "SMTP" if policy is email.policy.SMTP else "compat32"
        (Path(folder) / path.name).write_bytes(message.as_bytes())
    message = mime.from_string(raw)
    message.headers["X-Added"] = "1"
    written = message.to_string()
    (Path("flanker") / path.name).write_bytes(written if isinstance(written, bytes) else written.encode())
PYTHON
cat > two.mjs <<'NODE'
import { createReadStream, createWriteStream, readdirSync } from "node:fs";
import { Joiner, Splitter } from "mailsplit";
for (const file of readdirSync("mails")) {
  const splitter = new Splitter();
  splitter.on("data", ({ type, root, headers }) => { if (type === "node" && root) headers.add("X-Added", "1"); });
  createReadStream(`mails/${file}`).pipe(splitter).pipe(new Joiner()).pipe(createWriteStream(`mailsplit/${file}`));
}
NODE
cat > three.pl <<'PERL'
use strict;
use Email::MIME;
use Mail::Message;
use MIME::Parser;
sub keep { my ($name, $text) = @_; open my $file, ">:raw", $name; print $file $text }
opendir my $mails, "mails";
for my $name (grep { !/^[.]/ } readdir $mails) {
  open my $file, "<:raw", "mails/$name";
  my $raw = do { local $/; <$file> };
  my $parser = MIME::Parser->new;
  $parser->output_to_core(1);
  my $entity = $parser->parse_data($raw);
  $entity->head->add("X-Added", "1");
  keep("MIME::Parser/$name", $entity->as_string);
  my $message = Mail::Message->read(\$raw);
  $message->head->add("X-Added" => "1");
  keep("Mail::Message/$name", $message->string);
  my $mail = Email::MIME->new($raw);
  $mail->header_str_set("X-Added" => "1");
  keep("Email::MIME/$name", $mail->as_string);
}
PERL
cat > compare.py <<'PYTHON'
from pathlib import Path
def signed(path):
    lines = path.read_bytes().replace(b"\r\n", b"\n")
    return lines.split(b"\n--s\n")[1]
for name in ["Email::MIME", "mailsplit", "MIME::Parser", "Mail::Message", "compat32", "SMTP", "flanker"]:
    altered = [one.name for one in sorted(Path("mails").iterdir()) if signed(one) != signed(Path(name) / one.name)]
    print(f"{name} alters: {', '.join(altered) or 'nothing'}")
PYTHON
python3 make.py
venv/bin/python one.py >/dev/null 2>&1
node two.mjs
perl three.pl
python3 compare.py > seen
cat > expected <<'TEXT'
Email::MIME alters: nothing
mailsplit alters: nothing
MIME::Parser alters: base64, inner, inner end, quoted
Mail::Message alters: attached message, no space
compat32 alters: attached message, inner end, no space
SMTP alters: attached message, inner end, no space
flanker alters: ISO 8859-1
TEXT
diff expected seen
