#!/bin/sh
# Install the Debian packages of the commands that are missing. Without root or without apt-get, print the command that
# would install them.
# Usage: system_packages.sh [--optional] COMMAND=PACKAGE ...
# A COMMAND may name alternatives (chromium|google-chrome=chromium), or a file by its whole path. With --optional, a
# package that is missing or cannot be installed is not an error.
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
# With an old list of packages, apt-get installs old programs without a warning, also browsers that are too old for the
# tests. Without a network, the list on this machine is used.
apt-get update -qq || true
if [ -z "$optional" ]; then
  # shellcheck disable=SC2086  # one word for each package
  install $missing
  exit 0
fi
# shellcheck disable=SC2086
if install $missing 2>/dev/null; then exit 0; fi
# Not every distribution has every package. A package that is absent must not prevent the others from being installed.
for package in $missing; do
  install "$package" 2>/dev/null || echo "not to be had here: $package"
done
