"""The contacts of whoever runs the command: one JSON file, for its owner alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smime_core.cli.files import PRIVATE_MODE, write_output
from smime_core.limits import MAX_TRUST_STATE_BYTES
from smime_core.small_files import read_small
from smime_core.user_folders import user_folder

if TYPE_CHECKING:
    from smime_core.contacts import Contacts


def default_contacts_file() -> Path:
    """In the user's data folder (XDG Base Directory Specification)."""
    return user_folder("XDG_DATA_HOME", ".local/share") / "contacts.json"


def load_contacts(path: Path) -> Contacts:
    """The contacts in a file, none where there is no file. Raises OSError, MalformedMessage or LimitExceeded."""
    from smime_core.contacts import NO_CONTACTS
    from smime_core.contacts_json import parse_contacts

    try:
        data = read_small(path, max_bytes=MAX_TRUST_STATE_BYTES)
    except FileNotFoundError:
        return NO_CONTACTS
    return parse_contacts(data)


def save_contacts(path: Path, contacts: Contacts) -> None:
    """Put the file in place, whole. Raises OSError."""
    from smime_core.contacts_json import build_contacts

    write_output(str(path), build_contacts(contacts), mode=PRIVATE_MODE)
