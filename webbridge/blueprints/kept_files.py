"""`/api/files`: the files that a person keeps. Only a session of the person's account has access to them.

A file is announced, its objects are uploaded, its manifest finishes it, and a new version of the index keeps it. Each
account has one index, of which the bridge knows only the version and the size.
"""

from __future__ import annotations

import json
from itertools import chain

from flask import Blueprint, Response, jsonify, make_response, request

from sealwax.service import ServiceError
from webbridge.blueprints.line_bodies import read_line, read_objects
from webbridge.blueprints.object_bytes import answer_object, unbroken
from webbridge.blueprints.parcel_calls import body_of, delivery, place_of, read_manifest
from webbridge.delivery.ids import is_parcel_id
from webbridge.delivery.kept.announcements import parse_new_file, parse_new_index
from webbridge.delivery.kept.records import KeptFile, KeptStage, NoFile, StoredIndex
from webbridge.delivery.limits import MAX_INDEX_BYTES, MAX_LINE_BYTES, MAX_WHOLE_BYTES
from webbridge.delivery.objects import find_object
from webbridge.records import recorded_kept_file
from webbridge.services import require_session

blueprint = Blueprint("kept_files", __name__)


@blueprint.post("/files")
def create_file() -> Response:
    """Reserve the room for a file. The body is one line of JSON, then all objects if the file is `whole`.

    A repeated request gets the same answer.
    """
    account = require_session().address
    request.max_content_length = MAX_LINE_BYTES + MAX_WHOLE_BYTES
    with body_of(account):
        new = parse_new_file(read_line(request.stream), delivery().config)
        body = read_objects(request.stream, new.total_bytes if new.is_whole else 0)
    with recorded_kept_file(account) as record:
        file, is_new = delivery().kept.create(account, new, body)
        record.outcome = "file-created" if is_new else "file-repeated"
    response = make_response(jsonify(_render(file)), 201 if is_new else 200)
    response.headers["Location"] = f"/api/files/{file.id}"
    return response


@blueprint.post("/files/<file_id>/finish")
def finish_file(file_id: str) -> Response:
    """Store the manifest of a file whose chunks have all come. The body is the manifest."""
    account, file = require_file(file_id)
    manifest = read_manifest(account)
    with place_of(account), recorded_kept_file(account) as record:
        record.outcome = "file-complete"
        finished = delivery().kept.finish(account, file.id, manifest)
    return jsonify(_render(finished))


@blueprint.delete("/files/<file_id>")
def end_file(file_id: str) -> Response:
    """Delete a file that no index names yet."""
    account, file = require_file(file_id)
    with recorded_kept_file(account) as record:
        record.outcome = "file-ended"
        delivery().kept.end(account, file.id)
    return Response(status=204)


@blueprint.get("/files/<file_id>/bytes/<name>")
def show_object(file_id: str, name: str) -> Response:
    """Return an object, or the requested range of it, or the URL of the object in the store as JSON.

    The URL is not sent as a redirect, because the browser would then send the page's credentials to the store, which
    does not accept them.
    """
    _, file = require_file(file_id)
    stored_object = None if file.stage is KeptStage.UPLOADING else find_object(file, name)
    if stored_object is None:
        raise ServiceError(404, "not-found", "The file has no such object.")
    elsewhere = (
        None if stored_object.is_part else delivery().store.find_elsewhere(stored_object.folder, stored_object.name)
    )
    if elsewhere is not None and elsewhere.url:
        return jsonify(url=elsewhere.url)
    return answer_object(stored_object, elsewhere)


@blueprint.get("/files/index")
def show_index() -> Response:
    """Return one line of JSON about the index, and then its objects: the chunks in order, and the manifest."""
    account = require_session().address
    index, pieces = delivery().kept.read_index(account)
    line = json.dumps(_render_index(account, index)).encode() + b"\n"
    response = Response(chain((line,), unbroken(pieces)), mimetype="application/octet-stream")
    response.content_length = len(line) + index.total_bytes
    return response


@blueprint.put("/files/index")
def store_index() -> Response:
    """Store the next version of the index. The body is one line of JSON, then the objects of the index.

    The files in `kept` are kept from now on, and the files in `deleted` are deleted.
    """
    account = require_session().address
    request.max_content_length = MAX_LINE_BYTES + MAX_INDEX_BYTES
    with body_of(account):
        new = parse_new_index(read_line(request.stream))
        body = read_objects(request.stream, new.total_bytes)
    with recorded_kept_file(account) as record:
        record.outcome = "index-stored"
        index = delivery().kept.put_index(account, new, body)
    return jsonify(_render_index(account, index))


def require_file(file_id: str) -> tuple[str, KeptFile]:
    """Return the account of the session, and its file. Raises ServiceError."""
    account = require_session().address
    if not is_parcel_id(file_id):
        raise NoFile
    return account, delivery().kept.find(account, file_id)


def _render(file: KeptFile) -> dict[str, object]:
    return {
        "id": file.id,
        "objects": list(file.objects),
        "manifest": file.manifest_bytes,
        "state": file.stage,
    }


def _render_index(account: str, index: StoredIndex) -> dict[str, object]:
    return {
        "version": index.version,
        "objects": list(index.objects),
        "manifest": index.manifest_bytes,
        "used": delivery().quota.used_by(account),
        "quota": delivery().config.sender_bytes,
    }
