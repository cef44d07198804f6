#!/usr/bin/env bash
# About: quoted lines of text/plain with format=flowed. RFC 3676 section 4.1: the quote marks are counted and deleted, and a flowed
#   line is joined to the next one if both have as many; section 4.3: a quoted "-- " is not flowed.
# Versions: npm postal-mime 4.0.0, mailparser 3.14.2; Node 20.
# Guess: both join quoted lines, with the quote marks only at the beginning, since both already remove the space-stuffing.
# Behaviour: mailparser does. postal-mime knows no quote marks: each quoted paragraph has the marks of its lines in the middle
#   ("> We meet at > eight."), and the signature of a quoted mail is joined to its "-- ". Unquoted lines are right in both.
# Seen: see `expected` below.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
npm install --silent --no-audit --no-fund postal-mime@4.0.0 mailparser@3.14.2 >/dev/null
cat > one.mjs <<'NODE'
import { simpleParser } from "mailparser";
import PostalMime from "postal-mime";
const BODIES = {
  unquoted: ["We meet at ", "eight.", "-- ", "Ann"],
  quoted: ["> We meet at ", "> eight."],
  "quoted twice": [">> We meet at ", ">> eight.", "> Where?"],
  "quoted signature": ["> Bye.", "> -- ", "> Ann"],
};
const top = ["From: ann@example.test", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8; format=flowed", ""];
for (const [name, body] of Object.entries(BODIES)) {
  const raw = Buffer.from([...top, ...body, ""].join("\r\n"));
  console.log(`${name}, mailparser: ${JSON.stringify((await simpleParser(raw)).text.trimEnd())}`);
  console.log(`${name}, postal-mime: ${JSON.stringify((await PostalMime.parse(raw)).text.trimEnd())}`);
}
NODE
node one.mjs > seen
cat > expected <<'TEXT'
unquoted, mailparser: "We meet at eight.\n-- \nAnn"
unquoted, postal-mime: "We meet at eight.\n-- \nAnn"
quoted, mailparser: "> We meet at eight."
quoted, postal-mime: "> We meet at > eight."
quoted twice, mailparser: ">> We meet at eight.\n> Where?"
quoted twice, postal-mime: ">> We meet at >> eight.\n> Where?"
quoted signature, mailparser: "> Bye.\n> -- \n> Ann"
quoted signature, postal-mime: "> Bye.\n> -- > Ann"
TEXT
cat seen
diff expected seen
