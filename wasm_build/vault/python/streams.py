"""The vault's verbs whose input and output are streams (docs/contracts.md), over `smime_core.stream`.

A verb that verifies or decrypts checks everything before it writes a byte. Such a verb reads the content once for the
check, and again to write it out. `worker/stream_sources.js` refuses a file that has changed between the two readings.
The reply is sent before the first byte of the content.
"""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from smime_core.asn1 import Buffer
from smime_core.cms import ID_DATA, Keys, SignatureForm, Signing
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.policy import Policy
from smime_core.provider import StreamingProvider
from smime_core.providers.webcrypto_ciphers import settle
from smime_core.providers.webcrypto_streaming import WebCryptoStreamingProvider
from smime_core.report import report_to_json
from smime_core.stream.examination import decrypt_octets, examine_octets
from smime_core.stream.mail import locate_cms, open_mail_octets, read_entity_head
from smime_core.stream.mail_writing import encrypt_mail, join_mail, sign_mail
from smime_core.stream.octets import Octets
from smime_core.stream.sinks import StreamSink
from smime_core.stream.writing import StreamSigner, copy_octets, encrypt_octets, sign_detached, sign_opaque
from smime_core.verdict import Authors, Claim, Decryptor, Examiner, read_claim
from wasm_build.vault.python.replies import describe_lookups
from wasm_build.vault.python.requests import Reply, ToEncrypt, WithKeys, parse_request, parse_scheme, request_class
from wasm_build.vault.python.sealed import choose_signer, unseal, unseal_signers
from wasm_build.vault.python.trust import WithJudging, read_judging
from wasm_build.vault.python.verbs import error_code, stepper
from wasm_build.vault.python.wire import pack, take

Request = TypeVar("Request")


@request_class
class SignStream(WithKeys):
    form: str
    at: datetime.datetime
    detached: bool | None = None
    scheme: str | None = None


@request_class
class VerifyStream(WithJudging):
    form: str


@request_class
class EncryptStream(ToEncrypt):
    form: str


@request_class
class DecryptStream(WithKeys):
    form: str


class DoorSource:
    """`smime_core.stream.Octets` over bytes in JavaScript, which may still be arriving (`worker/content_door.js`)."""

    def __init__(self, door: Any, name: str) -> None:
        self._door = door
        self._name = name

    async def blocks(self, start: int = 0) -> AsyncIterator[memoryview]:
        """The bytes from `start` on, in blocks. Each block comes as soon as it has arrived."""
        position = start
        while (view := await settle(self._door.read(self._name, position))) is not None:
            block = memoryview(view.to_bytes())
            position += len(block)
            yield block

    async def length(self) -> int:
        """The number of bytes. If the page gave no size, this waits until all bytes have arrived."""
        length: int = await settle(self._door.length(self._name))
        return length


class DoorSink:
    """`smime_core.stream.StreamSink` into the output stream of the vault."""

    def __init__(self, door: Any) -> None:
        self._door = door

    async def write(self, data: Buffer, /) -> None:
        """Write a copy of `data`, and wait until the reader of the stream wants more."""
        if len(data):
            await settle(self._door.write(data))


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """The input and outputs of one verb. `content` is the content that a detached signature covers."""

    input: Octets
    content: Octets | None
    output: StreamSink
    answer: Callable[[Reply], None]
    read_once: Callable[[], None]
    release: Callable[[], None]


def begin(verb: str, args_json: str, views: Iterable[Any], strict: bool, door: Any) -> Callable[[Any], Any]:
    """Start a verb on the streams of `door`. Returns a stepper, which the Worker calls until the verb ends."""
    return stepper(dispatch(verb, take(args_json, views), door, strict=strict))


async def dispatch(verb: str, args: dict[str, Any], door: Any, *, strict: bool) -> list[Any]:
    """Run one verb for the Worker. `{ok}` is empty: `door.answer` or the first `door.write` has sent the reply."""
    streams = Streams(
        input=DoorSource(door, "input"),
        content=DoorSource(door, "content") if door.has("content") else None,
        output=DoorSink(door),
        answer=lambda reply: door.answer(_packed({"ok": reply})),
        read_once=lambda: door.readOnce("input"),
        release=lambda: door.release("input"),
    )
    try:
        await run_stream_verb(verb, args, streams, provider=WebCryptoStreamingProvider(strict=strict))
    except SmimeError as error:
        return _packed({"error": {"code": error_code(error), "message": str(error)}})
    return _packed({"ok": {}})


async def run_stream_verb(verb: str, args: dict[str, Any], streams: Streams, provider: StreamingProvider) -> None:
    """Run one verb to its end. Raises SmimeError. After the reply this happens only if the input has changed."""
    known = STREAM_VERBS[verb]
    await known.run(parse_request(known.request, args), streams, provider)


async def _sign(request: SignStream, streams: Streams, provider: StreamingProvider) -> None:
    is_mail, scheme = _is_mail(request.form), parse_scheme(request.scheme)
    # Mail is signed detached by default, so that programs without S/MIME can read it. A CMS without a mail includes its
    # content by default.
    is_detached = is_mail if request.detached is None else request.detached
    identities = await unseal_signers(request.keys, provider, scheme)
    claimed = await _read_claim(streams.input) if is_mail else None
    signer = choose_signer(identities, request.at, claimed, scheme=scheme)
    form = {None: None, True: SignatureForm.DETACHED, False: SignatureForm.OPAQUE}[request.detached]
    signing = Signing(identities=[signer], signing_time=request.at, scheme=scheme, form=form)
    stream_signer = StreamSigner(signing=signing, provider=provider)
    if is_mail:
        boundary = f"sealwax-{provider.random_bytes(16).hex()}"
        await sign_mail(streams.input, streams.output, stream_signer, boundary)
    elif is_detached:
        streams.read_once()
        await streams.output.write(await sign_detached(streams.input, stream_signer))
    else:
        await sign_opaque(streams.input, streams.output, stream_signer)


async def _verify(request: VerifyStream, streams: Streams, provider: StreamingProvider) -> None:
    is_mail = _is_mail(request.form)
    if not is_mail:
        await _demand_cms(streams.input)
    examiner = Examiner(
        provider=provider,
        policy=_policy(is_mail),
        judging=await read_judging(request.judging, provider),
    )
    streamed = await examine_octets(
        streams.input,
        provider,
        examiner=examiner,
        claim=Claim.FROM_FIELD if is_mail else Claim.NONE,
        detached_content=streams.content,
    )
    lookups = describe_lookups(signer.trail for signer in streamed.report.signers)
    streams.answer({"report": report_to_json(streamed.report), "lookups": lookups})
    await copy_octets(streamed.content, streams.output)


async def _encrypt(request: EncryptStream, streams: Streams, provider: StreamingProvider) -> None:
    encrypting = request.encrypting()
    if _is_mail(request.form):
        await encrypt_mail(streams.input, streams.output, encrypting, provider)
        return
    # Without a size from the page all bytes are counted first. After that each byte is read only once.
    await streams.input.length()
    streams.read_once()
    await encrypt_octets(streams.input, streams.output, encrypting, provider, ID_DATA)


async def _decrypt(request: DecryptStream, streams: Streams, provider: StreamingProvider) -> None:
    is_mail = _is_mail(request.form)
    if not is_mail:
        await _demand_cms(streams.input)
    decryptor = Decryptor(
        provider=provider, policy=_policy(is_mail), keys=Keys(identities=await unseal(request.keys, provider))
    )
    outer, inside = await decrypt_octets(streams.input, provider, decryptor, on_last_walk=streams.read_once)
    # The decrypted content is in a separate store, so the input is no longer needed.
    streams.release()
    streams.answer({})
    await copy_octets(await join_mail(outer, inside), streams.output)


def _is_mail(form: str) -> bool:
    if form not in ("cms", "mail"):
        raise MalformedMessage("the form is cms or mail", where="request")
    return form == "mail"


def _policy(is_mail: bool) -> Policy:
    # Policy ARCHIVE also reads old mail with weak algorithms. The report names the weaknesses.
    return Policy.ARCHIVE if is_mail else Policy.RECEIVE


async def _demand_cms(octets: Octets) -> None:
    if await locate_cms(await open_mail_octets(octets)) is None:
        raise MalformedMessage("found no CMS structure", where="CMS")


async def _read_claim(message: Octets) -> Authors:
    # A mail without an author is refused, because no reader could compare the signer with an author.
    return read_claim((await read_entity_head(await open_mail_octets(message))).head.headers) or Authors()


def _packed(reply: Reply) -> list[Any]:
    reply_json, buffers = pack(reply)
    return [reply_json, *buffers]


@dataclass(frozen=True, slots=True)
class StreamVerb(Generic[Request]):
    """A verb: the class of its requests, and the function that runs it."""

    request: type[Request]
    run: Callable[[Request, Streams, StreamingProvider], Awaitable[None]]


STREAM_VERBS: Final[dict[str, StreamVerb[Any]]] = {
    "stream.sign": StreamVerb(SignStream, _sign),
    "stream.verify": StreamVerb(VerifyStream, _verify),
    "stream.encrypt": StreamVerb(EncryptStream, _encrypt),
    "stream.decrypt": StreamVerb(DecryptStream, _decrypt),
}
