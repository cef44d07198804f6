"""Parsing any bytes as a signed structure succeeds, or raises SmimeError and nothing else."""

from __future__ import annotations

import functools
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings, strategies as st

from smime_core.blocking import run
from smime_core.cms.attributes import Attributes
from smime_core.cms.capabilities import parse_capabilities
from smime_core.cms.certificate_id import KeyIdentifier
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.countersignature import find_countersignatures
from smime_core.cms.signed_attributes import build_key_preference, parse_key_preference, parse_signing_certificate
from smime_core.cms.signed_data import build_signed_data
from smime_core.cms.signed_data_editing import add_countersignature, add_signer
from smime_core.cms.signer_info import SignerInfo
from smime_core.cms.signing import SignerOptions, Signing
from smime_core.errors import SmimeError
from smime_core.ess import (
    AllOrFirstTier,
    ContentHints,
    ContentReference,
    Expansion,
    ReceiptPolicy,
    ReceiptPolicyKind,
    ReceiptRequest,
    SecurityCategory,
    SecurityLabel,
    build_content_hints,
    build_content_reference,
    build_equivalent_labels,
    build_expansion_history,
    build_receipt_request,
    build_security_label,
    mail_name,
    parse_content_hints,
    parse_content_reference,
    parse_equivalent_labels,
    parse_expansion_history,
    parse_receipt_request,
    parse_security_label,
)
from smime_core.provider import NewKey
from tests.support.people import NOW, PROVIDER, build_revocation_list, person
from tests.support.signed_structures import CONTENT, parse

NAMES = ((mail_name("alice@example.test"),),)
LABEL = SecurityLabel(
    policy="1.2.3",
    classification=3,
    privacy_mark="mark",
    categories=(SecurityCategory(type="1.2.4", value_der=b"\x02\x01\x01"),),
)
READERS: tuple[Callable[[Attributes], object], ...] = (
    parse_capabilities,
    parse_content_hints,
    parse_content_reference,
    parse_equivalent_labels,
    parse_expansion_history,
    parse_key_preference,
    parse_receipt_request,
    parse_security_label,
    parse_signing_certificate,
)


@functools.cache
def everything() -> bytes:
    """A SignedData with every attribute for which there is a reader, a CRL and a countersignature."""
    expansion = Expansion(
        mail_list=KeyIdentifier(value=b"list"),
        expansion_time=NOW,
        receipt_policy=ReceiptPolicy(kind=ReceiptPolicyKind.INSTEAD_OF, entities=NAMES),
    )
    reference = ContentReference(
        content_type=ID_DATA, signed_content_identifier=b"id", originator_signature_value=b"signature"
    )
    request = ReceiptRequest(
        signed_content_identifier=b"id", receipts_from=AllOrFirstTier.ALL_RECEIPTS, receipts_to=NAMES
    )
    further = (
        build_content_hints(ContentHints(content_type=ID_DATA, description="hint")),
        build_content_reference(reference),
        build_equivalent_labels([SecurityLabel(policy="1.2.5")], label=LABEL),
        build_expansion_history(None, expansion),
        build_key_preference(person("bob").certificate),
        build_receipt_request(request),
        build_security_label(LABEL),
    )
    cms = run(
        build_signed_data(
            CONTENT,
            Signing(
                identities=[person("alice", NewKey.P256)],
                signing_time=NOW,
                options=SignerOptions(further_attributes=further),
                crls=[build_revocation_list(1)],
            ),
            content_type=ID_DATA,
            provider=PROVIDER,
        )
    )
    return run(add_countersignature(cms, person("bob", NewKey.P256), signing_time=NOW, provider=PROVIDER))


def read_all(cms: bytes) -> int:
    """Read every attribute that can be read, and return how many readers found their attribute."""
    count = 0
    for signer in parse(cms).signer_infos:
        if not isinstance(signer, SignerInfo):
            continue
        try:
            count += len(find_countersignatures(signer))
        except SmimeError:
            continue
        count += sum(_finds(reader, signer.attributes) for reader in READERS)
    return count


def test_every_reader_finds_its_attribute_in_what_is_altered_below() -> None:
    assert read_all(everything()) == len(READERS) + 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_altered_octets_parse_or_raise_one_error(data: st.DataObject) -> None:
    octets = bytearray(everything())
    for _ in range(data.draw(st.integers(min_value=1, max_value=4))):
        start = data.draw(st.integers(min_value=0, max_value=len(octets) - 1))
        length = data.draw(st.integers(min_value=0, max_value=3))
        octets[start : start + length] = data.draw(st.binary(max_size=3))
    cms = bytes(octets)
    for attempt in (read_all, _add_signer, _countersign):
        try:
            attempt(cms)
        except SmimeError:
            continue


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_octets_parse_or_raise_one_error(octets: bytes) -> None:
    try:
        read_all(octets)
    except SmimeError:
        return


def _finds(reader: Callable[[Attributes], object], attributes: Attributes) -> bool:
    try:
        return bool(reader(attributes))
    except SmimeError:
        return False


def _add_signer(cms: bytes) -> None:
    run(add_signer(cms, Signing(identities=[person("bob", NewKey.P256)], signing_time=NOW), provider=PROVIDER))


def _countersign(cms: bytes) -> None:
    run(add_countersignature(cms, person("bob", NewKey.P256), signing_time=NOW, provider=PROVIDER))
