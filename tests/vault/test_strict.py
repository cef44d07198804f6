"""The vault with `strict`: WebCrypto never sees a private key, and everybody reads what comes out."""

from __future__ import annotations

from typing import Any, Final

import pytest

from smime_core import KeyTransport, TransportScheme, blocking
from smime_core.private_key_file import load_private_key
from smime_core.provider import KeyType, NewKey
from tests.browser.page import Page
from tests.browser.vault_page import AT, PASSPHRASE, PROVIDER, OpenPage, b64, call, octets_of, open_identity, secret
from tests.unit.people import NOW, person, trust

pytestmark = [pytest.mark.browser, pytest.mark.in_turn]

# Tells what private keys WebCrypto was shown or made from the request on; the rehearsal's before it protect nothing.
WATCHING_WORKER: Final = """
import { serve } from "./worker_core.js";
const channel = new BroadcastChannel("sealwax test");
let seen = [];
for (const name of ["importKey", "unwrapKey", "generateKey"]) {
  const real = SubtleCrypto.prototype[name];
  SubtleCrypto.prototype[name] = function (...args) {
    const holdsNoKeyPair = name === "generateKey" ? args[0].name.startsWith("AES")
      : ["raw", "raw-secret", "spki"].includes(args[0]);
    if (!holdsNoKeyPair) seen.push(`${name} ${name === "generateKey" ? args[0].name : args[0]}`);
    return real.apply(this, args);
  };
}
serve(self, { beforeRequest: () => { seen = []; }, afterOperation: () => channel.postMessage({ seen }) });
"""
LISTEN: Final = """() => {
  window.seen = [];
  new BroadcastChannel("sealwax test").onmessage = ({ data }) => window.seen.push(data.seen);
}"""
OAEP: Final = KeyTransport(scheme=TransportScheme.RSA_OAEP)
STRICT: Final = {"strict": True}


def watched_call(page: Page, verb: str, args: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The reply to one request, and what WebCrypto was given meanwhile."""
    reply = call(page, verb, args)
    assert "ok" in reply, reply
    return reply["ok"], take_seen(page)


def take_seen(page: Page) -> list[str]:
    """What the Worker of the latest request saw, once it has ended."""
    (seen,) = page.wait_for("() => window.seen.length && window.seen.splice(0)")
    return list(seen)


@pytest.mark.parametrize("kind", [NewKey.RSA_2048, NewKey.P256, NewKey.P384])
def test_private_keys_stay_in_python(open_vault_page: OpenPage, kind: NewKey) -> None:
    page = open_vault_page(*[WATCHING_WORKER] * 8, options=STRICT)
    page.js(LISTEN)
    alice = person("alice", kind)
    keys = open_identity(page, alice)
    assert take_seen(page) == []
    signed, seen = watched_call(page, "bytes.sign", {"content": b64(b"content"), **keys, "at": AT})
    assert seen == []
    report = blocking.verify_bytes(octets_of(signed["cms"]), provider=PROVIDER, trust_store=trust(), at=NOW)
    assert report.state == "verified"
    transport = OAEP if alice.private_key.key_type is KeyType.RSA else None
    cms = blocking.seal_bytes(b"content", recipients=[alice.certificate], provider=PROVIDER, transport=transport)
    opened, seen = watched_call(page, "bytes.decrypt", {"cms": b64(cms), **keys})
    assert seen == []
    assert octets_of(opened["content"]) == b"content"
    recipients = [b64(alice.certificate.der)]
    sealed, seen = watched_call(page, "bytes.encrypt", {"content": b64(b"content"), "recipients": recipients})
    assert seen == []
    assert blocking.open_bytes(octets_of(sealed["cms"]), identities=[alice], provider=PROVIDER).content == b"content"


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
    cms = blocking.seal_bytes(b"content" * 3, recipients=[bob.certificate], provider=PROVIDER)
    altered = cms[:-17] + bytes([cms[-17] ^ 1]) + cms[-16:]
    codes = []
    for options in (STRICT, {}):
        page = open_vault_page(options=options)
        keys = open_identity(page, bob)
        for damaged in (altered, cms[:50]):
            codes.append(call(page, "bytes.decrypt", {"cms": b64(damaged), **keys})["error"]["code"])
    assert codes == ["decryption-error", "malformed-message"] * 2


def test_on_defaults_the_watch_sees_them(open_vault_page: OpenPage) -> None:
    """The positive control."""
    page = open_vault_page(*[WATCHING_WORKER] * 8)
    page.js(LISTEN)
    keys = open_identity(page, person("alice", NewKey.P256))
    take_seen(page)
    _, seen = watched_call(page, "bytes.sign", {"content": b64(b"content"), **keys, "at": AT})
    assert "importKey pkcs8" in seen
