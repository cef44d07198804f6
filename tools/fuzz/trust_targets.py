"""The fuzzed functions that decide about trust: for requests, DNS records, lists, decisions, and whole paths."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Callable
from typing import Final

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dns.rdtypes.ANY.SMIMEA import SMIMEA

from sealwax.lookups.smimea import CertificateUsage, MatchingType, Selector, SmimeaRecord
from smime_core import Identity, TrustStore, blocking
from smime_core.blocking import run
from smime_core.ca.certification_request import open_certification_request
from smime_core.ca.ocsp_requests import parse_ocsp_request
from smime_core.ca.ocsp_responding import Responder, build_ocsp_response
from smime_core.ca.profile_checks import check_profile
from smime_core.ca.revocation_list_building import ListTerm
from smime_core.cades import carried_evidence, find_long_term_values, judge_timestamps
from smime_core.cades.claims import parse_commitments, parse_mime_type, parse_signature_policy
from smime_core.cms.content_info import TRUST_LIST, parse_content_info, unarmor
from smime_core.cms.signed_data import parse_signed_data
from smime_core.cms.signer_info import SignerInfo
from smime_core.cms.signing import Signing
from smime_core.describe.attributes import describe_attributes
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.own_content.discovery import (
    build_followed_discovery,
    follow_discovery,
    parse_followed_discovery,
)
from smime_core.own_content.discovery_key import sign_fields
from smime_core.own_content.own_content import ContentKind, protect_content
from smime_core.own_content.server_list import build_server_list, parse_server_list
from smime_core.own_content.server_move import check_move
from smime_core.own_content.trust_list import build_followed_list, find_operator, parse_followed_list, verify_trust_list
from smime_core.pkix import PathRules, Purpose, RevocationPolicy, TrustAnchor, find_lookups, parse_evidence
from smime_core.provider import NewKey
from smime_core.report.certificate_page import describe_certificate, page_to_json
from smime_core.text import base64_text
from smime_core.trust import (
    NO_CONTACTS,
    Contacts,
    PeopleForm,
    build_people_file,
    import_changed_people,
    import_people,
    parse_people_file,
)
from smime_core.trust.decisions import DecisionKind, decision_anchors, make_decision
from smime_core.trust.decisions_json import build_decisions, parse_decisions
from smime_core.x509.certificate import parse_certificate
from tests.support import revocations, server_lists, timestamp_service
from tests.support.people import NEXT_UPDATE, NOW, PROVIDER, person, trust

_LIST_KIND: Final = ContentKind(name="trust list", content_type=TRUST_LIST)
_KINDS: Final = tuple(DecisionKind)

Reader = Callable[[bytes], object]


@functools.cache
def operator() -> Identity:
    return person("operator", NewKey.P256)


def _answer_request(data: bytes) -> None:
    request = parse_ocsp_request(data)
    authority = person("authority", NewKey.P256)
    responder = Responder(issuer=authority.certificate, signer=authority)
    term = ListTerm(this_update=NOW, next_update=NEXT_UPDATE)
    run(build_ocsp_response(request, responder=responder, find_status=lambda _: None, term=term, provider=PROVIDER))


def _read_lasting(data: bytes) -> None:
    signed_data = parse_signed_data(parse_content_info(unarmor(data)).content)
    carried_evidence(signed_data)
    store = TrustStore(anchors=trust().anchors, timestamp_anchors=timestamp_service.clock_anchors())
    for signer in signed_data.signer_infos:
        if not isinstance(signer, SignerInfo):
            continue
        run(judge_timestamps(signer, PathRules(store, NOW), PROVIDER))
        for read in (find_long_term_values, _read_claims):
            with contextlib.suppress(SmimeError):
                read(signer)


def _read_claims(signer: SignerInfo) -> None:
    for attributes in (signer.attributes, signer.unsigned_attributes):
        for parse in (parse_signature_policy, parse_commitments, parse_mime_type):
            parse(attributes)
        describe_attributes(attributes)


def _read_record(data: bytes) -> None:
    try:
        record = dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.SMIMEA, data, 0, len(data))
    except dns.exception.DNSException as error:
        raise MalformedMessage("no record", where="SMIMEA") from error
    assert isinstance(record, SMIMEA)
    with contextlib.suppress(ValueError):  # a record with unknown numbers is skipped, as in the product
        SmimeaRecord(
            usage=CertificateUsage(record.usage),
            selector=Selector(record.selector),
            matching_type=MatchingType(record.mtype),
            data=bytes(record.cert),
        ).matches(person("alice").certificate)


def _read_decisions(data: bytes) -> None:
    decisions = parse_decisions(data)
    assert parse_decisions(build_decisions(decisions)) == decisions
    store = TrustStore(anchors=decision_anchors(decisions), revocation=RevocationPolicy.NOT_CHECKED)
    certificate = person("alice").certificate
    blocking.validate_path(certificate, Purpose.SIGN, PathRules(store, NOW), PROVIDER)


def read_people_file(data: bytes) -> None:
    """Import the people of a file, export them, and read the exported files."""
    file = parse_people_file(data)
    contacts = import_people(NO_CONTACTS, file, NOW).contacts
    import_changed_people(contacts, file, NOW)
    if contacts.people:
        for form in (PeopleForm.LDIF, PeopleForm.VCARD):
            again = parse_people_file(build_people_file(contacts.people, form))
            assert _facts(import_people(NO_CONTACTS, again, NOW).contacts) == _facts(contacts)


def _facts(contacts: Contacts) -> set[tuple[str, bytes]]:
    return {(contact.address, known.certificate.der) for contact in contacts.people for known in contact.certificates}


def _decide(data: bytes) -> None:
    certificate = parse_certificate(data)
    for kind in _KINDS:
        with contextlib.suppress(SmimeError):
            decision = make_decision(
                certificate,
                kind=kind,
                addresses=("@example.test",),
                at=NOW,
                trust_store=TrustStore(anchors=()),
                provider=PROVIDER,
            )
            run(decision)


def _read_operators_list(content: bytes) -> None:
    # Sign the hostile list by the operator, because an operator may be hostile too.
    cms = run(
        protect_content(
            content, _LIST_KIND, provider=PROVIDER, signing=Signing(identities=[operator()], signing_time=NOW)
        )
    )
    run(verify_trust_list(cms, operator=operator().certificate, provider=PROVIDER, at=NOW))


def _read_followed_list(data: bytes) -> None:
    followed = parse_followed_list(data)
    assert parse_followed_list(build_followed_list(followed)) == followed
    run(followed.open(provider=PROVIDER, at=NOW))


def _read_servers(content: bytes) -> None:
    # Sign the hostile list by the operator, because an operator may be hostile too.
    signature = run(sign_fields(server_lists.OPERATOR, PROVIDER, "document 1", content))
    envelope = json.loads(server_lists.sign())
    envelope |= {"document": base64_text(content), "signature": base64_text(signature)}
    _follow_servers(json.dumps(envelope).encode())


def _follow_servers(signed: bytes) -> None:
    followed = run(follow_discovery(signed, PROVIDER, server_lists.DOMAIN, server_lists.PINNED, NOW))
    assert parse_followed_discovery(build_followed_discovery(followed)) == followed
    listed = run(followed.open(PROVIDER, at=NOW))
    assert parse_server_list(build_server_list(listed)) == listed


def _show_certificate(data: bytes) -> None:
    certificate = parse_certificate(data)
    page_to_json(describe_certificate(certificate))
    check_profile(certificate)


def _path_in_damaged_pool(data: bytes) -> None:
    # Uses the bytes in all roles in which they can be read: as an anchor, an intermediate certificate, and evidence.
    evidence = parse_evidence(revocation_lists=[data], ocsp_responses=[data], certificates=[data])
    known = (revocations.authority().certificate, *evidence.certificates)
    anchors = tuple(
        TrustAnchor(certificate=authority) for authority in (revocations.root().certificate, *evidence.certificates)
    )
    for policy in (RevocationPolicy.REQUIRED, RevocationPolicy.IF_KNOWN):
        store = TrustStore(anchors=anchors, revocation=policy, evidence=evidence)
        for certificate in (revocations.leaf().certificate, *evidence.certificates):
            with contextlib.suppress(SmimeError):
                path = blocking.validate_path(certificate, Purpose.CRL, PathRules(store, NOW, known=known), PROVIDER)
                find_lookups(path.certificates, statuses=path.trail.revocation, evidence=evidence, provider=PROVIDER)


TRUST_TARGETS: Final[dict[str, dict[str, Reader]]] = {
    "requests": {
        "certification request": lambda data: run(open_certification_request(data, provider=PROVIDER)),
        "OCSP request": _answer_request,
    },
    "lasting": {"lasting signatures": _read_lasting, "operator": find_operator},
    "records": {"SMIMEA record": _read_record},
    "decisions": {"decisions": _read_decisions},
    "people-files": {"people file": read_people_file},
    "operators-list": {"operator's list": _read_operators_list, "followed list": _read_followed_list},
    "discovery": {
        "list of servers": _read_servers,
        "signed list of servers": _follow_servers,
        "followed servers": lambda data: run(parse_followed_discovery(data).open(PROVIDER, at=NOW)),
        "move": lambda data: run(check_move(data, server_lists.LIST, PROVIDER, NOW)),
    },
    "pool": {"path in a damaged pool": _path_in_damaged_pool, "page": _show_certificate, "decide": _decide},
}
