"""Messages that some mail programs cannot open because of one of the recipients.

Thunderbird 153 opens no message that has a `pwri` (a password) or an `ori` (ML-KEM) beside the `ktri` or `kari` of the
reader. RFC 5652 section 6.2 would allow Thunderbird to ignore such recipients. A `kekri` does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence

from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.kari import KeyAgreeRecipient
from smime_core.cms.recipients.kemri import KemRecipient
from smime_core.cms.recipients.ktri import KeyTransRecipient
from smime_core.cms.recipients.pwri import PasswordRecipient
from smime_core.cms.recipients.recipient_info import RecipientInfo


def mixes_readers(encrypting: Encrypting) -> bool:
    """Whether a password or an ML-KEM certificate is beside a certificate of another kind."""
    kems = [certificate.public_key.key_type.is_kem for certificate in encrypting.recipients]
    return not all(kems) and bool(any(kems) or encrypting.passwords or encrypting.password_keys)


def has_mixed_readers(recipients: Sequence[RecipientInfo]) -> bool:
    """Like `mixes_readers`, for the recipients of a message."""
    is_closed = any(isinstance(recipient, KemRecipient | PasswordRecipient) for recipient in recipients)
    return is_closed and any(isinstance(recipient, KeyTransRecipient | KeyAgreeRecipient) for recipient in recipients)
