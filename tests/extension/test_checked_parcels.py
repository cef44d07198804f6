"""The page of a parcel runs on a checked site only with the files that the operator has signed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.extension.checked_site import Checked, new_operator, reason
from tests.support.extension.driver import Extension
from tests.support.pages.driver import OPERATION_SECONDS, named
from tests.support.pages.parcels import MESSAGE, ParcelRig, Sent, letter, run_parcel_rig

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

SUBJECT = "The plans for Thursday"
TEXT = "The key is under the third step."
IS_CHECKED = "() => document.querySelector('meta[name=sealwax-checked]') !== null"
WORKERS = "async () => (await navigator.serviceWorker.getRegistrations()).length"
# A stopped page ends what it was fetching; Firefox calls that "NetworkError".
EXPECTED = "NetworkError|integrity|hashes|404|Failed to|aborted|blocked|module|favicon"


@dataclass(frozen=True, slots=True)
class ParcelSite(Checked):
    """The pages of a bridge with parcels, as a checked site."""

    rig: ParcelRig

    def send(self) -> Sent:
        signer = self.rig.stack.accounts[1].identity
        return self.rig.send({MESSAGE: letter(SUBJECT, TEXT), "plan.pdf": b"%PDF"}, kind="message", signer=signer)

    def open_link(self, sent: Sent) -> Page:
        return self.visit(sent.link(self.origin).removeprefix(self.origin))


@pytest.fixture(scope="module")
def site(
    browser: Browser, folder: Path, pages_with_sources: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ParcelSite]:
    place = tmp_path_factory.mktemp("checked")
    shutil.copytree(pages_with_sources, place / "pages")
    # A test alters this script, and the server would send its compressed form.
    (place / "pages/parcel_main.js.br").unlink()
    extension = Extension(browser, folder)
    with run_parcel_rig(place / "pages", place / "store") as rig:
        checked = ParcelSite(extension, rig.stack.pages_url, place / "pages", new_operator(), rig)
        checked.sign("1.0")
        yield checked
    extension.uninstall()


def open_by_words(page: Page, words: str) -> None:
    page.wait_for_selector(named("words"), timeout_seconds=OPERATION_SECONDS)
    page.fill(named("words"), words)
    page.click(named("open-parcel"))
    page.wait_for_selector(f'{named("parcel")}[aria-busy="false"]', timeout_seconds=OPERATION_SECONDS)


def test_the_page_of_a_server_that_is_not_in_the_list_runs_unchecked(site: ParcelSite) -> None:
    page = site.open_link(site.send())
    page.wait_for_selector(named("words"), timeout_seconds=OPERATION_SECONDS)
    assert page.js(IS_CHECKED) is False
    assert "compares the page with the operator" in page.text(named("convenience"))
    page.close()


@pytest.mark.thorough(False)
def test_the_signed_page_opens_a_parcel_and_an_altered_script_stops_it(site: ParcelSite) -> None:
    site.extension.browser.expect_error(EXPECTED)
    site.add()
    sent = site.send()
    page = site.open_link(sent)
    open_by_words(page, sent.words)
    assert page.js(IS_CHECKED) is True
    assert page.url == f"{site.origin}/parcel.html"
    assert page.js("(selector) => document.querySelector(selector).dataset.state", named("state")) == "verified"
    assert TEXT in page.text(named("body"))
    # The server could give a service worker other code.
    assert page.js(WORKERS) == 0
    page.close()
    script = site.folder / "parcel_main.js"
    honest = script.read_bytes()
    script.write_bytes(honest + b"\nlocalStorage.ran = 'altered';")
    page = site.open_link(sent)
    page.wait_for("() => document.querySelector('[data-test=reason]')?.textContent", timeout_seconds=30)
    assert "not the one that the operator signed" in reason(page)
    assert "parcel_main.js" in page.text("[data-test=facts]")
    assert sent.draft.id not in page.text()
    # The extension's own page opens the parcel without the altered one.
    page.click("[data-test=own-parcel]")
    own = site.extension.browser.wait_for_page("parcel/parcel.html")
    open_by_words(own, sent.words)
    own.close()
    # The honest page gets the link back.
    script.write_bytes(honest)
    page.click("[data-test=again]")
    open_by_words(page, sent.words)
    assert page.js("() => localStorage.ran ?? null") is None
    assert page.url == f"{site.origin}/parcel.html"
    page.close()
