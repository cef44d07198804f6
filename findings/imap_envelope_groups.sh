#!/usr/bin/env bash
# About: an ENVELOPE whose To holds groups of RFC 5322 section 3.4. RFC 3501 section 7.4.2 marks the beginning of a group
#   by an address with a mailbox and no host, and its end by one without both.
# Versions: PyPI imapclient 4.1.0; npm imapflow 2.10.2.
# Guess: imapclient's Address prints its parts; imapflow leaves the markers out or gives the group its members.
# Behaviour: imapclient parses the markers as addresses, and str() of the end marker raises AttributeError, so that a
#   program that prints all recipients fails at "Undisclosed recipients:;". imapflow turns the beginning of each group
#   into a recipient with an empty address, drops the end, and its result no longer says who is in the group.
# Seen: see `expected` below. Python 3.11, Node 20.
set -euo pipefail
place=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install imapclient==4.1.0 2>/dev/null
npm install --silent --no-audit --no-fund imapflow@2.10.2 >/dev/null

cat > server.py <<'PYTHON'
import socketserver
ANN = b'(("Ann" NIL "ann" "example.test"))'
TO = (b'((NIL NIL "Team" NIL)("Ed" NIL "ed" "example.test")(NIL NIL NIL NIL)'
      b'(NIL NIL "Undisclosed recipients" NIL)(NIL NIL NIL NIL))')
ENVELOPE = b'("Sat, 28 Nov 2026 10:00:00 +0000" "hi" %b %b %b %b NIL NIL NIL "<1@example.test>")' % (ANN, ANN, ANN, TO)
ANSWERS = {
    b"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n", b"LIST": b'* LIST () "/" INBOX\r\n', b"LOGOUT": b"* BYE ended\r\n",
    b"SELECT": b"* 1 EXISTS\r\n* 0 RECENT\r\n* FLAGS ()\r\n* OK [UIDVALIDITY 1] ok\r\n* OK [UIDNEXT 2] ok\r\n",
    b"FETCH": b"* 1 FETCH (UID 1 ENVELOPE " + ENVELOPE + b")\r\n",
}
class Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
        for line in self.rfile:
            tag, *words = line.upper().split()
            verb = words[1] if words[0] == b"UID" else words[0]
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
import imapclient
client = imapclient.IMAPClient("127.0.0.1", port=int(open("port").read()), ssl=False)
client.login("ann", "password")
client.select_folder("INBOX")
for address in client.fetch([1], ["ENVELOPE"])[1][b"ENVELOPE"].to:
    try:
        print("imapclient:", repr(str(address)))
    except AttributeError as error:
        print("imapclient: AttributeError,", error)
PYTHON
cat > two.cjs <<'NODE'
const { readFileSync } = require("node:fs");
const { ImapFlow } = require("imapflow");
(async () => {
  const port = Number(readFileSync("port", "latin1"));
  const client = new ImapFlow({ host: "127.0.0.1", port, secure: false, auth: { user: "ann", pass: "password" }, logger: false });
  await client.connect();
  await client.mailboxOpen("INBOX");
  const { envelope } = await client.fetchOne("1", { envelope: true });
  for (const one of envelope.to) console.log("imapflow:", JSON.stringify(one));
  await client.logout();
})();
NODE
{ venv/bin/python one.py; timeout 30 node two.cjs; } > seen
cat > expected <<'TEXT'
imapclient: 'Team'
imapclient: 'Ed <ed@example.test>'
imapclient: AttributeError, 'NoneType' object has no attribute 'encode'
imapclient: 'Undisclosed recipients'
imapclient: AttributeError, 'NoneType' object has no attribute 'encode'
imapflow: {"name":"Team","address":""}
imapflow: {"name":"Ed","address":"ed@example.test"}
imapflow: {"name":"Undisclosed recipients","address":""}
TEXT
cat seen
diff expected seen
