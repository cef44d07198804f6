"""The operations of the vault without a passphrase, after which a Worker goes on."""

from __future__ import annotations

from typing import Any, Final

from smime_core import blocking
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.signing import Signing
from smime_core.identity.identity import Identity
from tests.support.browser.page import Page
from tests.support.people import NOW, person
from tests.support.vault.page import AT, PROVIDER, SEAL_KEY, b64, trusting
from wasm_build.vault.python.sealed import seal_identity

CONTENT: Final = b"The words of this letter, which nobody else may read. " * 190
TRUSTED: Final = trusting()


def sealed(identity: Identity) -> dict[str, Any]:
    key = bytes(range(32))
    return {"identities": [b64(blocking.run(seal_identity(identity, key, provider=PROVIDER)))], "sealKey": SEAL_KEY}


def operations() -> list[tuple[str, dict[str, Any], str]]:
    """Requests of each kind without a passphrase, with the member of the reply that has the outcome."""
    alice, bob = person("alice"), person("bob")
    signed = blocking.sign_bytes(CONTENT, Signing(identities=[alice], signing_time=NOW), provider=PROVIDER)
    encrypted = blocking.encrypt_bytes(CONTENT, Encrypting(recipients=[bob.certificate]), provider=PROVIDER)
    return [
        ("bytes.sign", {"content": b64(CONTENT), **sealed(alice), "at": AT}, "cms"),
        ("bytes.verify", {"cms": b64(signed), **TRUSTED}, "report"),
        ("bytes.encrypt", {"content": b64(CONTENT), "recipients": [b64(bob.certificate.der)]}, "cms"),
        ("bytes.decrypt", {"cms": b64(encrypted), **sealed(bob)}, "content"),
    ]


def check(outcome: Any, member: str) -> None:
    """Check the outcome of one of `operations`. Products are random and only have to be there."""
    assert "ok" in outcome, outcome
    value = outcome["ok"][member]
    if member == "report":
        assert value["state"] == "verified"
    if member == "content":
        assert value == b64(CONTENT)


def started(page: Page) -> int:
    """The number of Workers that the page has started."""
    workers: int = page.js("() => window.workers")
    return workers
