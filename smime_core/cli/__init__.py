"""The `sealwax` command (DESIGN, "The command"): thin verbs over `smime_core.blocking`.

Exit codes: 0 done (`verify`: verified), 1 the message is not what was asked for or a key does not fit, 2 usage,
malformed or unreadable input.
"""

from __future__ import annotations

import gc


def main() -> int:
    """Run the command with the process's arguments; the exit code."""
    # A process of a second frees everything at its end: looking for cycles meanwhile is a tenth of its start.
    gc.disable()
    # Imported here: reading `smime_core.cli` for its schema must not cost what click and the core cost.
    from smime_core.cli.group import run

    return run()
