"""Calls of WebCrypto for which Python did not wait: the cleanup waits for them, or the Worker ends."""

from __future__ import annotations

from typing import Any, Final

import pytest

from smime_core import AES_256_CBC, blocking
from smime_core.cms.recipients.encrypting import Encrypting
from tests.support.browser.page_scripts import page_program, page_scripts
from tests.support.people import person
from tests.support.vault.comparing_worker import check_clean, next_report, open_comparing
from tests.support.vault.operations import check, operations, sealed
from tests.support.vault.page import AT, PROVIDER, OpenPage, b64, call

IN_PAGE = page_scripts("vault/unsettled_calls.js")

pytestmark = pytest.mark.browser

# Delays the import of private keys after the rehearsal. Reports how many imports run.
LATE_IMPORT: Final = page_program("vault/late_import.js")
# Delays each decryption by AES-CBC. Reports how many bytes of all results were not overwritten.
LATE_CHUNKS: Final = page_program("vault/late_chunks.js")
STREAM: Final = IN_PAGE["streamInPage"]
HAS_IMAGE: Final = "() => { globalThis.hasImage = true; }"


def refused_after_an_import_began() -> dict[str, Any]:
    """A request for which the import of the signer's key begins, before its text is refused."""
    recipients = [b64(person("bob").certificate.der)]
    writing = {"text": b64(b"\xff"), "origin": "https://one.example", "sign": True, **sealed(person("alice"))}
    return {**writing, "recipients": recipients, "at": AT}


@pytest.mark.thorough(after=1)
@pytest.mark.parametrize("milliseconds", [300, 60_000])
def test_no_key_arrives_after_the_rewind(open_vault_page: OpenPage, milliseconds: int) -> None:
    prelude = LATE_IMPORT.replace("MILLISECONDS", str(milliseconds))
    page = open_comparing(open_vault_page, prelude=prelude, before_request=HAS_IMAGE)
    outcome = call(page, "field.encrypt", refused_after_an_import_began())
    assert outcome["error"]["code"] == "malformed-message"
    report = next_report(page)
    # A Worker that waits has no import running. It may end too, because a late key is collected late.
    assert report["ended"] or report["extra"] == 0
    assert report["ended"] or milliseconds < 1000
    check_clean(report, ended=report["ended"])
    verb, args, member = operations()[1]
    check(call(page, verb, args), member)


def test_a_chunk_that_is_decrypted_when_a_stream_fails_is_overwritten(open_vault_page: OpenPage) -> None:
    page = open_comparing(open_vault_page, prelude=LATE_CHUNKS)
    bob = person("bob")
    encrypting = Encrypting(recipients=[bob.certificate], cipher=AES_256_CBC)
    cms = blocking.encrypt_bytes(b"A word " * 400_000, encrypting, provider=PROVIDER)
    args = {"form": "cms", **sealed(bob)}
    assert page.js(STREAM, args, b64(cms[:-300_000])) not in ("answered", "bad-request")
    report = next_report(page)
    check_clean(report, ended=True)
    count, left = report["extra"]
    assert count >= 2
    assert left == 0
