"""`GET /api/config`: the settings that the pages need before anybody signs in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Final
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify

from webbridge.blueprints.json_values import base64_text
from webbridge.delivery.limits import ITERATIONS, MAX_WHOLE_BYTES
from webbridge.delivery.settings import ParcelsConfig
from webbridge.services import services

# The version is raised when pages of the previous version would fail. Additions do not raise it. Sealwax 0.1 had none.
API_VERSION: Final = 2
OLDEST_PAGES: Final = 2

blueprint = Blueprint("settings", __name__)


@blueprint.get("/config")
def show_config() -> Response:
    """Return the versions, the anchors that the operator trusts for the pages, and the abilities of this bridge.

    Pages that were made for a version from `oldestPages` on can use this API. With `events`, they may ask for a stream
    of events. `timestampHost` is null, or the timestamp service that the bridge asks. `labelPolicy` is null, or has the
    security labels to offer. `push` is null, or has the public key with which browsers subscribe to push messages.
    `clearMail` says which messages may leave the pages unencrypted. `filters` says that a mail server takes filters.
    `reloadMinutes` is the longest time for a reload, or 0. `parcels` is null, or has the limits of a parcel.
    """
    config, trust_list, labels = services().config, services().trust_list.cms, services().label_policy
    return jsonify(
        apiVersion=API_VERSION,
        oldestPages=OLDEST_PAGES,
        anchors=_texts(services().anchors_der),
        timestampAnchors=_texts(services().timestamp_anchors_der),
        trustList=None if trust_list is None else base64_text(trust_list),
        timestampHost=urlsplit(config.timestamp_service).netloc or None,
        labelPolicy=None if labels is None else asdict(labels),
        clearMail=config.clear_mail.to_json(),
        mozilla=config.mozilla_roots,
        revocation=str(config.revocation),
        maxMessageBytes=config.max_message_bytes,
        events=config.has_events,
        filters=config.has_filters,
        push=None if config.push is None else {"key": config.push.public_key},
        reloadMinutes=config.reload_minutes,
        parcels=None if config.parcels is None else _parcel_limits(config.parcels),
    )


def _parcel_limits(parcels: ParcelsConfig) -> dict[str, int]:
    return {
        "maxBytes": parcels.max_parcel_bytes,
        "wholeBytes": MAX_WHOLE_BYTES,
        "maxDays": parcels.max_days,
        "maxRecipients": parcels.max_recipients,
        "iterations": ITERATIONS,
        "maxKeptFiles": parcels.max_kept_files,
    }


def _texts(certificates: Iterable[bytes]) -> list[str]:
    return [base64_text(certificate) for certificate in certificates]
