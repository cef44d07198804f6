"""The sweep: deletes the bytes of parcels whose time is over, uploads that nobody continues, and old records.

A wrong clock must not cost an acknowledged parcel. So the sweep first notes the end of a parcel, and deletes the bytes
a day after the note. If the parcel's end or the note's time is in the future, a wrong clock wrote the note. Records
change only when the bytes are gone, so the next sweep repeats the work of a sweep that was killed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import Row, and_, bindparam, delete, literal, or_, select, true, union_all, update

from sealwax.service import CLOCK_SLACK_SECONDS, Database, DatabaseUnavailable
from sealwax.service.database import insert_into
from webbridge.database.tables import (
    KEPT_FILE,
    KEPT_INDEX,
    PARCEL,
    PARCEL_ANSWER,
    PARCEL_EVENT,
    PARCEL_KEY_REQUEST,
    PARCEL_NOTICE,
    PARCEL_RECEIPT,
)
from webbridge.delivery.kept import KeptFiles
from webbridge.delivery.limits import GRACE_SECONDS, KEPT_SECONDS, UPLOAD_SECONDS
from webbridge.delivery.notices.changes import FORGET_EXPIRY, tell_sender
from webbridge.delivery.openings import Openings
from webbridge.delivery.own_keys.requests import KeyRequests
from webbridge.delivery.parcels import event_row
from webbridge.delivery.quota import Quota
from webbridge.delivery.states import Event, SaidBy, Stage, State
from webbridge.delivery.store import Store, StoreFailed, StoreFull, Uploads

SWEEP_SECONDS: Final = 60.0
_ORPHANS_SECONDS: Final = 60 * 60.0
_AT_ONCE: Final = 200
_log = logging.getLogger(__name__)

_EXPIRED: Final = literal(State.EXPIRED.value)
_NOTED: Final = and_(PARCEL_EVENT.c.parcel == PARCEL.c.id, PARCEL_EVENT.c.state == _EXPIRED)
_NOTES: Final = select(PARCEL_EVENT.c.parcel).where(_NOTED).correlate(PARCEL)
_JUST_OVER: Final = (
    select(PARCEL.c.id)
    .where(PARCEL.c.stage == Stage.SUBMITTED, PARCEL.c.ends_at <= bindparam("now"), ~_NOTES.exists())
    .limit(_AT_ONCE)
)
_WRONGLY_ENDED: Final = select(PARCEL_EVENT.c.parcel).where(
    PARCEL_EVENT.c.parcel == PARCEL.c.id,
    PARCEL_EVENT.c.state == _EXPIRED,
    PARCEL.c.stage == Stage.SUBMITTED,
    or_(PARCEL.c.ends_at > bindparam("now"), PARCEL_EVENT.c.at > bindparam("latest")),
)
_UNDO_END: Final = delete(PARCEL_EVENT).where(
    PARCEL_EVENT.c.parcel == bindparam("of_id"), PARCEL_EVENT.c.state == _EXPIRED
)
_END: Final = (
    update(PARCEL)
    .where(
        PARCEL.c.stage == Stage.SUBMITTED,
        PARCEL.c.ends_at <= bindparam("now"),
        _NOTES.where(PARCEL_EVENT.c.at <= bindparam("noted_before")).exists(),
    )
    .values(stage=Stage.EXPIRED)
)
# Each portion begins after the last parcel of the one before, so the sweep passes parcels that it cannot delete yet.
_AFTER: Final = PARCEL.c.id > bindparam("after")
_ALL_ENDED: Final = select(PARCEL).where(PARCEL.c.stage.in_((Stage.WITHDRAWN, Stage.EXPIRED)), PARCEL.c.is_stored == 1)
_ENDED: Final = _ALL_ENDED.where(_AFTER).order_by(PARCEL.c.id).limit(_AT_ONCE)
_ONE_ENDED: Final = _ALL_ENDED.where(PARCEL.c.id == bindparam("of_id"))
_UPLOADING: Final = (
    select(PARCEL)
    .where(PARCEL.c.stage == Stage.UPLOADING, PARCEL.c.created_at <= bindparam("begun_before"), _AFTER)
    .order_by(PARCEL.c.id)
    .limit(_AT_ONCE)
)
_OLD: Final = (
    select(PARCEL.c.id)
    .where(
        PARCEL.c.stage.in_((Stage.WITHDRAWN, Stage.EXPIRED)),
        PARCEL.c.ends_at <= bindparam("ended_before"),
        PARCEL.c.is_stored == 0,
    )
    .limit(_AT_ONCE)
)
# Only parcels with stored bytes are known. So bytes that an upload has brought after a parcel's end are orphans.
_KNOWN_FOLDERS: Final = union_all(
    *(
        select(table.c.folder).where(table.c.folder.in_(bindparam("folders", expanding=True)), is_stored)
        for table, is_stored in ((PARCEL, PARCEL.c.is_stored == 1), (KEPT_FILE, true()), (KEPT_INDEX, true()))
    )
)
_BYTES_GONE: Final = (
    update(PARCEL).where(PARCEL.c.id == bindparam("of_id"), PARCEL.c.is_stored == 1).values(is_stored=0)
)
_FORGET: Final = tuple(
    delete(table).where(column.in_(bindparam("of_ids", expanding=True)))
    for table, column in (
        (PARCEL, PARCEL.c.id),
        (PARCEL_EVENT, PARCEL_EVENT.c.parcel),
        (PARCEL_NOTICE, PARCEL_NOTICE.c.parcel),
        (PARCEL_RECEIPT, PARCEL_RECEIPT.c.parcel),
        (PARCEL_ANSWER, PARCEL_ANSWER.c.parcel),
        (PARCEL_KEY_REQUEST, PARCEL_KEY_REQUEST.c.parcel),
    )
)


class _Folders(Protocol):
    """The folders of parcels, either in the store or among the uploads."""

    def folders(self) -> Iterator[tuple[str, float]]:
        """Return all folders with the times of their last changes."""

    def delete(self, folder: str) -> None:
        """Delete a folder."""


class Sweep:
    """The sweep of one bridge. Each of its processes may sweep, because every step can be repeated."""

    def __init__(
        self,
        database: Database,
        store: Store,
        uploads: Uploads,
        quota: Quota,
        openings: Openings,
        kept: KeptFiles,
        keys: KeyRequests | None,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._store = store
        self._uploads = uploads
        self._quota = quota
        self._openings = openings
        self._kept = kept
        self._keys = keys
        self._clock = clock
        self._add_event = insert_into(database, PARCEL_EVENT).on_conflict_do_nothing()

    def run(self) -> None:
        """Delete the due bytes and records. The next sweep repeats what fails. Raises DatabaseUnavailable."""
        at = self._clock().timestamp()
        self._note_expired(at)
        with self._database.transaction() as rows:
            # From here on, no sender can extend these parcels.
            rows.execute(_END, {"now": at, "noted_before": at - GRACE_SECONDS})
        for row in self._all_rows(_ENDED, {}):
            self._delete_bytes(row)
        for row in self._all_rows(_UPLOADING, {"begun_before": at - UPLOAD_SECONDS}):
            self._delete_stale_upload(row, at)
        self._kept.sweep(at)
        self._forget([row.id for row in self._rows(_OLD, {"ended_before": at - KEPT_SECONDS})])
        self._openings.forget_strangers()
        if self._keys is not None:
            self._keys.forget_ended()

    def correct_notes(self) -> None:
        """Delete the notes of ends that a wrong clock has written, so that the parcels expire at the right time."""
        at = self._clock().timestamp()
        with self._database.transaction(durable=False) as rows:
            parcels = rows.execute(_WRONGLY_ENDED, {"now": at, "latest": at + CLOCK_SLACK_SECONDS}).scalars().all()
            for parcel in parcels:
                for statement in (_UNDO_END, FORGET_EXPIRY):
                    rows.execute(statement, {"of_id": parcel})

    def delete_orphans(self) -> None:
        """Delete folders without a record of stored bytes. A process that was killed in between left them.

        Raises DatabaseUnavailable.
        """
        parts: tuple[_Folders, ...] = (self._store, self._uploads)
        for part in parts:
            with _store_failures_left():
                self._delete_orphans(part)

    def delete_withdrawn(self, parcel_id: str) -> None:
        """Delete the bytes of a withdrawn parcel, unless they are deleted already. Raises DatabaseUnavailable."""
        for row in self._rows(_ONE_ENDED, {"of_id": parcel_id}):
            self._delete_bytes(row)

    def _delete_bytes(self, parcel: Row[Any]) -> None:
        """Delete the bytes of a parcel that has ended. Then note the deletion, and give the quota back."""
        with _store_failures_left():
            # The uploads are deleted first. An upload that ends meanwhile then has no file left to move into the store.
            self._uploads.delete(parcel.folder)
            self._store.delete(parcel.folder)
            with self._database.transaction() as rows:
                if rows.execute(_BYTES_GONE, {"of_id": parcel.id}).rowcount == 1:
                    self._quota.give_back(rows, parcel.sender, parcel.total_bytes)

    def _delete_orphans(self, part: _Folders) -> None:
        latest = self._clock().timestamp() - UPLOAD_SECONDS
        old = [folder for folder, changed_at in part.folders() if changed_at <= latest]
        for start in range(0, len(old), _AT_ONCE):
            some = old[start : start + _AT_ONCE]
            with self._database.reading() as rows:
                known = set(rows.execute(_KNOWN_FOLDERS, {"folders": some}).scalars())
            for folder in some:
                if folder not in known:
                    with _store_failures_left():
                        part.delete(folder)

    def _note_expired(self, at: float) -> None:
        with self._database.transaction(durable=False) as rows:
            event = Event(state=State.EXPIRED, said_by=SaidBy.SERVICE, at=at)
            parcels = rows.execute(_JUST_OVER, {"now": at}).scalars().all()
            if parcels:
                rows.execute(self._add_event, [event_row(parcel, event) for parcel in parcels])
                tell_sender(rows, parcels, event)

    def _delete_stale_upload(self, parcel: Row[Any], at: float) -> None:
        with _store_failures_left():
            changed_at = self._uploads.changed_at(parcel.folder)
            if at - UPLOAD_SECONDS < changed_at <= at + CLOCK_SLACK_SECONDS:
                return
            # The record is deleted first, because the sender may be submitting the parcel now. Without a record, the
            # bytes are orphans.
            is_it = and_(PARCEL.c.id == parcel.id, PARCEL.c.stage == Stage.UPLOADING)
            with self._database.transaction() as rows:
                if rows.execute(delete(PARCEL).where(is_it)).rowcount != 1:
                    return
                self._quota.give_back(rows, parcel.sender, parcel.total_bytes)
            self._uploads.delete(parcel.folder)
            self._store.delete(parcel.folder)

    def _forget(self, ids: Sequence[str]) -> None:
        if ids:
            with self._database.transaction(durable=False) as rows:
                for statement in _FORGET:
                    rows.execute(statement, {"of_ids": list(ids)})

    def _all_rows(self, statement: Any, values: Mapping[str, float]) -> Iterator[Row[Any]]:
        """Return all rows of a statement, read in portions in the order of the ids."""
        after = ""
        while some := self._rows(statement, {**values, "after": after}):
            yield from some
            after = some[-1].id

    def _rows(self, statement: Any, values: Mapping[str, float | str]) -> Sequence[Row[Any]]:
        with self._database.reading() as rows:
            return rows.execute(statement, values).all()


class Sweeper:
    """Runs the sweep in a separate thread, because a store may be slow."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="parcels", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the sweeping after the current deletions."""
        self._ends.set()
        self._thread.join()

    def _run(self) -> None:
        until_orphans = 0.0
        while not self._ends.wait(SWEEP_SECONDS):
            until_orphans -= SWEEP_SECONDS
            try:
                self._sweep.run()
                if until_orphans <= 0:
                    until_orphans = _ORPHANS_SECONDS
                    self._sweep.correct_notes()
                    self._sweep.delete_orphans()
            except DatabaseUnavailable:
                continue  # The database has logged the error. The next sweep does the work.
            except Exception:  # noqa: BLE001 (one parcel that cannot be deleted must not keep all others)
                _log.exception("parcels were not swept")


@contextmanager
def _store_failures_left() -> Iterator[None]:
    try:
        yield
    except (StoreFailed, StoreFull):
        _log.warning("bytes of parcels were not deleted, the next sweep tries again")
