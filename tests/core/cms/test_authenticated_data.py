"""AuthenticatedData: a MAC for recipients, built by hand because the core only reads it (RFC 5652 section 9)."""

from __future__ import annotations

import hashlib

import pytest

from smime_core.algorithms import HashName
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.attributes import CONTENT_TYPE, MESSAGE_DIGEST, build_attribute
from smime_core.cms.authenticated_data import AuthenticatedData, parse_authenticated_data, verify_authenticated_data
from smime_core.cms.content_info import ID_DATA, ID_SIGNED_DATA
from smime_core.cms.recipients.keys import Keys
from smime_core.errors import (
    ContentTypeMismatch,
    DecryptionError,
    MalformedMessage,
    MessageDigestMismatch,
    NoMatchingRecipient,
    UnsupportedAlgorithm,
)
from smime_core.identity.identity import Identity
from tests.support.authenticated_messages import ALICE, BOB, HMACS, KEK, SHA256, attributes, build
from tests.support.envelopes import CONTENT, NO_VERSIONS
from tests.support.people import PROVIDER, person


def read(authenticated: AuthenticatedData, *people: Identity, beside: bytes | None = None) -> bytes:
    opened = verify_authenticated_data(
        authenticated, Keys(identities=people), provider=PROVIDER, detached_content=beside
    )
    return bytes(run(opened).content)


@pytest.mark.parametrize("hash_name", list(HMACS))
@pytest.mark.parametrize("with_attributes", [False, True], ids=["bare", "with attributes"])
def test_each_hash_authenticates(hash_name: HashName, with_attributes: bool) -> None:
    auth_attrs = attributes() if with_attributes else b""
    assert read(build(ALICE, hash_name=hash_name, auth_attrs=auth_attrs), ALICE) == CONTENT


def test_hmac_sha1_has_another_name_in_old_mail() -> None:
    assert read(build(ALICE, hash_name=HashName.SHA1, oid="1.3.6.1.5.5.8.1.2"), ALICE) == CONTENT


def test_a_wrong_version_alone_refuses_nothing() -> None:
    assert read(build(ALICE, version=der.integer(77)), ALICE) == CONTENT


@pytest.mark.parametrize("other", NO_VERSIONS, ids=["SEQUENCE", "OCTET STRING"])
def test_a_version_that_is_no_integer_is_refused(other: bytes) -> None:
    with pytest.raises(MalformedMessage, match="expected 0x02"):
        build(ALICE, version=other)


def test_recipients_of_every_kind_check_it() -> None:
    authenticated = build(ALICE, BOB)
    assert read(authenticated, BOB) == CONTENT
    opened = run(verify_authenticated_data(authenticated, Keys(identities=[], keks=[KEK]), provider=PROVIDER))
    assert opened.content == CONTENT
    assert opened.recipient.kind == "kekri"
    with pytest.raises(NoMatchingRecipient):
        read(authenticated, person("carol"))


@pytest.mark.parametrize("with_attributes", [False, True], ids=["bare", "with attributes"])
def test_a_mac_that_does_not_fit_looks_like_a_wrong_key(with_attributes: bool) -> None:
    auth_attrs = attributes() if with_attributes else b""
    for mac in (bytes(32), b"", bytes(31)):
        with pytest.raises(DecryptionError):
            read(build(ALICE, auth_attrs=auth_attrs, mac=mac), ALICE)


def test_altered_content_is_refused() -> None:
    with pytest.raises(DecryptionError):
        read(build(ALICE, detached=True), ALICE, beside=CONTENT + b"!")
    with pytest.raises(MessageDigestMismatch):
        read(build(ALICE, detached=True, auth_attrs=attributes()), ALICE, beside=CONTENT + b"!")


def test_content_beside_the_structure_is_read() -> None:
    assert read(build(ALICE, detached=True, auth_attrs=attributes()), ALICE, beside=CONTENT) == CONTENT
    with pytest.raises(MalformedMessage, match="either"):
        read(build(ALICE, detached=True), ALICE)
    with pytest.raises(MalformedMessage, match="either"):
        read(build(ALICE), ALICE, beside=CONTENT)


def test_a_digest_that_the_sender_got_wrong_is_refused() -> None:
    with pytest.raises(MessageDigestMismatch):
        read(build(ALICE, auth_attrs=attributes(digest=bytes(32))), ALICE)


def test_the_authenticated_content_type_must_be_the_one_that_is_presented() -> None:
    with pytest.raises(ContentTypeMismatch):
        build(ALICE, auth_attrs=attributes(content_type=ID_SIGNED_DATA))
    assert read(build(ALICE, auth_attrs=attributes(content_type=ID_SIGNED_DATA), content_type=ID_SIGNED_DATA), ALICE)


def test_other_content_than_data_needs_authenticated_attributes() -> None:
    with pytest.raises(MalformedMessage, match="not id-data"):
        build(ALICE, content_type=ID_SIGNED_DATA)


def test_attributes_and_their_digest_stand_together_or_not_at_all() -> None:
    with pytest.raises(MalformedMessage, match="together"):
        build(ALICE, auth_attrs=attributes(), digest_algorithm=b"")
    with pytest.raises(MalformedMessage, match="together"):
        build(ALICE, digest_algorithm=b"\xa1" + SHA256[1:])


def test_attributes_out_of_order_are_refused() -> None:
    with pytest.raises(MalformedMessage, match="DER"):
        build(ALICE, auth_attrs=attributes(order=-1))


@pytest.mark.parametrize("kept", [CONTENT_TYPE, MESSAGE_DIGEST])
def test_both_attributes_must_be_there(kept: str) -> None:
    value = der.oid(ID_DATA) if kept == CONTENT_TYPE else der.octet_string(hashlib.sha256(CONTENT).digest())
    with pytest.raises(MalformedMessage, match="has 0 values"):
        build(ALICE, auth_attrs=der.element(0xA2, build_attribute(kept, value)))


def test_unauthenticated_attributes_are_left_alone_and_more_is_refused() -> None:
    unauth_attrs = der.element(0xA3, build_attribute("1.2.3", der.integer(1)))
    assert read(build(ALICE, unauth_attrs=unauth_attrs), ALICE) == CONTENT
    with pytest.raises(MalformedMessage, match="too many"):
        build(ALICE, unauth_attrs=unauth_attrs + der.integer(1))


def test_an_unknown_mac_is_said() -> None:
    with pytest.raises(UnsupportedAlgorithm):
        build(ALICE, oid="1.2.3.4")


def test_a_structure_that_is_cut_short_is_refused() -> None:
    with pytest.raises(MalformedMessage):
        parse_authenticated_data(der.read_one(der.sequence(der.integer(0), der.set_of([]))))
