#!/bin/sh
# Make sure that commands are there: install the Debian packages of those that are missing, where root may do so,
# otherwise say in one line what to install.
# Usage: system_packages.sh COMMAND=PACKAGE ...    (a COMMAND may name alternatives: chromium|google-chrome=chromium)
set -eu
PATH="$PATH:/usr/sbin:/sbin"

missing=""
for pair in "$@"; do
  found=""
  for command in $(echo "${pair%%=*}" | tr '|' ' '); do
    if command -v "$command" >/dev/null 2>&1; then found=yes; fi
  done
  [ -n "$found" ] || missing="$missing ${pair#*=}"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing:$missing"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086  # one word for each package
  apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 || {
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
  }
else
  echo "missing on this machine, install first:  sudo apt-get install --no-install-recommends$missing" >&2
  exit 1
fi
