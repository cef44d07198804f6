"""`/api/parcels/ID/objects`: uploads by tus 1.0 (core, creation, creation-with-upload, termination).

An object is named `manifest` or by its number, and has the size that the sender has announced. Each has one address, so
that an upload that was begun twice is the same one. The size of the reserved parcel bounds all of them.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Final

from flask import Blueprint, Response, request

from sealwax.service import ServiceError
from webbridge.blueprints.parcel_calls import check_id, delivery, require_sender
from webbridge.delivery.delivery import size_of
from webbridge.delivery.limits import MAX_OBJECT_BYTES
from webbridge.delivery.parcels import Parcel, ParcelGone
from webbridge.delivery.states import Stage
from webbridge.delivery.store.locks import NoUpload
from webbridge.delivery.submission import bad_request

VERSION: Final = "1.0.0"
_EXTENSIONS: Final = "creation,creation-with-upload,termination"
_BYTES: Final = "application/offset+octet-stream"
_MAX_DIGITS: Final = 15

blueprint = Blueprint("parcel_uploads", __name__)


@blueprint.after_request
def name_version(response: Response) -> Response:
    """Name the version of tus, also in errors."""
    response.headers["Tus-Resumable"] = VERSION
    if request.method == "OPTIONS" or response.status_code == 412:
        response.headers["Tus-Version"] = VERSION
        response.headers["Tus-Extension"] = _EXTENSIONS
        response.headers["Tus-Max-Size"] = str(MAX_OBJECT_BYTES)
    return response


@blueprint.post("/parcels/<parcel_id>/objects")
def begin_object(parcel_id: str) -> Response:
    """Begin the upload of an object, perhaps with its first bytes. An upload that was begun before goes on."""
    parcel = _require_parcel(parcel_id)
    name = _name_in(request.headers.get("Upload-Metadata", ""))
    size = size_of(parcel, name)
    if size is None:
        raise bad_request("The metadata has no name of an object that was announced.")
    if _number_in("Upload-Length") != size:
        raise bad_request(f"The object {name} was announced with {size} bytes.")
    delivery().uploads.begin(parcel.folder, name)
    response = Response(status=201)
    if _has_bytes():
        response.headers["Upload-Offset"] = str(_append(parcel, name, size, offset=0))
    response.headers["Location"] = f"/api/parcels/{parcel.id}/objects/{name}"
    return response


@blueprint.route("/parcels/<parcel_id>/objects/<name>", methods=["HEAD"])
def show_offset(parcel_id: str, name: str) -> Response:
    """Say how many bytes of the object have come."""
    parcel, size = _require_object(parcel_id, name)
    response = Response(status=200)
    response.headers["Upload-Offset"] = str(delivery().uploads.offset_of(parcel.folder, name, size=size))
    response.headers["Upload-Length"] = str(size)
    return response


@blueprint.patch("/parcels/<parcel_id>/objects/<name>")
def send_bytes(parcel_id: str, name: str) -> Response:
    """Add bytes to the object at its offset. They are durable before the answer."""
    parcel, size = _require_object(parcel_id, name)
    if request.mimetype != _BYTES:
        raise ServiceError(415, "bad-request", f"The content type {_BYTES} is expected.")
    response = Response(status=204)
    response.headers["Upload-Offset"] = str(_append(parcel, name, size, offset=_number_in("Upload-Offset")))
    return response


@blueprint.delete("/parcels/<parcel_id>/objects/<name>")
def end_object(parcel_id: str, name: str) -> Response:
    """End the upload of the object, and delete its bytes."""
    parcel, _ = _require_object(parcel_id, name)
    delivery().uploads.end(parcel.folder, name)
    return Response(status=204)


def _append(parcel: Parcel, name: str, size: int, *, offset: int) -> int:
    request.max_content_length = MAX_OBJECT_BYTES
    if request.content_length is not None and request.content_length > size - offset:
        raise ServiceError(413, "parcel-too-large", "The request has more bytes than the object lacks.")
    with delivery().upload_gate.one(parcel.sender):
        return delivery().uploads.append(parcel.folder, name, request.stream, size=size, offset=offset)


def _require_object(parcel_id: str, name: str) -> tuple[Parcel, int]:
    parcel = _require_parcel(parcel_id)
    size = size_of(parcel, name)
    if size is None:
        raise NoUpload
    return parcel, size


def _require_parcel(parcel_id: str) -> Parcel:
    """Return the sender's parcel, whose objects may still come. Raises ServiceError."""
    parcel = delivery().parcels.find_own(require_sender(), check_id(parcel_id))
    if request.headers.get("Tus-Resumable") != VERSION:
        raise ServiceError(412, "wrong-version", f"The header Tus-Resumable: {VERSION} is expected.")
    if parcel.stage is Stage.SUBMITTED:
        raise ServiceError(409, "submitted", "The parcel is submitted, and does not change any more.")
    if parcel.stage is not Stage.UPLOADING:
        raise ParcelGone(parcel.stage)
    return parcel


def _has_bytes() -> bool:
    return request.mimetype == _BYTES and request.content_length != 0


def _number_in(header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise bad_request(f"The header {header} is a number of bytes.")
    return int(text)


def _name_in(metadata: str) -> str:
    """Return the value of `name` in the metadata of tus: pairs of a key and base64, separated by commas."""
    for pair in metadata.split(","):
        key, _, value = pair.strip().partition(" ")
        if key == "name":
            try:
                return b64decode(value, validate=True).decode("ascii")
            except (binascii.Error, ValueError):
                break
    raise bad_request("The header Upload-Metadata has no name.")
