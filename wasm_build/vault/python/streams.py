"""The vault's verbs whose content comes and goes as a stream (docs/contracts.md), over `smime_core.stream`.

Nothing is written before all that can be checked was checked: a signed or sealed content is walked over once for the
verdict, and once more to give it out. The reply goes before the first octet.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from smime_core.content_info import ID_DATA
from smime_core.der import Buffer
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.examiner import Examiner, Opener
from smime_core.judgement import Claim
from smime_core.mime.addresses import from_addresses
from smime_core.policy import Policy
from smime_core.provider import StreamingProvider
from smime_core.providers.webcrypto_ciphers import settle
from smime_core.providers.webcrypto_streaming import WebCryptoStreamingProvider
from smime_core.report_json import report_to_json
from smime_core.stream.examination import examine_octets, open_octets
from smime_core.stream.mail import locate_cms, read_entity_head
from smime_core.stream.mail_writing import join_mail, seal_mail, sign_mail, sign_mail_opaque
from smime_core.stream.octets import Octets
from smime_core.stream.sinks import StreamSink
from smime_core.stream.writing import Signing, copy_octets, seal_octets, sign_detached, sign_opaque
from wasm_build.replies import describe_lookups
from wasm_build.requests import parse_certificates, parse_cipher, parse_scheme, parse_time
from wasm_build.signers import choose_signer, unseal, unseal_signers
from wasm_build.trust import read_store
from wasm_build.verbs import stepper
from wasm_build.wire import pack, take

Args = dict[str, Any]
Reply = dict[str, Any]


class DoorOctets:
    """`smime_core.stream.Octets` that JavaScript holds, or is still waiting for (`runtime/content_door.js`)."""

    def __init__(self, door: Any, name: str) -> None:
        self._door = door
        self._name = name

    async def blocks(self, start: int = 0) -> AsyncIterator[memoryview]:
        """The octets from `start` on, in blocks, each as soon as it has come."""
        position = start
        while (view := await settle(self._door.read(self._name, position))) is not None:
            block = memoryview(view.to_bytes())
            position += len(block)
            yield block

    async def length(self) -> int:
        """How many there are; all have to come for it when nobody said."""
        length: int = await settle(self._door.length(self._name))
        return length


class DoorSink:
    """`smime_core.stream.StreamSink` into the stream that comes out of the vault."""

    def __init__(self, door: Any) -> None:
        self._door = door

    async def write(self, data: Buffer, /) -> None:
        """Hand over a copy of `data`, and wait until more is welcome."""
        if len(data):
            await settle(self._door.write(data))


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """The ends of one stream: `content` is what a detached signature covers."""

    input: Octets
    content: Octets | None
    output: StreamSink
    answer: Callable[[Reply], None]
    read_once: Callable[[], None]
    release: Callable[[], None]


def begin(verb: str, args_json: str, views: Iterable[Any], strict: bool, door: Any) -> Callable[[Any], Any]:
    """Start a verb over the streams behind the door; the Worker steps it."""
    return stepper(dispatch(verb, take(args_json, views), door, strict=strict))


async def dispatch(verb: str, args: Args, door: Any, *, strict: bool) -> list[Any]:
    """Run one verb for the Worker; `{ok}` is empty, because the reply has gone through the door."""
    streams = Streams(
        input=DoorOctets(door, "input"),
        content=DoorOctets(door, "content") if door.has("content") else None,
        output=DoorSink(door),
        answer=lambda reply: door.answer(_packed({"ok": reply})),
        read_once=lambda: door.readOnce("input"),
        release=lambda: door.release("input"),
    )
    try:
        await run_stream_verb(verb, args, streams, provider=WebCryptoStreamingProvider(strict=strict))
    except SmimeError as error:
        return _packed({"error": {"code": error.code, "message": str(error)}})
    return _packed({"ok": {}})


async def run_stream_verb(verb: str, args: Args, streams: Streams, *, provider: StreamingProvider) -> None:
    """Run one verb to its end. Raises SmimeError, after the reply only for an input that changed meanwhile."""
    await STREAM_VERBS[verb](args, streams, provider)


async def _sign(args: Args, streams: Streams, provider: StreamingProvider) -> None:
    is_mail, at, scheme = _is_mail(args), parse_time(args["at"]), parse_scheme(args)
    # Mail stays readable without S/MIME; bare CMS holds its content.
    is_detached = args.get("detached") if args.get("detached") is not None else is_mail
    identities = await unseal_signers(args, scheme, provider)
    sender = await _find_sender(streams.input) if is_mail else None
    signer = choose_signer(identities, sender=sender, at=at)
    signing = Signing(holders=[signer], provider=provider, signing_time=at, scheme=scheme)
    if is_mail and is_detached:
        boundary = f"sealwax-{provider.random_bytes(16).hex()}"
        await sign_mail(streams.input, streams.output, signing, boundary=boundary)
    elif is_mail:
        await sign_mail_opaque(streams.input, streams.output, signing)
    elif is_detached:
        streams.read_once()
        await streams.output.write(await sign_detached(streams.input, signing))
    else:
        await sign_opaque(streams.input, streams.output, signing)


async def _verify(args: Args, streams: Streams, provider: StreamingProvider) -> None:
    is_mail = _is_mail(args)
    if not is_mail:
        await _demand_cms(streams.input)
    examiner = Examiner(
        trust_store=await read_store(args, provider),
        at=parse_time(args["at"]),
        provider=provider,
        policy=_policy(is_mail),
    )
    streamed = await examine_octets(
        streams.input,
        examiner=examiner,
        provider=provider,
        claim=Claim.FROM_FIELD if is_mail else Claim.NONE,
        detached_content=streams.content,
    )
    lookups = describe_lookups(signer.trail for signer in streamed.report.signers)
    streams.answer({"report": report_to_json(streamed.report), "lookups": lookups})
    await copy_octets(streamed.content, streams.output)


async def _encrypt(args: Args, streams: Streams, provider: StreamingProvider) -> None:
    recipients, cipher = parse_certificates(args["recipients"]), parse_cipher(args)
    if _is_mail(args):
        await seal_mail(streams.input, streams.output, recipients=recipients, provider=provider, cipher=cipher)
        return
    # Counted first where nobody said how much there is; then each octet is wanted once.
    await streams.input.length()
    streams.read_once()
    await seal_octets(
        streams.input,
        streams.output,
        recipients=recipients,
        provider=provider,
        content_type=ID_DATA,
        cipher=cipher,
    )


async def _decrypt(args: Args, streams: Streams, provider: StreamingProvider) -> None:
    is_mail = _is_mail(args)
    if not is_mail:
        await _demand_cms(streams.input)
    opener = Opener(identities=await unseal(args, provider), provider=provider, policy=_policy(is_mail))
    outer, inside = await open_octets(streams.input, opener=opener, provider=provider, on_last_walk=streams.read_once)
    # What was opened stands in a store of its own.
    streams.release()
    streams.answer({})
    await copy_octets(await join_mail(outer, inside), streams.output)


def _is_mail(args: Args) -> bool:
    if args["form"] not in ("cms", "mail"):
        raise MalformedMessage("the form is cms or mail", where="request")
    return bool(args["form"] == "mail")


def _policy(is_mail: bool) -> Policy:
    # Old mail opens too, and its report says what is weak about it.
    return Policy.ARCHIVE if is_mail else Policy.RECEIVE


async def _demand_cms(octets: Octets) -> None:
    if await locate_cms(octets) is None:
        raise MalformedMessage("found no CMS structure", where="CMS")


async def _find_sender(message: Octets) -> str:
    authors = from_addresses((await read_entity_head(message)).head.headers)
    if len(authors) != 1:
        raise MalformedMessage("exactly one sender belongs there", where="From")
    return authors[0].address


def _packed(reply: Reply) -> list[Any]:
    reply_json, buffers = pack(reply)
    return [reply_json, *buffers]


STREAM_VERBS: Final[dict[str, Callable[[Args, Streams, StreamingProvider], Awaitable[None]]]] = {
    "stream.sign": _sign,
    "stream.verify": _verify,
    "stream.encrypt": _encrypt,
    "stream.decrypt": _decrypt,
}
