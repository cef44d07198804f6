"""`sealwax bridge parcel-pepper`: the key for the records of proofs of parcels in the database."""

from __future__ import annotations

import secrets

from sealwax.cli.options.request import verb
from sealwax.cli.streams.files import write_line
from sealwax.operation.founding import write_secret
from sealwax.operation.program import ConfigRequest
from sealwax.operation.service_user import become_owner
from sealwax.operation.settings import own_secrets_folder
from webbridge.delivery.pepper import KEY_BYTES
from webbridge.operation.parcels_section import KEY
from webbridge.operation.settings import BRIDGE


@verb(BRIDGE.request_class())
def parcel_pepper(request: ConfigRequest) -> None:
    """Make the key of parcels, unless there is one.

    The key is the secret parcel_pepper. Root makes it as the user of the service. Keep it with your backups, but apart
    from those of the database: without it nobody can open the parcels that are stored.
    """
    folder = own_secrets_folder(request.config)
    become_owner([folder])
    made = write_secret(folder / KEY, f"{secrets.token_hex(KEY_BYTES)}\n")
    if made is None:
        write_line(f"{folder / KEY} is kept")
    else:
        write_line(f"{made} was made: its unit needs the line LoadCredential={KEY}:{made}")
