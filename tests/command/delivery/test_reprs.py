"""The parts of the client show no secret when they are printed, as in the text of an error of Python."""

from __future__ import annotations

import pytest

from sealwax.delivery.address import parse_link
from sealwax.delivery.connection import Call
from sealwax.delivery.fields import Fields
from sealwax.delivery.kept_sends import KeptSend
from sealwax.delivery.outgoing import outgoing_message
from sealwax.delivery.recipient_api import Challenge, OpenedParcel
from sealwax.delivery.sender_api import Kind, NewParcel, SentParcel
from sealwax.delivery.sending import Sent
from smime_core.parcels import ParcelKey

ID = "AAAAAAAAAAAAAAAAAAAAAA"
SECRET = "abandonability"
NEW_PARCEL = NewParcel(
    parcel_id=ID,
    to=(),
    salt=bytes(16),
    proof=SECRET.encode(),
    certificates=(),
    kind=Kind.FILES,
    objects=(),
    manifest=1,
    days=1,
    downloads=None,
    whole=True,
)


@pytest.mark.parametrize(
    "part",
    [
        Call(method="POST", path="/api/open", headers={"Authorization": SECRET}, body=SECRET.encode()),
        Challenge(cms=b"", token=SECRET),
        Fields({"proof": SECRET}),
        KeptSend(parcel_id=ID, created=0, secret=SECRET, salt=bytes(16)),
        NEW_PARCEL,
        OpenedParcel(parcel_id=ID, reference="R", kind="files", objects=(), manifest=1, until=None, ticket=SECRET),
        ParcelKey(salt=bytes(16), kek=SECRET.ljust(32).encode()),
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
