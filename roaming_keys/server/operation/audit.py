"""`sealwax keys audit`: the audit trail, as lines or as JSON."""

from __future__ import annotations

import datetime
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from roaming_keys.protocol.key_account import normalise_user
from roaming_keys.server.audit import AuditKind
from roaming_keys.server.audit.events import Details, Entry
from roaming_keys.server.audit.stamping import Stamp
from roaming_keys.server.master_key import ServerKeyError
from roaming_keys.server.operation.opened_trail import opened_trail
from roaming_keys.server.operation.settings import KEYS
from sealwax.cli.options.parameters import UtcTime
from sealwax.cli.options.request import given_by, verb
from sealwax.cli.streams.files import write_line
from sealwax.service.database import Access
from smime_core.errors import SmimeError


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRequest:
    """The configuration, and the choice of events."""

    config: Path = given_by(KEYS.config_option())
    user: str | None = given_by(click.Option(["--user"], metavar="ADDRESS", help="Only the events of this account."))
    since: datetime.datetime | None = given_by(
        click.Option(["--since"], type=UtcTime(), metavar="TIME", help="Only events since 2026-01-31T12:00:00Z.")
    )
    as_json: bool = given_by(
        click.Option(["--json-lines", "as_json"], is_flag=True, help="Print one JSON object a line.")
    )


@verb(AuditRequest)
def audit(request: AuditRequest) -> None:
    """Print the audit trail: the number, time, kind, account and note of each event.

    `sealwax keys check` says whether the trail was changed. Events of deleted accounts have neither account nor note.
    """
    with opened_trail(request.config, access=Access.READING) as (_, trail, database):
        user = normalise_user(request.user) if request.user else ""
        for entry in trail.entries(database, user=user, since=request.since):
            try:
                details = trail.details_of(entry)
                line = _json(entry, details) if request.as_json else _line(entry, details)
            except (ServerKeyError, ValueError, SmimeError) as error:
                raise click.ClickException(f"event {entry.number}: {error}: run `sealwax keys check`") from None
            write_line(line)


def _line(entry: Entry, details: Details | None) -> str:
    start = f"{entry.number} {_time(entry)} {entry.kind}"
    if details is None:
        return f"{start} (details deleted)"
    actor = f"by {details.actor}" if details.actor else ""
    note = details.note
    if entry.kind == AuditKind.HEAD_STAMPED:
        note = f"until event {Stamp.read(details).covers}"
    return " ".join(part for part in (start, details.user, actor, note) if part)


def _json(entry: Entry, details: Details | None) -> str:
    members = {"number": entry.number, "time": _time(entry), "kind": entry.kind, "hash": entry.hash.hex()}
    return json.dumps(members | (asdict(details) if details else {}))


def _time(entry: Entry) -> str:
    return f"{entry.time:%Y-%m-%dT%H:%M:%SZ}"
