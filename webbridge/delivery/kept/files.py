"""The kept files of one bridge, and the index of each account.

A file is uploaded first. A new version of the index then names the file as kept, in the transaction that stores the
version's number. A version is stored only if its predecessor is the current one, so two devices do not overwrite each
other. The bytes of a version are durable before its record is, and the bytes of deleted files are deleted after their
record. A process that is killed in between leaves folders without a record. The sweep deletes these folders.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, func, select, tuple_, update

from sealwax.service import CLOCK_SLACK_SECONDS, Database, ServiceError
from sealwax.service.database import insert_into
from webbridge.database.tables import KEPT_FILE, KEPT_INDEX
from webbridge.delivery.ids import MANIFEST, new_folder
from webbridge.delivery.kept.announcements import NewFile, NewIndex
from webbridge.delivery.kept.records import (
    FileIdUsed,
    FileIncomplete,
    IndexChanged,
    KeptFile,
    KeptStage,
    NoFile,
    StoredIndex,
    TooManyFiles,
    file_of,
    index_of,
)
from webbridge.delivery.limits import UPLOAD_SECONDS
from webbridge.delivery.objects import check_manifest, chunk_sizes
from webbridge.delivery.pepper import Pepper
from webbridge.delivery.quota import Quota
from webbridge.delivery.settings import ParcelsConfig
from webbridge.delivery.store import WHOLE, Store, StoreFailed, Uploads, store_whole

_AT_ONCE: Final = 500
_INDEX_GROWTH: Final = 65_536
"""The bytes by which an index that deletes files may grow, because signatures and certificates differ in size."""

_OF_ACCOUNT: Final = KEPT_FILE.c.account == bindparam("of_account")
_IS_OWN: Final = (_OF_ACCOUNT, KEPT_FILE.c.id == bindparam("of_id"))
_ARE_OWN: Final = (_OF_ACCOUNT, KEPT_FILE.c.id.in_(bindparam("of_ids", expanding=True)))
_FIND: Final = select(KEPT_FILE).where(*_IS_OWN)
_FIND_ALL: Final = select(KEPT_FILE).where(*_ARE_OWN)
_COUNT: Final = select(func.count()).select_from(KEPT_FILE).where(_OF_ACCOUNT)
_COMPLETE: Final = (
    update(KEPT_FILE)
    .where(*_IS_OWN, KEPT_FILE.c.stage != KeptStage.KEPT)
    .values(stage=KeptStage.COMPLETE, manifest_bytes=bindparam("new_bytes"))
)
_REOPEN: Final = (
    update(KEPT_FILE).where(*_IS_OWN, KEPT_FILE.c.stage == KeptStage.COMPLETE).values(stage=KeptStage.UPLOADING)
)
_KEEP: Final = update(KEPT_FILE).where(*_ARE_OWN).values(stage=KeptStage.KEPT)
_DELETE: Final = delete(KEPT_FILE).where(*_ARE_OWN)
_DELETE_UPLOAD: Final = delete(KEPT_FILE).where(*_IS_OWN, KEPT_FILE.c.stage != KeptStage.KEPT)
_STALE: Final = (
    select(KEPT_FILE)
    .where(
        KEPT_FILE.c.stage != KeptStage.KEPT,
        KEPT_FILE.c.created_at <= bindparam("begun_before"),
        # Each portion begins after the last row of the one before, so the sweep passes uploads that are in progress.
        tuple_(KEPT_FILE.c.account, KEPT_FILE.c.id) > tuple_(bindparam("after_account"), bindparam("after_id")),
    )
    .order_by(KEPT_FILE.c.account, KEPT_FILE.c.id)
    .limit(_AT_ONCE)
)
_INDEX: Final = select(KEPT_INDEX).where(KEPT_INDEX.c.account == bindparam("of_account"))
_REPLACE: Final = update(KEPT_INDEX).where(
    KEPT_INDEX.c.account == bindparam("of_account"), KEPT_INDEX.c.version == bindparam("of_version")
)


class KeptFiles:
    """The files that people keep at one bridge."""

    def __init__(
        self,
        database: Database,
        store: Store,
        uploads: Uploads,
        quota: Quota,
        pepper: Pepper,
        *,
        config: ParcelsConfig,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._store = store
        self._uploads = uploads
        self._quota = quota
        self._pepper = pepper
        self._config = config
        self._clock = clock
        self._add = insert_into(database, KEPT_FILE).on_conflict_do_nothing().returning(KEPT_FILE.c.id)
        self._add_index = insert_into(database, KEPT_INDEX).on_conflict_do_nothing().returning(KEPT_INDEX.c.account)

    def find(self, account: str, file_id: str) -> KeptFile:
        """Return a file of the account. Raises NoFile."""
        with self._database.reading() as rows:
            row = rows.execute(_FIND, {"of_account": account, "of_id": file_id}).first()
        if row is None:
            raise NoFile
        return file_of(row)

    def create(self, account: str, new: NewFile, body: bytes) -> tuple[KeptFile, bool]:
        """Return the file of an announcement, and whether it is new. `body` has all objects of a whole file.

        The file's bytes are reserved. A repeated request gets the same file. Raises FileIdUsed, TooManyFiles, or
        ServiceError beyond a quota.
        """
        digest = self._pepper.digest_of(new.canonical_bytes + body)
        with self._database.reading() as rows:
            known = rows.execute(_FIND, {"of_account": account, "of_id": new.id}).first()
        if known is not None:
            return _repeated(known, digest), False
        self._quota.check_room(new.total_bytes)
        try:
            return self._create_new(account, new, body, digest)
        except ServiceError:
            self._quota.give_up(new.total_bytes)
            raise

    def finish(self, account: str, file_id: str, manifest: bytes) -> KeptFile:
        """Store the manifest of a file whose chunks have all come. Until the file is kept, a new manifest replaces it.

        The same manifest again changes nothing. Raises NoFile, FileIdUsed, FileIncomplete, or ServiceError for a
        manifest that is larger than announced, or if the store fails.
        """
        announced = self.find(account, file_id)
        check_manifest(announced, manifest)
        with self._uploads.in_turn(announced.folder):
            file = self.find(account, file_id)
            if file.stage is KeptStage.KEPT or file.is_whole:
                raise FileIdUsed
            if file.stage is KeptStage.COMPLETE:
                if self._has_manifest(file, manifest):
                    return file
                self._reopen(file)
            if self._uploads.missing(file.folder, chunk_sizes(file)):
                raise FileIncomplete
            self._uploads.replace(file.folder, MANIFEST, manifest)
            self._note_complete(file, len(manifest))
        return self.find(account, file_id)

    def end(self, account: str, file_id: str) -> None:
        """Delete a file that no index names yet. Raises NoFile."""
        if not self._delete_upload(account, file_id):
            raise NoFile

    def index(self, account: str) -> StoredIndex:
        """Return the record of the index."""
        with self._database.reading() as rows:
            return index_of(rows.execute(_INDEX, {"of_account": account}).first())

    def read_index(self, account: str) -> tuple[StoredIndex, Iterator[bytes]]:
        """Return the record of the index, and the bytes of its objects. Raises StoreFailed.

        Another device may replace the index, and so delete its bytes, after its record is read. Then the new index is
        read.
        """
        index = self.index(account)
        while True:
            try:
                return index, self._pieces_of(index)
            except StoreFailed:
                newer = self.index(account)
                if newer.folder == index.folder:
                    raise
                index = newer

    def put_index(self, account: str, new: NewIndex, body: bytes) -> StoredIndex:
        """Store the next version of the index, and keep and delete the files that it names.

        Raises IndexChanged, NoFile, FileIncomplete, or ServiceError if the store fails.
        """
        if not self._makes_room(account, new):
            self._quota.check_room(new.total_bytes)
            # An index replaces its predecessor and is not counted, so the room that was just reserved is given up.
            self._quota.give_up(new.total_bytes)
        folder = new_folder()
        values = {
            "account": account,
            "version": new.version,
            "folder": folder,
            "objects": json.dumps(new.objects),
            "manifest_bytes": new.manifest_bytes,
            "stored_at": self._clock().timestamp(),
        }
        store_whole(self._store, folder, body)
        try:
            with self._database.transaction() as rows:
                before = self._replace_index(rows, account, new.version, values)
                self._keep(rows, account, new.kept)
                deleted = self._delete(rows, account, new.deleted)
        except ServiceError:
            self._delete_unless_current(account, folder)
            raise
        for left in (before.folder, *deleted):
            if left:
                self._delete_folder(left)
        return self.index(account)

    def sweep(self, at: float) -> None:
        """Delete uploads to which nothing was added for a day. Raises DatabaseUnavailable."""
        for row in self._stale(at - UPLOAD_SECONDS):
            with suppress(ServiceError):
                changed_at = self._uploads.changed_at(row.folder)
                if not at - UPLOAD_SECONDS < changed_at <= at + CLOCK_SLACK_SECONDS:
                    self._delete_upload(row.account, row.id)

    def _stale(self, begun_before: float) -> Iterator[Row[Any]]:
        """Return the uploads that began before a time, read in portions."""
        after = {"after_account": "", "after_id": ""}
        while True:
            with self._database.reading() as rows:
                some = rows.execute(_STALE, {"begun_before": begun_before, **after}).all()
            if not some:
                return
            yield from some
            after = {"after_account": some[-1].account, "after_id": some[-1].id}

    def _makes_room(self, account: str, new: NewIndex) -> bool:
        """Return whether an index deletes files and hardly grows. It needs no free room, because it makes room."""
        return bool(new.deleted) and new.total_bytes <= self.index(account).total_bytes + _INDEX_GROWTH

    def _pieces_of(self, index: StoredIndex) -> Iterator[bytes]:
        return self._store.read(index.folder, WHOLE, 0, index.total_bytes) if index.folder else iter(())

    def _create_new(self, account: str, new: NewFile, body: bytes, digest: bytes) -> tuple[KeptFile, bool]:
        folder = new_folder()
        values = {
            "account": account,
            "id": new.id,
            "folder": folder,
            "digest": digest,
            "objects": json.dumps(new.objects),
            "manifest_bytes": new.manifest_bytes,
            "total_bytes": new.total_bytes,
            "is_whole": int(new.is_whole),
            "stage": KeptStage.COMPLETE if new.is_whole else KeptStage.UPLOADING,
            "created_at": self._clock().timestamp(),
        }
        if new.is_whole:
            store_whole(self._store, folder, body)
        try:
            with self._database.transaction() as rows:
                is_new = rows.execute(self._add, values).first() is not None
                if is_new:
                    # Here concurrent new files of an account wait for each other, so that each is counted before the
                    # next.
                    self._quota.reserve(rows, account, new.total_bytes)
                    if rows.execute(_COUNT, {"of_account": account}).scalar_one() > self._config.max_kept_files:
                        raise TooManyFiles
                row = rows.execute(_FIND, {"of_account": account, "of_id": new.id}).one()
        except ServiceError:
            self._delete_unrecorded(account, new.id, folder)
            raise
        if not is_new:
            self._delete_folder(folder)
            return _repeated(row, digest), False
        return file_of(row), True

    def _replace_index(self, rows: Connection, account: str, version: int, values: dict[str, Any]) -> StoredIndex:
        """Replace the record of the index, and return the earlier one. Concurrent devices wait for each other."""
        before = index_of(rows.execute(_INDEX.with_for_update(), {"of_account": account}).first())
        if before.version != version - 1:
            raise IndexChanged
        if before.version == 0:
            is_stored = rows.execute(self._add_index, values).first() is not None
        else:
            place = {"of_account": account, "of_version": before.version}
            is_stored = rows.execute(_REPLACE, place | values).rowcount == 1
        if not is_stored:
            raise IndexChanged
        return before

    def _keep(self, rows: Connection, account: str, ids: Sequence[str]) -> None:
        for some in _portions(ids):
            records = self._lock(rows, account, some)
            if len(records) != len(some):
                raise NoFile
            if any(row.stage == KeptStage.UPLOADING for row in records):
                raise FileIncomplete
            rows.execute(_KEEP, {"of_account": account, "of_ids": some})

    def _delete(self, rows: Connection, account: str, ids: Sequence[str]) -> list[str]:
        """Delete the records of files, and return their folders. Files without a record are deleted already."""
        folders: list[str] = []
        for some in _portions(ids):
            records = self._lock(rows, account, some)
            if records:
                rows.execute(_DELETE, {"of_account": account, "of_ids": some})
                self._quota.give_back(rows, account, sum(row.total_bytes for row in records), parcels=len(records))
            folders.extend(row.folder for row in records)
        return folders

    def _lock(self, rows: Connection, account: str, ids: Sequence[str]) -> Sequence[Row[Any]]:
        return rows.execute(_FIND_ALL.with_for_update(), {"of_account": account, "of_ids": list(ids)}).all()

    def _delete_upload(self, account: str, file_id: str) -> bool:
        place = {"of_account": account, "of_id": file_id}
        with self._database.transaction() as rows:
            row = rows.execute(_FIND.with_for_update(), place).first()
            if row is None or rows.execute(_DELETE_UPLOAD, place).rowcount != 1:
                return False
            self._quota.give_back(rows, account, row.total_bytes)
        self._delete_folder(row.folder)
        return True

    def _has_manifest(self, file: KeptFile, manifest: bytes) -> bool:
        if self._store.size_of(file.folder, MANIFEST) != len(manifest):
            return False
        return b"".join(self._store.read(file.folder, MANIFEST, 0, len(manifest))) == manifest

    def _reopen(self, file: KeptFile) -> None:
        """Mark a file as uploading, so that no index can keep it until the new manifest and its size are stored."""
        with self._database.transaction() as rows:
            if rows.execute(_REOPEN, {"of_account": file.account, "of_id": file.id}).rowcount != 1:
                raise FileIdUsed

    def _note_complete(self, file: KeptFile, manifest_bytes: int) -> None:
        changed = {"of_account": file.account, "of_id": file.id, "new_bytes": manifest_bytes}
        with self._database.transaction() as rows:
            if rows.execute(_COMPLETE, changed).rowcount != 1:
                raise NoFile

    def _delete_unrecorded(self, account: str, file_id: str, folder: str) -> None:
        # Despite DatabaseUnavailable, the record may have been written. If the database cannot say now, the sweep
        # decides.
        with suppress(ServiceError):
            try:
                is_recorded = self.find(account, file_id).folder == folder
            except NoFile:
                is_recorded = False
            if not is_recorded:
                self._delete_folder(folder)

    def _delete_unless_current(self, account: str, folder: str) -> None:
        with suppress(ServiceError):
            if self.index(account).folder != folder:
                self._delete_folder(folder)

    def _delete_folder(self, folder: str) -> None:
        # If a store fails here, its objects have no record, and the sweep deletes them.
        # The uploads are deleted first. An upload that ends meanwhile then has no file left to move into the store.
        for part in (self._uploads, self._store):
            with suppress(ServiceError):
                part.delete(folder)


def _repeated(row: Row[Any], digest: bytes) -> KeptFile:
    """Return the file of a row if the same request has made it. Raises FileIdUsed."""
    if not hmac.compare_digest(bytes(row.digest), digest):
        raise FileIdUsed
    return file_of(row)


def _portions(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))
