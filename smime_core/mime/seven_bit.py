"""Text that is fit for 7-bit transport (RFC 8551 section 3.1.3, RFC 1847 section 2.1).

Text is also unfit if a line begins with `From `, is a lone dot, ends with blanks or is too long (RFC 2049 section 3).
"""

from __future__ import annotations

from typing import Final

from smime_core.mime.canonical import has_crlf_only

_BLOCK_BYTES: Final = 65_536
_OVERLAP_BYTES: Final = 5  # One less than the length of the longest pattern, "\nFrom ".
_MAX_LINE_LENGTH: Final = 998  # RFC 5322 section 2.1.1, without the CRLF


def is_transport_safe(octets: bytes) -> bool:
    """Whether no mail transport has a reason to alter these bytes."""
    return has_safe_lines(octets) and has_crlf_only(octets)


def has_safe_lines(octets: bytes) -> bool:
    """Whether no mail transport has a reason to alter a line of these bytes. Line ends are not checked.

    A text is safe if each of its lines is safe, so it may be judged in pieces of whole lines.
    """
    return (
        octets.isascii()
        and b"\0" not in octets
        and not octets.startswith((b"From ", b".\r\n"))
        and not octets.endswith((b" ", b"\t", b"\n."))
        and octets != b"."
        and not has_long_lines(octets)
        and all(_has_safe_lines(octets, start) for start in range(0, len(octets), _BLOCK_BYTES))
    )


def _has_safe_lines(octets: bytes, start: int) -> bool:
    # WebAssembly finds a single byte ten times as fast as several, so a single byte of each pattern is looked for
    # first. Base64 contains none of these bytes. Blocks overlap, so that no pattern is missed at a border.
    block = octets[max(0, start - _OVERLAP_BYTES) : start + _BLOCK_BYTES]
    return not (
        (b" " in block and (b"\nFrom " in block or b" \r\n" in block))
        or (b"\t" in block and b"\t\r\n" in block)
        or (b"." in block and b"\n.\r\n" in block)
    )


def has_long_lines(octets: bytes) -> bool:
    """Whether a line is longer than RFC 5322 section 2.1.1 permits."""
    # Each step finds the last line end within the next 1,000 bytes, which is faster than a step for each line.
    position = 0
    while len(octets) - position > _MAX_LINE_LENGTH:
        line_feed = octets.rfind(b"\n", position, position + _MAX_LINE_LENGTH + 2)
        if line_feed < 0:
            return True
        position = line_feed + 1
    return False
