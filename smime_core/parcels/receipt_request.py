"""The request for signed receipts in the signature of a manifest (RFC 2634 section 2.2).

Its signedContentIdentifier is the id of the parcel, so a server can find the parcel of a receipt without reading the
manifest. All recipients are asked, and nobody has to give a receipt.
"""

from __future__ import annotations

import dataclasses

from smime_core.asn1.general_names import mail_name
from smime_core.cms.signing import Signing
from smime_core.ess.receipt_request import AllOrFirstTier, ReceiptRequest, build_receipt_request


def asking_for_receipts(signing: Signing, *, parcel: str, sender: str) -> Signing:
    """The signing, with a request for receipts to `sender`. It stays unchanged if the address is not ASCII."""
    if not sender.isascii():
        return signing
    request = ReceiptRequest(
        signed_content_identifier=parcel.encode("ascii"),
        receipts_from=AllOrFirstTier.ALL_RECEIPTS,
        receipts_to=((mail_name(sender),),),
    )
    attributes = (*signing.options.further_attributes, build_receipt_request(request))
    return dataclasses.replace(signing, options=dataclasses.replace(signing.options, further_attributes=attributes))
