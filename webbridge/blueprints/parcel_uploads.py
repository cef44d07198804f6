"""`/api/parcels/ID/objects`: uploads of the objects of a parcel with tus 1.0.

An object is named `manifest` or by its number.
"""

from __future__ import annotations

from sealwax.service import ServiceError
from webbridge.blueprints import tus
from webbridge.blueprints.parcel_calls import check_id, delivery, require_sender
from webbridge.delivery.objects import announced_sizes
from webbridge.delivery.parcels import ParcelGone
from webbridge.delivery.states import Stage


def _require_target(parcel_id: str) -> tus.Target:
    """Return the sender's parcel of the request, whose objects may still come. Raises ServiceError."""
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


blueprint = tus.upload_blueprint("parcel_uploads", "parcels/<parcel_id>", _require_target)
