"""The vault's verbs (docs/contracts.md): each takes a request's arguments and gives the members of its reply.

The arguments have been checked against `runtime/schema.js`; what they hold is checked by the core.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any, Final

from roaming_keys.protocol import build_login, build_registration, open_bundle
from roaming_keys.wire import Parameters, SealedBundle
from smime_core.certificate import Certificate, parse_certificate
from smime_core.certificate_page import describe_certificate, page_to_json
from smime_core.compose import Draft, build_parts
from smime_core.content_info import unarmor
from smime_core.errors import DecisionRefused, MalformedMessage, PathError, SmimeError, WrongPassphrase
from smime_core.fields import open_field, seal_field
from smime_core.header_protection import ProtectionMode, protect_headers
from smime_core.header_replies import keep_hidden
from smime_core.identity import Identity, export_identities, load_identities, load_identity
from smime_core.inspection import detect_kind, findings_to_json, inspect_file
from smime_core.layers import find_nested_layers
from smime_core.message import (
    SignatureForm,
    decrypt_message,
    encrypt_entity,
    examine_message,
    open_message,
    seal_bytes,
    sign_bytes,
    sign_entity,
    verify_bytes,
)
from smime_core.mime import parse_entity
from smime_core.mime.attachment import Attachment
from smime_core.pkcs12 import Pkcs12Form
from smime_core.pkix import Purpose, validate_path
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.providers.webcrypto import WebCryptoProvider
from smime_core.reading import Passage, read_encrypted_payload, read_entity
from smime_core.recipient_choice import explain_path_error
from smime_core.report import LayerKind, MessageReport
from smime_core.report_json import reasons_to_json, report_to_json
from wasm_build.backup_verbs import open_backup, seal_backup
from wasm_build.decision_verbs import decide, list_decisions, remove_decision
from wasm_build.draft_verbs import open_draft, seal_draft
from wasm_build.form_verbs import seal_file, sign_submission
from wasm_build.key_verbs import (
    describe,
    export_keys,
    find_authority,
    join_kept,
    learn_contact,
    read_certificate_file,
)
from wasm_build.list_verbs import follow_list
from wasm_build.page_verbs import open_whole_page, seal_whole_page
from wasm_build.passkey_verbs import open_passkey_bundle, seal_passkey_bundle
from wasm_build.recipient_verbs import (
    check_recipients,
    describe_harvest,
    list_contacts,
    read_contacts,
    remove_contact,
)
from wasm_build.replies import describe_certificates, describe_lookups, describe_reply, parse_hidden
from wasm_build.request_verbs import finish_request, make_request
from wasm_build.requests import parse_certificates, parse_cipher, parse_scheme, parse_time
from wasm_build.sealed import UnsealedIdentity, seal_identity
from wasm_build.signers import choose_signer, may, owns, unseal, unseal_signers
from wasm_build.state_verbs import open_state, seal_state
from wasm_build.trust import read_store
from wasm_build.wire import pack, take

Args = dict[str, Any]
Reply = dict[str, Any]


def reseed() -> None:
    """Give `random` fresh state in place of what the memory snapshot froze; nothing secret is drawn from it."""
    random.seed(os.urandom(32))


def stepper(coroutine: Coroutine[Any, Any, Any]) -> Callable[[Any], Any]:
    """A function that takes what the last promise settled to and gives the next promise, or in the end the result."""

    def step(settled: Any) -> Any:
        try:
            return coroutine.send(settled)
        except StopIteration as finished:
            return finished.value

    return step


def begin(verb: str, args_json: str, views: Iterable[Any], strict: bool) -> Callable[[Any], Any]:
    """Start a verb, whose arguments are taken at once; the Worker steps it. `strict`: no private key in WebCrypto."""
    return stepper(dispatch(verb, take(args_json, views), strict=strict))


def reserve_memory(length: int) -> None:
    """Touch memory that a large message will want: the first touch of each page costs more than copying into it."""
    memoryview(b"\x01" * length).release()


async def dispatch(verb: str, args: Args, *, strict: bool = False) -> list[Any]:
    """Run one verb for the Worker: JSON of `{ok}` or `{error: {code, message}}`, then the binary values of the reply.

    Binary values are bytes, or the ArrayBuffer that WebCrypto gave them in. What is no SmimeError goes on to the
    Worker, which tells nobody its text.
    """
    provider = WebCryptoProvider(strict=strict)
    try:
        reply = {"ok": await run_verb(verb, args, provider=provider)}
    except SmimeError as error:
        reply = {"error": {"code": error_code(error), "message": str(error)}}
    reply_json, buffers = pack(reply)
    return [reply_json, *(provider.find_buffer(octets) or octets for octets in buffers)]


def error_code(error: SmimeError) -> str:
    """The code that pages have words for: why a decision is refused, too, which the text says in English alone."""
    return f"{error.code}-{error.why}" if isinstance(error, DecisionRefused) else error.code


async def run_verb(verb: str, args: Args, *, provider: CryptoProvider) -> Reply:
    """The reply to one request. Raises SmimeError."""
    return await VERBS[verb](args, provider)


async def _identity_open(args: Args, provider: CryptoProvider) -> Reply:
    passphrase = args["passphrase"]
    identities = await load_identities(args["p12"], passphrase, provider=provider)
    reply = await _seal_all(identities, args["sealKey"], provider)
    if args.get("forKeeping") and identities:
        reply |= _authority_of(identities)
        # Some files have no passphrase, old ones a cipher that is none today: neither is to lie on a disk as it came.
        if not passphrase:
            raise WrongPassphrase()
        reply["p12"] = await export_identities(identities, passphrase, provider=provider, form=Pkcs12Form.MODERN)
    return reply


async def _message_compose(args: Args, provider: CryptoProvider) -> Reply:
    draft = _parse_draft(args["draft"])
    identities = await unseal(args, provider)
    outer_headers, entity = build_parts(draft)
    passwords = args.get("passwords") or ()
    seals = bool(args["recipients"] or passwords)
    if args["sign"] or seals:
        mode = ProtectionMode.CIPHER if seals else ProtectionMode.CLEAR
        policy = keep_hidden(parse_hidden(args["draft"]))
        outer_headers, entity = protect_headers(outer_headers, entity, mode=mode, policy=policy)
    if args["sign"]:
        signer = choose_signer(identities, sender=draft.sender, at=draft.date)
        entity = await sign_entity(entity, identity=signer, provider=provider, signing_time=draft.date)
    if seals:
        entity = await encrypt_entity(
            entity,
            recipients=_with_writer(parse_certificates(args["recipients"]), identities, draft),
            provider=provider,
            cipher=parse_cipher(args),
            passwords=passwords,
        )
    if not args["sign"] and not seals:
        entity = b"MIME-Version: 1.0\r\n" + entity
    return {"message": outer_headers + entity}


async def _message_open(args: Args, provider: CryptoProvider) -> Reply:
    contacts = read_contacts(args)
    trust_store, at = await read_store(args, provider), parse_time(args["at"])
    report = await examine_message(
        args["message"],
        provider=provider,
        trust_store=trust_store,
        at=at,
        identities=await unseal(args, provider),
        contacts=contacts,
        # Old mail opens too, and its report says what is weak about it.
        policy=Policy.ARCHIVE,
    )
    harvested = await describe_harvest(report, contacts, trust_store=trust_store, at=at, provider=provider)
    readable = (read_encrypted_payload if report.is_encrypted else read_entity)(report.content)
    return {
        "report": report_to_json(report),
        "text": readable.text.encode(),
        "passages": [_describe_passage(passage) for passage in readable.passages],
        "attachments": [_describe_file(attachment) for attachment in readable.attachments],
        "headers": [list(header) for header in report.headers],
        "parts": _read_parts(report),
        "reply": describe_reply(report),
        "harvest": harvested,
        "certificates": describe_certificates(report),
        "lookups": describe_lookups(signer.trail for signer in report.signers),
    }


async def _message_decrypt(args: Args, provider: CryptoProvider) -> Reply:
    identities = await unseal(args, provider)
    # Old mail opens too: its encryption ends here.
    opened = decrypt_message(args["message"], identities=identities, provider=provider, policy=Policy.ARCHIVE)
    return {"message": await opened}


def _describe_passage(passage: Passage) -> Reply:
    markup = None if passage.html is None else passage.html.encode()
    return {"path": passage.path, "text": passage.text.encode(), "html": markup}


def _describe_file(file: Attachment) -> Reply:
    facts = {"name": file.filename, "type": file.content_type, "path": file.path, "contentId": file.content_id}
    return {**facts, "data": file.data}


def _read_parts(report: MessageReport) -> list[Reply]:
    # What each signature below the top covers, so that its verdict stands beside those words and no others.
    paths = {layer.path for layer in report.layers if layer.kind is LayerKind.SIGNED and not layer.covers_whole}
    parts = find_nested_layers(parse_entity(report.content)) if paths else ()
    return [{"path": path, "text": read_entity(part.encoded).text.encode()} for path, part in parts if path in paths]


async def _certificate_describe(args: Args, provider: CryptoProvider) -> Reply:
    trust_store, at = await read_store(args, provider), parse_time(args["at"])
    certificates = parse_certificates(args["certificates"])
    described: list[Reply] = []
    for certificate in certificates:
        reason: Reply | None = None
        try:
            await validate_path(
                certificate,
                intermediates=certificates,
                trust_store=trust_store,
                at=at,
                purpose=Purpose.ENCRYPT,
                provider=provider,
            )
        except PathError as error:
            (reason,) = reasons_to_json((explain_path_error(error, certificate, at),))
        described.append({**describe(certificate), "usable": reason is None, "reason": reason})
    return {"certificates": described}


async def _certificate_page(args: Args, provider: CryptoProvider) -> Reply:
    return page_to_json(describe_certificate(parse_certificate(args["certificate"])))


async def _field_seal(args: Args, provider: CryptoProvider) -> Reply:
    at = parse_time(args["at"])
    signer = choose_signer(await unseal_signers(args, None, provider), sender=None, at=at) if args["sign"] else None
    armored = await seal_field(
        _decode_text(args["text"]),
        origin=args["origin"],
        provider=provider,
        signing_time=at,
        recipients=parse_certificates(args["recipients"]),
        identity=signer,
    )
    return {"cms": armored.encode()}


async def _field_open(args: Args, provider: CryptoProvider) -> Reply:
    report = await open_field(
        args["cms"],
        origin=args["origin"],
        provider=provider,
        trust_store=await read_store(args, provider),
        at=parse_time(args["at"]),
        identities=await unseal(args, provider),
    )
    lookups = describe_lookups(signer.trail for signer in report.signers)
    return {
        "report": report_to_json(report),
        "text": report.content,
        "lookups": lookups,
        "certificates": describe_certificates(report),
    }


async def _bytes_sign(args: Args, provider: CryptoProvider) -> Reply:
    at, scheme = parse_time(args["at"]), parse_scheme(args)
    cms = await sign_bytes(
        args["content"],
        identity=choose_signer(await unseal_signers(args, scheme, provider), sender=None, at=at),
        provider=provider,
        signing_time=at,
        form=SignatureForm.DETACHED if args.get("detached") else SignatureForm.OPAQUE,
        scheme=scheme,
    )
    return {"cms": cms}


async def _bytes_verify(args: Args, provider: CryptoProvider) -> Reply:
    report = await verify_bytes(
        args["cms"],
        provider=provider,
        trust_store=await read_store(args, provider),
        at=parse_time(args["at"]),
        detached_content=args.get("content"),
    )
    lookups = describe_lookups(signer.trail for signer in report.signers)
    return {
        "report": report_to_json(report),
        "content": report.content,
        "lookups": lookups,
        "certificates": describe_certificates(report),
    }


async def _bytes_encrypt(args: Args, provider: CryptoProvider) -> Reply:
    recipients = parse_certificates(args["recipients"])
    cipher = parse_cipher(args)
    return {"cms": await seal_bytes(args["content"], recipients=recipients, provider=provider, cipher=cipher)}


async def _bytes_decrypt(args: Args, provider: CryptoProvider) -> Reply:
    identities = await unseal(args, provider)
    # All encrypted layers, through signatures around them, as `stream.decrypt` opens them.
    cms = bytes(unarmor(args["cms"]))
    return {"content": await open_message(cms, identities=identities, provider=provider)}


async def _bytes_inspect(args: Args, provider: CryptoProvider) -> Reply:
    # An encrypted file without a passphrase is answered with wrong-passphrase.
    findings = await inspect_file(args["content"], provider=provider, passphrase=lambda: args.get("passphrase") or b"")
    return {"kind": detect_kind(args["content"]), "description": findings_to_json(findings)}


async def _roaming_register(args: Args, provider: CryptoProvider) -> Reply:
    registration = await build_registration(
        await load_identity(args["p12"], args["p12Passphrase"], provider=provider),
        server=args["server"],
        user=args["user"],
        passphrase=args["passphrase"],
        ticket=args["ticket"],
        provider=provider,
    )
    return {"request": registration.to_json()}


async def _roaming_login(args: Args, provider: CryptoProvider) -> Reply:
    login = await build_login(
        server=args["server"],
        user=args["user"],
        passphrase=args["passphrase"],
        parameters=_parse_parameters(args),
        provider=provider,
    )
    return {"request": login.to_json()}


async def _roaming_open(args: Args, provider: CryptoProvider) -> Reply:
    identities = await open_bundle(
        SealedBundle.from_json(json.dumps(args["response"]).encode()),
        server=args["server"],
        user=args["user"],
        passphrase=args["passphrase"],
        parameters=_parse_parameters(args),
        provider=provider,
    )
    if not identities:
        raise MalformedMessage("the bundle holds no private key together with its certificate", where="bundle")
    return await _seal_all(identities, args["sealKey"], provider)


async def _passkey_open(args: Args, provider: CryptoProvider) -> Reply:
    return await _seal_all(await open_passkey_bundle(args, provider), args["sealKey"], provider)


async def _request_make(args: Args, provider: CryptoProvider) -> Reply:
    return {**await make_request(args, provider)}


async def _request_finish(args: Args, provider: CryptoProvider) -> Reply:
    identity, p12 = await finish_request(args, provider)
    return {**await _seal_all([identity], args["sealKey"], provider), **_authority_of([identity]), "p12": p12}


def _authority_of(identities: Sequence[Identity]) -> Reply:
    authority = find_authority(identities)
    return {} if authority is None else {"authority": describe(authority)}


async def _seal_all(identities: Sequence[Identity], seal_key: bytes, provider: CryptoProvider) -> Reply:
    sealed = [await seal_identity(identity, seal_key, provider=provider) for identity in identities]
    pairs = zip(identities, sealed, strict=True)
    return {"identities": [{"sealed": one, **describe(identity.certificate)} for identity, one in pairs]}


def _with_writer(
    recipients: tuple[Certificate, ...], identities: Sequence[UnsealedIdentity], draft: Draft
) -> tuple[Certificate, ...]:
    # The writer reads the copy in Sent; one certificate is enough, each is listed once.
    own = (
        identity.certificate
        for identity in identities
        if owns(identity, draft.sender) and may(identity, Purpose.ENCRYPT, draft.date)
    )
    return tuple(dict.fromkeys((*recipients, *list(own)[:1])))


def _parse_draft(draft: Args) -> Draft:
    return Draft(
        sender=draft["from"],
        to=draft["to"],
        cc=draft["cc"],
        subject=draft["subject"],
        text=_decode_text(draft["text"]),
        date=parse_time(draft["date"]),
        message_id=draft["messageId"],
        in_reply_to=draft.get("inReplyTo") or "",
        references=draft.get("references") or (),
        attachments=[
            Attachment(filename=one["name"], content_type=one["type"], data=one["data"]) for one in draft["attachments"]
        ],
    )


def _parse_parameters(args: Args) -> Parameters:
    return Parameters.from_json(json.dumps(args["parameters"]).encode())


def _decode_text(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        # Without a cause, which would quote the text.
        raise MalformedMessage("the text is not UTF-8", where="request") from None


VERBS: Final[dict[str, Callable[[Args, CryptoProvider], Awaitable[Reply]]]] = {
    "identity.open": _identity_open,
    "message.compose": _message_compose,
    "message.open": _message_open,
    "message.decrypt": _message_decrypt,
    "certificate.describe": _certificate_describe,
    "certificate.page": _certificate_page,
    "field.seal": _field_seal,
    "field.open": _field_open,
    "form.sign": sign_submission,
    "file.seal": seal_file,
    "page.seal": seal_whole_page,
    "page.open": open_whole_page,
    "bytes.sign": _bytes_sign,
    "bytes.verify": _bytes_verify,
    "bytes.encrypt": _bytes_encrypt,
    "bytes.decrypt": _bytes_decrypt,
    "bytes.inspect": _bytes_inspect,
    "roaming.register": _roaming_register,
    "roaming.login": _roaming_login,
    "roaming.open": _roaming_open,
    "passkey.seal": seal_passkey_bundle,
    "passkey.open": _passkey_open,
    "recipients.check": check_recipients,
    "contacts.list": list_contacts,
    "contacts.remove": remove_contact,
    "decision.make": decide,
    "decision.list": list_decisions,
    "decision.remove": remove_decision,
    "trust.follow": follow_list,
    "state.seal": seal_state,
    "state.open": open_state,
    "draft.seal": seal_draft,
    "draft.open": open_draft,
    "request.make": _request_make,
    "request.finish": _request_finish,
    "key.export": export_keys,
    "certificate.read": read_certificate_file,
    "contacts.learn": learn_contact,
    "kept.join": join_kept,
    "backup.seal": seal_backup,
    "backup.open": open_backup,
}
