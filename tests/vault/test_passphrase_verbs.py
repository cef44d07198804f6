"""The vault's verbs for new passphrases: the measure in the browser, the archive of zxcvbn, and suggested words."""

from __future__ import annotations

from typing import Any

import pytest

from smime_core.errors import MalformedMessage
from smime_core.parcels.words import words_of
from tests.support.browser.page import Page
from tests.support.vault.comparing_worker import check_clean, next_report, open_comparing
from tests.support.vault.page import OpenPage, b64, call as call_in_page, secret
from tests.support.vault.verbs import call
from tests.support.vault.zxcvbn_archive import bring_zxcvbn, built_archive


@pytest.fixture(autouse=True)
def _zxcvbn(monkeypatch: pytest.MonkeyPatch) -> None:
    bring_zxcvbn(monkeypatch)


def measure_in_page(page: Page, passphrase: str, archive: bytes) -> dict[str, Any]:
    arguments = {"measured": secret(passphrase.encode()), "zxcvbn": b64(archive)}
    outcome: dict[str, Any] = call_in_page(page, "passphrase.measure", arguments)
    return outcome


def test_a_measure_answers_with_a_score_and_a_code_and_no_text() -> None:
    weak = call("passphrase.measure", measured=b"password123", zxcvbn=built_archive())
    assert weak == {"score": 0, "warning": "common"}


@pytest.mark.parametrize(("measured", "is_built"), [(b"\xff\xfe", True), (b"correct horse", False)])
def test_a_measure_refuses_bytes_that_are_no_text_and_another_archive(measured: bytes, is_built: bool) -> None:
    archive = built_archive() if is_built else built_archive() + b"\0"
    with pytest.raises(MalformedMessage):
        call("passphrase.measure", measured=measured, zxcvbn=archive)


def test_five_words_are_suggested_from_the_list_of_the_language() -> None:
    for language, used in (("fr", "fr"), ("de", "en")):
        words = call("passphrase.suggest", language=language)["words"].decode().split(" ")
        assert len(words) == 5
        assert set(words) <= set(words_of(used))
    assert call("passphrase.suggest", language="en") != call("passphrase.suggest", language="en")


@pytest.mark.browser
def test_the_vault_measures_passphrases_and_puts_its_memory_back_after_each(open_vault_page: OpenPage) -> None:
    page = open_comparing(open_vault_page)
    archive = built_archive()
    for passphrase, strength in (
        ("password123", {"score": 0, "warning": "common"}),
        ("correct horse battery staple", {"score": 4, "warning": ""}),
    ):
        assert measure_in_page(page, passphrase, archive)["ok"] == strength
        check_clean(next_report(page), ended=False)
    refused = measure_in_page(page, "password123", archive[:-1] + b"?")
    assert refused["error"]["code"] == "malformed-message"
    check_clean(next_report(page), ended=False)
    assert page.js("() => window.workers") == 1
