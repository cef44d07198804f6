"""With the setting `strict`, the next vault keeps private keys out of the browser's own cryptography."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.extension.driver import Extension, running_site, textarea
from tests.support.extension.keys_page import OPERATION_SECONDS, PASSPHRASE, Rig, open_keys, show_section
from tests.support.vault.watching_worker import LISTEN, WATCHING_WORKER

pytestmark = [pytest.mark.browser, pytest.mark.thorough]


@pytest.fixture
def watched(browser: Browser, folder: Path, tmp_path: Path) -> Iterator[Extension]:
    """The extension with Workers that report to its pages which private keys WebCrypto gets."""
    own = tmp_path / "extension"
    shutil.copytree(folder, own)
    replace_worker(own, WATCHING_WORKER.encode())
    extension = Extension(browser, own)
    yield extension
    extension.uninstall()


def replace_worker(extension: Path, script: bytes) -> None:
    """Replace the vault's Worker in the build, and its hash in both scripts that start the vault."""
    name = "vault_worker.js"
    (extension / "runtime" / name).write_bytes(script)
    digest = base64.b64encode(hashlib.sha384(script).digest()).decode()
    entry = f'"{name}": {{"integrity": "sha384-{digest}", "bytes": {len(script)}}}'
    for owner in (extension / "background.js", extension / "vault_home/offscreen.js"):
        altered, count = re.subn(rf'"{re.escape(name)}":\s*{{[^{{}}]*}}', lambda _: entry, owner.read_text())
        assert count == 1
        owner.write_text(altered)


def signed_with(extension: Extension, listener: Page) -> list[str]:
    """Sign a field, and return the ways in which WebCrypto got a private key meanwhile."""
    listener.js("() => { window.seen = []; }")
    with running_site() as site:
        page = extension.browser.open(site.page_with(textarea("answer", data_smime="sign")))
        frame = extension.write(page, "#answer", "Signed")
        frame.around.click("[data-test=encrypt]")
        extension.answer()
        page.wait_for("() => document.getElementById('answer').value", timeout_seconds=OPERATION_SECONDS)
        page.close()
    seen: list[list[str]] = listener.wait_for("() => window.seen.length > 0 && window.seen")
    return [way for ways in seen for way in ways]


def test_the_setting_reaches_the_next_vault_and_its_end_the_one_after(watched: Extension, rig: Rig) -> None:
    listener = open_keys(watched)
    listener.js(LISTEN)
    watched.unlock(rig.file, PASSPHRASE)
    assert signed_with(watched, listener) != []
    for strict in (True, False):
        show_section(listener, "settings")
        listener.click("[data-test=strict]")
        listener.wait_for_text("Your keys are locked", selector="[data-test=state]")
        watched.is_locked = True
        watched.unlock(rig.file, PASSPHRASE)
        assert (signed_with(watched, listener) == []) is strict
