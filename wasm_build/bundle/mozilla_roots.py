"""Mozilla's roots in the bundle: a Python module with all roots, made from the PEM file in the repository."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from smime_core.trust import parse_roots

MODULE_NAME: Final = "sealwax_roots.py"
_LIST: Final = "sealwax/roots/mozilla.pem"
_SOURCE: Final = re.compile(r"^# Source: (.+)$", re.MULTILINE)


def build_roots_module(root: Path) -> bytes:
    """The source of the module that `wasm_build.vault.python.trust` imports."""
    roots = parse_roots((root / _LIST).read_bytes())
    lines = [
        "import datetime",
        "from smime_core.trust import Root",
        "ROOTS = (",
        *(f"    {authority!r}," for authority in roots),
        ")",
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def find_roots_source(root: Path) -> str:
    """The repository, revision and file from which the list was made."""
    return str(_SOURCE.findall((root / _LIST).read_text("utf-8"))[0])
