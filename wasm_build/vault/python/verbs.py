"""The vault's verbs (docs/contracts.md). Each takes a request and returns the members of its reply.

JavaScript has checked the arguments against `vault/schema.js`. This module reads them into a request; the core checks
the bytes in it.
"""

from __future__ import annotations

import gc
import os
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from smime_core.errors import DecisionRefused, NoUsableSigner, ParcelWordsRefused, SmimeError
from smime_core.provider import CryptoProvider
from smime_core.providers.webcrypto import WebCryptoProvider
from wasm_build.vault.python import (
    addresses,
    backup,
    certificate_requests,
    certificates,
    composing,
    contacts,
    drafts,
    identities,
    kept_identities,
    messages,
    parcels,
    passphrases,
    plain_bytes,
    receipts,
    roaming,
    roaming_groups,
    roaming_session,
    signed_lists,
    state,
    web_content,
)
from wasm_build.vault.python.requests import Reply, parse_request
from wasm_build.vault.python.roaming_steps import AnswerStep, Operation, answer_step, begin_operation
from wasm_build.vault.python.wire import pack, take

Request = TypeVar("Request")


@dataclass(frozen=True, slots=True)
class Verb(Generic[Request]):
    """A verb: the class of its requests, and the function that answers them."""

    request: type[Request]
    answer: Callable[[Request, CryptoProvider], Awaitable[Reply]]


def reseed() -> None:
    """Seed `random` again, because its state is the same in every copy of the snapshot.

    No secret is drawn from `random`.
    """
    random.seed(os.urandom(32))


def stepper(coroutine: Coroutine[Any, Any, Any]) -> Callable[[Any], Any]:
    """A function that takes the value of the last promise, and returns the next promise, or the result at the end."""

    def step(settled: Any) -> Any:
        try:
            return coroutine.send(settled)
        except StopIteration as finished:
            return finished.value

    return step


def begin(verb: str, args_json: str, views: Iterable[Any], strict: bool) -> Callable[[Any], Any]:
    """Start a verb and copy its arguments at once. Returns a stepper, which the Worker calls until the verb ends.

    With `strict` no private key is imported into WebCrypto.
    """
    return stepper(dispatch(verb, take(args_json, views), strict=strict))


def collect() -> None:
    """Collect all garbage, before the Worker takes its image of a quiet Python."""
    gc.collect()


def reserve_memory(length: int) -> None:
    """Touch memory for a large message in advance: the first touch of a memory page costs more than a copy into it."""
    memoryview(b"\x01" * length).release()


async def dispatch(verb: str, args: dict[str, Any], *, strict: bool = False) -> list[Any]:
    """Run one verb for the Worker. Returns the JSON of `{ok}` or `{error: {code, message}}`, then its binary values.

    A binary value is bytes, or the ArrayBuffer in which WebCrypto returned it. The Worker catches every exception that
    is no SmimeError, and does not pass on its text.
    """
    provider = WebCryptoProvider(strict=strict)
    try:
        reply = {"ok": await run_verb(verb, args, provider)}
    except SmimeError as error:
        reply = {"error": {"code": error_code(error), "message": str(error)}}
    reply_json, buffers = pack(reply)
    return [reply_json, *(provider.find_buffer(octets) or octets for octets in buffers)]


def error_code(error: SmimeError) -> str:
    """The code of an error, from which pages choose their words.

    The code includes the reason why a decision, a signer or words were refused, and the number of an unknown word.
    """
    if isinstance(error, ParcelWordsRefused):
        return f"{error.code}-{error.why}" + (f"-{error.word_number}" if error.word_number is not None else "")
    return f"{error.code}-{error.why}" if isinstance(error, DecisionRefused | NoUsableSigner) else error.code


async def run_verb(verb: str, args: dict[str, Any], provider: CryptoProvider) -> Reply:
    """The reply to one request. Raises SmimeError."""
    if verb in OPERATIONS:
        return await begin_operation(verb, OPERATIONS[verb], args, provider)
    known = VERBS[verb]
    return await known.answer(parse_request(known.request, args), provider)


def _answer_step(request: AnswerStep, provider: CryptoProvider) -> Awaitable[Reply]:
    return answer_step(request, OPERATIONS, provider)


OPERATIONS: Final[dict[str, Operation[Any]]] = {
    "roaming.register": Operation(roaming.Register, roaming.register),
    "roaming.login": Operation(roaming.LogIn, roaming.log_in),
    "roaming.recover": Operation(roaming.Recover, roaming.recover),
    "roaming.reset": Operation(roaming.FinishReset, roaming.finish_reset),
    "roaming.undo": Operation(roaming.UndoReset, roaming.undo_reset),
    "roaming.rotate": Operation(roaming.Rotate, roaming.rotate),
    "roaming.factors": Operation(roaming.ChangeFactors, roaming.change_factors),
    "roaming.remove": Operation(roaming.LogIn, roaming.remove_account),
    "roaming.ask": Operation(roaming_session.AskServer, roaming_session.ask_server),
    "roaming.push": Operation(roaming_session.PushIdentities, roaming_session.push_identities),
    "roaming.merge": Operation(roaming_session.MergeTrust, roaming_session.merge),
    "group.list": Operation(roaming_session.InSession, roaming_groups.list_groups),
    "group.fetch": Operation(roaming_groups.NameGroup, roaming_groups.fetch_stored),
    "group.show": Operation(roaming_groups.JudgeGroup, roaming_groups.show_group),
    "group.take": Operation(roaming_groups.JudgeGroup, roaming_groups.take_group),
    "group.create": Operation(roaming_groups.CreateGroup, roaming_groups.create_group),
    "group.change": Operation(roaming_groups.ChangeGroup, roaming_groups.change_group),
    "group.end": Operation(roaming_groups.NameGroup, roaming_groups.end),
}
"""The verbs that take several steps, each answered by `roaming.answer`."""

VERBS: Final[dict[str, Verb[Any]]] = {
    "identity.open": Verb(identities.OpenIdentity, identities.open_identity),
    "identity.keep": Verb(identities.KeepIdentities, identities.keep_identities),
    "message.compose": Verb(composing.ComposeMessage, composing.compose),
    "message.sign": Verb(composing.SignMessage, composing.sign),
    "message.finish": Verb(composing.FinishMessage, composing.finish),
    "message.verify": Verb(messages.VerifyMessage, messages.verify),
    "message.decrypt": Verb(messages.DecryptMessage, messages.decrypt),
    "message.subjects": Verb(messages.ReadMessages, messages.read_subjects),
    "message.texts": Verb(messages.ReadMessages, messages.read_texts),
    "addresses.read": Verb(addresses.ReadAddresses, addresses.read_addresses),
    "addresses.find": Verb(addresses.ReadAddresses, addresses.find_addresses_in),
    "receipt.make": Verb(receipts.MakeReceipt, receipts.make),
    "certificate.describe": Verb(certificates.DescribeCertificates, certificates.describe_certificates),
    "certificate.page": Verb(certificates.ShowCertificate, certificates.show_certificate),
    "field.encrypt": Verb(web_content.EncryptField, web_content.encrypt_field),
    "field.verify": Verb(web_content.VerifyField, web_content.verify_field),
    "form.sign": Verb(web_content.SignForm, web_content.sign_submission),
    "file.encrypt": Verb(web_content.EncryptFile, web_content.encrypt_file),
    "page.encrypt": Verb(web_content.EncryptPage, web_content.encrypt_whole_page),
    "page.verify": Verb(web_content.VerifyPage, web_content.verify_whole_page),
    "bytes.sign": Verb(plain_bytes.SignBytes, plain_bytes.sign),
    "bytes.verify": Verb(plain_bytes.VerifyBytes, plain_bytes.verify),
    "bytes.encrypt": Verb(plain_bytes.EncryptBytes, plain_bytes.encrypt),
    "bytes.decrypt": Verb(plain_bytes.DecryptBytes, plain_bytes.decrypt),
    "bytes.inspect": Verb(plain_bytes.InspectBytes, plain_bytes.inspect),
    "roaming.answer": Verb(AnswerStep, _answer_step),
    "roaming.find": Verb(signed_lists.FindKeyServers, signed_lists.find_key_servers),
    "passkey.seal": Verb(kept_identities.SealPasskey, kept_identities.seal_passkey_bundle),
    "passkey.open": Verb(kept_identities.OpenPasskey, kept_identities.open_passkey_bundle),
    "reload.seal": Verb(kept_identities.SealForReload, kept_identities.seal_for_reload),
    "reload.open": Verb(kept_identities.OpenAfterReload, kept_identities.open_after_reload),
    "recipients.check": Verb(contacts.CheckRecipients, contacts.check_recipients),
    "contacts.list": Verb(contacts.ListContacts, contacts.list_contacts),
    "contacts.remove": Verb(contacts.RemoveContact, contacts.remove_contact),
    "decision.make": Verb(certificates.MakeDecision, certificates.decide),
    "decision.list": Verb(certificates.ListDecisions, certificates.list_decisions),
    "decision.remove": Verb(certificates.RemoveDecision, certificates.remove_decision),
    "trust.follow": Verb(signed_lists.FollowList, signed_lists.follow_list),
    "pages.verify": Verb(signed_lists.VerifyPages, signed_lists.verify_pages),
    "state.seal": Verb(state.SealState, state.seal_state),
    "state.open": Verb(state.OpenState, state.open_state),
    "draft.seal": Verb(drafts.SealDraft, drafts.seal_draft),
    "draft.open": Verb(drafts.OpenDraft, drafts.open_draft),
    "request.make": Verb(certificate_requests.MakeRequest, certificate_requests.make_request),
    "request.finish": Verb(certificate_requests.FinishRequest, certificate_requests.finish_request),
    "key.export": Verb(identities.ExportKeys, identities.export_keys),
    "certificate.read": Verb(certificates.ReadCertificates, certificates.read_certificate_file),
    "contacts.import": Verb(contacts.ImportContacts, contacts.import_contacts),
    "contacts.learn": Verb(contacts.LearnContact, contacts.learn_contact),
    "kept.join": Verb(state.JoinKept, state.join_kept),
    "backup.seal": Verb(backup.SealBackup, backup.seal_backup),
    "backup.open": Verb(backup.OpenBackup, backup.open_backup),
    "passphrase.measure": Verb(passphrases.MeasurePassphrase, passphrases.measure),
    "passphrase.suggest": Verb(passphrases.SuggestPassphrase, passphrases.suggest),
    "parcel.make": Verb(parcels.MakeParcel, parcels.make_parcel),
    "parcel.answer": Verb(parcels.AnswerChallenge, parcels.answer_challenge),
    "parcel.check": Verb(parcels.CheckWords, parcels.check_words),
    "parcel.open": Verb(parcels.OpenParcel, parcels.open_parcel),
    "parcel.verify": Verb(parcels.VerifyParcel, parcels.verify_parcel),
    "parcel.receipt": Verb(parcels.GiveReceipt, parcels.give_receipt),
    "parcel.decrypt": Verb(parcels.DecryptChunk, parcels.decrypt_one_chunk),
    "parcel.encrypt": Verb(parcels.EncryptChunk, parcels.encrypt_one_chunk),
    "parcel.plan": Verb(parcels.PlanParcel, parcels.plan_parcel),
    "parcel.finish": Verb(parcels.FinishParcel, parcels.finish_parcel),
    "parcel.reply": Verb(composing.ReplyToParcel, composing.reply_to_parcel),
    "foreign.decrypt": Verb(plain_bytes.DecryptBytes, parcels.decrypt_foreign),
}
