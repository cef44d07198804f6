"""The vault in a third browser engine, WebKitGTK. The other tests of this folder run there too, for `make test-all`."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from smime_core import blocking
from smime_core.cms.recipients.encrypting import Encrypting
from tests.support.browser.page_scripts import page_scripts
from tests.support.browser.webkit import WebKit
from tests.support.people import person
from tests.support.vault.page import PROVIDER, VaultServer, b64, call, octets_of, open_identity

IN_PAGE = page_scripts("vault/webkit.js")

pytestmark = pytest.mark.browser

LACKING = IN_PAGE["lacking"]


def test_starts_without_jspi_and_decrypts(webkit: WebKit, vault_server: VaultServer) -> None:
    page = webkit.open(f"http://127.0.0.1:{vault_server.port}/?{quote('{}')}")
    page.wait_for("() => window.opened === true", timeout_seconds=60)
    # This is why a third engine is tested: Chromium has all of them.
    assert not any(page.js(LACKING).values())
    assert page.js("() => window.firstStart") == "snapshot"
    keys = open_identity(page, person("bob"))
    cms = blocking.encrypt_bytes(b"content", Encrypting(recipients=[person("bob").certificate]), provider=PROVIDER)
    assert octets_of(call(page, "bytes.decrypt", {"cms": b64(cms), **keys})["ok"]["content"]) == b"content"
    page.js("() => window.vault.close()")
    page.close()
