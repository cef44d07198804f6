"""`python -m sealwax.cli` is `sealwax`."""

import sys

from sealwax.cli import main

sys.exit(main())
