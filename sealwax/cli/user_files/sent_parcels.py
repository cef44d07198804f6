"""One file with the SHA-256 that each sent parcel's receipts must have, by the id of the parcel.

A receipt contains the manifest's signature, which the service does not know. The file has nothing else about a parcel.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from sealwax.cli.streams.files import PRIVATE_MODE, lock_file, write_output
from sealwax.cli.user_files.delivery import data_folder
from sealwax.files.small import read_small
from smime_core.errors import MalformedMessage
from smime_core.text import JsonObject, parse_json

_WHERE: Final = "sent_parcels.json"
_MAX_BYTES: Final = 4_194_304
_MAX_PARCELS: Final = 10_000  # About 1 MB. Services delete receipts 90 days after the end of a parcel.
_HASH_BYTES: Final = 32


def find_expected_receipt(parcel_id: str) -> bytes | None:
    """The SHA-256 that a parcel's receipts must have, or None if unknown. Raises OSError or MalformedMessage."""
    digest = _read().get(parcel_id)
    if digest is None:
        return None
    try:
        expected = bytes.fromhex(digest)
    except ValueError:
        expected = b""
    if len(expected) != _HASH_BYTES:
        raise MalformedMessage("expected a SHA-256 in hexadecimal", where=_WHERE)
    return expected


def keep_expected_receipt(parcel_id: str, expected: bytes) -> None:
    """Store the SHA-256 that the receipts for a parcel must have. Raises OSError or MalformedMessage."""
    with lock_file(_path()):
        receipts = {**_read(), parcel_id: expected.hex()}
        newest = dict(list(receipts.items())[-_MAX_PARCELS:])
        write_output(str(_path()), json.dumps({"receipts": newest}).encode(), mode=PRIVATE_MODE)


def _read() -> dict[str, str]:
    try:
        data = read_small(_path(), max_bytes=_MAX_BYTES)
    except FileNotFoundError:
        return {}
    members = JsonObject.of(parse_json(data, _WHERE, max_bytes=_MAX_BYTES), ("receipts",), _WHERE).value("receipts")
    if not isinstance(members, dict) or not all(isinstance(member, str) for member in members.values()):
        raise MalformedMessage("expected a hash for each parcel", where=_WHERE)
    return members


def _path() -> Path:
    return data_folder() / _WHERE
