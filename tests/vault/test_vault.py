"""The vault in real browsers: its answers, its errors, and that no secret is left in its memory."""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from smime_core import blocking
from smime_core.algorithms import (
    AES_256_CBC,
    AES_256_GCM,
    ContentCipher,
    HashName,
    KeyTransport,
    SignatureScheme,
    TransportScheme,
)
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.identity.identity import export_identity
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider
from smime_core.trust.judging import Judging
from tests.support.browser.browsers import Browser
from tests.support.browser.page_scripts import page_program, page_scripts
from tests.support.people import NOW, person, trust
from tests.support.vault.page import (
    AT,
    PASSPHRASE,
    PROVIDER,
    SEAL_KEY,
    TRUST,
    OpenPage,
    b64,
    call,
    octets_of,
    open_identity,
    secret,
    trusting,
)
from wasm_build.vault.python.sealed import seal_identity

IN_PAGE = page_scripts("vault/vault.js")

pytestmark = pytest.mark.browser

# A Worker that counts byte strings in its linear memory before and after this is filled with zeros.
SCANNING_WORKER = page_program("vault/scanning_worker.js")

# Without the lock the Worker would count as dead before it crashes, and without the snapshot it would be replaced.
CRASHING_WORKER = page_program("vault/crashing_worker.js")

# A Worker that tries to reach its server, as hostile code in a Worker would. It repeats its report until the page has
# received it, because Chromium lost a single message on a busy machine.
CALLING_WORKER = page_program("vault/calling_worker.js")


@pytest.fixture
def open_page(open_vault_page: OpenPage) -> OpenPage:
    return open_vault_page


def test_starts_from_the_snapshot_and_signs_what_the_native_core_verifies(open_page: OpenPage) -> None:
    page = open_page()
    assert page.js("() => window.vault.startKind") == "snapshot"
    schemes = {NewKey.RSA_2048: (None, SignatureScheme.RSA_PSS), NewKey.P256: (None,), NewKey.P384: (None,)}
    for key, choices in schemes.items():
        keys = open_identity(page, person("alice", key))
        for scheme, size in itertools.product(choices, (10, 200_000)):
            content = bytes(size)
            reply = call(page, "bytes.sign", {"content": b64(content), **keys, "at": AT, "scheme": scheme})
            report = blocking.verify_bytes(
                octets_of(reply["ok"]["cms"]), Judging(trust_store=trust(), at=NOW), provider=PROVIDER
            )
            assert (report.state, report.content) == ("verified", content)


@pytest.mark.thorough(after=1)
@pytest.mark.parametrize("cipher", [AES_256_CBC, AES_256_GCM], ids=["cbc", "gcm"])
def test_opens_what_the_native_core_encrypted(open_page: OpenPage, cipher: ContentCipher) -> None:
    page = open_page()
    transports = [
        KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15),
        KeyTransport(scheme=TransportScheme.RSA_OAEP),
        KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=HashName.SHA256, mgf_hash=HashName.SHA256),
        KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=HashName.SHA256, mgf_hash=HashName.SHA1),
        KeyTransport(scheme=TransportScheme.RSA_OAEP, p_source=b"label"),
    ]
    cases = [(NewKey.RSA_2048, transport) for transport in transports]
    for key, transport in [*cases, (NewKey.P256, None), (NewKey.P384, None)]:
        bob = person("bob", key)
        cms = blocking.encrypt_bytes(
            b"content", Encrypting(recipients=[bob.certificate], cipher=cipher, transport=transport), provider=PROVIDER
        )
        reply = call(page, "bytes.decrypt", {"cms": b64(cms), **open_identity(page, bob)})
        assert octets_of(reply["ok"]["content"]) == b"content", (key, transport)


@pytest.mark.parametrize("cipher", ["cbc", "gcm"])
def test_encrypts_what_the_native_core_opens(open_page: OpenPage, cipher: str) -> None:
    page = open_page()
    people = [person("bob", key) for key in (NewKey.RSA_2048, NewKey.P256, NewKey.P384)]
    recipients = [b64(identity.certificate.der) for identity in people]
    reply = call(page, "bytes.encrypt", {"content": b64(b"content"), "recipients": recipients, "cipher": cipher})
    for identity in people:
        opened = blocking.decrypt_bytes(octets_of(reply["ok"]["cms"]), Keys(identities=[identity]), provider=PROVIDER)
        assert opened.content == b"content"


def test_verifies_what_the_native_core_signed_and_nothing_altered(open_page: OpenPage) -> None:
    page = open_page()
    for key in (NewKey.RSA_2048, NewKey.P256, NewKey.P384):
        cms = blocking.sign_bytes(
            b"the content", Signing(identities=[person("alice", key)], signing_time=NOW), provider=PROVIDER
        )
        altered = cms.replace(b"the content", b"the cOntent")
        states = [
            call(page, "bytes.verify", {"cms": b64(message), **trusting()})["ok"]["report"]["state"]
            for message in (cms, altered)
        ]
        assert states == ["verified", "invalid"]


def test_every_failure_has_its_code(open_page: OpenPage) -> None:
    page = open_page()
    bob = person("bob")
    p12 = blocking.run(export_identity(bob, PASSPHRASE.encode(), provider=PROVIDER, iterations=1000))
    keys = open_identity(page, bob)
    cms = blocking.encrypt_bytes(b"content" * 3, Encrypting(recipients=[bob.certificate]), provider=PROVIDER)
    for_alice = blocking.encrypt_bytes(
        b"content", Encrypting(recipients=[person("alice").certificate]), provider=PROVIDER
    )
    opening = {"sealKey": SEAL_KEY, "passphrase": secret(PASSPHRASE.encode())}
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("identity.open", {**opening, "p12": b64(p12), "passphrase": secret(b"wrong")}, "wrong-passphrase"),
        ("identity.open", {**opening, "p12": b64(p12[:-10])}, "malformed-message"),
        # The last byte of the block before the last: it alters the length of the padding, under any key.
        ("bytes.decrypt", {"cms": b64(cms[:-17] + bytes([cms[-17] ^ 1]) + cms[-16:]), **keys}, "decryption-error"),
        ("bytes.decrypt", {"cms": b64(for_alice), **keys}, "no-matching-recipient"),
        ("bytes.decrypt", {"cms": b64(cms[:50]), **keys}, "malformed-message"),
        ("bytes.decrypt", {"cms": b64(cms), **keys, "sealKey": secret(bytes(32))}, "decryption-error"),
        ("bytes.verify", {"cms": b64(b"?"), **TRUST}, "malformed-message"),
        ("bytes.verify", {"cms": "text", **TRUST}, "bad-request"),
        ("bytes.verify", {"cms": b64(b"?"), **TRUST, "further": 1}, "bad-request"),
        ("bytes.verify", {"cms": b64(b"?"), "trust": {"anchors": []}}, "bad-request"),
        ("bytes.forge", {}, "bad-request"),
    ]
    for verb, args, code in cases:
        reply = call(page, verb, args)
        assert reply.get("error", {}).get("code") == code, (verb, code, reply)


def test_takes_the_callers_buffers_and_reports_its_cleanup(open_page: OpenPage) -> None:
    page = open_page()
    lengths = page.js(
        IN_PAGE["takesTheCallersBuffersAndReportsItsCleanup"],
        {"cms": b64(b"?" * 100), **trusting()},
    )
    assert lengths == [0, 0]
    (report,) = page.wait_for("() => window.cleanups.length && window.cleanups")
    assert report["bytesZeroed"] > 31_000_000
    assert report["milliseconds"] >= 0


def test_deadline_and_abort_end_a_request_and_the_next_one_works(open_page: OpenPage) -> None:
    page = open_page()
    args = {"cms": b64(b"?"), **TRUST}
    assert call(page, "bytes.verify", args, {"deadlineSeconds": 0})["error"]["code"] == "vault-timeout"
    aborted = IN_PAGE["aborted"]
    assert page.js(aborted, args) == "vault-aborted"
    assert call(page, "bytes.verify", args)["error"]["code"] == "malformed-message"


def test_a_crash_is_told_and_the_next_request_works(open_page: OpenPage, browser: Browser) -> None:
    browser.expect_error("a crash")
    page = open_page(CRASHING_WORKER)
    args = {"cms": b64(b"?"), **TRUST}
    assert call(page, "bytes.verify", args)["error"]["code"] == "vault-crashed"
    assert call(page, "bytes.verify", args)["error"]["code"] == "malformed-message"


def test_requests_at_the_same_time_each_get_their_own_answer(open_page: OpenPage) -> None:
    page = open_page()
    people = [person("bob", key) for key in (NewKey.RSA_2048, NewKey.P256)]
    contents = [
        {"content": b64(bytes([number])), "recipients": [b64(people[number % 2].certificate.der)]}
        for number in range(4)
    ]
    replies = page.js("(all) => Promise.all(all.map((args) => window.call('bytes.encrypt', args)))", contents)
    for number, reply in enumerate(replies):
        cms = octets_of(reply["ok"]["cms"])
        assert blocking.decrypt_bytes(cms, Keys(identities=people), provider=PROVIDER).content == bytes([number])


# Counts the Workers that were started when the reply comes.
COUNT_STARTS = IN_PAGE["countStarts"]


def test_the_next_worker_starts_while_one_derives_a_key_from_a_passphrase(open_page: OpenPage) -> None:
    page = open_page()
    made = call(page, "parcel.make", {"language": "en", "sealKey": SEAL_KEY})["ok"]
    page.wait_for("() => vault.ready.then(() => true)")
    sealed = {"content": b64(b"content"), "passphrase": secret(PASSPHRASE.encode())}
    assert page.js(COUNT_STARTS, "backup.seal", sealed) == ["ok", 1]
    # A Worker that goes on needs no successor, and it goes on after the words of a parcel.
    words = {"words": secret(octets_of(made["words"])), "salt": made["salt"], "sealKey": SEAL_KEY}
    assert page.js(COUNT_STARTS, "parcel.open", words) == ["ok", 0]
    sealing = {"content": b64(b"content"), "recipients": [b64(person("bob").certificate.der)]}
    assert page.js(COUNT_STARTS, "bytes.encrypt", sealing) == ["ok", 0]


@pytest.mark.thorough
def test_too_many_requests_are_refused(open_page: OpenPage) -> None:
    page = open_page()
    flood = """(args) => Promise.all(
      Array.from({ length: 17 }, () => window.call("bytes.verify", args, { deadlineSeconds: 1 })))"""
    codes = [reply["error"]["code"] for reply in page.js(flood, {"cms": b64(b"?"), **TRUST})]
    assert codes[-1] == "vault-busy"
    assert "vault-busy" not in codes[:-1]


def test_the_worker_has_no_network(open_page: OpenPage) -> None:
    page = open_page(CALLING_WORKER)
    # The page keeps the channel in a variable, because otherwise the garbage collector may remove it with its listener.
    page.js(
        """() => {
          window.channel = new BroadcastChannel("sealwax test");
          window.channel.onmessage = ({ data }) => { window.answer = data; window.channel.postMessage("heard"); };
        }"""
    )
    assert call(page, "bytes.verify", {"cms": b64(b"?"), **TRUST})["error"]["code"] == "malformed-message"
    answer = page.wait_for("() => window.answer")
    assert "no network" in answer["answer"]
    assert answer["ways"] == []


class KnownCek(NativeProvider):
    """Encrypts with a content key that the test can search for."""

    cek = hashlib.sha256(b"content key to search for").digest()

    def random_bytes(self, length: int) -> bytes:
        return self.cek if length == len(self.cek) else super().random_bytes(length)


def test_no_secret_is_left_in_the_workers_memory(open_page: OpenPage) -> None:
    bob = person("bob")
    private_key = serialization.load_der_private_key(bob.private_key.pkcs8_der, password=None)
    assert isinstance(private_key, rsa.RSAPrivateKey)
    prime = private_key.private_numbers().p.to_bytes(128, "big")
    text = b"".join(hashlib.sha256(b"plaintext %d" % number).digest() for number in range(3000))
    cms = blocking.encrypt_bytes(text, Encrypting(recipients=[bob.certificate]), provider=KnownCek())
    keys = {
        "identities": [b64(blocking.run(seal_identity(bob, bytes(range(32)), provider=PROVIDER)))],
        "sealKey": SEAL_KEY,
    }
    page = open_page(SCANNING_WORKER, options={"rewind": False})
    # Zeros at the start are cut off: the search looks for the first byte, and memory is full of zeros.
    needles = [list(octets.lstrip(b"\0")) for octets in (prime[32:64], KnownCek.cek, text[50_000:50_032])]
    page.js(
        IN_PAGE["noSecretIsLeftInTheWorkersMemory"],
        needles,
    )
    page.wait_for("() => window.scans.pop()?.moment === 'armed'")
    assert octets_of(call(page, "bytes.decrypt", {"cms": b64(cms), **keys})["ok"]["content"]) == text
    before, after = page.wait_for("() => window.scans.length === 2 && window.scans", timeout_seconds=30)
    # The positive control: before the fill the scan must find every secret.
    assert (before["moment"], after["moment"]) == ("before", "after")
    assert len(before["counts"]) == len(needles)
    assert all(count > 0 for count in before["counts"]), before
    assert after["counts"] == [0, 0, 0]
    assert not after["nonZero"]
    assert after["bytes"] == before["bytes"]
