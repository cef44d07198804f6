#!/usr/bin/env bash
# About: delivery status notifications of RFC 6533, which servers with SMTPUTF8 send: a part message/global-delivery-status, and
#   the address type utf-8, whose form in ASCII (section 3) may be in a message/delivery-status.
# Versions: PyPI flufl.bounce 6.0.0 (the bounce detector of Mailman 3).
# Guess: it finds the failed recipient in all of them, as it does for RFC 3464.
# Behaviour: it finds none. In message/global-delivery-status it does not see a recipient in ASCII either, and in
#   message/delivery-status none of the type utf-8, so that a list goes on with mail to dead addresses.
# Seen: see `expected` below. Python 3.11.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install flufl.bounce==6.0.0 2>/dev/null
cat > one.py <<'PYTHON'
import email
from flufl.bounce import all_failures
def notification(media_type, recipient):
    return email.message_from_bytes(f"""\
From: MAILER-DAEMON@mx.example.test
To: list-bounces@example.test
Subject: Undelivered mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type={media_type}; boundary=b

--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Your message could not be delivered.
--b
Content-Type: message/{media_type}
Content-Transfer-Encoding: 8bit

Reporting-MTA: dns; mx.example.test

Final-Recipient: {recipient}
Action: failed
Status: 5.1.1

--b--
""".replace("\n", "\r\n").encode())
for media_type, recipient in (
    ("delivery-status", "rfc822; ann@example.test"),
    ("delivery-status", r"utf-8; j\x{F6}rg@example.test"),
    ("global-delivery-status", "utf-8; jörg@example.test"),
    ("global-delivery-status", "rfc822; ann@example.test"),
):
    temporary, permanent = all_failures(notification(media_type, recipient))
    print(f"{media_type}, {ascii(recipient)}: {sorted(temporary | permanent)}")
PYTHON
venv/bin/python one.py > seen
cat > expected <<'TEXT'
delivery-status, 'rfc822; ann@example.test': [b'ann@example.test']
delivery-status, 'utf-8; j\\x{F6}rg@example.test': []
global-delivery-status, 'utf-8; j\xf6rg@example.test': []
global-delivery-status, 'rfc822; ann@example.test': []
TEXT
cat seen
diff expected seen
