"""A signed or encrypted structure with one flipped bit is refused, unless the bit is in a field that decides nothing.

The tests name these fields byte by byte: version numbers (MUSTS 32), digestAlgorithms (MUSTS 45) and the carried
certificate of the authority, of which the verifier has a copy.
"""

from __future__ import annotations

import functools

import pytest

from smime_core.algorithms import AES_256_GCM, NULL, build_digest_identifier
from smime_core.asn1 import der
from smime_core.blocking import decrypt_bytes, encrypt_bytes, run, verify_bytes
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.key_holder import choose_signature_algorithm
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signed_data import build_signed_data
from smime_core.cms.signing import AttributesForm, SignerIdentifierForm, SignerOptions, Signing
from smime_core.errors import SmimeError
from smime_core.provider import NewKey
from smime_core.report.report import State
from smime_core.trust.judging import Judging
from tests.support.people import NOW, PROVIDER, anchor, person, trust

CONTENT = b"Content-Type: text/plain\r\n\r\nhello\r\n"
VERSION_OCTETS = 3  # the length of the TLV of an INTEGER below 128


def flipped(octets: bytes, position: int) -> bytes:
    altered = bytearray(octets)
    altered[position] ^= 1 << position % 8
    return bytes(altered)


def positions_of(octets: bytes, part: bytes) -> set[int]:
    start = octets.index(part)
    return set(range(start, start + len(part)))


def positions_before(octets: bytes, part: bytes) -> set[int]:
    """The positions of the version that is directly before a part."""
    start = octets.index(part)
    return set(range(start - VERSION_OCTETS, start))


def hash_of_rsa_signature(signed: bytes) -> set[int]:
    """The last byte of the OID of an RSA signature, and its NULL: without attributes the hash of the digest counts."""
    start = signed.rfind(NULL + der.header(der.OCTET_STRING, 256))
    return set(range(start - 1, start + len(NULL))) if start >= 0 else set()


def is_verified(cms: bytes) -> bool:
    try:
        report = verify_bytes(cms, Judging(trust_store=trust(), at=NOW), provider=PROVIDER)
    except SmimeError:
        return False
    return report.state is State.VERIFIED and report.content == CONTENT


@pytest.mark.parametrize("attributes", list(AttributesForm), ids=lambda form: form.value)
@pytest.mark.parametrize("key", [NewKey.RSA_2048, NewKey.P256, NewKey.ED25519], ids=str)
def test_a_flipped_bit_in_what_is_signed_is_refused(key: NewKey, attributes: AttributesForm) -> None:
    alice = person("alice", key)
    # The signer is named by key identifier: in a name, a bit could change the case of a letter unnoticed (MUSTS 46).
    options = SignerOptions(sid_form=SignerIdentifierForm.SUBJECT_KEY_IDENTIFIER, attributes=attributes)
    signed = run(
        build_signed_data(
            CONTENT,
            Signing(identities=[alice], signing_time=NOW, options=options),
            content_type=ID_DATA,
            provider=PROVIDER,
        )
    )
    assert is_verified(signed)
    digest_algorithms = der.set_of([build_digest_identifier(choose_signature_algorithm(alice.private_key))])
    identifier = b"\x80\x14" + (alice.certificate.subject_key_identifier or b"")
    indifferent = (
        positions_before(signed, digest_algorithms)
        | positions_of(signed, digest_algorithms)
        | positions_before(signed, identifier)
        | positions_of(signed, anchor().der)
        | (hash_of_rsa_signature(signed) if attributes is AttributesForm.NONE else set())
    )
    accepted = {position for position in range(len(signed)) if is_verified(flipped(signed, position))}
    assert accepted <= indifferent


@functools.cache
def encrypted() -> bytes:
    return encrypt_bytes(
        CONTENT, Encrypting(recipients=[person("bob").certificate], cipher=AES_256_GCM), provider=PROVIDER
    )


def test_a_flipped_bit_in_what_is_encrypted_with_a_tag_is_refused() -> None:
    accepted = set()
    for position in range(len(encrypted())):
        try:
            # A key is found by trying too, whatever the name of the recipient is.
            keys = Keys(identities=[person("bob")], most_guesses=0)
            opened = decrypt_bytes(flipped(encrypted(), position), keys, provider=PROVIDER)
        except SmimeError:
            continue
        assert opened.content == CONTENT
        accepted.add(position)
    # Only bits in the two version numbers, which are before the recipient's name, make no difference.
    assert all(position < encrypted().index(person("bob").certificate.issuer_der) for position in accepted)
    assert len(accepted) <= 2 * VERSION_OCTETS
