"""The check that an answer to a parcel is encrypted, before the service passes it on.

(1) The bytes are one EnvelopedData or AuthEnvelopedData (RFC 5652 section 6, RFC 5083) and nothing more. (2) Its
content is a message. (3) All recipients have certificates. (4) There is no OriginatorInfo and no attribute, because
these could contain readable text. Only the reader can find out whether the encrypted content can really be decrypted.
"""

from __future__ import annotations

from typing import Final

from smime_core import SmimeError
from smime_core.cms import (
    ID_AUTH_ENVELOPED_DATA,
    ID_DATA,
    ID_ENVELOPED_DATA,
    KemRecipient,
    KeyAgreeRecipient,
    KeyTransRecipient,
    parse_content_info,
    parse_enveloped_data,
)
from webbridge.delivery.fixed_error import FixedError

_SMIME_TYPES: Final = {ID_ENVELOPED_DATA: "enveloped-data", ID_AUTH_ENVELOPED_DATA: "authEnveloped-data"}
_FOR_CERTIFICATES: Final = (KeyTransRecipient, KeyAgreeRecipient, KemRecipient)


class AnswerRefused(
    FixedError,
    status=422,
    code="answer-refused",
    text="The answer is not encrypted as one CMS EnvelopedData or AuthEnvelopedData of a message.",
):
    """The bytes are no encrypted message."""


def smime_type_of(cms: bytes) -> str:
    """Return the smime-type of an encrypted message (RFC 8551 section 3.2.2). Raises AnswerRefused."""
    try:
        # (1)
        info = parse_content_info(cms)
        smime_type = _SMIME_TYPES.get(info.content_type)
        if smime_type is None or info.trailing_bytes:
            raise AnswerRefused
        enveloped = parse_enveloped_data(info.content, content_type=info.content_type)
    except SmimeError:
        raise AnswerRefused from None
    # (2)
    is_message = enveloped.content_type == ID_DATA and bool(enveloped.recipients) and bool(enveloped.encrypted_content)
    # (3)
    is_for_certificates = all(isinstance(recipient, _FOR_CERTIFICATES) for recipient in enveloped.recipients)
    # (4) The attributes of AuthEnvelopedData are authenticated, and not encrypted.
    has_text = bool(enveloped.originator_info or enveloped.auth_attrs_der or enveloped.unprotected_attrs)
    if not is_message or not is_for_certificates or has_text:
        raise AnswerRefused
    return smime_type
