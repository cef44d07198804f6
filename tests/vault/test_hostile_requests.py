"""Hostile requests to a vault whose Worker goes on: the next answer is right, and Python is as in the image."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.support.people import person
from tests.support.vault.comparing_worker import check_clean, next_report, open_comparing, wait_for_image
from tests.support.vault.hostile_requests import draw_requests, reading_requests, run_hostile
from tests.support.vault.operations import check, operations
from tests.support.vault.page import OpenPage, b64, call
from tools.fuzz.hostile import HOSTILE, hostile

pytestmark = pytest.mark.browser

_DRAWN: Final = 24
_DRAWN_WITH_TIME: Final = 500
_AT_ONCE: Final = 50
# Derivations that take as long as the limits allow.
_SLOW: Final = ("a password of the most iterations", "passwords")
_GROWING: Final = """async (recipient, size) => {
  const args = { content: new ArrayBuffer(size), recipients: [window.wake(recipient)] };
  return (await vault.call("bytes.encrypt", args)).cms.byteLength;
}"""


def requests_of(name: str) -> list[tuple[str, dict[str, Any]]]:
    """The requests that read a hostile megabyte."""
    data = hostile(name)
    kind = "certificates" if data[:10] == b"-----BEGIN" else "cms" if data[:1] == b"\x30" else "mail"
    return list(reading_requests(kind, data))


def test_after_altered_messages(open_vault_page: OpenPage) -> None:
    outcomes = run_hostile(open_comparing(open_vault_page), draw_requests(seed=1, count=_DRAWN))
    # The messages are signed and encrypted anew in each run, so the codes of few draws differ.
    assert {outcome["code"] for outcome in outcomes} > {"malformed-message"}
    # Errors of the core end no Worker. A drawn Worker ends after its fiftieth operation.
    assert sum(outcome["after"]["ended"] for outcome in outcomes) < _DRAWN // 5, outcomes


@pytest.mark.thorough
def test_after_many_altered_messages(open_vault_page: OpenPage) -> None:
    page = open_comparing(open_vault_page, count=_DRAWN_WITH_TIME)
    drawn = draw_requests(seed=2, count=_DRAWN_WITH_TIME)
    outcomes = [
        outcome for first in range(0, len(drawn), _AT_ONCE) for outcome in run_hostile(page, drawn[first:][:_AT_ONCE])
    ]
    assert sum(outcome["after"]["ended"] for outcome in outcomes) < _DRAWN_WITH_TIME // 5


@pytest.mark.thorough
def test_after_every_hostile_megabyte(open_vault_page: OpenPage) -> None:
    page = open_comparing(open_vault_page, count=len(HOSTILE) * 4)
    assert HOSTILE.keys() >= {*_SLOW}
    for name in HOSTILE:
        if name not in _SLOW:
            run_hostile(page, requests_of(name)[:1])


@pytest.mark.parametrize(("megabytes", "ends"), [(10, False), pytest.param(60, True, marks=pytest.mark.thorough)])
def test_after_memory_has_grown(open_vault_page: OpenPage, megabytes: int, ends: bool) -> None:
    page = open_comparing(open_vault_page)
    size = megabytes * 1_000_000
    assert page.js(_GROWING, b64(person("bob").certificate.der), size) > size
    check_clean(next_report(page), ended=ends)
    if ends:
        page.js("() => vault.ready")
        wait_for_image(page)
    verb, args, member = operations()[3]
    check(call(page, verb, args), member)
    check_clean(next_report(page), ended=False)
