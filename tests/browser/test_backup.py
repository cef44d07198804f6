"""A backup: everything comes back, in the other browser too; what goes for it is said before."""

# pytest finds the fixtures of the other files by their names here.
# ruff: noqa: F401, F811

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from smime_core.blocking import run
from smime_core.message import encrypt_message
from tests.browser.browsers import Browser, Chromium, Firefox, Name
from tests.browser.extension_driver import Extension
from tests.browser.keys_page import (
    KEPT,
    NATIVE,
    NEW,
    OPERATION_SECONDS,
    PASSPHRASE,
    House,
    house,
    make_backup,
    open_keys,
    restore,
)
from tests.browser.mail_letters import mail, text
from tests.browser.page import Page

pytestmark = [pytest.mark.browser, pytest.mark.in_turn, pytest.mark.thorough]

WORDS = "Sealed before the old computer was lost."

# A changed certificate that waits for the person's word, and a draft.
LEAVE_THINGS_TO_LOSE = """async () => {
  const done = (request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
  const database = await done(indexedDB.open("sealwax"));
  const transaction = database.transaction(["people", "settings", "drafts"], "readwrite");
  const [after] = await done(transaction.objectStore("people").getAll());
  const change = { address: "bob@example.test", before: after, after, sameIssuer: false, isRenewal: false };
  transaction.objectStore("settings").put({ name: "changed certificates", value: [change] });
  transaction.objectStore("drafts").put({ id: "1", at: new Date().toISOString(), letter: new ArrayBuffer(8) });
  await new Promise((resolve) => { transaction.oncomplete = resolve; });
  database.close();
}"""


@pytest.fixture
def extension(browser: Browser, folder: Path, house: House) -> Iterator[Extension]:
    extension = fill(Extension(browser, folder), house)
    yield extension
    extension.uninstall()


def fill(extension: Extension, house: House) -> Extension:
    """Alice's keys, one of them chosen for signing, her authority, Bob and a directory."""
    extension.unlock(house.file, PASSPHRASE)
    extension.import_certificate("anchors", house.write_authority(), expect="Example CA")
    page = open_keys(extension)
    page.choose_files("#person", [house.bob_file])
    page.wait_for_text("bob@example.test", selector="#people", timeout_seconds=30)
    page.click('[data-expiry="very-soon"] [data-test=prefer]')
    page.wait_for_selector('[data-expiry="very-soon"] [data-test=preferred]')
    page.click("[data-test=mozilla]")
    page.click("[data-test=harvest]")
    page.wait_for_text("Kept", selector="[data-test=settings-done]")
    page.close()
    return extension


def kept(page: Page) -> dict[str, Any]:
    """What outlives the browser, without the time at which something was saved."""
    stores: dict[str, Any] = json.loads(page.js(KEPT))
    for file in stores["keyFiles"]:
        del file["savedAt"]
    for one in stores["people"] + stores["anchors"]:
        one.pop("addedAt", None)
    stores["settings"] = {one["name"]: one for one in stores["settings"]}
    return stores


def test_what_goes_for_a_backup_is_said_before_and_goes(extension: Extension, tmp_path: Path) -> None:
    page = open_keys(extension)
    file = tmp_path / "whole.backup"
    file.write_bytes(make_backup(page))
    before = kept(page)
    page.click("[data-test=another-pattern]")
    page.wait_for("(name) => document.querySelector('[data-test=pattern-name]').textContent !== ''", None)
    page.js(LEAVE_THINGS_TO_LOSE)
    restore(page, file, NEW, how="merge")
    page.wait_for_text("Key files in the backup: 1", selector="[data-test=backup-done]", timeout_seconds=60)
    assert len(kept(page)["drafts"]) == 1

    page.click("[data-test=restore-backup]")
    page.click("[data-test=restore-replace]")
    said = page.wait_for_text("Drafts, which no backup holds: 1", selector="[data-test=restore-goes]")
    assert "Key files: 1" in said
    assert "Changed certificates that wait for your word: 1" in said
    page.click("[data-test=restore-merge]")
    page.wait_for("() => document.querySelector('[data-test=restore-goes]').textContent === ''")
    page.click("[data-test=restore-cancel]")
    restore(page, file, NEW, how="replace")
    page.wait_for_text("Your keys are locked", selector="[data-test=state]", timeout_seconds=60)
    after = kept(page)
    assert after["drafts"] == []
    assert "changed certificates" not in after["settings"]
    assert after == before
    extension.is_locked = True
    page.close()


@pytest.mark.parametrize("source", ["chromium", "firefox"])
def test_a_backup_of_one_browser_brings_everything_to_the_other(
    chromium: Chromium, firefox: Firefox, folder: Path, house: House, tmp_path: Path, source: Name
) -> None:
    here, there = (chromium, firefox) if source == "chromium" else (firefox, chromium)
    first = fill(Extension(here, folder), house)
    page = open_keys(first)
    file = tmp_path / "whole.backup"
    file.write_bytes(make_backup(page))
    before = kept(page)
    first.uninstall()

    second = Extension(there, folder)
    page = open_keys(second)
    restore(page, file, NEW, how="replace")
    page.wait_for_text("Key files in the backup: 1", selector="[data-test=backup-done]", timeout_seconds=60)
    after = kept(page)
    for mark in ("guide", "updated"):
        before["settings"].pop(mark, None)
        after["settings"].pop(mark, None)
    assert after == before
    page.close()

    # Its keys open under the passphrase that they had there.
    sealed = run(encrypt_message(mail(text(WORDS)), recipients=[house.alice.certificate], provider=NATIVE))
    (tmp_path / "sealed.eml").write_bytes(sealed)
    viewer = there.open(second.base + "viewer.html")
    viewer.wait_for_text("Choose a file")
    viewer.choose_files("#file", [tmp_path / "sealed.eml"])
    second.answer(PASSPHRASE)
    viewer.wait_for_frame("mail_view.html", timeout_seconds=OPERATION_SECONDS).wait_for_text(WORDS)
    viewer.close()
    second.uninstall()
