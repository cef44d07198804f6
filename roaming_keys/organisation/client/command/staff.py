"""`sealwax keys staff key` and `audit`: a member's own key, and the audit trail from another computer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from roaming_keys.client.command.times import write_time
from roaming_keys.organisation.client.command.calling import StaffChoice, read_clock
from roaming_keys.organisation.client.staff_key import StaffKey
from roaming_keys.protocol.key_account import KEY_BYTES, normalise_user
from sealwax.cli.options.parameters import OUTPUT_FILE
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import PRIVATE_MODE, write_line, write_output
from smime_core.text import write_ed25519


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRequest:
    """The file of the new key."""

    target: str = given_by(click.Argument(["target"], metavar="FILE", type=OUTPUT_FILE))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRequest:
    """The auditor, and the choice of events."""

    staff: StaffChoice = group_of(StaffChoice)
    user: str | None = given_by(click.Option(["--user"], metavar="ADDRESS", help="Only the events of this account."))


@verb(KeyRequest)
def key(request: KeyRequest) -> None:
    """Make your key in FILE, and print its public half, by which the operator appoints you."""
    if Path(request.target).exists():
        raise click.ClickException(f"{request.target} exists: a key is never replaced by this command")
    seed = PROVIDER.random_bytes(KEY_BYTES)
    write_output(request.target, f"{seed.hex()}\n".encode(), mode=PRIVATE_MODE)
    write_line(write_ed25519(StaffKey(seed=seed, clock=read_clock).public))


@verb(AuditRequest)
def audit(request: AuditRequest) -> None:
    """Print the audit trail from another computer: the number, time, kind, account, actor and note of each event."""
    user = normalise_user(request.user) if request.user else ""
    for event in request.staff.client().events(user):
        actor = f"by {event.actor}" if event.actor else ""
        start = f"{event.number} {write_time(event.at)} {event.kind}"
        write_line(" ".join(part for part in (start, event.user, actor, event.note) if part))
