"""The table `[parcels]` of `bridge.toml`: parcels for people who may have no keys."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Self

from pydantic import Field, SecretStr, model_validator

from sealwax.operation.settings import Section, WrongSettings, key_bytes
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
from webbridge.delivery.settings import ParcelsConfig, check_accel_path, check_store, endpoint_origin

KEY: Final = "parcel_pepper"
_KEY_MISSING: Final = f"{KEY} is missing: `sealwax bridge parcel-pepper` makes it"
_WEEK_SECONDS: Final = 7 * 24 * 60 * 60  # The longest time that S3 accepts for a presigned URL.


class ParcelsSection(Section):
    """The settings of parcels. The bridge stores parcels as ciphertext."""

    store: str | None = Field(
        default=None,
        description="Folder of the parcels' bytes, or a URL as s3://bucket/folder; with it people send parcels",
    )
    endpoint: str = Field(
        default="",
        description="Address of an S3-compatible service: https://s3.example.org; Amazon's for presigned_seconds only",
    )
    upload_folder: Path | None = Field(
        default=None, description="Folder for objects that have not come whole, for a store at a URL"
    )
    accel_path: str = Field(
        default="",
        description="Internal location of nginx for the folder, as /parcel-files; nginx then sends the bytes",
    )
    presigned_seconds: int = Field(
        default=0,
        ge=0,
        le=_WEEK_SECONDS,
        description="Time for which clients fetch bytes from the S3 store itself; 0 lets the bridge send them",
    )
    max_parcel_bytes: int = Field(default=MAX_PARCEL_BYTES, gt=0, description="Largest parcel")
    sender_bytes: int = Field(default=SENDER_BYTES, gt=0, description="Bytes that one sender may have stored")
    total_bytes: int = Field(default=TOTAL_BYTES, gt=0, description="Bytes that all senders together may have stored")
    max_recipients: int = Field(default=MAX_RECIPIENTS, ge=1, le=MAX_RECIPIENTS, description="Recipients of a parcel")
    max_days: int = Field(default=MAX_DAYS, ge=1, le=MAX_DAYS, description="Longest life of a parcel")
    max_answer_bytes: int = Field(
        default=ANSWER_BYTES,
        ge=1,
        le=MAX_ANSWER_BYTES,
        description="Largest encrypted answer to a parcel; your mail server must take mails of 1.4 times this size",
    )
    max_kept_files: int = Field(
        default=MAX_KEPT_FILES, ge=0, le=MAX_KEPT_FILES, description="Files that a person may keep; 0 for none"
    )
    key_socket: Path | None = Field(
        default=None,
        description="Socket of `sealwax ca certify`; with it, people who open a second parcel get a certificate",
    )

    @model_validator(mode="after")
    def check_places(self) -> Self:
        """Refuse a wrong store, or a wrong internal location of nginx."""
        if self.store is not None:
            check_store(self.store)
        check_accel_path(self.accel_path)
        return self

    @property
    def presigned_origin(self) -> str | None:
        """The origin from which clients fetch bytes, or None if the bridge or its proxy sends them."""
        return endpoint_origin(self.endpoint) if self.store is not None and self.presigned_seconds else None

    def to_config(self, pepper: SecretStr | None) -> ParcelsConfig | None:
        """Return the configuration of parcels, or None without a store. Raises ValueError or WrongSettings."""
        if self.store is None:
            return None
        if pepper is None:
            raise WrongSettings([_KEY_MISSING])
        return ParcelsConfig(
            store=self.store,
            pepper=key_bytes(pepper),
            endpoint=self.endpoint,
            upload_folder=self.upload_folder,
            accel_path=self.accel_path,
            presigned_seconds=self.presigned_seconds,
            max_parcel_bytes=self.max_parcel_bytes,
            sender_bytes=self.sender_bytes,
            total_bytes=self.total_bytes,
            max_recipients=self.max_recipients,
            max_days=self.max_days,
            max_answer_bytes=self.max_answer_bytes,
            max_kept_files=self.max_kept_files,
            key_socket=self.key_socket,
        )
