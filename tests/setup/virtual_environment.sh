#!/bin/sh
# Make .venv with a Python of at least 3.11. Debian ships the part of venv that installs pip as a package of its own.
# Usage: virtual_environment.sh PYTHON
set -eu
python=$1
here=$(dirname "$0")

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "$python is $("$python" -V 2>&1); Sealwax needs Python 3.11 or newer:  make PYTHON=/path/to/python3 ..." >&2
  exit 1
}
# No command is named python-ensurepip, so python3-venv is always installed here.
"$python" -c 'import ensurepip, venv' 2>/dev/null || "$here/system_packages.sh" python-ensurepip=python3-venv
"$python" -m venv .venv
