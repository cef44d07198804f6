"""The `sealwax` command: thin verbs over `smime_core.blocking`.

Exit codes: 0 for success (`verify`: the message is verified), 1 if the message is not as requested or no key fits,
2 for wrong usage and for malformed or unreadable input.
"""

from __future__ import annotations

import gc


def main() -> int:
    """Run the command with the process's arguments and return its exit code."""
    # The end of this short process frees everything. Garbage collection would take a tenth of the starting time.
    gc.disable()
    # Imported here because every import of a submodule runs this file, and click and the core take long to import.
    from sealwax.cli.group import run

    return run()
