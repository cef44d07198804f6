"""The comparison of a task's findings with the facts that a set states."""

from __future__ import annotations

from collections.abc import Awaitable

from smime_core.errors import SmimeError
from tests.conformance.case import Disproved


def claim(holds: bool, text: str) -> int:
    """One fact. Raises Disproved with `text`."""
    if not holds:
        raise Disproved(text)
    return 1


def compare(found: bytes, expected: bytes) -> int:
    """One fact: the bytes are those expected. Raises Disproved."""
    return claim(found == expected, f"the content is {found[:60]!r}, expected {expected[:60]!r}")


async def refuses(attempt: Awaitable[object], text: str) -> int:
    """One fact: `attempt` ends in an SmimeError. Raises Disproved with `text` when it does not."""
    try:
        await attempt
    except SmimeError:
        return 1
    raise Disproved(text)


def altered(octets: bytes) -> bytes:
    """The bytes with the last bit turned; one byte where there are none."""
    return octets[:-1] + bytes((octets[-1] ^ 1,)) if octets else b"\0"


def expect_code(error: SmimeError, codes: tuple[str, ...]) -> int:
    """One fact: a refusal, by one of the codes where any are given. Raises Disproved."""
    return claim(not codes or error.code in codes, f"refused by {error.code}, expected {' or '.join(codes)}: {error}")
