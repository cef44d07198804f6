#!/usr/bin/env bash
# About: `openssl cms -verify -binary` and a multipart/signed mail with CRLF line ends, as SMTP delivers every mail.
# Versions: OpenSSL 3.0 (Debian 12, openssl and libssl3 3.0.*-1~deb12u*).
# Guess: `-binary` means that nothing is translated, so a signature over CRLF text is verified with and without it.
# Behaviour: with `-binary` the verification fails. The CR of the line end before the boundary, which belongs to the
#   boundary (RFC 2046 section 5.1.1), is counted to the signed part, and is at the end of what -out writes. The same mail
#   is verified without `-binary`, and with it if the frame has LF line ends and the content CRLF.
# Seen: see `expected` below.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download openssl libssl3 >/dev/null 2>&1
for name in openssl_3.0. libssl3_3.0.; do
  case $(echo $name*) in $name*-1~deb12u*) ;; *) echo "another version: $(echo $name*)"; exit 1 ;; esac
done
for package in ./*.deb; do dpkg -x "$package" tools; done
export OPENSSL_CONF=/dev/null
LD_LIBRARY_PATH=$(dirname "$(find "$place/tools" -name libcrypto.so.3)")
export LD_LIBRARY_PATH
openssl=$place/tools/usr/bin/openssl
"$openssl" req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 30 -subj /CN=Alice 2>/dev/null
printf 'Content-Type: text/plain\r\n\r\nWe meet at eight.\r\n' > part
"$openssl" cms -sign -binary -in part -signer cert.pem -inkey key.pem -out frame_lf.eml
# The same mail on its way: each line ends in one CRLF.
sed 's/\r$//; s/$/\r/' frame_lf.eml > crlf.eml
check() {
  if "$openssl" cms -verify "${@:2}" -CAfile cert.pem -purpose any -out content 2>/dev/null; then
    cmp -s content part && echo "$1: verified" || echo "$1: verified, other content"
  else
    echo "$1: failed"
  fi
}
{
  check 'CRLF' -in crlf.eml
  check 'CRLF, -binary' -binary -in crlf.eml
  check 'frame in LF, -binary' -binary -in frame_lf.eml
  "$openssl" cms -verify -binary -in crlf.eml -noverify -nosigs -out content 2>/dev/null
  echo "content with -binary: $(($(wc -c < content) - $(wc -c < part))) byte more, $(tail -c 1 content | od -An -tx1 | tr -d ' ')"
} > seen
cat > expected <<'TEXT'
CRLF: verified
CRLF, -binary: failed
frame in LF, -binary: verified
content with -binary: 1 byte more, 0d
TEXT
cat seen
diff expected seen
