#!/usr/bin/env bash
# About: CMS messages that name the signer or the recipient by subjectKeyIdentifier. RFC 5652 section 5.3 says that
#   implementations MUST support the reception of both forms of SignerIdentifier, and section 6.2.1 says the same of
#   RecipientIdentifier.
# Versions: GnuPG 2.2.40 with libksba 1.6.3 (Debian 12); OpenSSL 3.0; NSS 3.87.1 (Debian 12) and GnuTLS 3.7.9 as witnesses.
# Guess: gpgsm reads both forms, because RFC 2630 had them in 1999 and gpgsm is in Kleopatra, KMail and mutt.
# Behaviour: it reads neither. A signed message with a key identifier is a "BER error", so gpgsm does not even show its
#   content. Of an encrypted one it cannot get the recipient, and it reports "No secret key" though it has the key. The same
#   messages with issuer and serial number pass. cmsutil and certtool read the messages with key identifiers.
# Seen: see `expected` below.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download gpgsm gpg-agent libksba8 libgcrypt20 libassuan0 libnpth0 libgpg-error0 gnutls-bin libnss3-tools libnss3 libnspr4 \
  >/dev/null 2>&1
for name in gpgsm_2.2.40-1.1 libksba8_1.6.3-2 gnutls-bin_3.7.9-2 libnss3-tools_2%3a3.87.1-1; do
  case $(echo $name*) in $name*.deb) ;; *) echo "another version than $name"; exit 1 ;; esac
done
for package in ./*.deb; do dpkg -x "$package" tools; done
cat > certificate.cnf <<'TEXT'
[req]
distinguished_name = name
[name]
[alice]
basicConstraints = critical, CA:FALSE
keyUsage = digitalSignature, keyEncipherment
subjectKeyIdentifier = hash
subjectAltName = email:alice@example.test
TEXT
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 30 -subj /CN=Alice -config certificate.cnf \
  -extensions alice 2>/dev/null
openssl pkcs12 -export -in cert.pem -inkey key.pem -keypbe PBE-SHA1-3DES -certpbe NONE -macalg sha1 -name Alice \
  -out alice.p12 -passout pass:secret
printf 'Content-Type: text/plain\r\n\r\nWe meet at eight.\r\n' > part
for form in issuerAndSerialNumber subjectKeyIdentifier; do
  how=(); [ $form = issuerAndSerialNumber ] || how=(-keyid)
  openssl cms -sign -binary -nodetach -in part -signer cert.pem -inkey key.pem "${how[@]}" -outform DER -out $form.signed
  openssl cms -encrypt -binary -aes-256-cbc -in part -recip cert.pem "${how[@]}" -outform DER -out $form.encrypted
done

LIBRARIES=$(find "$place/tools" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
export LIBRARIES GNUPGHOME=$place/gnupg
mkdir -m 700 "$GNUPGHOME"
cat > steps.sh <<'STEPS'
gpgsm() { tools/usr/bin/gpgsm --batch --quiet --disable-crl-checks --pinentry-mode loopback --passphrase-fd 3 "$@" 3<<< secret; }
gpgsm --import alice.p12 >/dev/null 2>&1
for form in issuerAndSerialNumber subjectKeyIdentifier; do
  gpgsm --status-fd 1 --verify $form.signed > status 2> err || true
  if grep -q GOODSIG status; then echo "$form signed, gpgsm: good"; else echo "$form signed, gpgsm: $(grep -o 'BER error' err)"; fi
  gpgsm --decrypt --output content $form.encrypted 2> err || true
  if cmp -s content part; then echo "$form encrypted, gpgsm: decrypted"; else
    echo "$form encrypted, gpgsm: $(grep -o 'No secret key' err)"; fi
  rm -f content
done
STEPS
LD_LIBRARY_PATH=$LIBRARIES tools/usr/bin/gpg-agent --quiet --daemon bash steps.sh > seen
mkdir db
export LD_LIBRARY_PATH=$LIBRARIES
tools/usr/bin/certutil -N -d sql:db --empty-password
tools/usr/bin/pk12util -i alice.p12 -d sql:db -W secret >/dev/null
tools/usr/bin/certutil -M -d sql:db -n Alice -t P,P,P
{
  echo "subjectKeyIdentifier signed, certtool:$(tools/usr/bin/certtool --p7-verify --inder --infile subjectKeyIdentifier.signed \
    --load-ca-certificate cert.pem 2>&1 | sed -n 's/.*Signature status://p')"
  tools/usr/bin/cmsutil -D -d sql:db -h 1 -i subjectKeyIdentifier.signed 2>&1 | grep -ao 'status=[A-Za-z]*' |
    sed 's/^/subjectKeyIdentifier signed, cmsutil: /'
  tools/usr/bin/cmsutil -D -d sql:db -i subjectKeyIdentifier.encrypted -o content
  cmp -s content part && echo "subjectKeyIdentifier encrypted, cmsutil: decrypted"
} >> seen
cat > expected <<'TEXT'
issuerAndSerialNumber signed, gpgsm: good
issuerAndSerialNumber encrypted, gpgsm: decrypted
subjectKeyIdentifier signed, gpgsm: BER error
subjectKeyIdentifier encrypted, gpgsm: No secret key
subjectKeyIdentifier signed, certtool: ok
subjectKeyIdentifier signed, cmsutil: status=GoodSignature
subjectKeyIdentifier encrypted, cmsutil: decrypted
TEXT
cat seen
diff expected seen
