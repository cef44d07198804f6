"""`sealwax` of a later version, whose bridge knows the migrations of another folder.

python -m tests.support.servers.later_version FOLDER bridge serve …
"""

from __future__ import annotations

import sys
from pathlib import Path

from webbridge.database import SCHEMA

if __name__ == "__main__":
    object.__setattr__(SCHEMA, "package", Path(sys.argv.pop(1)))
    from sealwax.cli import main

    sys.exit(main())
