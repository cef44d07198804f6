"""`/api/open/key`: a recipient who has opened another parcel before gets a certificate for their own key.

The browser makes the key. A code that is mailed to the address confirms that the address is the recipient's. The CA's
signing service, which is no part of the bridge, makes the certificate.
"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from sealwax.service import ServiceError, error_response
from webbridge.blueprints.json_values import base64_text
from webbridge.blueprints.parcel_calls import delivery, read_request, require_ticket
from webbridge.delivery.limits import CODE_SECONDS
from webbridge.delivery.openings import Opened
from webbridge.delivery.own_keys.requests import KeyRequests, WrongCode
from webbridge.delivery.parcels import Parcel
from webbridge.delivery.recipient_members import ADDRESS, CODE, DIGEST, KEY_REQUEST
from webbridge.services import services

blueprint = Blueprint("parcel_keys", __name__)


@blueprint.post("/open/key")
def ask_for_key() -> Response:
    """Send a code to the address that a certification request names. The answer is the same for every address."""
    # The body of the request is read before the ticket, because the parcel may end while the body comes.
    members = read_request()
    keys, parcel = _require_keys()
    return jsonify(seconds=keys.ask(parcel, ADDRESS.read(members), KEY_REQUEST.read(members)))


@blueprint.post("/open/key/confirm")
def confirm_key() -> Response:
    """Return the certificate for the request with this digest if the code from the mail is right."""
    members = read_request()
    keys, parcel = _require_keys()
    digest, code = DIGEST.read(members), CODE.read(members)
    try:
        certificates = keys.confirm(parcel, ADDRESS.read(members), digest, code)
    except WrongCode as error:
        return error_response(error.status, error.code, error.message, further_members={"triesLeft": error.tries_left})
    return jsonify(certificates=[base64_text(certificate) for certificate in certificates])


def key_terms(opened: Opened) -> dict[str, object] | None:
    """Return the time for which a code is valid, or None if the parcel's recipients are offered no key."""
    keys = _keys_for(opened)
    return {"seconds": CODE_SECONDS} if keys is not None and keys.is_offered(opened.parcel) else None


def _require_keys() -> tuple[KeyRequests, Parcel]:
    opened = require_ticket()
    keys = _keys_for(opened)
    if keys is None:
        raise ServiceError(404, "no-keys", "This server has no keys for recipients of this parcel.")
    return keys, opened.parcel


def _keys_for(opened: Opened) -> KeyRequests | None:
    """Return the requests for keys; None if the bridge sends no notices, or if a certificate opened the parcel."""
    return None if opened.ticket.is_of_certificate or services().config.parcel_notices is None else delivery().keys
