"""The operator's settings of parcels, as a frozen dataclass."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from smime_core.text import check_origin
from webbridge.delivery.limits import (
    ANSWER_BYTES,
    MAX_ANSWER_BYTES,
    MAX_DAYS,
    MAX_KEPT_FILES,
    MAX_PARCEL_BYTES,
    MAX_RECIPIENTS,
    SENDER_BYTES,
    TOTAL_BYTES,
)
from webbridge.delivery.pepper import KEY_BYTES

_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^\s?#]+")
_S3: Final = "s3://"
_ACCEL: Final = re.compile(r"(/[A-Za-z0-9._~-]+)+")


def check_store(store: str) -> None:
    """Check that the store is an absolute path, or a URL that fsspec accepts. Raises ValueError."""
    if not store.startswith("/") and _URL.fullmatch(store) is None:
        raise ValueError("an absolute path is expected, or a URL as s3://bucket/folder")


def check_accel_path(path: str) -> None:
    """Check the path of nginx's internal location. The path may be empty. Raises ValueError."""
    if path and _ACCEL.fullmatch(path) is None:
        raise ValueError("a path as /parcel-files is expected, without a slash at its end, or an empty text")


def endpoint_origin(endpoint: str) -> str:
    """Return the origin of the URLs at which clients fetch bytes from the store. Raises ValueError.

    If there is an endpoint, clients of S3 write the bucket into the path. So all URLs have the endpoint's origin.
    """
    parts = urlsplit(endpoint)
    origin = f"{parts.scheme}://{parts.netloc}"
    check_origin(origin)
    return origin


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelsConfig:
    """The settings of parcels.

    `store` is the folder of the bytes, or a URL for fsspec, such as `s3://bucket/folder`. `endpoint` is the address of
    an S3-compatible service. A store at a URL needs `upload_folder` on this machine for objects
    that have not come whole.

    With `accel_path`, nginx sends the bytes of the folder. With `presigned_seconds`, clients fetch them from the store,
    at URLs that are valid for this time. These URLs have the origin of `endpoint`, which the pages' policy must allow.
    Without both, the bridge sends the bytes.

    With `max_kept_files`, people may keep files for themselves. Kept files count for `sender_bytes` as parcels do.

    With `key_socket`, the socket of `sealwax ca certify`, people who open a second parcel get their own certificate.

    `pepper` has 32 bytes. It is not in the database.
    """

    store: str = field(repr=False)
    pepper: bytes = field(repr=False)
    endpoint: str = ""
    upload_folder: Path | None = None
    accel_path: str = ""
    presigned_seconds: int = 0
    max_parcel_bytes: int = MAX_PARCEL_BYTES
    sender_bytes: int = SENDER_BYTES
    total_bytes: int = TOTAL_BYTES
    max_recipients: int = MAX_RECIPIENTS
    max_days: int = MAX_DAYS
    max_answer_bytes: int = ANSWER_BYTES
    max_kept_files: int = MAX_KEPT_FILES
    key_socket: Path | None = None

    def __post_init__(self) -> None:
        check_store(self.store)
        check_accel_path(self.accel_path)
        if len(self.pepper) != KEY_BYTES:
            raise ValueError(f"parcel_pepper has {len(self.pepper)} bytes, {KEY_BYTES} are expected")
        if self.key_socket is not None and not self.key_socket.is_absolute():
            raise ValueError("parcels.key_socket: an absolute path is expected")
        if self.presigned_seconds:
            _check_presigned(self.store, self.endpoint)
        if not self.is_folder and self.accel_path:
            raise ValueError("parcels.accel_path: a store in a folder is expected")
        if not self.is_folder and self.upload_folder is None:
            raise ValueError("parcels.upload_folder is missing: the folder for objects that have not come whole")
        for name, least, most in (
            ("max_days", 1, MAX_DAYS),
            ("max_recipients", 1, MAX_RECIPIENTS),
            ("max_answer_bytes", 1, MAX_ANSWER_BYTES),
            ("max_kept_files", 0, MAX_KEPT_FILES),
        ):
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"parcels.{name} is {getattr(self, name)}, {least} to {most} is expected")

    @property
    def is_folder(self) -> bool:
        """Whether the store is a folder of this machine."""
        return self.store.startswith("/")


def _check_presigned(store: str, endpoint: str) -> None:
    if not store.startswith(_S3):
        raise ValueError("parcels.presigned_seconds: a store at s3:// is expected")
    if not endpoint:
        text = "the pages let browsers fetch from this address only; Amazon's is https://s3.REGION.amazonaws.com"
        raise ValueError(f"parcels.endpoint is missing: {text}")
    try:
        endpoint_origin(endpoint)
    except ValueError as error:
        raise ValueError(f"parcels.endpoint: {error}") from None
