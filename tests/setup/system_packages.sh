#!/bin/sh
# Make sure that commands are there: install the Debian packages of those that are missing, where root may do so,
# otherwise say in one line what to install.
# Usage: system_packages.sh [--optional] COMMAND=PACKAGE ...
# A COMMAND may name alternatives (chromium|google-chrome=chromium), or a file by its whole path. With --optional nothing
# that is missing or cannot be installed is an error.
set -eu
PATH="$PATH:/usr/sbin:/sbin"

optional=""
if [ "$1" = --optional ]; then
  optional=yes
  shift
fi

missing=""
for pair in "$@"; do
  found=""
  for command in $(echo "${pair%%=*}" | tr '|' ' '); do
    case $command in
      /*) if [ -e "$command" ]; then found=yes; fi ;;
      *) if command -v "$command" >/dev/null 2>&1; then found=yes; fi ;;
    esac
  done
  [ -n "$found" ] || missing="$missing ${pair#*=}"
done
[ -n "$missing" ] || exit 0

install() {
  apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "missing on this machine, install first:  sudo apt-get install --no-install-recommends$missing" >&2
  [ -n "$optional" ] || exit 1
  exit 0
fi

echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# An old list installs old programs without a word: browsers that lack what the tests drive them by. Without network the
# list that is there has to do.
apt-get update -qq || true
if [ -z "$optional" ]; then
  # shellcheck disable=SC2086  # one word for each package
  install $missing
  exit 0
fi
# shellcheck disable=SC2086
if install $missing 2>/dev/null; then exit 0; fi
# Not every distribution has every package: one that is absent must not keep the others away.
for package in $missing; do
  install "$package" 2>/dev/null || echo "not to be had here: $package"
done
