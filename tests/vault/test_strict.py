"""The vault with `strict`: WebCrypto never gets a private key, and the native core reads the results."""

from __future__ import annotations

from typing import Any, Final

import pytest

from smime_core import blocking
from smime_core.algorithms import KeyTransport, TransportScheme
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.identity.private_key_file import load_private_key
from smime_core.provider import KeyType, NewKey
from smime_core.trust.judging import Judging
from tests.support.browser.page import Page
from tests.support.people import NOW, person, trust
from tests.support.vault.page import AT, PASSPHRASE, PROVIDER, OpenPage, b64, call, octets_of, open_identity, secret
from tests.support.vault.watching_worker import LISTEN, WATCHING_WORKER

pytestmark = pytest.mark.browser

OAEP: Final = KeyTransport(scheme=TransportScheme.RSA_OAEP)
STRICT: Final = {"strict": True}


def watched_call(page: Page, verb: str, args: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The reply to one request, and the private keys that WebCrypto imported or made meanwhile."""
    reply = call(page, verb, args)
    assert "ok" in reply, reply
    return reply["ok"], take_seen(page)


def take_seen(page: Page) -> list[str]:
    """The private keys that WebCrypto imported or made for the latest request, once its Worker has ended."""
    (seen,) = page.wait_for("() => window.seen.length && window.seen.splice(0)")
    return list(seen)


@pytest.mark.thorough(after=1)
@pytest.mark.parametrize("kind", [NewKey.RSA_2048, NewKey.P256, NewKey.P384])
def test_private_keys_stay_in_python(open_vault_page: OpenPage, kind: NewKey) -> None:
    page = open_vault_page(*[WATCHING_WORKER] * 8, options=STRICT)
    page.js(LISTEN)
    alice = person("alice", kind)
    keys = open_identity(page, alice)
    assert take_seen(page) == []
    signed, seen = watched_call(page, "bytes.sign", {"content": b64(b"content"), **keys, "at": AT})
    assert seen == []
    report = blocking.verify_bytes(octets_of(signed["cms"]), Judging(trust_store=trust(), at=NOW), provider=PROVIDER)
    assert report.state == "verified"
    transport = OAEP if alice.private_key.key_type is KeyType.RSA else None
    cms = blocking.encrypt_bytes(
        b"content", Encrypting(recipients=[alice.certificate], transport=transport), provider=PROVIDER
    )
    opened, seen = watched_call(page, "bytes.decrypt", {"cms": b64(cms), **keys})
    assert seen == []
    assert octets_of(opened["content"]) == b"content"
    recipients = [b64(alice.certificate.der)]
    encrypted, seen = watched_call(page, "bytes.encrypt", {"content": b64(b"content"), "recipients": recipients})
    assert seen == []
    assert (
        blocking.decrypt_bytes(octets_of(encrypted["cms"]), Keys(identities=[alice]), provider=PROVIDER).content
        == b"content"
    )


@pytest.mark.thorough
def test_new_keys_are_made_in_python(open_vault_page: OpenPage) -> None:
    page = open_vault_page(*[WATCHING_WORKER] * 4, options=STRICT)
    page.js(LISTEN)
    asking = {"addresses": ["dora@example.test"], "passphrase": secret(PASSPHRASE.encode())}
    made, seen = watched_call(page, "request.make", asking)
    assert seen == []
    key = blocking.run(load_private_key(octets_of(made["key"]), PASSPHRASE.encode(), provider=PROVIDER))
    assert key.bits >= 256


@pytest.mark.thorough
def test_failures_have_the_same_codes(open_vault_page: OpenPage) -> None:
    bob = person("bob")
    cms = blocking.encrypt_bytes(b"content" * 3, Encrypting(recipients=[bob.certificate]), provider=PROVIDER)
    altered = cms[:-17] + bytes([cms[-17] ^ 1]) + cms[-16:]
    codes = []
    for options in (STRICT, {}):
        page = open_vault_page(options=options)
        keys = open_identity(page, bob)
        for damaged in (altered, cms[:50]):
            codes.append(call(page, "bytes.decrypt", {"cms": b64(damaged), **keys})["error"]["code"])
    assert codes == ["decryption-error", "malformed-message"] * 2


def test_on_defaults_the_watch_sees_them(open_vault_page: OpenPage) -> None:
    """The positive control: without `strict` the watching Worker sees the import of a private key."""
    page = open_vault_page(*[WATCHING_WORKER] * 8)
    page.js(LISTEN)
    keys = open_identity(page, person("alice", NewKey.P256))
    take_seen(page)
    _, seen = watched_call(page, "bytes.sign", {"content": b64(b"content"), **keys, "at": AT})
    assert "importKey pkcs8" in seen
