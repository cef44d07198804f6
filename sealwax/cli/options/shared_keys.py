"""Keys that sender and recipient already share.

A named key belongs to one of several recipients. A key without a name is the content key itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click

from sealwax.cli.options.named_files import SharedKeyPath
from smime_core.cms import KeyEncryptionKey
from smime_core.errors import MalformedMessage

_KEY_LENGTHS: Final = (16, 24, 32)  # The lengths of AES keys in bytes.
_MAX_FILE_BYTES: Final = 4_096

SHARED_KEYS: Final = click.Option(
    ["--shared-key", "shared_keys"],
    multiple=True,
    metavar="[NAME=]FILE",
    type=SharedKeyPath(),
    help="File with a key that both sides have: 16, 24 or 32 bytes, or hexadecimal. Repeatable.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedKeys:
    """`named` are key-encryption keys (KEKRecipientInfo). `nameless` encrypt the content itself (EncryptedData)."""

    named: Sequence[KeyEncryptionKey] = ()
    nameless: Sequence[bytes] = field(default=(), repr=False)


def load_shared_keys(values: Iterable[str]) -> SharedKeys:
    """The keys of --shared-key. NAME is text, or bytes such as 0x0a1b. Raises OSError or MalformedMessage."""
    named: list[KeyEncryptionKey] = []
    nameless: list[bytes] = []
    for value in values:
        name, file = SharedKeyPath.split(value)
        if name:
            named.append(KeyEncryptionKey(identifier=_parse_name(name), key=_load_key(file)))
        else:
            nameless.append(_load_key(file))
    return SharedKeys(named=named, nameless=nameless)


def _parse_name(name: str) -> bytes:
    if not name.startswith("0x"):
        # The bytes that the user typed, even in another charset.
        return name.encode(errors="surrogateescape")
    try:
        return bytes.fromhex(name[2:])
    except ValueError:
        raise click.UsageError(f"--shared-key: {name} is not hexadecimal") from None


def _load_key(name: str) -> bytes:
    with Path(name).open("rb") as file:
        data = file.read(_MAX_FILE_BYTES)
    if len(data) in _KEY_LENGTHS:
        return data
    text = b"".join(data.split())
    if len(text) in [2 * length for length in _KEY_LENGTHS]:
        # The error of bytes.fromhex could quote the key, so the error below replaces it.
        with contextlib.suppress(ValueError):
            return bytes.fromhex(text.decode("ascii"))
    raise MalformedMessage("expected a key of 16, 24 or 32 bytes, or as many in hexadecimal", where=name)
