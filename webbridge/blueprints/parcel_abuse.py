"""`/api/open/complaints` and `/api/refusals`: a recipient complains, and refuses all further notices.

The link of a refusal leads to a page of the API with two sentences and a button, and without a script. Following the
link changes nothing, because programs follow links. A refusal needs only the token in the link, no login, no cookie and
no special header. Mail programs can send the same request with their own button (RFC 8058).
"""

from __future__ import annotations

import html
from typing import Final

from flask import Blueprint, Response, request

from sealwax.service import API_POLICY, LeakyCounter, client_site
from sealwax.service.headers import set_policy
from sealwax.words import Language, is_right_to_left, language_of
from webbridge.blueprints.parcel_calls import delivery, read_request
from webbridge.database.tables import TABLES
from webbridge.delivery.abuse.complaints import Complaint
from webbridge.delivery.abuse.protection import Protection
from webbridge.delivery.abuse.refusals import allow_again, refuse
from webbridge.delivery.notices.words import words
from webbridge.delivery.recipient_members import REASON
from webbridge.delivery.submission import ID
from webbridge.services import services

_MAX_FORM_BYTES: Final = 4096
_ALLOW: Final = "allow"
_CHOICE: Final = "choice"
_POLICY: Final = {**API_POLICY, "form-action": "'self'"}
_COMPLAINTS_IN_AN_HOUR: Final = 20
_HOUR_SECONDS: Final = 60 * 60
_PAGE: Final = """<!doctype html>
<html lang="{language}" dir="{direction}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">
<title>{title}</title></head>
<body><main><h1>{title}</h1><p>{sentence}</p>{button}</main></body>
</html>
"""
_BUTTON: Final = (
    '<form method="post"><input type="hidden" name="choice" value="{choice}"><button>{text}</button></form>'
)

blueprint = Blueprint("parcel_abuse", __name__)


@blueprint.post("/open/complaints")
def complain() -> Response:
    """Accept a complaint about a parcel. The answer is the same for an unknown id."""
    members = read_request()
    parcel, reason = ID.read(members), REASON.read(members)
    network, clock = client_site(request.remote_addr), services().config.clock
    counter = LeakyCounter(
        services().database,
        clock,
        tables=TABLES,
        kind="parcel-complaint",
        seconds=_HOUR_SECONDS,
        refusal="Too many complaints have come from here. Try again later.",
    )
    counter.start({delivery().pepper.client_name(network): _COMPLAINTS_IN_AN_HOUR})
    protection().complaints.take(Complaint(parcel=parcel, reason=reason, network=network), clock())
    return Response(status=204)


@blueprint.get("/refusals/<token>")
def show_refusal(token: str) -> Response:
    """Ask whether the address of the token wants no more notices. Nothing changes."""
    language = _language()
    texts, address = words(language), protection().refusals.open(token)
    if address is None:
        return _page(language, texts["refusal_wrong"], status=404)
    return _page(language, texts["refusal_ask"], address=address, choice="refuse", button=texts["refusal_yes"])


@blueprint.post("/refusals/<token>")
def answer_refusal(token: str) -> Response:
    """Refuse all further notices for the address of the token. The choice `allow` takes the refusal back."""
    request.max_content_length = _MAX_FORM_BYTES
    language = _language()
    texts, address = words(language), protection().refusals.open(token)
    if address is None:
        return _page(language, texts["refusal_wrong"], status=404)
    blocks = protection().blocks
    if request.form.get(_CHOICE) == _ALLOW:
        allow_again(blocks, address)
        return _page(language, texts["refusal_allowed"], address=address, choice="refuse", button=texts["refusal_yes"])
    refuse(blocks, address, services().config.clock())
    return _page(language, texts["refusal_done"], address=address, choice=_ALLOW, button=texts["refusal_again"])


def protection() -> Protection:
    """Return the protection against abuse in the application that answers the request."""
    parts = services().protection
    if parts is None:
        raise TypeError("this bridge has no parcels")
    return parts


def _language() -> Language:
    return language_of(request.args.get("language", ""))


def _page(
    language: Language, sentence: str, *, address: str = "", choice: str = "", button: str = "", status: int = 200
) -> Response:
    named = f'<bdi dir="ltr">{html.escape(address)}</bdi>'
    text = _PAGE.format(
        language=language,
        direction="rtl" if is_right_to_left(language) else "ltr",
        title=html.escape(words(language)["refusal_title"]),
        sentence=html.escape(sentence).replace("{address}", named),
        button=_BUTTON.format(choice=choice, text=html.escape(button)) if button else "",
    )
    set_policy(_POLICY)
    return Response(text, status=status, mimetype="text/html")
