"""`/api/parcels/ID/objects`: uploads of the objects of a parcel by tus 1.0.

An object is named `manifest` or by its number.
"""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response

from sealwax.service import ServiceError
from webbridge.blueprints import tus
from webbridge.blueprints.parcel_calls import check_id, delivery, require_sender
from webbridge.delivery.objects import announced_sizes
from webbridge.delivery.parcels import ParcelGone
from webbridge.delivery.states import Stage

blueprint = Blueprint("parcel_uploads", __name__)
blueprint.after_request(tus.name_version)


@blueprint.post("/parcels/<parcel_id>/objects")
def begin_object(parcel_id: str) -> Response:
    """Begin the upload of an object, perhaps with its first bytes. An upload that was begun before goes on."""
    return tus.begin_upload(_require_target(parcel_id))


@blueprint.route("/parcels/<parcel_id>/objects/<name>", methods=["HEAD"])
def show_offset(parcel_id: str, name: str) -> Response:
    """Say how many bytes of the object have come."""
    return tus.answer_offset(_require_target(parcel_id), name)


@blueprint.patch("/parcels/<parcel_id>/objects/<name>")
def send_bytes(parcel_id: str, name: str) -> Response:
    """Add bytes to the object at its offset. They are durable before the answer."""
    return tus.append_bytes(_require_target(parcel_id), name)


@blueprint.delete("/parcels/<parcel_id>/objects/<name>")
def end_object(parcel_id: str, name: str) -> Response:
    """End the upload of the object, and delete its bytes."""
    return tus.end_upload(partial(_require_target, parcel_id), name)


def _require_target(parcel_id: str) -> tus.Target:
    """Return the sender's parcel, whose objects may still come. Raises ServiceError."""
    parcel = delivery().parcels.find_own(require_sender(), check_id(parcel_id))
    tus.check_version()
    if parcel.stage is Stage.SUBMITTED:
        raise ServiceError(409, "submitted", "The parcel is submitted, and does not change any more.")
    if parcel.stage is not Stage.UPLOADING:
        raise ParcelGone(parcel.stage)
    return tus.Target(
        account=parcel.sender,
        path=f"/api/parcels/{parcel.id}",
        folder=parcel.folder,
        sizes=announced_sizes(parcel),
    )
