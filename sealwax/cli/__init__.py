"""The `sealwax` command: thin verbs over `smime_core.blocking`.

Exit codes: 0 for success (`verify`: the message is verified), 1 if the message is not as requested or no key fits, 2
for wrong usage and for malformed or unreadable input.
"""

from __future__ import annotations

import gc


def main() -> int:
    """Run the command with the process's arguments and return its exit code."""
    # Garbage collection would take a tenth of the starting time. The process is short, and its end frees all memory.
    gc.disable()
    # Imported here because click and the core take long to import, and the import of any submodule runs this file.
    from sealwax.cli.group import run

    return run()
