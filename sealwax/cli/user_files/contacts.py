"""The user's contacts: one JSON file, readable only by its owner."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sealwax.cli.streams.files import PRIVATE_MODE, write_output
from sealwax.files.small import read_small
from sealwax.user_folders import user_folder
from smime_core.limits import MAX_TRUST_STATE_BYTES

if TYPE_CHECKING:
    from smime_core.trust import Contacts


def default_contacts_file() -> Path:
    """The file in the user's data folder (XDG Base Directory Specification)."""
    return user_folder("XDG_DATA_HOME", ".local/share") / "contacts.json"


def contacts_file_of(name: str | None) -> Path:
    """The file that an option names, or else the user's own."""
    return Path(name) if name else default_contacts_file()


def load_contacts(path: Path) -> Contacts:
    """The contacts in a file; empty if there is no file. Raises OSError, MalformedMessage or LimitExceeded."""
    from smime_core.trust import NO_CONTACTS, parse_contacts

    try:
        data = read_small(path, max_bytes=MAX_TRUST_STATE_BYTES)
    except FileNotFoundError:
        return NO_CONTACTS
    return parse_contacts(data)


def save_contacts(path: Path, contacts: Contacts) -> None:
    """Write the whole file. Raises OSError."""
    from smime_core.trust import build_contacts

    write_output(str(path), build_contacts(contacts), mode=PRIVATE_MODE)
