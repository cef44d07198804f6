"""The recovery policy of an organisation: its officers, how many of them are needed, and how long they wait.

The owner of keys confirms a policy by its fingerprint. From then on the policy is part of the account's encrypted
state, so that the server cannot replace its officers.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from roaming_keys.protocol.key_account import encode_fields
from roaming_keys.protocol.messages.written import to_base64, write
from smime_core.errors import MalformedMessage
from smime_core.text import JsonObject
from smime_core.x509 import Certificate, KeyUsage, parse_certificate

POLICY_FORM: Final = 1
MIN_NEEDED: Final = 2  # If one were enough, a single officer could read everybody's mail.
MAX_OFFICERS: Final = 20
MAX_WAIT_HOURS: Final = 720
MAX_CERTIFICATE_BYTES: Final = 8_192
MAX_POLICY_BYTES: Final = 262_144
MAX_NAME_CHARACTERS: Final = 100
ENCRYPTS: Final = KeyUsage.KEY_ENCIPHERMENT | KeyUsage.KEY_AGREEMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPolicy:
    """A recovery policy. `wait_hours` have to pass between the request for keys and the first approval.

    Raises MalformedMessage if one officer could act alone, or if there are too few officers to act.
    """

    organisation: str
    needed: int
    wait_hours: int
    officers: tuple[Certificate, ...]

    def __post_init__(self) -> None:
        if not (0 < len(self.organisation) <= MAX_NAME_CHARACTERS and self.organisation.isprintable()):
            raise MalformedMessage(f"expected a name of at most {MAX_NAME_CHARACTERS} characters", where="organisation")
        if not 0 <= self.wait_hours <= MAX_WAIT_HOURS:
            raise MalformedMessage(f"expected 0 to {MAX_WAIT_HOURS} hours", where="wait")
        if not MIN_NEEDED <= self.needed <= len(self.officers) <= MAX_OFFICERS:
            text = f"{self.needed} of {len(self.officers)} officers: expected at least {MIN_NEEDED}, of {MAX_OFFICERS}"
            raise MalformedMessage(text, where="recovery policy")
        # An officer who is listed twice would have two shares.
        if len({officer.public_key.spki_der for officer in self.officers}) != len(self.officers):
            raise MalformedMessage("two officers have the same key", where="recovery policy")
        for certificate in self.officers:
            check_encrypts(certificate)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all values of the policy, in hexadecimal."""
        certificates = [officer.der for officer in self.officers]
        values = (self.organisation, self.needed, self.wait_hours)
        return hashlib.sha256(encode_fields("recovery policy", POLICY_FORM, *values, *certificates)).hexdigest()

    def members(self) -> dict[str, Any]:
        return {
            "organisation": self.organisation,
            "needed": self.needed,
            "wait_hours": self.wait_hours,
            "officers": [{"certificate": to_base64(officer.der)} for officer in self.officers],
        }

    def to_json(self) -> bytes:
        return write(self.members())

    @classmethod
    def from_json(cls, data: bytes) -> RecoveryPolicy:
        return cls.read_from(JsonObject(data, "recovery policy", max_bytes=MAX_POLICY_BYTES))

    @classmethod
    def read_from(cls, reader: JsonObject) -> RecoveryPolicy:
        return reader.whole(
            cls(
                organisation=reader.short_text("organisation"),
                needed=reader.number("needed", MIN_NEEDED, MAX_OFFICERS),
                wait_hours=reader.number("wait_hours", 0, MAX_WAIT_HOURS),
                officers=tuple(
                    officer.whole(parse_certificate(officer.data("certificate", MAX_CERTIFICATE_BYTES)))
                    for officer in reader.objects("officers", MAX_OFFICERS)
                ),
            )
        )


def check_encrypts(certificate: Certificate) -> None:
    """Check that shares can be encrypted for a certificate. Raises MalformedMessage."""
    if not may(certificate, ENCRYPTS):
        raise MalformedMessage("it is not for encryption", where=f"certificate of {certificate.common_name}")


def may(certificate: Certificate, uses: KeyUsage) -> bool:
    """Return whether the key of a certificate has one of these uses."""
    # RFC 5280 section 4.2.1.3: without the extension a key may be used for everything.
    return certificate.key_usage is None or bool(certificate.key_usage & uses)
