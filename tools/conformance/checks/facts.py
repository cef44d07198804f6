"""The comparison of a task's findings with the facts that a set states."""

from __future__ import annotations

from collections.abc import Awaitable

from smime_core.errors import SmimeError
from tools.conformance.case import Disproved


def claim(holds: bool, text: str) -> int:
    """Returns 1, the number of checked facts. Raises Disproved with `text` if the fact does not hold."""
    if not holds:
        raise Disproved(text)
    return 1


def compare(found: bytes, expected: bytes) -> int:
    """Returns 1, the number of checked facts. Raises Disproved if the bytes are not the expected ones."""
    return claim(found == expected, f"the content is {found[:60]!r}, expected {expected[:60]!r}")


async def refuses(attempt: Awaitable[object], text: str) -> int:
    """Returns 1, the number of checked facts. Raises Disproved with `text` if `attempt` raises no SmimeError."""
    try:
        await attempt
    except SmimeError:
        return 1
    raise Disproved(text)


def altered(octets: bytes) -> bytes:
    """The bytes with the last bit inverted; one zero byte instead of no bytes."""
    return octets[:-1] + bytes((octets[-1] ^ 1,)) if octets else b"\0"


def expect_code(error: SmimeError, codes: tuple[str, ...]) -> int:
    """Returns 1, the number of checked facts. Raises Disproved if codes are given and the error has another one."""
    return claim(not codes or error.code in codes, f"refused by {error.code}, expected {' or '.join(codes)}: {error}")
