#!/usr/bin/env bash
# About: the examples of RFC 4514 section 4, the text form of distinguished names. Directories and `openssl x509 -nameopt
#   RFC2253` write such names.
# Versions: PyPI cryptography 48.0.0, ldap3 2.9.1; npm @peculiar/x509 2.2.0, jsrsasign 11.1.5; libnet-ldap-perl 0.6800 (Debian 12)
#   as witness.
# Guess: all read them, because they are the examples that each parser can be tried on.
# Behaviour: none reads all. cryptography takes the BER encoding after "#" for the text of a UTF8String. @peculiar/x509 drops the
#   backslashes before hexadecimal pairs outside ASCII and keeps their digits ("LuC48DiC487"), and does not know UID.
#   jsrsasign keeps most escapes as they are, and "#" too. ldap3 refuses a numeric type. Net::LDAP reads all.
# Seen: see `expected` below. Python 3.11, Node 20.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download libnet-ldap-perl >/dev/null 2>&1
case $(echo libnet-ldap-perl_*) in
  libnet-ldap-perl_1%3a0.6800*) ;;
  *) echo "another version: $(echo libnet-ldap-perl_*)"; exit 1 ;;
esac
dpkg -x libnet-ldap-perl_*.deb tools
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install cryptography==48.0.0 ldap3==2.9.1 2>/dev/null
npm install --silent --no-audit --no-fund @peculiar/x509@2.2.0 reflect-metadata@0.2.2 jsrsasign@11.1.5 >/dev/null
cat > examples <<'TEXT'
UID=jsmith,DC=example,DC=net
OU=Sales+CN=J.  Smith,DC=example,DC=net
CN=James \"Jim\" Smith\, III,DC=example,DC=net
1.3.6.1.4.1.1466.0=#04024869
CN=Lu\C4\8Di\C4\87
TEXT
cat > one.py <<'PYTHON'
from cryptography import x509
from ldap3.core.exceptions import LDAPInvalidDnError
from ldap3.utils.dn import parse_dn
with open("examples") as file:
    examples = file.read().splitlines()
for number, text in enumerate(examples, 1):
    name = x509.Name.from_rfc4514_string(text)
    print(f"{number} cryptography: {ascii([attribute.value for attribute in reversed(list(name))])}")
for number, text in enumerate(examples, 1):
    try:
        print(f"{number} ldap3: {len(parse_dn(text))} attributes")
    except LDAPInvalidDnError as error:
        print(f"{number} ldap3: {error}")
PYTHON
cat > two.cjs <<'NODE'
require("reflect-metadata");
const { readFileSync } = require("node:fs");
const { Name } = require("@peculiar/x509");
const { ASN1HEX, KJUR } = require("jsrsasign");
const examples = readFileSync("examples", "latin1").trim().split("\n");
examples.forEach((text, index) => {
  try {
    const values = new Name(new Name(text).toArrayBuffer()).toJSON().flatMap((one) => Object.values(one).flat());
    console.log(`${index + 1} @peculiar/x509: ${JSON.stringify(values)}`);
  } catch (error) {
    console.log(`${index + 1} @peculiar/x509: ${error.message}`);
  }
});
examples.forEach((text, index) => {
  const hex = new KJUR.asn1.x509.X500Name({ ldapstr: text }).tohex();
  const values = ASN1HEX.getChildIdx(hex, 0).reverse().flatMap((set) => ASN1HEX.getChildIdx(hex, set))
    .map((pair) => Buffer.from(ASN1HEX.getVbyList(hex, pair, [1]), "hex").toString());
  console.log(`${index + 1} jsrsasign: ${JSON.stringify(values)}`);
});
NODE
cat > three.pl <<'PERL'
use Net::LDAP::Util qw(ldap_explode_dn);
while (my $text = <STDIN>) {
  chomp $text;
  my @values = map { my $set = $_; map { ref $set->{$_} ? 'octets ' . ${$set->{$_}} : $set->{$_} } sort keys %$set }
    @{ldap_explode_dn($text, casefold => 'none')};
  print "$. Net::LDAP: ", join(' | ', @values), "\n";
}
PERL
{ venv/bin/python one.py; node two.cjs; perl -Itools/usr/share/perl5 three.pl < examples; } > seen
cat > expected <<'TEXT'
1 cryptography: ['jsmith', 'example', 'net']
2 cryptography: ['J.  Smith', 'Sales', 'example', 'net']
3 cryptography: ['James "Jim" Smith, III', 'example', 'net']
4 cryptography: ['\x04\x02Hi']
5 cryptography: ['Lu\u010di\u0107']
1 ldap3: 3 attributes
2 ldap3: 4 attributes
3 ldap3: 3 attributes
4 ldap3: character '.' not allowed in attribute type
5 ldap3: 1 attributes
1 @peculiar/x509: Cannot get OID for name type ''
2 @peculiar/x509: ["Sales","J.  Smith","example","net"]
3 @peculiar/x509: ["James \"Jim\" Smith, III","example","net"]
4 @peculiar/x509: ["#04024869"]
5 @peculiar/x509: ["LuC48DiC487"]
1 jsrsasign: ["jsmith","example","net"]
2 jsrsasign: ["Sales","J.  Smith","example","net"]
3 jsrsasign: ["James \\\"Jim\\\" Smith, III","example","net"]
4 jsrsasign: ["#04024869"]
5 jsrsasign: ["Lu\\C4\\8Di\\C4\\87"]
1 Net::LDAP: jsmith | example | net
2 Net::LDAP: J.  Smith | Sales | example | net
3 Net::LDAP: James "Jim" Smith, III | example | net
4 Net::LDAP: octets Hi
5 Net::LDAP: Lučić
TEXT
cat seen
diff expected seen
