#!/usr/bin/env bash
# About: certification paths (RFC 5280 section 6.1) of NIST's PKITS suite that are valid, in PKI.js: policies that are only
#   anyPolicy, self-issued certificates of a key change, policy mapping that a constraint still allows.
# Versions: npm pkijs 4.0.0; PyPI cryptography_vectors 48.0.0 (it carries PKITS 1.0.1); OpenSSL 3.0.
# Guess: PKI.js passes NIST's valid paths, because its own documentation names PKITS.
# Behaviour: it refuses nine of these ten. Where the valid policies come from anyPolicy, also by mapping, it has "zero
#   userConstrPolicies" (4.8.11, 4.10.9, 4.10.14, 4.12.3). inhibitPolicyMapping with one further certificate forbids that
#   one too (4.11.4). Self-issued certificates, which RFC 5280 section 6.1.4 does not count, count against constraints on
#   policies (4.9.6, 4.11.7, 4.12.7) and are held against name constraints (4.13.19; section 6.1.3 (b) excepts them).
#   `openssl verify` with policy checks accepts all ten.
# Seen: see `expected` below; each line is the number of NIST's test. As of 2011-04-15. Node 20.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install cryptography_vectors==48.0.0 2>/dev/null
npm install --silent --no-audit --no-fund pkijs@4.0.0 >/dev/null
vectors=$(venv/bin/python -c 'import cryptography_vectors, pathlib; print(pathlib.Path(cryptography_vectors.__file__).parent)')
ln -s "$vectors/x509/PKITS_data/certs" certs
cat > paths <<'TEXT'
4.1.1 GoodCACert ValidCertificatePathTest1EE
4.8.11 anyPolicyCACert AllCertificatesanyPolicyTest11EE
4.9.6 requireExplicitPolicy2CACert requireExplicitPolicy2SelfIssuedCACert ValidSelfIssuedrequireExplicitPolicyTest6EE
4.10.9 PanyPolicyMapping1to2CACert ValidPolicyMappingTest9EE
4.10.14 P1anyPolicyMapping1to2CACert ValidPolicyMappingTest14EE
4.11.4 inhibitPolicyMapping1P12CACert inhibitPolicyMapping1P12subCACert inhibitPolicyMapping1P12subsubCACert ValidinhibitPolicyMappingTest4EE
4.11.7 inhibitPolicyMapping1P1CACert inhibitPolicyMapping1P1SelfIssuedCACert inhibitPolicyMapping1P1subCACert ValidSelfIssuedinhibitPolicyMappingTest7EE
4.12.3 inhibitAnyPolicy1CACert inhibitAnyPolicy1subCA1Cert inhibitAnyPolicyTest3EE
4.12.7 inhibitAnyPolicy1CACert inhibitAnyPolicy1SelfIssuedCACert inhibitAnyPolicy1subCA2Cert ValidSelfIssuedinhibitAnyPolicyTest7EE
4.13.19 nameConstraintsDN1CACert nameConstraintsDN1SelfIssuedCACert ValidDNnameConstraintsTest19EE
TEXT
cat > one.mjs <<'NODE'
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";
import * as pkijs from "pkijs";
pkijs.setEngine("node", new pkijs.CryptoEngine({ name: "node", crypto: webcrypto }));
const certificate = (name) => pkijs.Certificate.fromBER(readFileSync(`certs/${name}.crt`));
for (const line of readFileSync("paths", "utf8").trim().split("\n")) {
  const [number, ...names] = line.split(" ");
  const engine = new pkijs.CertificateChainValidationEngine({
    trustedCerts: [certificate("TrustAnchorRootCertificate")], certs: names.map(certificate), checkDate: new Date("2011-04-15T00:00:00Z"),
  });
  const { result, resultMessage } = await engine.verify();
  console.log(`${number} pkijs: ${result ? "valid" : resultMessage}`);
}
NODE
pem() { openssl x509 -inform DER -in "certs/$1.crt"; }
pem TrustAnchorRootCertificate > root.pem
{
  node one.mjs
  while read -r number names; do
    for name in $names; do pem "$name"; done > chain.pem
    pem "${names##* }" > last.pem
    verdict=$(openssl verify -attime 1302825600 -policy_check -policy anyPolicy -CAfile root.pem -untrusted chain.pem last.pem 2>&1 || true)
    echo "$number openssl: $(tail -n 1 <<< "$verdict")"
  done < paths
} > seen
cat seen
cat > expected <<'TEXT'
4.1.1 pkijs: valid
4.8.11 pkijs: Zero "userConstrPolicies" array, no intersections with "authConstrPolicies"
4.9.6 pkijs: Zero "userConstrPolicies" array, no intersections with "authConstrPolicies"
4.10.9 pkijs: Zero "userConstrPolicies" array, no intersections with "authConstrPolicies"
4.10.14 pkijs: Zero "userConstrPolicies" array, no intersections with "authConstrPolicies"
4.11.4 pkijs: Policy mapping prohibited
4.11.7 pkijs: Policy mapping prohibited
4.12.3 pkijs: Zero "userConstrPolicies" array, no intersections with "authConstrPolicies"
4.12.7 pkijs: Zero "userConstrPolicies" array, no intersections with "authConstrPolicies"
4.13.19 pkijs: Failed to meet "permitted sub-trees" name constraint
4.1.1 openssl: last.pem: OK
4.8.11 openssl: last.pem: OK
4.9.6 openssl: last.pem: OK
4.10.9 openssl: last.pem: OK
4.10.14 openssl: last.pem: OK
4.11.4 openssl: last.pem: OK
4.11.7 openssl: last.pem: OK
4.12.3 openssl: last.pem: OK
4.12.7 openssl: last.pem: OK
4.13.19 openssl: last.pem: OK
TEXT
diff expected seen
