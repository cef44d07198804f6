#!/usr/bin/env bash
# About: FETCH BINARY (RFC 3516, part of IMAP4rev2 by RFC 9051), which returns a part decoded by the server. Data with a NUL
#   comes as a literal8, "~{3}" and 3 bytes (RFC 9051 sections 4.3.1 and 9); other data may come as a literal or a string.
# Versions: PyPI imapclient 4.1.0; imaplib of Python 3.11 as witness.
# Guess: imapclient returns the bytes of both, because imaplib, on which it is built, reads "~{3}" as it reads "{3}".
# Behaviour: for the literal8 it returns the mark b"~{3}" itself as the value, drops the data, and raises nothing. A program that
#   saves attachments by BINARY writes four wrong bytes for those with a NUL, and the right ones for others.
# Seen: see `expected` below. Python 3.11.
set -euo pipefail
place=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install imapclient==4.1.0 2>/dev/null
cat > server.py <<'PYTHON'
import socketserver
ANSWERS = {
    b"CAPABILITY": b"* CAPABILITY IMAP4rev1 BINARY\r\n", b"LOGOUT": b"* BYE ended\r\n",
    b"SELECT": b"* 1 EXISTS\r\n* 0 RECENT\r\n* FLAGS ()\r\n* OK [UIDVALIDITY 1] ok\r\n* OK [UIDNEXT 2] ok\r\n",
    b"BINARY.PEEK[1]": b"* 1 FETCH (UID 1 BINARY[1] {3}\r\na b)\r\n",
    b"BINARY.PEEK[2]": b"* 1 FETCH (UID 1 BINARY[2] ~{3}\r\na\0b)\r\n",
}
class Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"* OK [CAPABILITY IMAP4rev1 BINARY] ready\r\n")
        for line in self.rfile:
            tag, *words = line.upper().replace(b"(", b"").replace(b")", b"").split()
            verb = next((word for word in words if word in ANSWERS), b"")
            self.wfile.write(ANSWERS.get(verb, b"") + line.split()[0] + b" OK done\r\n")
class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
with Server(("127.0.0.1", 0), Session) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
PYTHON
python3 server.py > port &
server=$!
for _ in $(seq 50); do [ -s port ] && break; sleep 0.1; done
cat > one.py <<'PYTHON'
import imaplib
import imapclient
port = int(open("port").read())
client = imapclient.IMAPClient("127.0.0.1", port=port, ssl=False)
client.login("ann", "password")
client.select_folder("INBOX")
witness = imaplib.IMAP4("127.0.0.1", port)
witness.login("ann", "password")
witness.select()
for part, kind in ((1, "literal"), (2, "literal8")):
    answer = client.fetch([1], [f"BINARY.PEEK[{part}]"])[1]
    print(f"{kind}, imapclient: {answer[b'BINARY[%d]' % part]}")
    (_, data), _ = witness.uid("FETCH", "1", f"(BINARY.PEEK[{part}])")[1]
    print(f"{kind}, imaplib: {data}")
PYTHON
venv/bin/python one.py > seen
cat > expected <<'TEXT'
literal, imapclient: b'a b'
literal, imaplib: b'a b'
literal8, imapclient: b'~{3}'
literal8, imaplib: b'a\x00b'
TEXT
cat seen
diff expected seen
