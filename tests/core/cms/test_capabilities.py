"""SMIMECapabilities (RFC 8551 section 2.5.2, MUSTS 16)."""

from __future__ import annotations

import pytest

from smime_core.algorithms import (
    AES_128_CBC,
    AES_256_CBC,
    AES_256_GCM,
    AES_256_WRAP,
    CHACHA20_POLY1305,
    ECDH_SHA256,
    HASH_OIDS,
    NULL,
    RC2_40_CBC,
    RC2_128_CBC,
    RSAES_OAEP,
    TRIPLE_DES_CBC,
    HashName,
    KeyTransport,
    TransportScheme,
    build_transport_identifier,
)
from smime_core.asn1 import der
from smime_core.cms.attributes import SMIME_CAPABILITIES, Attributes
from smime_core.cms.capabilities import (
    OUR_CAPABILITIES,
    OUR_CAPABILITIES_DER,
    Capabilities,
    Capability,
    build_capabilities,
    parse_capabilities,
)
from smime_core.errors import LimitExceeded, MalformedMessage
from smime_core.limits import MAX_CAPABILITIES
from tests.support.signed_structures import parse, signer_of
from tests.support.vectors import vectors


def read(*members: bytes) -> Attributes:
    return {SMIME_CAPABILITIES: (der.sequence(*members),)}


def capabilities(*entries: Capability) -> Capabilities:
    return Capabilities(entries=entries)


def test_ours_come_back_as_they_were_built_best_first() -> None:
    _, values = der.read_sequence(OUR_CAPABILITIES_DER)
    abilities = parse_capabilities({SMIME_CAPABILITIES: (bytes(values.content),)})
    assert abilities == Capabilities(entries=OUR_CAPABILITIES)
    assert abilities.content_ciphers[:2] == (AES_256_GCM, CHACHA20_POLY1305)
    # RFC 8551 section 2.7: every reader has AES-128-CBC, and Thunderbird reads no mode but CBC.
    assert {AES_128_CBC, AES_256_CBC} <= set(abilities.content_ciphers)
    assert not any(cipher.is_weak for cipher in abilities.content_ciphers), "what is only read is not asked for"
    assert {transport.hash_name for transport in abilities.key_transports} == {HashName.SHA256, HashName.SHA1}
    assert (ECDH_SHA256, AES_256_WRAP) in abilities.key_agreements


def test_parameters_of_ciphers_are_absent_in_ours() -> None:
    """RFC 8551 section 2.5.2: absent parameters are omitted and not NULL, so that readers can compare bytes."""
    assert der.sequence(der.oid(AES_256_CBC.oid)) in OUR_CAPABILITIES_DER


def test_oaep_stands_in_the_octets_of_rfc_3560() -> None:
    octets = bytes.fromhex(
        "303806092A864886F70D010107302B300D06096086480165030402010500301A06092A864886F70D010108300D06096086480165030402010500"
    )
    assert octets in OUR_CAPABILITIES_DER
    assert bytes.fromhex("300D06092A864886F70D0101073000") in OUR_CAPABILITIES_DER


@pytest.mark.parametrize("hash_name", [HashName.SHA1, HashName.SHA256, HashName.SHA512])
def test_reads_oaep_with_the_parameters_of_rfc_4055_too(hash_name: HashName) -> None:
    oaep = KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=hash_name, mgf_hash=hash_name)
    _, parameters = der.read_sequence(build_transport_identifier(oaep))
    entry = Capability(oid=RSAES_OAEP, parameters=bytes(parameters.encoded))
    assert capabilities(entry).key_transports == (oaep,)


def test_reads_the_bits_of_rc2_and_the_hashes() -> None:
    rc2 = [Capability(oid=RC2_40_CBC.oid, parameters=der.integer(bits)) for bits in (40, 128, 57)]
    bare = Capability(oid=RC2_40_CBC.oid, parameters=None)
    triple = Capability(oid=TRIPLE_DES_CBC.oid, parameters=None)
    sha = Capability(oid=HASH_OIDS[HashName.SHA256], parameters=None)
    abilities = capabilities(*rc2, bare, triple, sha)
    assert abilities.content_ciphers == (RC2_40_CBC, RC2_128_CBC, TRIPLE_DES_CBC)
    assert abilities.hashes == (HashName.SHA256,)


def test_reads_rsa_v1_5_as_a_key_transport() -> None:
    entry = Capability(oid="1.2.840.113549.1.1.1", parameters=None)
    assert capabilities(entry).key_transports == (KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15),)


def test_reads_key_agreements_with_their_wraps() -> None:
    with_null = Capability(oid=ECDH_SHA256.oid, parameters=der.sequence(der.oid(AES_256_WRAP.oid), NULL))
    bare = Capability(oid=ECDH_SHA256.oid, parameters=None)
    unknown = Capability(oid=ECDH_SHA256.oid, parameters=der.sequence(der.oid("1.2.3")))
    assert capabilities(with_null, bare, unknown).key_agreements == ((ECDH_SHA256, AES_256_WRAP),)


def test_unknown_capabilities_are_kept_and_ignored() -> None:
    odd = Capability(oid="1.2.3.4", parameters=der.octet_string(b"?"))
    broken = Capability(oid=RSAES_OAEP, parameters=der.integer(1))
    _, values = der.read_sequence(build_capabilities((odd, broken)))
    abilities = parse_capabilities({SMIME_CAPABILITIES: (bytes(values.content),)})
    assert abilities is not None
    assert abilities.entries == (odd, broken)
    assert (abilities.content_ciphers, abilities.key_transports, abilities.key_agreements, abilities.hashes) == (
        (),
        (),
        (),
        (),
    )


def test_must_16_without_the_attribute_nothing_is_said() -> None:
    assert parse_capabilities({}) is None


@pytest.mark.parametrize("member", [der.integer(1), der.sequence(), der.sequence(der.oid("1.2.3"), NULL, NULL)])
def test_must_16_refuses_damaged_capabilities(member: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_capabilities(read(member))


def test_must_16_capabilities_have_one_value() -> None:
    with pytest.raises(MalformedMessage):
        parse_capabilities({SMIME_CAPABILITIES: (der.sequence(), der.sequence())})


def test_reads_no_more_capabilities_than_the_limit() -> None:
    with pytest.raises(LimitExceeded):
        parse_capabilities(read(*[der.sequence(der.oid("1.2.3"))] * (MAX_CAPABILITIES + 1)))


def test_reads_those_of_rfc_4134_section_4_10() -> None:
    attributes = signer_of(parse((vectors("rfc4134") / "4.10.bin").read_bytes())).attributes
    abilities = parse_capabilities(attributes)
    assert abilities is not None
    assert [entry.oid for entry in abilities.entries] == ["1.2.3.4.5.6", "1.2.3.4.5.6.77"]
