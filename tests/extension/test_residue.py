"""After a lock no process of the browser and no file of its profile contains a secret of the extension.

A key file is opened with a passphrase typed in the extension's page, an encrypted field is opened in a web page, and
the keys are locked. The test does not search for the field's text after the lock: browsers keep text that they showed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from smime_core.blocking import run
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.own_content.fields import protect_field
from smime_core.provider import NewKey
from tests.support.browser.browsers import Name
from tests.support.browser.required import require_browser
from tests.support.browser.residue.lab import KnownCek, Secrets, Watch, make_secrets, start
from tests.support.browser.residue.markers import MARKER_BYTES, needles_for
from tests.support.browser.residue.processes import describe
from tests.support.extension.driver import Extension, running_site
from tests.support.extension.field_pages import open_and_agree

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

# The text of the open field. The scan finds it while it is shown, which proves that the scan works.
TEXT: Final = "What only the person before the screen may read, for as long as it is shown."
LOCKED: Final = {"private key", "cek", "passphrase"}


def encrypt_for(given: Secrets, keys: KnownCek, origin: str) -> str:
    recipients = [given.identity.certificate]
    return run(protect_field(TEXT, origin=origin, provider=keys, encrypting=Encrypting(recipients=recipients)))


@pytest.mark.parametrize("name", ["firefox", "chromium"])
def test_secrets_of_the_extension_are_gone_after_lock(name: Name, folder: Path, tmp_path: Path) -> None:
    require_browser(name)
    bob, keys = make_secrets(NewKey.RSA_2048), KnownCek(MARKER_BYTES)
    needles = [needle for needle in bob.needles if needle.secret in ("private key", "passphrase")]
    needles += [*needles_for("cek", [keys.cek]), *needles_for("shown text", [TEXT.encode()])]
    file = tmp_path / "bob.p12"
    file.write_bytes(bob.p12)
    profile = tmp_path / "profile"
    browser = start(name, profile)
    try:
        watch = Watch(browser, profile, needles)
        extension = Extension(browser, folder)
        extension.import_keys(file, bob.passphrase, expect="are ready")
        with running_site() as site:
            armored = encrypt_for(bob, keys, site.origin)
            page = browser.open(site.page_with(f'<div id="letter" data-smime="decrypt verify">{armored}</div>'))
            open_and_agree(extension, page)
            assert watch.find_in_memory({"shown text"}) == {"shown text"}
            on_disk = watch.scan_disk()
            page.goto("about:blank")
            extension.lock()
            left = [finding for finding in watch.wait_until_gone(page) if finding.needle.secret in LOCKED]
        assert left == [], describe(left)
        assert on_disk + watch.scan_disk() == []
    finally:
        browser.close()
