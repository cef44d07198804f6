"""The user's delivery services: their addresses in one JSON file, their tokens in the system keyring.

On computers without a keyring, tokens are in a file that only its owner can read.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import click

from sealwax.cli.options.passphrases import KEYRING_SERVICE
from sealwax.cli.streams.files import PRIVATE_MODE, lock_file, write_output
from sealwax.files.small import read_small
from sealwax.user_folders import user_folder
from smime_core.errors import MalformedMessage
from smime_core.text import JsonObject, parse_json

_MAX_BYTES: Final = 1_048_576
_WHERE: Final = "delivery.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptService:
    """A service: its API, its pages (empty if unknown), and the address of the user there."""

    api: str
    pages: str
    address: str

    @property
    def entry(self) -> str:
        """The name of the token in the keyring or in the file."""
        return f"parcels of {self.address} at {self.api}"


def data_folder() -> Path:
    """The user's data folder (XDG Base Directory Specification)."""
    return user_folder("XDG_DATA_HOME", ".local/share")


def sends_folder() -> Path:
    """The folder with the state of interrupted `deliver send` commands."""
    return data_folder() / "sends"


def load_services() -> list[KeptService]:
    """The services. The one that was chosen last is at the end. Raises OSError or MalformedMessage."""
    rows = _read(data_folder() / _WHERE, "services")
    if not isinstance(rows, list):
        raise MalformedMessage("expected a list of services", where=_WHERE)
    members = [JsonObject.of(row, ("api", "pages", "address"), _WHERE) for row in rows]
    return [
        KeptService(api=member.text("api"), pages=member.text("pages"), address=member.text("address"))
        for member in members
    ]


def keep_service(service: KeptService, token: str) -> str:
    """Store a service and its token, as the default from now on. Returns the location of the token in words.

    Raises OSError or MalformedMessage.
    """
    path = data_folder() / _WHERE
    with lock_file(path):
        services = [
            kept_service
            for kept_service in load_services()
            if (kept_service.api, kept_service.address) != (service.api, service.address)
        ]
        location = _keep_token(service.entry, token)
        _write(path, {"services": [asdict(kept_service) for kept_service in (*services, service)]})
    return location


def forget_service(service: KeptService) -> None:
    """Delete a service and its token. Raises OSError or MalformedMessage."""
    path = data_folder() / _WHERE
    with lock_file(path):
        services = [asdict(kept_service) for kept_service in load_services() if kept_service != service]
        _write(path, {"services": services})
        _forget_token(service.entry)


def find_token(service: KeptService) -> str | None:
    """The stored token of a service, or None. Raises OSError or MalformedMessage."""
    tokens = _read_tokens()
    return tokens[service.entry] if service.entry in tokens else _read_keyring(service.entry)


def _keep_token(entry: str, token: str) -> str:
    import keyring.errors

    tokens, is_kept = _read_tokens(), False
    with contextlib.suppress(keyring.errors.KeyringError):
        keyring.set_password(KEYRING_SERVICE, entry, token)
        # A disabled keyring accepts tokens without an error, but does not store them.
        is_kept = keyring.get_password(KEYRING_SERVICE, entry) == token
    if not is_kept:
        _write(_tokens_file(), {"tokens": {**tokens, entry: token}})
        return str(_tokens_file())
    if tokens.pop(entry, None) is not None:
        _write(_tokens_file(), {"tokens": tokens})
    return "the system keyring"


def _forget_token(entry: str) -> None:
    import keyring.errors

    tokens = _read_tokens()
    if tokens.pop(entry, None) is not None:
        _write(_tokens_file(), {"tokens": tokens})
    with contextlib.suppress(keyring.errors.KeyringError):
        keyring.delete_password(KEYRING_SERVICE, entry)


def _read_keyring(entry: str) -> str | None:
    # Imported here: the backends of some systems start a D-Bus connection.
    import keyring.errors

    try:
        return keyring.get_password(KEYRING_SERVICE, entry)
    except keyring.errors.NoKeyringError:
        return None
    except keyring.errors.KeyringError as error:
        raise click.ClickException(f"the system keyring cannot be read: {type(error).__name__}") from error


def _tokens_file() -> Path:
    return data_folder() / "delivery_tokens.json"


def _read_tokens() -> dict[str, str]:
    tokens = _read(_tokens_file(), "tokens")
    if not isinstance(tokens, dict):
        return {}
    return {entry: token for entry, token in tokens.items() if isinstance(token, str)}


def _read(path: Path, member: str) -> object:
    try:
        data = read_small(path, max_bytes=_MAX_BYTES)
    except FileNotFoundError:
        return []
    members = JsonObject.of(parse_json(data, path.name, max_bytes=_MAX_BYTES), (member,), path.name)
    value: object = members.value(member)
    return value


def _write(path: Path, members: dict[str, Any]) -> None:
    write_output(str(path), json.dumps(members, indent=2).encode(), mode=PRIVATE_MODE)
