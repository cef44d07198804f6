#!/usr/bin/env bash
# About: Authentication-Results fields in forms that RFC 8601 writes itself or permits.
# Versions: PyPI authres 1.2.0 (the parser beneath dkimpy's ARC). Text: RFC 8601 section 2.2, appendix B.7.
# Guess: authres parses every example of the RFC, because its tests quote the RFC's appendix.
# Behaviour: it refuses the example of appendix B.7, in which comments stand between all tokens; an authserv-id that is a
#   quoted-string; and an internationalised domain, which section 2.2 permits by RFC 6531. Each raises SyntaxError, so that
#   a filter that parses all fields of a message meets it for a valid one.
# Seen: see `expected` below. Python 3.11.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install authres==1.2.0 2>/dev/null
cat > one.py <<'PYTHON'
import authres
FIELDS = {
    "plain": "example.com; dkim=pass (good signature) header.d=example.com",
    "comments everywhere": (
        "foo.example.net (foobar) 1 (baz); dkim (Because I like it) / 1 (One yay) = (wait for it) fail "
        "policy (A dot can go here) . (like that) expired (this surprised me) = (as I wasn't expecting it) 1362471462"
    ),
    "quoted authserv-id": '"mx.example.com"; spf=pass smtp.mailfrom=example.com',
    "internationalised domain": "mx.b\u00fccher.example; spf=pass smtp.mailfrom=example.com",
}
for name, value in FIELDS.items():
    try:
        found = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {value}")
        print(f"{name}: {len(found.results)} result")
    except authres.SyntaxError:
        print(f"{name}: SyntaxError")
PYTHON
venv/bin/python one.py > seen
cat > expected <<'TEXT'
plain: 1 result
comments everywhere: SyntaxError
quoted authserv-id: SyntaxError
internationalised domain: SyntaxError
TEXT
cat seen
diff expected seen
