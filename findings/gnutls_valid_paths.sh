#!/usr/bin/env bash
# About: valid certification paths (RFC 5280 section 6.1) of NIST's PKITS suite in GnuTLS, without policies: names that
#   differ in case or white space (section 7.1), self-issued certificates below a path length, name constraints.
# Versions: GnuTLS 3.7.9 (Debian 12, gnutls-bin 3.7.9-2+deb12u*); PyPI cryptography_vectors 48.0.0 (PKITS 1.0.1);
#   OpenSSL 3.0.
# Guess: GnuTLS compares names byte by byte, so that only the names with other white space fail.
# Behaviour: it refuses nine of these ten. Issuer and subject that differ in case or white space, or only in case between
#   two UTF8Strings, are "issuer is unknown"; a self-issued certificate counts against the path length (4.6.15, 4.6.17);
#   directory names and a URI that the constraints permit "violate" them (4.13.6, 4.13.11, 4.13.18, 4.13.36). OpenSSL accepts all.
# Seen: see `expected` below; each line is the number of NIST's test.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download gnutls-bin >/dev/null 2>&1
case $(echo gnutls-bin_*) in gnutls-bin_3.7.9-2*) ;; *) echo "another version: $(echo gnutls-bin_*)"; exit 1 ;; esac
dpkg -x gnutls-bin_*.deb tools
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install cryptography_vectors==48.0.0 2>/dev/null
vectors=$(venv/bin/python -c 'import cryptography_vectors, pathlib; print(pathlib.Path(cryptography_vectors.__file__).parent)')
certs=$vectors/x509/PKITS_data/certs
cat > paths <<'TEXT'
4.1.1 GoodCACert ValidCertificatePathTest1EE
4.3.3 GoodCACert ValidNameChainingWhitespaceTest3EE
4.3.5 GoodCACert ValidNameChainingCapitalizationTest5EE
4.3.11 UTF8StringCaseInsensitiveMatchCACert ValidUTF8StringCaseInsensitiveMatchTest11EE
4.6.15 pathLenConstraint0CACert pathLenConstraint0SelfIssuedCACert ValidSelfIssuedpathLenConstraintTest15EE
4.6.17 pathLenConstraint1CACert pathLenConstraint1SelfIssuedCACert pathLenConstraint1subCACert pathLenConstraint1SelfIssuedsubCACert ValidSelfIssuedpathLenConstraintTest17EE
4.13.6 nameConstraintsDN3CACert ValidDNnameConstraintsTest6EE
4.13.11 nameConstraintsDN5CACert ValidDNnameConstraintsTest11EE
4.13.18 nameConstraintsDN3CACert nameConstraintsDN3subCA2Cert ValidDNnameConstraintsTest18EE
4.13.36 nameConstraintsURI2CACert ValidURInameConstraintsTest36EE
TEXT
pem() { openssl x509 -inform DER -in "$certs/$1.crt"; }
pem TrustAnchorRootCertificate > root.pem
while read -r number names; do
  : > chain.pem
  for name in $names; do { pem "$name"; cat chain.pem; } > longer.pem; mv longer.pem chain.pem; done
  pem "${names##* }" > last.pem
  verdict=$(tools/usr/bin/certtool --verify --load-ca-certificate root.pem --infile chain.pem 2>&1 || true)
  echo "$number certtool: $(sed -n 's/^Chain verification output: //p' <<< "$verdict" | sed 's/ *$//')"
  verdict=$(openssl verify -attime 1302825600 -CAfile root.pem -untrusted chain.pem last.pem 2>&1 || true)
  echo "$number openssl: $(tail -n 1 <<< "$verdict")"
done < paths > seen
cat seen
cat > expected <<'TEXT'
4.1.1 certtool: Verified. The certificate is trusted.
4.1.1 openssl: last.pem: OK
4.3.3 certtool: Not verified. The certificate is NOT trusted. The certificate issuer is unknown.
4.3.3 openssl: last.pem: OK
4.3.5 certtool: Not verified. The certificate is NOT trusted. The certificate issuer is unknown.
4.3.5 openssl: last.pem: OK
4.3.11 certtool: Not verified. The certificate is NOT trusted. The certificate issuer is unknown.
4.3.11 openssl: last.pem: OK
4.6.15 certtool: Not verified. The certificate is NOT trusted. The certificate chain violates the signer's constraints.
4.6.15 openssl: last.pem: OK
4.6.17 certtool: Not verified. The certificate is NOT trusted. The certificate chain violates the signer's constraints.
4.6.17 openssl: last.pem: OK
4.13.6 certtool: Not verified. The certificate is NOT trusted. The certificate chain violates the signer's constraints.
4.13.6 openssl: last.pem: OK
4.13.11 certtool: Not verified. The certificate is NOT trusted. The certificate chain violates the signer's constraints.
4.13.11 openssl: last.pem: OK
4.13.18 certtool: Not verified. The certificate is NOT trusted. The certificate chain violates the signer's constraints.
4.13.18 openssl: last.pem: OK
4.13.36 certtool: Not verified. The certificate is NOT trusted. The certificate chain violates the signer's constraints.
4.13.36 openssl: last.pem: OK
TEXT
diff expected seen
