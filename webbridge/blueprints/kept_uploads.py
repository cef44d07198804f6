"""`/api/files/ID/objects`: uploads of the chunks of a kept file with tus 1.0. A chunk's name is its number."""

from __future__ import annotations

from sealwax.service import ServiceError
from webbridge.blueprints import tus
from webbridge.blueprints.kept_files import require_file
from webbridge.delivery.kept.records import KeptStage
from webbridge.delivery.objects import chunk_sizes


def _require_target(file_id: str) -> tus.Target:
    """Return the file of the request, whose chunks may still come. Raises ServiceError."""
    account, file = require_file(file_id)
    tus.check_version()
    if file.stage is not KeptStage.UPLOADING:
        raise ServiceError(409, "submitted", "The file is complete, and does not change any more.")
    return tus.Target(account=account, path=f"/api/files/{file.id}", folder=file.folder, sizes=chunk_sizes(file))


blueprint = tus.upload_blueprint("kept_uploads", "files/<file_id>", _require_target)
