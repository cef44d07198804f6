"""`python -m smime_core.cli` is `sealwax`."""

import sys

from smime_core.cli import main

sys.exit(main())
