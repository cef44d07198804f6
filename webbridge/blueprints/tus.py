"""Uploads with tus 1.0 (core, creation, creation-with-upload, termination) of the objects of a parcel or a kept file.

Each object has the announced size and one URL, so an upload that was begun twice is the same upload. All objects
together have at most the reserved size.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response, request

from sealwax.service import ServiceError
from webbridge.blueprints.parcel_calls import delivery, place_of
from webbridge.delivery.limits import MAX_OBJECT_BYTES
from webbridge.delivery.members import bad_request
from webbridge.delivery.store.locks import NoUpload

VERSION: Final = "1.0.0"
_EXTENSIONS: Final = "creation,creation-with-upload,termination"
_BYTES: Final = "application/offset+octet-stream"
_MAX_DIGITS: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The parcel or file whose objects are uploaded. `path` is its URL, `sizes` the announced size of each object."""

    account: str
    path: str
    folder: str
    sizes: dict[str, int]


def upload_blueprint(name: str, place: str, require_target: Callable[[str], Target]) -> Blueprint:
    """Return the routes for the objects at `place`, a URL rule with one value. `require_target` gets this value.

    `require_target` raises ServiceError if there are no such objects, or if they cannot change any more.
    """
    blueprint = Blueprint(name, __name__)
    blueprint.after_request(_name_version)
    objects = f"/{place}/objects"

    @blueprint.post(objects)
    def begin_object(**owner: str) -> Response:
        return _begin_upload(require_target(*owner.values()))

    @blueprint.route(f"{objects}/<name>", methods=["HEAD"])
    def show_offset(name: str, **owner: str) -> Response:
        return _answer_offset(require_target(*owner.values()), name)

    @blueprint.patch(f"{objects}/<name>")
    def send_bytes(name: str, **owner: str) -> Response:
        return _append_bytes(require_target(*owner.values()), name)

    @blueprint.delete(f"{objects}/<name>")
    def end_object(name: str, **owner: str) -> Response:
        return _end_upload(lambda: require_target(*owner.values()), name)

    return blueprint


def check_version() -> None:
    """Check the version that the request names. Raises ServiceError."""
    if request.headers.get("Tus-Resumable") != VERSION:
        raise ServiceError(412, "wrong-version", f"The header Tus-Resumable: {VERSION} is expected.")


def _begin_upload(target: Target) -> Response:
    """Begin the upload of an object, perhaps with its first bytes, or continue an upload that was begun before."""
    name = _name_in(request.headers.get("Upload-Metadata", ""))
    size = target.sizes.get(name)
    if size is None:
        raise bad_request("The metadata has no name of an object that was announced.")
    if _number_in("Upload-Length") != size:
        raise bad_request(f"The object {name} was announced with {size} bytes.")
    delivery().uploads.begin(target.folder, name)
    response = Response(status=201)
    if request.mimetype == _BYTES and request.content_length != 0:
        response.headers["Upload-Offset"] = str(_append(target, name, size, offset=0))
    response.headers["Location"] = f"{target.path}/objects/{name}"
    return response


def _answer_offset(target: Target, name: str) -> Response:
    """Answer with the number of bytes that have arrived of an object."""
    size = _size_of(target, name)
    offset = delivery().uploads.offset_of(target.folder, name, size=size)
    return Response(status=200, headers={"Upload-Offset": str(offset), "Upload-Length": str(size)})


def _append_bytes(target: Target, name: str) -> Response:
    """Add bytes to an object at its offset. The bytes are durable before the answer is sent."""
    size = _size_of(target, name)
    if request.mimetype != _BYTES:
        raise ServiceError(415, "bad-request", f"The content type {_BYTES} is expected.")
    offset = _append(target, name, size, offset=_number_in("Upload-Offset"))
    return Response(status=204, headers={"Upload-Offset": str(offset)})


def _end_upload(require_target: Callable[[], Target], name: str) -> Response:
    """End the upload of an object, and delete its bytes. `require_target` raises if no object can be deleted."""
    uploads = delivery().uploads
    target = require_target()
    with place_of(target.account), uploads.in_turn(target.folder):
        # Another request may have submitted the objects while this request waited.
        target = require_target()
        _size_of(target, name)
        uploads.end(target.folder, name)
    return Response(status=204)


def _name_version(response: Response) -> Response:
    """Add the version of tus to each answer, also to errors."""
    response.headers["Tus-Resumable"] = VERSION
    if request.method == "OPTIONS" or response.status_code == 412:
        response.headers["Tus-Version"] = VERSION
        response.headers["Tus-Extension"] = _EXTENSIONS
        response.headers["Tus-Max-Size"] = str(MAX_OBJECT_BYTES)
    return response


def _append(target: Target, name: str, size: int, *, offset: int) -> int:
    request.max_content_length = MAX_OBJECT_BYTES
    if request.content_length is not None and request.content_length > size - offset:
        raise ServiceError(413, "parcel-too-large", "The request has more bytes than the object lacks.")
    with delivery().upload_gate.one(target.account):
        return delivery().uploads.append(target.folder, name, request.stream, size=size, offset=offset)


def _size_of(target: Target, name: str) -> int:
    size = target.sizes.get(name)
    if size is None:
        raise NoUpload
    return size


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
