"""The state of a sending that can go on after an interruption, in an encrypted file of the user.

The file has the secret of the parcel, because the remaining chunks are encrypted with this secret. The file is
encrypted with a key that is derived from the sender's token for the service. The token is in the system keyring or in a
private file. The name of the file reveals nothing about the parcel.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from sealwax.files.small import read_small
from sealwax.files.whole import write_whole
from smime_core import blocking
from smime_core.algorithms import AES_256_GCM, HashName, Hkdf
from smime_core.errors import DecryptionError, MalformedMessage
from smime_core.parcels import ParcelChunk
from smime_core.provider import CryptoProvider

_LABEL: Final = b"sealwax kept sending 1"
_KEY_BYTES: Final = 32
_PRIVATE_MODE: Final = 0o600
_ENDING: Final = ".sealed"
_LOCK_ENDING: Final = ".sealed.lock"
_KEPT_SECONDS: Final = 2 * 24 * 60 * 60  # Services delete an unfinished parcel after a day.


@dataclass(frozen=True, slots=True, kw_only=True)
class SendState:
    """A parcel that is being sent. The service has `chunks`. `pending` are the chunks that are being uploaded.

    `expected_receipt` is the SHA-256 of every right receipt for the parcel, or None without a signed manifest.
    `manifest_bytes` is the size that was announced for the manifest. `created` counts the seconds since 1970.
    """

    parcel_id: str
    created: int
    manifest_bytes: int = 0
    secret: str = field(repr=False)
    salt: bytes = field(repr=False)
    chunks: tuple[ParcelChunk, ...] = ()
    pending: tuple[ParcelChunk, ...] = ()
    expected_receipt: bytes | None = None

    def has_begun(self, number: int) -> bool:
        """Whether the service may have a part of this chunk, or all of it."""
        return number < len(self.chunks) + len(self.pending)

    def with_pending(self, number: int, chunk: ParcelChunk) -> SendState:
        """The state before the upload of a chunk. An earlier encryption of the same chunk is forgotten."""
        index = number - len(self.chunks)
        return replace(self, pending=(*self.pending[:index], chunk, *self.pending[index + 1 :]))

    def with_uploaded(self) -> SendState:
        """The state after the upload of the first pending chunk."""
        return replace(self, chunks=(*self.chunks, *self.pending[:1]), pending=self.pending[1:])


class SendStates:
    """The folder of encrypted state files, for one token."""

    def __init__(self, folder: Path, token: str, provider: CryptoProvider) -> None:
        self._folder = folder
        self._provider = provider
        kdf = Hkdf(hash_name=HashName.SHA256, salt=b"", info=_LABEL)
        self._key = blocking.run(provider.derive_key(kdf, token.encode(), _KEY_BYTES))

    def state_file_of(self, request: str) -> Path:
        """The state file for `request`, the text from `Sending.request`. Equal requests have the same state file."""
        name = hmac.new(self._key, request.encode(), hashlib.sha256).hexdigest()
        return self._folder / f"{name[:32]}{_ENDING}"

    def load(self, state_file: Path) -> SendState | None:
        """The state in a file; None if there is no file or it cannot be read. Raises OSError."""
        try:
            data = read_small(state_file)
            nonce, sealed = data[: AES_256_GCM.iv_length], data[AES_256_GCM.iv_length :]
            text = blocking.run(
                self._provider.decrypt_content(AES_256_GCM, self._key, nonce, sealed, state_file.name.encode())
            )
            return _from_json(text)
        except (FileNotFoundError, DecryptionError, MalformedMessage, ValueError, KeyError, TypeError):
            return None

    def save(self, state_file: Path, state: SendState) -> None:
        """Write the state. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        nonce = self._provider.random_bytes(AES_256_GCM.iv_length)
        sealed = blocking.run(
            self._provider.encrypt_content(AES_256_GCM, self._key, nonce, _to_json(state), state_file.name.encode())
        )
        write_whole(state_file, nonce + sealed, mode=_PRIVATE_MODE)

    def sweep(self, at: float) -> None:
        """Delete states that are so old that no service has the parcel any more. `at` counts seconds since 1970."""
        with contextlib.suppress(OSError):
            for path in list(self._folder.iterdir()):
                if path.name.endswith((_ENDING, _LOCK_ENDING)) and path.lstat().st_mtime < at - _KEPT_SECONDS:
                    path.unlink(missing_ok=True)

    def forget(self, state_file: Path) -> None:
        """Delete the state. Raises OSError."""
        state_file.unlink(missing_ok=True)


def _to_json(state: SendState) -> bytes:
    members: dict[str, Any] = {
        "id": state.parcel_id,
        "created": state.created,
        "manifestBytes": state.manifest_bytes,
        "secret": state.secret,
        "salt": base64.b64encode(state.salt).decode("ascii"),
        "chunks": [_chunk_row(chunk) for chunk in state.chunks],
        "pending": [_chunk_row(chunk) for chunk in state.pending],
        "expectedReceipt": None if state.expected_receipt is None else state.expected_receipt.hex(),
    }
    return json.dumps(members).encode()


def _from_json(data: bytes) -> SendState:
    # The members need no checks: the tag of the encryption shows that Sealwax wrote the file.
    members = json.loads(data)
    expected = members["expectedReceipt"]
    return SendState(
        parcel_id=members["id"],
        created=members["created"],
        manifest_bytes=members["manifestBytes"],
        secret=members["secret"],
        salt=base64.b64decode(members["salt"], validate=True),
        chunks=tuple(map(_chunk_of, members["chunks"])),
        pending=tuple(map(_chunk_of, members["pending"])),
        expected_receipt=None if expected is None else bytes.fromhex(expected),
    )


def _chunk_row(chunk: ParcelChunk) -> list[Any]:
    return [chunk.cms_bytes, chunk.content_bytes, chunk.sha256]


def _chunk_of(row: list[Any]) -> ParcelChunk:
    return ParcelChunk(cms_bytes=row[0], content_bytes=row[1], sha256=row[2])
