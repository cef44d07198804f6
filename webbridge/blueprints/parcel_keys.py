"""`/api/open/key`: a recipient who has opened another parcel before gets a certificate for their own key.

The browser makes the key. A code that is mailed to the address confirms that the address is the recipient's. The CA's
signing service, which is no part of the bridge, makes the certificate.
"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from sealwax.service import ServiceError, error_response
from smime_core.text import parse_address
from webbridge.blueprints.json_values import base64_text
from webbridge.blueprints.parcel_calls import delivery, read_request, require_ticket
from webbridge.delivery.limits import CODE_SECONDS, FINGERPRINT_BYTES, MAX_KEY_REQUEST_BYTES
from webbridge.delivery.openings import Opened
from webbridge.delivery.own_keys.requests import KeyRequests, WrongCode
from webbridge.delivery.parcels import Parcel
from webbridge.delivery.pepper import CODE_DIGITS
from webbridge.delivery.submission import bad_request, bytes_of_base64, bytes_of_base64url
from webbridge.services import services

blueprint = Blueprint("parcel_keys", __name__)


@blueprint.post("/open/key")
def ask_for_key() -> Response:
    """Send a code to the address that a certification request names. The answer is the same for every address."""
    # The request is read first, because the parcel may end while the request comes.
    members = read_request()
    keys, parcel = _require_keys()
    request_der = bytes_of_base64(members.get("request"), max_bytes=MAX_KEY_REQUEST_BYTES)
    return jsonify(seconds=keys.ask(parcel, _address_in(members), request_der))


@blueprint.post("/open/key/confirm")
def confirm_key() -> Response:
    """Return the certificate for the request with this digest if the code from the mail is right."""
    members = read_request()
    keys, parcel = _require_keys()
    digest, code = bytes_of_base64url(members.get("digest"), FINGERPRINT_BYTES), members.get("code")
    if digest is None or not isinstance(code, str) or not _is_code(code):
        raise bad_request(f"A confirmation has the code of {CODE_DIGITS} digits, and SHA-256 of the request.")
    try:
        certificates = keys.confirm(parcel, _address_in(members), digest, code)
    except WrongCode as error:
        return error_response(error.status, error.code, error.message, further_members={"triesLeft": error.tries_left})
    return jsonify(certificates=[base64_text(certificate) for certificate in certificates])


def key_terms(opened: Opened) -> dict[str, object] | None:
    """Return the time that a code counts, or None if recipients of the parcel are offered no key."""
    keys = _keys_for(opened)
    return {"seconds": CODE_SECONDS} if keys is not None and keys.is_offered(opened.parcel) else None


def _require_keys() -> tuple[KeyRequests, Parcel]:
    opened = require_ticket()
    keys = _keys_for(opened)
    if keys is None:
        raise ServiceError(404, "no-keys", "This server has no keys for recipients of this parcel.")
    return keys, opened.parcel


def _keys_for(opened: Opened) -> KeyRequests | None:
    """Return the requests for keys. None without a mail server, and for people who have a certificate."""
    return None if opened.ticket.is_of_certificate or services().config.parcel_notices is None else delivery().keys


def _is_code(text: str) -> bool:
    return len(text) == CODE_DIGITS and text.isascii() and text.isdigit()


def _address_in(members: dict[str, object]) -> str:
    address = members.get("address")
    if not isinstance(address, str) or parse_address(address) is None:
        raise bad_request("The member address is a mail address.")
    return address
