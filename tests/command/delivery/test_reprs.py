"""The parts of the client show no secret when they are printed, as in the text of an error of Python."""

from __future__ import annotations

import datetime

import pytest

from sealwax.delivery.address import parse_link
from sealwax.delivery.fields import ServiceAnswer
from sealwax.delivery.outgoing import outgoing_message
from sealwax.delivery.recipient_api import Challenge, OpenedParcel
from sealwax.delivery.send_states import SendState
from sealwax.delivery.sender_api import SentParcel
from sealwax.delivery.sending import Sent
from sealwax.http_client import HttpCall
from smime_core.parcels import ParcelKey, ParcelPlan, ParcelTerms

ID = "AAAAAAAAAAAAAAAAAAAAAA"
SECRET = "abandonability"
KEY = ParcelKey(salt=bytes(16), kek=SECRET.ljust(32).encode())
PLAN = ParcelPlan(
    parcel=ID,
    sender="alice@example.test",
    to=(),
    created=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    files=(),
    key=KEY,
    terms=ParcelTerms(salt=bytes(16), proof=SECRET.encode(), days=1),
    whole_bytes=1,
)


@pytest.mark.parametrize(
    "part",
    [
        HttpCall(method="POST", path="/api/open", headers={"Authorization": SECRET}, body=SECRET.encode()),
        Challenge(cms=b"", token=SECRET),
        ServiceAnswer({"proof": SECRET}, "answer"),
        SendState(parcel_id=ID, created=0, secret=SECRET, salt=bytes(16)),
        PLAN,
        OpenedParcel(parcel_id=ID, reference="R", kind="files", objects=(), manifest=1, until=None, ticket=SECRET),
        KEY,
        Sent(
            parcel=SentParcel(parcel_id=ID, reference="R", state="submitted", expires=None),
            expected_receipt=None,
            secret=SECRET,
        ),
        outgoing_message("message.eml", SECRET.encode(), SECRET),
        parse_link(f"https://mail.example.org/parcel.html#{ID}.{SECRET}"),
    ],
    ids=lambda part: type(part).__name__,
)
def test_no_part_shows_a_secret(part: object) -> None:
    assert SECRET not in repr(part)
    assert SECRET not in str(part)
