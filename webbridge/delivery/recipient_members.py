"""The members of a recipient's requests: to open a parcel, to report on it, to complain, and to get a key."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from webbridge.delivery.abuse.complaints import ComplaintReason
from webbridge.delivery.challenges import NONCE_BYTES
from webbridge.delivery.limits import (
    FINGERPRINT_BYTES,
    MAX_CERTIFICATE_BYTES,
    MAX_KEY_REQUEST_BYTES,
    MAX_REQUEST_BYTES,
    PROOF_BYTES,
)
from webbridge.delivery.members import base64, mail_address, octets, text, word
from webbridge.delivery.pepper import CODE_DIGITS
from webbridge.delivery.states import State

_MAX_TOKEN_CHARACTERS: Final = 1000
_CODE: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")


class Claim(StrEnum):
    """The states that a recipient may claim."""

    RECEIVED = State.RECEIVED.value
    OPENED = State.OPENED.value
    FAILED = State.FAILED.value


CERTIFICATE: Final = base64("certificate", MAX_CERTIFICATE_BYTES)
PROOF: Final = octets("proof", PROOF_BYTES)
NONCE: Final = octets("nonce", NONCE_BYTES)
TOKEN: Final = text(
    "token",
    lambda token: len(token) <= _MAX_TOKEN_CHARACTERS,
    "The request has a proof, or the nonce of a challenge and its token.",
    {"maxLength": _MAX_TOKEN_CHARACTERS},
)
CLAIM: Final = word("state", Claim)
FAILURE: Final = text(
    "code",
    lambda code: _CODE.fullmatch(code) is not None,
    "A claim that the parcel failed has the code of an error.",
    {"pattern": f"^{_CODE.pattern}$"},
)
RECEIPT: Final = base64("receipt", MAX_REQUEST_BYTES)
REASON: Final = word("reason", ComplaintReason)
ADDRESS: Final = mail_address("address", "An address of the parcel's recipients")
KEY_REQUEST: Final = base64("request", MAX_KEY_REQUEST_BYTES)
DIGEST: Final = octets("digest", FINGERPRINT_BYTES)
CODE: Final = text(
    "code",
    lambda code: len(code) == CODE_DIGITS and code.isascii() and code.isdigit(),
    f"The code has {CODE_DIGITS} digits.",
    {"pattern": f"^[0-9]{{{CODE_DIGITS}}}$"},
)
