"""Drives the extension's page with keys and people: its dialogs, its downloads, and the records in its database."""

from __future__ import annotations

import base64
import datetime
from pathlib import Path

import pytest

from smime_core.blocking import run
from smime_core.ca.demo import Details, create_authority, issue_identity
from smime_core.cms.certificates_only import build_certificates_only
from smime_core.identity.identity import Identity, export_identities
from smime_core.providers.native import NativeProvider
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension

IN_PAGE = page_scripts("support/extension/keys_page.js")

PASSPHRASE, NEW = "Vier Möwen & ein Wal", "Ein anderer Satz, neu"
NATIVE = NativeProvider()
NOW = datetime.datetime.now(datetime.UTC)
OPERATION_SECONDS = 60
CLICKS, CLICK_SECONDS = 3, 5

# Stops the page's downloads and stores their bytes in `globalThis.saved`, where a test can read them.
CATCH = IN_PAGE["catchNow"]
KEPT = IN_PAGE["keptInPage"]

TICK_ALL = """() => document.querySelectorAll("[data-test^=restore-take-]").forEach((box) => box.click())"""


class Rig:
    """Alice with two identities, of which one expires soon, Bob, and their authority."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = run(create_authority("Example CA", provider=NATIVE, at=NOW))
        self.alice = self.issue("alice@example.test")
        self.ending = self.issue("alice@example.test", days=10)
        self.bob = self.issue("bob@example.test")
        self.file = self.write_keys("alice.p12", [self.alice, self.ending])
        self.bob_file = folder / "bob.p7b"
        self.bob_file.write_bytes(build_certificates_only([self.bob.certificate, self.alice.certificate]))

    def issue(self, address: str, *, days: int = 365) -> Identity:
        not_after = NOW + datetime.timedelta(days=days)
        return run(
            issue_identity(self.authority, address, provider=NATIVE, at=NOW, details=Details(not_after=not_after))
        )

    def write_authority(self) -> Path:
        path = self.folder / "ca.der"
        path.write_bytes(self.authority.identity.certificate.der)
        return path

    def write_keys(self, name: str, identities: list[Identity]) -> Path:
        path = self.folder / name
        path.write_bytes(run(export_identities(identities, PASSPHRASE.encode(), provider=NATIVE, iterations=2048)))
        return path


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Rig:
    return Rig(tmp_path_factory.mktemp("rig"))


def open_keys(extension: Extension) -> Page:
    """Open the page with keys and people, and catch its downloads."""
    page = extension.open_options()
    page.js(CATCH)
    return page


def show_section(page: Page, name: str) -> None:
    """Go to a section of the page by its link, such as `people` or `backup`.

    The link is clicked again if a question that arrives above has moved it, so that the click went beside it.
    """
    is_there = "(hash) => location.hash === hash"
    for _ in range(CLICKS):
        page.click(f"#sections [href='#{name}-section']")
        try:
            page.wait_for(is_there, f"#{name}-section", timeout_seconds=CLICK_SECONDS)
            break
        except AssertionError:
            continue
    page.wait_for_selector(f"#{name}-section")


def type_passphrase(page: Page, dialog: str, index: int, text: str) -> None:
    """Type into the passphrase field number `index` of a dialog."""
    mark = """(dialog, index) => {
      document.querySelectorAll(`[data-test=${dialog}] [data-test=passphrase]`)[index].id = `secret-${index}`;
    }"""
    page.js(mark, dialog, index)
    page.click(f"[data-test={dialog}] #secret-{index}")
    page.type(text)


def submit(page: Page, dialog: str) -> None:
    """Press the button of a dialog and wait until the dialog has closed."""
    page.click(f"[data-test={dialog}-go]")
    page.wait_for(
        "(test) => document.querySelector(`[data-test=${test}]`) === null", dialog, timeout_seconds=OPERATION_SECONDS
    )


def saved(page: Page) -> tuple[str, bytes]:
    """The name and the bytes of the page's last download."""
    name, octets = page.wait_for("async () => globalThis.saved.length > 0 && await globalThis.saved.at(-1)")
    return name, base64.b64decode(octets)


def make_backup(page: Page) -> bytes:
    show_section(page, "backup")
    page.click("[data-test=make-backup]")
    type_passphrase(page, "backup", 0, NEW)
    type_passphrase(page, "backup", 1, NEW)
    submit(page, "backup")
    name, octets = saved(page)
    assert name.endswith(".backup")
    return octets


def open_review(page: Page, file: Path, passphrase: str, *, how: str) -> None:
    """Choose a backup, and open the review of its contents."""
    show_section(page, "backup")
    page.click("[data-test=restore-backup]")
    page.choose_files("[data-test=restore-file]", [file])
    type_passphrase(page, "restore", 0, passphrase)
    page.click(f"[data-test=restore-{how}]")
    page.click("[data-test=restore-go]")


def restore(page: Page, file: Path, passphrase: str, *, how: str) -> None:
    """Restore all contents of a backup."""
    open_review(page, file, passphrase, how=how)
    page.wait_for_selector("[data-test=restore-review-go]", timeout_seconds=OPERATION_SECONDS)
    page.js(TICK_ALL)
    submit(page, "restore-review")
