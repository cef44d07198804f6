"""The lock of an upload: one request at a time adds to its file."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sealwax.service import ServiceError


class NoUpload(ServiceError):
    """The object was never begun, or its upload was ended."""

    def __init__(self) -> None:
        super().__init__(404, "not-found", "There is no such upload. Begin it anew.")


class UploadBusy(ServiceError):
    """Another request is adding to the object."""

    def __init__(self) -> None:
        super().__init__(423, "upload-busy", "Another request is sending this object. Wait until it has ended.", 1)


@contextmanager
def lock_upload(path: Path) -> Iterator[int]:
    """The descriptor of a file that nobody else adds to. Raises NoUpload, UploadBusy or OSError."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
    except FileNotFoundError:
        raise NoUpload from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UploadBusy from None
        # The request before may have given the file to the store between the two calls.
        try:
            is_same = os.path.samestat(os.fstat(descriptor), path.stat())
        except FileNotFoundError:
            is_same = False
        if not is_same:
            raise NoUpload
        yield descriptor
    finally:
        os.close(descriptor)
