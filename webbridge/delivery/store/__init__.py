"""The bytes of parcels, in a folder of this machine or in any store that fsspec reaches.

Objects never change. An object gets its name only when all of its bytes are durable. So the names in a folder are the
record of complete objects.
"""

from __future__ import annotations

from contextlib import suppress

from sealwax.service import ServiceError
from webbridge.delivery.settings import ParcelsConfig
from webbridge.delivery.store.disk import DiskStore
from webbridge.delivery.store.protocol import WHOLE, Store, StoreFailed, StoreFull
from webbridge.delivery.store.remote import RemoteStore
from webbridge.delivery.store.uploads import Uploads

__all__ = [
    "WHOLE",
    "DiskStore",
    "RemoteStore",
    "Store",
    "StoreFailed",
    "StoreFull",
    "Uploads",
    "open_store",
    "store_whole",
]


def open_store(config: ParcelsConfig) -> tuple[Store, Uploads]:
    """Return the store of a configuration, and the uploads into it. Raises StoreFailed."""
    if config.is_folder:
        disk = DiskStore(config.store, accel_path=config.accel_path)
        return disk, Uploads(disk.upload_folder, disk, modes=disk.modes)
    remote = RemoteStore(config.store, endpoint=config.endpoint, presigned_seconds=config.presigned_seconds)
    if config.upload_folder is None:
        raise ValueError("parcels.upload_folder is missing")
    return remote, Uploads(config.upload_folder, remote)


def store_whole(store: Store, folder: str, body: bytes) -> None:
    """Store the object WHOLE of a new folder durably. The folder is deleted if that fails. Raises ServiceError."""
    try:
        store.write_whole(folder, body)
    except ServiceError:
        with suppress(ServiceError):
            store.delete(folder)
        raise
