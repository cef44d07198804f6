"""The lines of an LDIF file (RFC 2849), and values inside distinguished names (RFC 4514)."""

from __future__ import annotations

import base64
import re
from typing import Final

from smime_core.text.folded_lines import fold_line

_WIDTH_BYTES: Final = 76
# RFC 2849: a value that matches is written as it is, any other value in base64.
_SAFE: Final = re.compile(rb"[!-9;=-~][ -~]*(?<! )")
# RFC 4514 section 2.4, including characters that are special only at the start or the end.
_SPECIAL: Final = re.compile(r'["+,;<>\\=#\x00]|^ | $')


def build_ldif_line(attribute: str, value: str) -> bytes:
    """The lines for one value of text, folded."""
    octets = value.encode()
    if _SAFE.fullmatch(octets):
        return fold_line(b"%b: %b" % (attribute.encode(), octets), _WIDTH_BYTES)
    return build_binary_ldif_line(attribute, octets)


def build_binary_ldif_line(attribute: str, value: bytes) -> bytes:
    """The lines for one value in base64, folded."""
    return fold_line(b"%b:: %b" % (attribute.encode(), base64.b64encode(value)), _WIDTH_BYTES)


def escape_dn_value(text: str) -> str:
    """A value inside a DN (RFC 4514 section 2.4)."""
    return _SPECIAL.sub(lambda match: "".join(f"\\{byte:02x}" for byte in match[0].encode()), text)
