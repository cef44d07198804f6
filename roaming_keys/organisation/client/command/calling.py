"""The options and steps that the staff's commands share: the server, and the key of the staff member."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from roaming_keys.client.transport import HttpTransport
from roaming_keys.organisation.client.calls import StaffClient
from roaming_keys.organisation.client.staff_key import StaffKey
from roaming_keys.protocol.key_account import KEY_BYTES, normalise_origin
from sealwax.cli.options.parameters import FILE
from sealwax.cli.options.request import given_by
from sealwax.files.small import read_small

_MAX_KEY_BYTES: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffChoice:
    """The key server, and the key of the staff member who calls it."""

    server: str = given_by(click.Option(["--server"], metavar="URL", required=True, help="The key server."))
    staff_key: str = given_by(
        click.Option(
            ["--staff-key"],
            metavar="FILE",
            required=True,
            type=FILE,
            help="Your key, as `sealwax keys staff key` has made it.",
        )
    )

    def client(self) -> StaffClient:
        """Return a client of the server. Raises MalformedMessage for a wrong address, and as `read_staff_key`."""
        server = normalise_origin(self.server)
        key = StaffKey(seed=read_staff_key(self.staff_key), clock=read_clock)
        return StaffClient(server=server, key=key, transport=HttpTransport(server))


def read_clock() -> datetime.datetime:
    """Return the machine's time with fractions of a second: it numbers the calls, also two in one second."""
    return datetime.datetime.now(datetime.UTC)


def read_staff_key(name: str) -> bytes:
    """Return the secret bytes in a file. Raises ClickException if the file has no key, OSError or LimitExceeded."""
    text = read_small(Path(name), max_bytes=_MAX_KEY_BYTES).decode("ascii", "replace").strip()
    try:
        seed = bytes.fromhex(text)
    except ValueError:
        seed = b""
    if len(seed) != KEY_BYTES:
        raise click.ClickException(f"{name} has no key. Make one with `sealwax keys staff key`.")
    return seed
