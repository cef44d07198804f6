"""Open a parcel: prove the right to open it, judge the manifest, then save the files.

Each file is checked before it gets its name. At most two chunks are in memory. A chunk that does not match the manifest
ends the opening. Complete files stay, and the unfinished file is deleted.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from sealwax.delivery.failures import DeliveryFailed, lie
from sealwax.delivery.names import free_names
from sealwax.delivery.recipient_api import OpenedParcel, RecipientApi
from sealwax.files.small import read_small
from sealwax.files.whole import new_whole_among
from sealwax.http_client import Move, no_move
from smime_core import blocking
from smime_core.asn1 import Buffer
from smime_core.cms import PARCEL_CHALLENGE, Keys
from smime_core.errors import NoMatchingRecipient, ParcelCut, SmimeError
from smime_core.identity import Identity
from smime_core.parcels import (
    ITERATIONS,
    MANIFEST_OBJECT,
    MAX_MANIFEST_OBJECT_BYTES,
    Manifest,
    OpenedManifest,
    ParcelFile,
    ParcelKey,
    decrypt_chunk,
    derive_parcel_key,
    open_manifest,
    proof_of,
)
from smime_core.provider import CryptoProvider
from smime_core.trust import Judging


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The keys that open the objects of one parcel: the key from its secret, or the keys of a recipient."""

    key: ParcelKey | None = None
    identities: Sequence[Identity] = ()


class ObjectSource(Protocol):
    """The source of a parcel's objects, which are the manifest and the chunks."""

    def read_manifest(self) -> Buffer:
        """The manifest's CMS structure."""

    def check(self, manifest: Manifest) -> None:
        """Raise an SmimeError if the objects cannot be those of the manifest. Called before a chunk is read."""

    def read_chunk(self, number: int, size: int, move: Move) -> Buffer:
        """The CMS structure of a chunk, which has `size` bytes according to the manifest."""


class ServiceSource:
    """The objects of a parcel on the service: the manifest, and the numbered chunks."""

    def __init__(self, api: RecipientApi, opened: OpenedParcel) -> None:
        self._api = api
        self._opened = opened

    @property
    def reference(self) -> str:
        """The reference number of the parcel, which its sender sees too."""
        return self._opened.reference

    def read_manifest(self) -> Buffer:
        """The manifest's CMS structure. Raises DeliveryFailed."""
        if not 0 < self._opened.manifest <= MAX_MANIFEST_OBJECT_BYTES:
            raise lie(f"a manifest of {self._opened.manifest} bytes")
        return self._api.read_object(MANIFEST_OBJECT, self._opened.manifest)

    def check(self, manifest: Manifest) -> None:
        """Raise ParcelCut unless the service announces the objects that the manifest names."""
        expected = [chunk.cms_bytes for chunk in manifest.chunks]
        if list(self._opened.objects) != expected:
            count = len(self._opened.objects)
            raise ParcelCut(f"the service has {count} objects of other sizes than the {len(expected)} of the manifest")

    def read_chunk(self, number: int, size: int, move: Move) -> Buffer:
        """The CMS structure of a chunk. Raises DeliveryFailed."""
        return self._api.read_object(str(number), size, move)


class FolderSource:
    """The objects of a parcel in a folder: the manifest, and the numbered chunks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read_manifest(self) -> Buffer:
        """The manifest's CMS structure. Raises OSError or LimitExceeded."""
        return read_small(self._folder / MANIFEST_OBJECT, max_bytes=MAX_MANIFEST_OBJECT_BYTES)

    def check(self, manifest: Manifest) -> None:
        """Raise ParcelCut if a chunk is missing."""
        missing = [str(number) for number in range(len(manifest.chunks)) if not (self._folder / str(number)).exists()]
        if missing:
            raise ParcelCut(f"{len(missing)} chunks are missing, the first is {missing[0]}")

    def read_chunk(self, number: int, size: int, move: Move) -> Buffer:
        """The CMS structure of a chunk. Raises OSError or LimitExceeded."""
        data = read_small(self._folder / str(number), max_bytes=size + 1)
        move(len(data))
        return data


def open_by_secret(
    api: RecipientApi, parcel_id: str, secret: str, provider: CryptoProvider
) -> tuple[ServiceSource, Access]:
    """The objects of a parcel and their key, after the proof that we know the secret. Raises DeliveryFailed."""
    salt, iterations = api.start(parcel_id)
    if iterations != ITERATIONS:
        raise lie(f"{iterations} iterations, and parcels have {ITERATIONS}")
    key = blocking.run(derive_parcel_key(secret, salt, provider))
    opened = api.open_by_proof(parcel_id, blocking.run(proof_of(key, provider)))
    return ServiceSource(api, opened), Access(key=key)


def open_by_identity(
    api: RecipientApi, parcel_id: str, identities: Sequence[Identity], provider: CryptoProvider
) -> tuple[ServiceSource, Access]:
    """The objects of a parcel and the identity that opens them, after the proof that we hold the key of a recipient.

    Raises DeliveryFailed for the last identity if the parcel is for none of them.
    """
    refused: SmimeError = NoMatchingRecipient()
    for identity in identities:
        challenge = api.challenge(parcel_id, identity.certificate.der)
        try:
            # No other content type is accepted. Otherwise a lying service could send an encrypted mail in place of the
            # nonce, and would get it decrypted.
            nonce = blocking.decrypt_bytes(
                challenge.cms, Keys(identities=[identity]), provider=provider, content_type=PARCEL_CHALLENGE
            )
            opened = api.open_by_nonce(parcel_id, nonce.content, challenge.token)
        except NoMatchingRecipient as error:
            refused = error
        except DeliveryFailed as error:
            # The service gives these codes for an unknown parcel too. It gives other codes only after a right answer.
            if error.code not in ("wrong-secret", "not-for-you"):
                raise
            refused = error
        else:
            return ServiceSource(api, opened), Access(identities=(identity,))
    raise refused


def read_manifest(
    cms: Buffer,
    access: Access,
    judging: Judging,
    provider: CryptoProvider,
    *,
    parcel_id: str | None,
    readers: Collection[str] = (),
) -> OpenedManifest:
    """The manifest and the verdict on it. Raises the errors of `open_manifest`.

    `parcel_id` is None for objects in a folder, because only the manifest has their id.
    """
    opening = open_manifest(
        cms, judging, provider, parcel=parcel_id, key=access.key, identities=access.identities, readers=readers
    )
    return blocking.run(opening)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saver:
    """Saves the files of one parcel into a folder."""

    source: ObjectSource
    manifest: Manifest
    access: Access
    provider: CryptoProvider
    folder: Path
    move: Move = no_move

    def save_all(self, note: Callable[[ParcelFile, Path], None]) -> None:
        """Save each file. `note` is called for each complete file. Raises OSError, DeliveryFailed or SmimeError."""
        self.source.check(self.manifest)
        number = 0
        for file in self.manifest.files:
            note(file, self._save(file, number))
            number += len(file.chunks)

    def _save(self, file: ParcelFile, first: int) -> Path:
        return _save(self.folder, file.name, self._contents(file, first))

    def _contents(self, file: ParcelFile, first: int) -> Iterator[bytes]:
        for number, chunk in enumerate(file.chunks, start=first):
            cms = self.source.read_chunk(number, chunk.cms_bytes, self.move)
            decrypting = decrypt_chunk(
                cms,
                chunk,
                self.provider,
                key=self.access.key,
                identities=self.access.identities,
                manifest=self.manifest,
            )
            yield blocking.run(decrypting)


def save_content(folder: Path, name: str, content: bytes) -> Path:
    """Save a file under this name, or under a similar free name. Returns its path. Raises OSError."""
    return _save(folder, name, [content])


def _save(folder: Path, name: str, contents: Iterable[bytes]) -> Path:
    paths = (path for path in free_names(folder, name) if not _exists(path))
    first = next(paths)
    # The draft does not have the final name, and is deleted after an error. An existing file is never replaced, even if
    # it came during the download.
    with new_whole_among(itertools.chain([first], paths)) as new, new.path.open("r+b") as target:
        for content in contents:
            _write(target, content, first)
    return new.path


def _write(target: BinaryIO, content: bytes, path: Path) -> None:
    try:
        target.write(content)
        target.flush()
    except OSError as error:
        # The error names the file that the user expects, not the draft.
        raise OSError(error.errno, error.strerror, str(path)) from error


def _exists(path: Path) -> bool:
    # A symbolic link whose target is missing also occupies the name.
    return path.is_symlink() or path.exists()
