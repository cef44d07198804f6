"""The quota: bytes are reserved for a sender before they come, and given back when they are deleted."""

from __future__ import annotations

import threading
import time
from typing import Final

from sqlalchemy import Connection, bindparam, func, select, update

from sealwax.service import Database
from sealwax.service.database import insert_into
from webbridge.database.tables import PARCEL_USAGE
from webbridge.delivery.fixed_error import FixedError
from webbridge.delivery.settings import ParcelsConfig
from webbridge.delivery.store import Store, StoreFull

# After this time, the bytes of all senders and the free bytes of the disk are read again.
_LOOK_SECONDS: Final = 5.0
_SPARE_BYTES: Final = 256 * 1024 * 1024
"""The bytes of the disk that are left free for the database and the logs."""

_TOTAL: Final = select(func.coalesce(func.sum(PARCEL_USAGE.c.total_bytes), 0))
_OF_SENDER: Final = select(PARCEL_USAGE.c.total_bytes).where(PARCEL_USAGE.c.sender == bindparam("of_sender"))
_GIVE_BACK: Final = (
    update(PARCEL_USAGE)
    .where(PARCEL_USAGE.c.sender == bindparam("of_sender"))
    .values(
        total_bytes=PARCEL_USAGE.c.total_bytes - bindparam("given_bytes"),
        parcels=PARCEL_USAGE.c.parcels - bindparam("given_parcels"),
    )
)


class QuotaExceeded(
    FixedError,
    status=507,
    code="quota-exceeded",
    text="There is no room left for your parcels and files. Withdraw a parcel or delete a file.",
):
    """The sender, or all senders together, have no room for the parcel."""


class Quota:
    """The usage of one bridge's store."""

    def __init__(self, database: Database, store: Store, *, config: ParcelsConfig) -> None:
        self._database = database
        self._store = store
        self._config = config
        self._lock = threading.Lock()
        self._looked_at = 0.0
        self._total_bytes = 0
        self._free_bytes: int | None = None
        added = insert_into(database, PARCEL_USAGE).values(
            sender=bindparam("of_sender"), total_bytes=bindparam("given_bytes"), parcels=1
        )
        self._reserve = added.on_conflict_do_update(
            index_elements=["sender"],
            set_={
                "total_bytes": PARCEL_USAGE.c.total_bytes + added.excluded.total_bytes,
                "parcels": PARCEL_USAGE.c.parcels + 1,
            },
            where=PARCEL_USAGE.c.total_bytes + added.excluded.total_bytes <= config.sender_bytes,
        ).returning(PARCEL_USAGE.c.total_bytes)

    def check_room(self, size: int) -> None:
        """Set room aside on the disk and in the quota of all senders. Raises QuotaExceeded or StoreFull.

        The numbers may be some seconds old, so that senders do not wait for each other. Parcels of other processes in
        these seconds may exceed the quota.
        """
        with self._lock:
            if abs(time.monotonic() - self._looked_at) >= _LOOK_SECONDS:
                with self._database.reading() as rows:
                    self._total_bytes = int(rows.execute(_TOTAL).scalar_one())
                self._free_bytes = self._store.free_bytes()
                self._looked_at = time.monotonic()
            if self._total_bytes + size > self._config.total_bytes:
                raise QuotaExceeded
            if self._free_bytes is not None and size + _SPARE_BYTES > self._free_bytes:
                raise StoreFull
            self._total_bytes += size

    def give_up(self, size: int) -> None:
        """Give up room that `check_room` has set aside, because the parcel is not made."""
        with self._lock:
            self._total_bytes -= size

    def reserve(self, rows: Connection, sender: str, size: int) -> None:
        """Reserve bytes in the transaction that makes the parcel. Raises QuotaExceeded."""
        is_possible = size <= self._config.sender_bytes
        reserved = {"of_sender": sender, "given_bytes": size}
        if not is_possible or rows.execute(self._reserve, reserved).first() is None:
            raise QuotaExceeded

    def give_back(self, rows: Connection, sender: str, size: int, *, parcels: int = 1) -> None:
        """Give back the bytes of parcels or kept files, in the transaction that notes their deletion."""
        rows.execute(_GIVE_BACK, {"of_sender": sender, "given_bytes": size, "given_parcels": parcels})

    def used_by(self, sender: str) -> int:
        """Return the bytes that are reserved for a sender."""
        with self._database.reading() as rows:
            return int(rows.execute(_OF_SENDER, {"of_sender": sender}).scalar_one_or_none() or 0)
