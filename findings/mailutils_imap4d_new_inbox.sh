#!/usr/bin/env bash
# About: the first session of a new mailbox at an IMAP server, by LIST, STATUS, APPEND and FETCH. RFC 9051 section 5.1 says
#   that INBOX is the person's primary mailbox at the server, section 6.3.12 that APPEND sets the given flags and, without a
#   date, the current time, and section 9 that a mailbox with a blank in its name is a string in quotes or a literal.
# Versions: GNU Mailutils 3.15 (mailutils-imap4d 1:3.15-4 of Debian 12).
# Guess: an inbox that LIST shows can be asked and written to; a stored mail has its flags and the time of its arrival.
# Behaviour: LIST shows an INBOX that STATUS and APPEND refuse. APPEND adds TRYCREATE, and CREATE INBOX is refused too, as
#   RFC 9051 section 6.3.4 asks: an EXAMINE, which is to change nothing, makes the inbox. A stored mail loses its flags, so a
#   copy of sent mail is new, and INTERNALDATE is its Date field. STATUS answers with the name "two words" without quotes.
# Seen: see `expected` below. Python 3.11.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download mailutils-imap4d libmailutils9 libgsasl18 libntlm0 libidn12 libgssglue1 >/dev/null 2>&1
case $(echo mailutils-imap4d_*.deb) in mailutils-imap4d_1%3a3.15-4_*) ;; *) echo "another version"; exit 1 ;; esac
for package in ./*.deb; do dpkg -x "$package" tools; done

# The server takes the rights of the person, and never those of root.
owner=$(id -u)
[ "$owner" != 0 ] || owner=65534
chmod 755 .
mkdir -m 700 domains
mkdir spool home
chown "$owner" spool home
echo "ann:$(openssl passwd -6 secret):$owner:$owner::$place/home:/bin/sh" > domains/example.test
cat > settings <<TEXT
logging { syslog no; };
auth { authentication "generic"; authorization "virtdomain"; };
virtdomain { passwd-dir $place/domains; };
mailbox { mail-spool $place/spool; mailbox-type maildir; };
tcp-wrappers { enable no; };
TEXT
cat > session.py <<'PYTHON'
import re
import subprocess
MAIL = b"Date: Sat, 28 Nov 2020 10:00:00 +0000\r\nSubject: Tea\r\n\r\nAt four.\r\n"
APPEND = f"APPEND INBOX (\\Seen \\Flagged) {{{len(MAIL)}}}"
COMMANDS = (
    "LOGIN ann@example.test secret", 'LIST "" "*"', "STATUS INBOX (MESSAGES)", APPEND, "CREATE INBOX", "EXAMINE INBOX",
    "UNSELECT", "STATUS INBOX (MESSAGES)", APPEND, "SELECT INBOX", "FETCH 1 (FLAGS INTERNALDATE)", 'CREATE "two words"',
    'STATUS "two words" (MESSAGES)', "LOGOUT",
)
SHOWN = re.compile(r"\* (LIST|STATUS|1 FETCH)|t (OK|NO|BAD)")
server = subprocess.Popen(
    ["tools/usr/sbin/imap4d", "--inetd", "--config-file=settings"],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
)
server.stdout.readline()
for command in COMMANDS:
    print(">", re.sub(r" \{\d+\}", "", command))
    server.stdin.write(f"t {command}\r\n".encode())
    server.stdin.flush()
    for line in server.stdout:
        if line.startswith(b"+"):
            server.stdin.write(MAIL + b"\r\n")
            server.stdin.flush()
        elif SHOWN.match(line.decode()):
            print(line.decode().rstrip())
        if line.startswith(b"t "):
            break
PYTHON
LD_LIBRARY_PATH=$(find "$place/tools" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:) timeout 60 python3 session.py > seen
cat > expected <<'TEXT'
> LOGIN ann@example.test secret
t OK LOGIN Completed
> LIST "" "*"
* LIST (\NoInferiors) NIL INBOX
t OK LIST Completed
> STATUS INBOX (MESSAGES)
t NO STATUS Error opening mailbox
> APPEND INBOX (\Seen \Flagged)
t NO APPEND [TRYCREATE] failed
> CREATE INBOX
t BAD CREATE Already exist
> EXAMINE INBOX
t OK [READ-ONLY] EXAMINE Completed
> UNSELECT
t OK UNSELECT Completed
> STATUS INBOX (MESSAGES)
* STATUS INBOX (MESSAGES 0)
t OK STATUS Completed
> APPEND INBOX (\Seen \Flagged)
t OK APPEND Completed
> SELECT INBOX
t OK [READ-WRITE] SELECT Completed
> FETCH 1 (FLAGS INTERNALDATE)
* 1 FETCH (FLAGS (\Recent) INTERNALDATE "28-Nov-2020 10:00:00 +0000")
t OK FETCH Completed
> CREATE "two words"
t OK CREATE Completed
> STATUS "two words" (MESSAGES)
* STATUS two words (MESSAGES 0)
t OK STATUS Completed
> LOGOUT
t OK LOGOUT Completed
TEXT
cat seen
diff expected seen
