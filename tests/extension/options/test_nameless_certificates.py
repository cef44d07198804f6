"""Certificates without an address in the page with keys and people: each has a title that is no address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from smime_core.blocking import run
from smime_core.identity.identity import export_identities
from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.extension.driver import Extension
from tests.support.extension.keys_page import NATIVE, PASSPHRASE, open_keys, show_section
from tests.support.nameless_certificates import without_address

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

NAMES = ("Reception of the emergency department", "boss@bank.example", "")
TITLES = "(row) => [...document.querySelectorAll(`${row} .name`)].map(({ textContent }) => textContent)"
DIALOG = "[data-test=certificate-dialog]"


@pytest.fixture(scope="module")
def page(browser: Browser, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The person's own certificates, and those of others, have these names and no address."""
    files = tmp_path_factory.mktemp("nameless")
    own, others = ([without_address(name) for name in NAMES] for _ in range(2))
    p12 = run(export_identities(own, PASSPHRASE.encode(), provider=NATIVE, iterations=2048))
    (files / "own.p12").write_bytes(p12)
    for index, identity in enumerate(others):
        (files / f"{index}.der").write_bytes(identity.certificate.der)
    extension = Extension(browser, folder)
    extension.unlock(files / "own.p12", PASSPHRASE)
    extension.keep(people=sorted(files.glob("*.der")))
    page = open_keys(extension)
    yield page
    page.close()
    extension.uninstall()


@pytest.mark.parametrize(("section", "row"), [("identities", "identity"), ("people", "person")])
def test_each_row_has_a_title_that_is_no_address(page: Page, section: str, row: str) -> None:
    show_section(page, section)
    titles = page.js(TITLES, f"[data-test={row}]")
    assert len(titles) == len(NAMES)
    assert [heading for heading in titles if "@" in heading or not heading.strip()] == []
    assert {"Reception of the emergency department", "boss_bank.example"} <= set(titles)
    (nobody,) = [heading for heading in titles if heading.startswith("SHA-256 ")]
    for index, title in enumerate(titles):
        page.js(f"(index) => document.querySelectorAll('[data-test={row}] [data-test=details]')[index].click()", index)
        page.wait_for_text("SHA-1", selector=DIALOG, timeout_seconds=30)
        if title == nobody:
            assert f"Certificate of {nobody}" in page.text(f"{DIALOG} h2")
            assert nobody.removesuffix("…").removeprefix("SHA-256 ") in page.text(DIALOG).partition("SHA-1")[0]
            assert "Belongs to" not in page.text(DIALOG)
        page.click("[data-test=dialog-close]")
