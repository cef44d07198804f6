#!/usr/bin/env bash
# About: an iCalendar content line that is folded between the two bytes of "ö". RFC 5545 section 3.1 says that such lines
#   exist, and that readers need to unfold them in such a way that the original bytes come back.
# Versions: PyPI icalendar 7.3.2, vobject 0.9.9; npm node-ical 0.26.1.
# Guess: readers that take bytes (icalendar's from_ical) or a file (node-ical's parseFile) unfold before they decode.
# Behaviour: all decode first. icalendar and node-ical return two replacement characters in the place of the letter and
#   raise nothing; vobject takes text only, and text without replacement keeps two surrogates in its place.
# Seen: see `expected` below. Python 3.11, Node 20.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install icalendar==7.3.2 vobject==0.9.9 2>/dev/null
npm install --silent --no-audit --no-fund node-ical@0.26.1 >/dev/null
printf '%s\r\n' BEGIN:VCALENDAR VERSION:2.0 PRODID:-//example//test//EN BEGIN:VEVENT UID:1@example.test \
  DTSTAMP:20261128T100000Z DTSTART:20261128T100000Z $'SUMMARY:Gr\xc3\r\n \xb6\xc3\x9fe' END:VEVENT END:VCALENDAR > folded.ics
cat > one.py <<'PYTHON'
import icalendar
import vobject
with open("folded.ics", "rb") as file:
    calendar = file.read()
print("icalendar:", ascii(str(icalendar.Calendar.from_ical(calendar).walk("VEVENT")[0]["SUMMARY"])))
print("vobject:", ascii(vobject.readOne(calendar.decode("utf-8", "surrogateescape")).vevent.summary.value))
PYTHON
cat > two.cjs <<'NODE'
const event = Object.values(require("node-ical").sync.parseFile("folded.ics")).find(({ type }) => type === "VEVENT");
console.log("node-ical:", [...event.summary].map((one) => one.codePointAt(0).toString(16)).join(" "));
NODE
{ venv/bin/python one.py; node two.cjs; } > seen
cat > expected <<'TEXT'
icalendar: 'Gr\ufffd\ufffd\xdfe'
vobject: 'Gr\udcc3\udcb6\xdfe'
node-ical: 47 72 fffd fffd df 65
TEXT
cat seen
diff expected seen
