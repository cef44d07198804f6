"""Entrust profiles (`.epf`) are recognised but not read, because their format is not published.

A profile is a text of sections. The passphrase check is in [Password Token], the signing key in [Digital Signature].
"""

from __future__ import annotations

from typing import Final

from smime_core.errors import EntrustProfile

_LOOKED_AT_BYTES: Final = 65_536
_SECTIONS: Final = frozenset({b"[password token]", b"[digital signature]"})


def check_no_entrust_profile(data: bytes) -> None:
    """Raise EntrustProfile for a file that begins with a section and has a section that only Entrust profiles have."""
    lines = [line.strip().lower() for line in data[:_LOOKED_AT_BYTES].removeprefix(b"\xef\xbb\xbf").splitlines()]
    first = next((line for line in lines if line and not line.startswith(b";")), b"")
    if first.startswith(b"[") and first.endswith(b"]") and not _SECTIONS.isdisjoint(lines):
        raise EntrustProfile
