#!/usr/bin/env bash
# About: Sieve's numeric tests (RFC 5231, `:value` and `:count`), whose comparator for numbers is i;ascii-numeric (RFC 4790).
# Versions: PyPI sievelib 1.6.0; Pigeonhole's sievec 0.5.19 (Debian 12, dovecot-sieve with dovecot-core installed).
# Guess: sievelib parses `:count "gt" :comparator "i;ascii-numeric"` as RFC 5231 section 8 writes it, because it knows
#   the extension `relational` and the tags `:value` and `:count`.
# Behaviour: it accepts the tags, and refuses the comparator, with comparator-i;ascii-numeric required as RFC 5231 section 6
#   asks. Only i;octet and i;ascii-casemap pass, with which "9" is more than "10". sievec compiles both scripts.
# Seen: see `expected` below. Python 3.11.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install sievelib==1.6.0 2>/dev/null
apt-get download dovecot-sieve >/dev/null 2>&1
dpkg -x dovecot-sieve_*.deb tools
cat > casemap.sieve <<'SIEVE'
require ["relational"];
if address :count "gt" :comparator "i;ascii-casemap" ["to", "cc"] "5" { discard; }
SIEVE
cat > numeric.sieve <<'SIEVE'
require ["relational", "comparator-i;ascii-numeric"];
if address :count "gt" :comparator "i;ascii-numeric" ["to", "cc"] "5" { discard; }
SIEVE
cat > one.py <<'PYTHON'
import sys
from sievelib.parser import Parser
parser = Parser()
print("accepted" if parser.parse(open(sys.argv[1]).read()) else parser.error)
PYTHON
export LD_LIBRARY_PATH=$place/tools/usr/lib/dovecot
for script in casemap numeric; do
  echo "sievelib $script: $(venv/bin/python one.py $script.sieve)"
  tools/usr/bin/sievec -c /dev/null $script.sieve $script.svbin 2>/dev/null && echo "sievec $script: compiled"
done > seen
cat > expected <<'TEXT'
sievelib casemap: accepted
sievec casemap: compiled
sievelib numeric: line 2: bad value "i;ascii-numeric" for argument comparator
sievec numeric: compiled
TEXT
cat seen
diff expected seen
