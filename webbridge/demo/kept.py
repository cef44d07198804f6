"""The folder that keeps a demonstration for its next start: its secrets, the identities, and the mail.

The folder has the passwords in clear text, because the command prints them. Only its owner may read the folder.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sealwax.files.small import read_small
from sealwax.files.whole import write_whole

_STATE: Final = "demonstration.json"
_MAIL: Final = "mail"
_LIST: Final = "list.json"
_PRIVATE: Final = 0o600
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSecrets:
    """The keys and passwords of the servers. `files_passphrase` opens the identities that have no account."""

    ticket_key: bytes = field(repr=False)
    master_key: bytes = field(repr=False)
    pepper: bytes = field(repr=False)
    service_password: str = field(repr=False)
    files_passphrase: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptState:
    """The state in a folder, besides the files: the first port, the secrets, and two passwords for each account."""

    base_port: int
    secrets: DemoSecrets
    passwords: Mapping[str, tuple[str, str]] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMessage:
    """One message of an account, with its mailbox, its flags as in IMAP, and the time of its arrival."""

    account: str
    mailbox: str
    flags: tuple[str, ...]
    arrived: datetime
    raw: bytes = field(repr=False)


def make_secrets() -> DemoSecrets:
    """The secrets of a new demonstration."""
    return DemoSecrets(
        ticket_key=secrets.token_bytes(_KEY_BYTES),
        master_key=secrets.token_bytes(_KEY_BYTES),
        pepper=secrets.token_bytes(_KEY_BYTES),
        service_password=secrets.token_urlsafe(16),
        files_passphrase=secrets.token_urlsafe(16),
    )


def read_state(folder: Path) -> KeptState | None:
    """The state of a folder, or None if no demonstration was kept there.

    Raises OSError, or ValueError if the state is damaged.
    """
    file = folder / _STATE
    if not file.exists():
        return None
    try:
        members = json.loads(read_small(file))
        return KeptState(
            base_port=int(members["base_port"]),
            secrets=DemoSecrets(
                ticket_key=bytes.fromhex(members["ticket_key"]),
                master_key=bytes.fromhex(members["master_key"]),
                pepper=bytes.fromhex(members["pepper"]),
                service_password=str(members["service_password"]),
                files_passphrase=str(members["files_passphrase"]),
            ),
            passwords={name: (str(mail), str(key)) for name, (mail, key) in members["accounts"].items()},
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{file} is damaged: {error}") from None


def write_state(folder: Path, state: KeptState) -> None:
    """Keep the state in a folder. Raises OSError."""
    own = state.secrets
    members = {
        "base_port": state.base_port,
        "ticket_key": own.ticket_key.hex(),
        "master_key": own.master_key.hex(),
        "pepper": own.pepper.hex(),
        "service_password": own.service_password,
        "files_passphrase": own.files_passphrase,
        "accounts": {name: list(pair) for name, pair in state.passwords.items()},
    }
    write_whole(folder / _STATE, json.dumps(members, indent=2).encode(), mode=_PRIVATE)


def write_mail(folder: Path, messages: Iterable[KeptMessage]) -> None:
    """Keep all messages in place of the earlier ones. If this fails, the earlier messages stay. Raises OSError."""
    new, old = folder / f"{_MAIL}.new", folder / f"{_MAIL}.old"
    for unfinished in (new, old):
        shutil.rmtree(unfinished, ignore_errors=True)
    new.mkdir(mode=0o700, parents=True)
    rows = []
    for number, message in enumerate(messages):
        write_whole(new / f"{number}.eml", message.raw, mode=_PRIVATE)
        rows.append(
            {
                "file": f"{number}.eml",
                "account": message.account,
                "mailbox": message.mailbox,
                "flags": list(message.flags),
                "arrived": message.arrived.isoformat(),
            }
        )
    write_whole(new / _LIST, json.dumps(rows, indent=1).encode(), mode=_PRIVATE)
    if (folder / _MAIL).exists():
        (folder / _MAIL).rename(old)
    new.rename(folder / _MAIL)
    shutil.rmtree(old, ignore_errors=True)


def read_mail(folder: Path) -> list[KeptMessage]:
    """The kept messages in their order, or none before the first end.

    Raises OSError, or ValueError if the list is damaged.
    """
    # If the process was killed between the two renames, the earlier mail has this name.
    place = folder / _MAIL if (folder / _MAIL).exists() else folder / f"{_MAIL}.old"
    if not (place / _LIST).exists():
        return []
    try:
        rows: list[dict[str, Any]] = json.loads(read_small(place / _LIST))
        return [
            KeptMessage(
                account=row["account"],
                mailbox=row["mailbox"],
                flags=tuple(row["flags"]),
                arrived=datetime.fromisoformat(row["arrived"]),
                raw=read_small(place / Path(row["file"]).name),
            )
            for row in rows
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{place / _LIST} is damaged: {error}") from None
