"""The operations of a session at a key server: what the page asks the server, and the keys that it stores there."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from roaming_keys.organisation.protocol.owner import fetch_recovery_status, judge_recovery
from roaming_keys.organisation.protocol.policy import RecoveryPolicy
from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.messages.accounts import Devices
from roaming_keys.protocol.messages.factors import Factors
from roaming_keys.protocol.session import Session, Setting
from roaming_keys.protocol.steps import KeyServerError
from smime_core.errors import MalformedMessage
from wasm_build.vault.python.requests import Reply, Secret, group_of, request_class
from wasm_build.vault.python.roaming_steps import read_session
from wasm_build.vault.python.sealed import identity_of, unseal_identities

_LISTS: Final[dict[str, type[Devices | Factors]]] = {"devices": Devices, "factors": Factors}


@request_class
class GivenSession:
    """A sealed session at a key server, and the number of calls that were made in it."""

    user: str
    session: bytes
    calls: int
    seal_key: Secret

    async def open(self, setting: Setting) -> Session:
        """The session. Raises DecryptionError."""
        return await read_session(self.session, self.user, self.calls, self.seal_key, setting.provider)


@request_class
class InSession:
    """The base of requests that continue a session at a key server."""

    session: GivenSession = group_of(GivenSession)


@request_class
class AskServer(InSession):
    what: str


@request_class
class PushIdentities(InSession):
    identities: tuple[bytes, ...]


async def ask_server(request: AskServer, setting: Setting) -> Reply:
    """Returns `{devices}`, `{factors, challenge}` or `{recovery}`, or nothing after `export` and `stop-reset`.

    `recovery` says who can recover the encryption keys, and what the owner has to know. After `export` the server
    informs the owner that the keys were saved to a file. Raises SmimeError.
    """
    session = await request.session.open(setting)
    if request.what in _LISTS:
        answer = await session.send(setting, Call(method="GET", path=f"/{request.what}"))
        listed: Reply = json.loads(_LISTS[request.what].from_json(answer).to_json())
        return listed
    if request.what == "recovery":
        return {"recovery": await _judge_recovery(session, setting)}
    if request.what == "export":
        await session.note_export(setting)
    elif request.what == "stop-reset":
        await _stop_reset(session, setting)
    else:
        raise MalformedMessage("an unknown question", where="what")
    return {}


async def push_identities(request: PushIdentities, setting: Setting) -> Reply:
    """Stores these identities in the account, beside the identities of its record. Raises SmimeError."""
    session = await request.session.open(setting)
    unsealed = await unseal_identities(request.identities, request.session.seal_key, setting.provider)
    added = [identity_of(identity) for identity in unsealed]
    await session.push(setting, replace(session.opened, identities=(*session.opened.identities, *added)))
    return {}


async def _stop_reset(session: Session, setting: Setting) -> None:
    try:
        setting.steps.reached(await session.stop_reset(setting))
    except KeyServerError as error:
        # Another device has already stopped the reset.
        if error.code != "no-reset":
            raise


async def _judge_recovery(session: Session, setting: Setting) -> Reply:
    recovery = judge_recovery(session.opened, await fetch_recovery_status(session, setting))
    return {
        "confirmed": _policy_members(recovery.confirmed),
        "offered": _policy_members(recovery.offered),
        "leftOut": len(recovery.left_out),
        "cases": [case.members() for case in recovery.cases],
        "mustRenew": recovery.must_renew,
        "hasFirstPassphrase": recovery.has_first_passphrase,
    }


def _policy_members(policy: RecoveryPolicy | None) -> dict[str, object] | None:
    if policy is None:
        return None
    return {
        "organisation": policy.organisation,
        "needed": policy.needed,
        "officers": [
            {"name": ", ".join(officer.email_addresses) or officer.common_name, "fingerprint": officer.fingerprint}
            for officer in policy.officers
        ],
        "fingerprint": policy.fingerprint,
    }
