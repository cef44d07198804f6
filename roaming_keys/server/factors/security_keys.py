"""Security keys by WebAuthn Level 3: registration (section 7.1) and assertion (section 7.2).

Only the pages in the configuration may use them, and the relying party is the host of the page. The passphrase is the
other factor, so a touch (user presence) is required, but no PIN or fingerprint (user verification). Keys of all makers
are accepted, so the attestation is not checked.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import bytes_to_base64url, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    RegistrationCredential,
)

from roaming_keys.protocol.messages.factors import AssertionProof, NewSecurityKey

# For some malformed bytes, the library's parsers raise built-in errors of Python.
_REFUSALS: Final = (
    WebAuthnException,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


class FactorRefused(Exception):
    """A code, an assertion or a registration is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityKey:
    """A security key: its public key (COSE), its credential id, and the host that it belongs to."""

    credential_id: bytes
    public_key: bytes
    host: str


def register_key(new: NewSecurityKey, origins: Sequence[str]) -> tuple[SecurityKey, int]:
    """Check a registration, made in a page of these origins. Return the key and its count. Raises FactorRefused."""
    try:
        origin = _origin_of(new.client_data)
        if origin not in origins:
            raise FactorRefused
        host = urlsplit(origin).hostname or ""
        verified = verify_registration_response(
            # The credential id comes from the attestation.
            credential=RegistrationCredential(
                id="",
                raw_id=b"",
                response=AuthenticatorAttestationResponse(
                    client_data_json=new.client_data, attestation_object=new.attestation
                ),
            ),
            expected_challenge=new.challenge,
            expected_rp_id=host,
            expected_origin=origin,
        )
    except _REFUSALS:
        raise FactorRefused from None
    key = SecurityKey(credential_id=verified.credential_id, public_key=verified.credential_public_key, host=host)
    return key, verified.sign_count


def check_assertion(
    key: SecurityKey, proof: AssertionProof, origins: Sequence[str], *, challenge: bytes, count: int
) -> int:
    """Return the key's count after an assertion of the challenge, made in a page of these origins.

    `count` is the earlier count. Raises FactorRefused, also if the count has not grown, because the key may have been
    copied.
    """
    if not hmac.compare_digest(proof.credential_id, key.credential_id):
        raise FactorRefused
    response = AuthenticatorAssertionResponse(
        client_data_json=proof.client_data, authenticator_data=proof.authenticator_data, signature=proof.signature
    )
    given_id = bytes_to_base64url(proof.credential_id)
    try:
        _origin_of(proof.client_data)
        verified = verify_authentication_response(
            credential=AuthenticationCredential(id=given_id, raw_id=proof.credential_id, response=response),
            expected_challenge=challenge,
            expected_rp_id=key.host,
            expected_origin=[origin for origin in origins if urlsplit(origin).hostname == key.host],
            credential_public_key=key.public_key,
            credential_current_sign_count=count,
        )
    except _REFUSALS:
        raise FactorRefused from None
    return verified.new_sign_count


def _origin_of(client_data: bytes) -> str:
    """Return the origin of the page. Raises FactorRefused if the page was in a frame of another origin.

    Sealwax's pages are never in a frame. The library does not check this (sections 7.1 and 7.2: crossOrigin).
    """
    data = parse_client_data_json(client_data)
    if data.cross_origin:
        raise FactorRefused
    return data.origin
