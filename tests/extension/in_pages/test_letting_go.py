"""Opened texts disappear when the keys lock, and a text that was on its way at that moment is not shown."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from smime_core.blocking import run
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.signing import Signing
from smime_core.own_content.pages import protect_page
from tests.support.browser.page import Page
from tests.support.browser.web_site import HTML
from tests.support.extension.driver import Extension, Site, textarea
from tests.support.extension.field_pages import NATIVE, TEXT, People, open_and_agree
from tests.support.extension.letters_from_bob import mail_from_bob
from tests.support.extension.viewer import open_file

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

LOCKED = "[data-test=locked]"
SAY_LOCKED = "(at) => (globalThis.browser ?? chrome).storage.local.set({ lockedAt: Date.now() + at })"
FRAMES = "() => document.querySelectorAll('iframe').length"


@contextmanager
def locked_in_the_middle(extension: Extension) -> Iterator[None]:
    """Make texts that are opened in this context count as opened before the last lock.

    The event of that lock comes before any of these texts is open, so `whenLocked` alone would miss it.
    """
    options = extension.open_options()
    options.js(SAY_LOCKED, 600_000)
    try:
        yield
    finally:
        options.js(SAY_LOCKED, -600_000)
        options.close()


def open_in_viewer(extension: Extension, file: Path) -> Page:
    viewer = extension.browser.open(extension.base + "viewer/viewer.html")
    viewer.wait_for_text("Choose a file")
    open_file(viewer, file)
    return viewer


def encrypted_page(people: People) -> Path:
    encrypting = protect_page(
        b"<h1>Salaries</h1>",
        address="https://clinic.example/",
        media_type=HTML,
        provider=NATIVE,
        signing=Signing(identities=[people.bob], signing_time=datetime.datetime.now(datetime.UTC)),
        encrypting=Encrypting(recipients=[people.alice.certificate]),
    )
    file = people.folder / "page.p7m"
    file.write_bytes(run(encrypting))
    return file


def open_page(extension: Extension, people: People) -> Page:
    viewer = extension.browser.open(extension.base + "viewer/viewer.html")
    viewer.wait_for_text("Choose a file")
    viewer.choose_files("#file", [encrypted_page(people)])
    return extension.browser.wait_for_page("page_viewer.html")


def test_a_text_that_comes_after_a_lock_is_not_shown(
    unlocked: Extension, page: Page, site: Site, people: People
) -> None:
    page.goto(site.page_with(textarea("letter", text=people.encrypt(TEXT, origin=site.origin, to=people.alice))))
    around = open_and_agree(unlocked, page)
    around.click("[data-test=close]")
    with locked_in_the_middle(unlocked):
        unlocked.click_button(page, "#letter")
        around = unlocked.frame_in(page).around
        around.wait_for_selector(LOCKED)
    assert around.js(FRAMES) == 0


def test_a_mail_that_comes_after_a_lock_is_not_shown(unlocked: Extension, people: People) -> None:
    mail = people.folder / "lighthouse.eml"
    mail.write_bytes(mail_from_bob(people, encrypted=True))
    with locked_in_the_middle(unlocked):
        viewer = unlocked.browser.open(unlocked.base + "viewer/viewer.html")
        viewer.wait_for_text("Choose a file")
        viewer.choose_files("#file", [mail])
        viewer.wait_for_selector(LOCKED, timeout_seconds=60)
        assert viewer.js(FRAMES) == 0
    viewer.close()


def test_a_page_that_comes_after_a_lock_is_not_shown(unlocked: Extension, people: People) -> None:
    with locked_in_the_middle(unlocked):
        viewer = open_page(unlocked, people)
        viewer.wait_for_selector(LOCKED, timeout_seconds=60)
        assert viewer.js(FRAMES) == 0
    viewer.close()


def test_an_encrypted_page_in_a_file_is_let_go(unlocked: Extension, people: People) -> None:
    viewer = open_page(unlocked, people)
    viewer.wait_for_selector(".state-statement", timeout_seconds=60)
    unlocked.lock()
    viewer.wait_for_selector(LOCKED)
    assert viewer.js(FRAMES) == 0
    viewer.close()
