"""The vault's stream verbs with the native provider: the chosen signer, refusals, and the reply before the content."""

from __future__ import annotations

from typing import Any

import pytest

from smime_core.asn1.der import Buffer
from smime_core.blocking import run
from smime_core.errors import DecryptionError, MalformedMessage, NoUsableSigner
from smime_core.identity.identity import Identity
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.stream.octets import MemoryOctets
from tests.support.people import NOW, PROVIDER, anchor, person
from wasm_build.vault.python.sealed import seal_identity
from wasm_build.vault.python.streams import Streams, run_stream_verb

SEAL_KEY = b"k" * 32
# Streamed content gets no new transfer encoding, so its lines must already be fit for transport.
MAIL = b"From: Alice <alice@example.test>\r\nSubject: large\r\n\r\n" + b"a line of text\r\n" * 100
AT = NOW.isoformat()
TRUST: dict[str, Any] = {"trust": {"anchors": [{"certificate": anchor().der}], "revocation": "not-checked"}, "at": AT}


class Output:
    """Records the replies and the output of a verb in their order."""

    def __init__(self) -> None:
        self.steps: list[Any] = []

    async def write(self, data: Buffer, /) -> None:
        self.steps.append(bytes(data))

    @property
    def written(self) -> bytes:
        return b"".join(step for step in self.steps if isinstance(step, bytes))


def stream(verb: str, octets: bytes, *, content: bytes | None = None, **args: Any) -> Output:
    output = Output()
    streams = Streams(
        input=MemoryOctets(octets),
        content=MemoryOctets(content) if content is not None else None,
        output=output,
        answer=output.steps.append,
        read_once=lambda: None,
        release=lambda: None,
    )
    run(run_stream_verb(verb, args, streams, provider=NativeStreamingProvider()))
    return output


def keys(identity: Identity) -> dict[str, Any]:
    return {"identities": [run(seal_identity(identity, SEAL_KEY, provider=PROVIDER))], "sealKey": SEAL_KEY}


@pytest.mark.parametrize("form", ["cms", "mail"])
@pytest.mark.parametrize("detached", [None, False])
def test_the_report_comes_before_what_was_signed(form: str, detached: bool | None) -> None:
    signed = stream("stream.sign", MAIL, form=form, detached=detached, at=AT, **keys(person("alice"))).written
    assert (b"multipart/signed" in signed) is (form == "mail" and detached is None)
    reply, *rest = stream("stream.verify", signed, form=form, **TRUST).steps
    assert reply["report"]["state"] == "verified"
    assert b"".join(rest).endswith(MAIL[-20:])


def test_a_detached_signature_is_judged_by_the_content_beside_it() -> None:
    signature = stream("stream.sign", b"content", form="cms", detached=True, at=AT, **keys(person("alice"))).written
    for content, state in ((b"content", "verified"), (b"another", "invalid")):
        reply, *_ = stream("stream.verify", signature, content=content, form="cms", **TRUST).steps
        assert reply["report"]["state"] == state


@pytest.mark.parametrize("form", ["cms", "mail"])
@pytest.mark.parametrize("cipher", ["cbc", "gcm"])
def test_an_encrypted_stream_is_decrypted_again(form: str, cipher: str) -> None:
    bob = person("bob")
    encrypted = stream("stream.encrypt", MAIL, form=form, cipher=cipher, recipients=[bob.certificate.der]).written
    opened = stream("stream.decrypt", encrypted, form=form, **keys(bob))
    assert opened.steps[0] == {}
    assert opened.written.endswith(MAIL[-20:])


def test_nothing_is_said_of_what_does_not_open() -> None:
    bob = person("bob")
    encrypted = stream("stream.encrypt", MAIL, form="cms", cipher="gcm", recipients=[bob.certificate.der]).written
    with pytest.raises(DecryptionError):
        stream("stream.decrypt", encrypted[:-1] + bytes([encrypted[-1] ^ 1]), form="cms", **keys(bob))


def test_mail_is_signed_by_its_sender_alone() -> None:
    with pytest.raises(NoUsableSigner, match="sender-mismatch"):
        stream("stream.sign", MAIL, form="mail", at=AT, **keys(person("bob")))
    several = MAIL.replace(b"alice@example.test", b"alice@example.test, bob@example.test", 1)
    with pytest.raises(NoUsableSigner, match="several-senders"):
        stream("stream.sign", several, form="mail", at=AT, **keys(person("alice")))


@pytest.mark.parametrize("verb", ["stream.verify", "stream.decrypt"])
def test_mail_does_not_pass_as_bare_cms(verb: str) -> None:
    signed = stream("stream.sign", MAIL, form="mail", at=AT, **keys(person("alice"))).written
    args = TRUST if verb == "stream.verify" else keys(person("alice"))
    with pytest.raises(MalformedMessage, match="no CMS structure"):
        stream(verb, signed, form="cms", **args)


def test_there_are_two_forms() -> None:
    with pytest.raises(MalformedMessage, match="cms or mail"):
        stream("stream.encrypt", MAIL, form="pgp", recipients=[person("bob").certificate.der])
