"""Altered or random bytes are decrypted or refused with an SmimeError, and authenticated content is never false."""

from __future__ import annotations

import functools
from typing import Final

from hypothesis import given, settings, strategies as st

from smime_core import blocking
from smime_core.algorithms import AES_256_CBC, AES_256_GCM, CHACHA20_POLY1305, HashName
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.compressed_data import build_compressed_data, decompress, parse_compressed_data
from smime_core.cms.content_info import (
    ID_AUTH_ENVELOPED_DATA,
    ID_COMPRESSED_DATA,
    ID_DATA,
    ID_DIGESTED_DATA,
    ID_ENCRYPTED_DATA,
    ID_ENVELOPED_DATA,
    parse_content_info,
)
from smime_core.cms.digested_data import build_digested_data, check_digested_data, parse_digested_data
from smime_core.cms.encrypted_data import build_encrypted_data, decrypt_encrypted_data, parse_encrypted_data
from smime_core.cms.enveloped_data import decrypt_enveloped_data, parse_enveloped_data
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.kekri import KeyEncryptionKey, build_kekri
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.recipients.recipient_info import recipient_algorithm
from smime_core.errors import SmimeError
from smime_core.policy import Policy
from smime_core.provider import NewKey
from tests.support.envelopes import CEK, CONTENT, envelope
from tests.support.people import PROVIDER, person

KEYS: Final = (NewKey.RSA_2048, NewKey.P256, NewKey.X25519, NewKey.ML_KEM_512)
KEK: Final = KeyEncryptionKey(identifier=b"k", key=bytes(32))


@functools.cache
def samples() -> list[bytes]:
    people = [person("fuzz", key) for key in KEYS]
    encrypted = [
        blocking.encrypt_bytes(
            CONTENT, Encrypting(recipients=[recipient.certificate], cipher=cipher), provider=PROVIDER
        )
        for cipher in (AES_256_CBC, AES_256_GCM, CHACHA20_POLY1305)
        for recipient in people
    ]
    return [
        *encrypted,
        envelope(run(build_kekri(KEK, CEK, provider=PROVIDER)), cipher=AES_256_GCM),
        run(build_encrypted_data(CONTENT, CEK, content_type=ID_DATA, cipher=AES_256_CBC, provider=PROVIDER)),
        run(build_digested_data(CONTENT, content_type=ID_DATA, provider=PROVIDER, hash_name=HashName.SHA256)),
        build_compressed_data(CONTENT, content_type=ID_DATA),
    ]


def read(cms: bytes) -> tuple[str, bytes]:
    """The content type, and the content as all the keys decrypt it."""
    content_info = parse_content_info(cms)
    kind, content = content_info.content_type, content_info.content
    if kind in (ID_ENVELOPED_DATA, ID_AUTH_ENVELOPED_DATA):
        enveloped = parse_enveloped_data(content, content_type=kind)
        assert all(recipient_algorithm(recipient) and str(recipient.rid) for recipient in enveloped.recipients)
        people = [person("fuzz", key) for key in KEYS]
        opened = decrypt_enveloped_data(
            enveloped, Keys(identities=people, keks=[KEK]), provider=PROVIDER, policy=Policy.ARCHIVE
        )
        return kind, run(opened).content
    if kind == ID_ENCRYPTED_DATA:
        encrypted = decrypt_encrypted_data(parse_encrypted_data(content), CEK, provider=PROVIDER, policy=Policy.ARCHIVE)
        return kind, run(encrypted)
    if kind == ID_DIGESTED_DATA:
        return kind, bytes(run(check_digested_data(parse_digested_data(content), provider=PROVIDER)))
    return kind, decompress(parse_compressed_data(content))


@settings(max_examples=400, deadline=2_000, derandomize=True)
@given(
    sample=st.integers(0, len(KEYS) * 3 + 3),
    changes=st.lists(st.tuples(st.integers(0, 1 << 16), st.sampled_from("=-+"), st.binary(max_size=4)), max_size=4),
)
def test_altered_structures_open_to_the_truth_or_are_refused(
    sample: int, changes: list[tuple[int, str, bytes]]
) -> None:
    octets = bytearray(samples()[sample])
    for position, change, replacement in changes:
        start = position % len(octets)
        end = start if change == "+" else start + len(replacement)
        octets[start:end] = b"" if change == "-" else replacement
    try:
        kind, content = read(bytes(octets))
    except SmimeError:
        return
    # These three types detect altered content. The content of the others may be anything.
    if kind in (ID_AUTH_ENVELOPED_DATA, ID_DIGESTED_DATA, ID_COMPRESSED_DATA):
        assert content == CONTENT


@settings(max_examples=300, deadline=2_000, derandomize=True)
@given(
    kind=st.sampled_from(
        [ID_ENVELOPED_DATA, ID_AUTH_ENVELOPED_DATA, ID_ENCRYPTED_DATA, ID_DIGESTED_DATA, ID_COMPRESSED_DATA]
    ),
    octets=st.binary(max_size=200),
)
def test_any_octets_under_the_right_name_are_refused(kind: str, octets: bytes) -> None:
    for inside in (octets, der.sequence(octets), der.sequence(der.integer(0), octets)):
        try:
            read(der.sequence(der.oid(kind), der.explicit(0, inside)))
        except SmimeError:
            continue
        raise AssertionError("random octets were read as a structure")
