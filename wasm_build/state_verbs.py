"""The verbs about what the pages keep between two sessions: sealed and opened here, by the person's own keys alone."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from smime_core.contacts import has_receiving_key
from smime_core.contacts_json import build_contacts
from smime_core.decisions_json import build_decisions
from smime_core.errors import MalformedMessage, PathError
from smime_core.pkix import Purpose, check_end_entity
from smime_core.provider import CryptoProvider
from smime_core.trust_state import TrustState, open_trust_state, seal_trust_state
from wasm_build.recipient_verbs import read_contacts
from wasm_build.requests import parse_time
from wasm_build.sealed import UnsealedIdentity, unseal_identities
from wasm_build.trust import read_decisions


async def seal_state(args: dict[str, Any], provider: CryptoProvider) -> dict[str, Any]:
    """`{state}`: contacts and decisions, signed by one of the person's keys and sealed for all of them."""
    at, identities = parse_time(args["at"]), await _unseal(args, provider)
    state = TrustState(
        account=args["account"],
        counter=int(args["counter"]),
        contacts=read_contacts(args),
        decisions=read_decisions(args),
    )
    sealed = await seal_trust_state(
        state,
        identity=_choose_signer(identities, at),
        recipients=[one.certificate for one in identities if _may_receive(one)],
        provider=provider,
        signing_time=at,
    )
    return {"state": sealed}


async def open_state(args: dict[str, Any], provider: CryptoProvider) -> dict[str, Any]:
    """`{counter, contacts, decisions}` of a kept state, with what the session learned before."""
    state = await open_trust_state(
        args["state"],
        account=args["account"],
        identities=await _unseal(args, provider),
        provider=provider,
        at=parse_time(args["at"]),
        least_counter=int(args["leastCounter"]),
    )
    joined = state.with_unknown(read_contacts(args), read_decisions(args))
    return {
        "counter": state.counter,
        "contacts": build_contacts(joined.contacts),
        "decisions": build_decisions(joined.decisions),
    }


async def _unseal(args: dict[str, Any], provider: CryptoProvider) -> tuple[UnsealedIdentity, ...]:
    return await unseal_identities(args["identities"], args.get("sealKey"), provider=provider)


def _choose_signer(identities: Sequence[UnsealedIdentity], at: datetime.datetime) -> UnsealedIdentity:
    for identity in identities:
        valid = identity.certificate.not_before <= at <= identity.certificate.not_after
        if valid and _may(identity, Purpose.SIGN):
            return identity
    raise MalformedMessage("none of the open keys may sign at this time", where="identities")


def _may_receive(identity: UnsealedIdentity) -> bool:
    return _may(identity, Purpose.ENCRYPT) and has_receiving_key(identity.certificate)


def _may(identity: UnsealedIdentity, purpose: Purpose) -> bool:
    try:
        check_end_entity(identity.certificate, purpose)
    except PathError:
        return False
    return True
