"""The verbs about content that pages keep, sealed with the person's keys: contacts, decisions and address book."""

from __future__ import annotations

import datetime
from dataclasses import replace

from smime_core.own_content import TrustState, open_trust_state, seal_trust_state
from smime_core.pkix import Purpose
from smime_core.provider import CryptoProvider
from smime_core.trust import build_book, build_contacts, build_decisions, has_receiving_key, parse_book
from wasm_build.vault.python.contacts import read_contacts
from wasm_build.vault.python.requests import Reply, WithKeys, group_of, request_class
from wasm_build.vault.python.sealed import UnsealedIdentity, allows, choose_signer, own_of, unseal
from wasm_build.vault.python.trust import read_decisions


@request_class
class Kept:
    """The contacts and decisions that a page keeps."""

    contacts: bytes = b""
    decisions: bytes = b""


@request_class
class SealState(WithKeys):
    account: str
    at: datetime.datetime
    counter: int
    kept: Kept = group_of(Kept)
    book: bytes = b""


@request_class
class OpenState(WithKeys):
    state: bytes
    account: str
    at: datetime.datetime
    least_counter: int
    kept: Kept = group_of(Kept)


@request_class
class JoinKept:
    kept: Kept = group_of(Kept)
    added: Kept


async def seal_state(request: SealState, provider: CryptoProvider) -> Reply:
    """Returns `{state}`: all this content, signed with one of the person's keys and encrypted for all of these keys.

    A key that other people have too is used only if the person has no other.
    """
    identities = own_of(await unseal(request.keys, provider))
    state = _read_state(request.kept, account=request.account, counter=request.counter)
    sealed = await seal_trust_state(
        replace(state, book=parse_book(request.book) if request.book else ()),
        provider,
        identity=choose_signer(identities, request.at),
        recipients=[identity.certificate for identity in identities if _may_receive(identity)],
        signing_time=request.at,
    )
    return {"state": sealed}


async def open_state(request: OpenState, provider: CryptoProvider) -> Reply:
    """Returns `{counter, contacts, decisions, book}` of a sealed state.

    Contacts and decisions get the entries of `kept` that the state lacks. The page joins `book` with its own address
    book.
    """
    state = await open_trust_state(
        request.state,
        provider,
        account=request.account,
        identities=own_of(await unseal(request.keys, provider)),
        at=request.at,
        least_counter=request.least_counter,
    )
    return {"counter": state.counter, **_join(state, request.kept), "book": build_book(state.book)}


async def join_kept(request: JoinKept, _: CryptoProvider) -> Reply:
    """Returns `{contacts, decisions}` from `kept`, with the entries of `added` that `kept` lacks.

    Raises MalformedMessage or LimitExceeded.
    """
    return _join(_read_state(request.kept), request.added)


def _read_state(content: Kept, *, account: str = "", counter: int = 0) -> TrustState:
    return TrustState(
        account=account,
        counter=counter,
        contacts=read_contacts(content.contacts),
        decisions=read_decisions(content.decisions),
    )


def _join(state: TrustState, added: Kept) -> Reply:
    joined = state.with_unknown(read_contacts(added.contacts), read_decisions(added.decisions))
    return {"contacts": build_contacts(joined.contacts), "decisions": build_decisions(joined.decisions)}


def _may_receive(identity: UnsealedIdentity) -> bool:
    return allows(identity, Purpose.ENCRYPT) and has_receiving_key(identity.certificate)
