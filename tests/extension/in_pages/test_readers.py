"""The person adds a reader in the window itself: by address, or by a certificate file if no certificate is known."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from smime_core.cms import build_certificates_only
from tests.support.browser.page import ENTER, Page
from tests.support.extension.driver import Extension, Site, textarea
from tests.support.extension.field_pages import People

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

CAROL, DORA = "carol@example.test", "dora@example.test"
TICKED = """() => [...document.querySelectorAll("[data-test=readers] input:checked")].map((box) =>
  box.closest("li").querySelector(".name").innerText)"""
STATUS = "[data-test=add-reader-status]"


@pytest.fixture
def window(extension: Extension, page: Page, site: Site, people: People) -> Iterator[Page]:
    """The window that asks who may read a text. The page proposes Dora, for whom no certificate is known."""
    (people.folder / "bob.der").write_bytes(people.bob.certificate.der)
    (people.folder / "carol.p7b").write_bytes(build_certificates_only([people.carol.certificate, *people.carol.chain]))
    page.goto(site.page_with(textarea("answer", data_smime="encrypt", data_smime_to=DORA)))
    extension.write(page, "#answer", "Hello").around.click("[data-test=encrypt]")
    window = extension.window()
    yield window
    with window.closing():
        window.click("[data-test=refuse]")


def add(window: Page, address: str) -> None:
    window.click("[data-test=add-reader]")
    window.type(address + ENTER)


@pytest.mark.thorough
def test_a_reader_is_added_by_address_and_by_file(window: Page, people: People) -> None:
    add(window, "no address")
    window.wait_for_text("whole email address", selector=STATUS)
    window.fill("[data-test=add-reader]", "")
    add(window, CAROL)
    window.wait_for_text("cannot receive encrypted mail yet", selector=STATUS, timeout_seconds=30)
    # A file with somebody else's certificate is refused.
    window.choose_files("[data-test=add-reader-file]", [people.folder / "bob.der"])
    window.wait_for_text("another address", selector=STATUS, timeout_seconds=30)
    assert window.js(TICKED) == []
    window.choose_files("[data-test=add-reader-file]", [people.folder / "carol.p7b"])
    window.wait_for_text(CAROL, selector="[data-test=readers]", timeout_seconds=30)
    assert window.js(TICKED) == [CAROL]
    assert window.value("[data-test=add-reader]") == ""


@pytest.mark.thorough
def test_a_known_reader_is_ticked_and_a_proposed_one_is_looked_for(window: Page) -> None:
    add(window, "BOB@example.test")
    window.wait_for(f"() => ({TICKED})().includes('bob@example.test')", timeout_seconds=30)
    window.click("[data-test=find-certificate]")
    window.wait_for_text(DORA, selector=STATUS, timeout_seconds=30)
