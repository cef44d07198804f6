"""Evidence: parsed from bytes, added from answers, and the lookups that are still needed."""

from __future__ import annotations

import itertools

import pytest
from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from smime_core import Certificate
from smime_core.asn1 import der
from smime_core.cms.certificates_only import build_certificates_only
from smime_core.cms.content_info import ID_DATA
from smime_core.errors import LimitExceeded, MalformedMessage, SmimeError
from smime_core.limits import MAX_CRL_BYTES, MAX_LOOKUPS
from smime_core.pkix import Evidence, Lookup, LookupKind, RevocationStatus, evidence as evidence_module
from smime_core.pkix.evidence import NO_EVIDENCE, RevocationState, add_answer, parse_evidence
from smime_core.pkix.revocation import UNKNOWN_REASONS, find_lookups
from tests.support.people import NOW, PROVIDER
from tests.support.revocations import (
    DAY,
    Holder,
    ask_evidence,
    authority,
    certificate_id,
    crl,
    entry,
    extension_der,
    issue,
    leaf,
    point,
    points,
    response,
    root,
    single,
    uri,
)

RESPONDER, SECOND_RESPONDER = "http://ocsp.example.test/", "http://ocsp2.example.test/"
LIST, SECOND_LIST, DELTA = (f"http://lists.example.test/{name}.crl" for name in ("one", "two", "delta"))
NONCE_OID = "1.3.6.1.5.5.7.48.1.2"


def access(*urls: str) -> x509.AuthorityInformationAccess:
    method = AuthorityInformationAccessOID.OCSP
    return x509.AuthorityInformationAccess([x509.AccessDescription(method, uri(url)) for url in urls])


def person(*extensions: x509.ExtensionType) -> Holder:
    return issue("Leaf", authority(), serial_number=0x1234, extensions=extensions)


class TestParsing:
    def test_each_kind_is_read_and_what_is_damaged_is_counted(self) -> None:
        evidence = parse_evidence(
            revocation_lists=[crl(authority()), b"damaged"],
            ocsp_responses=[response(authority()), b"\x30\x03\x0a\x01\x03"],
            certificates=[root().der, b""],
            gathered_at=NOW,
        )
        counts = (len(evidence.revocation_lists), len(evidence.ocsp_responses), len(evidence.certificates))
        assert (counts, evidence.damaged, evidence.gathered_at) == ((1, 1, 1), 3, NOW)

    def test_equal_octets_count_once(self) -> None:
        listed = crl(authority())
        assert len(parse_evidence(revocation_lists=[listed, listed]).revocation_lists) == 1

    def test_more_than_the_limit_is_left_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(evidence_module, "MAX_EVIDENCE", 2)
        lists = [crl(authority(), entry(number)) for number in range(1, 5)]
        evidence = parse_evidence(revocation_lists=lists)
        assert ([revocation_list.der for revocation_list in evidence.revocation_lists], evidence.damaged) == (
            lists[:2],
            2,
        )

    def test_a_list_that_is_too_large_is_left_out(self) -> None:
        evidence = parse_evidence(revocation_lists=[b"\x30" + bytes(MAX_CRL_BYTES)])
        assert (evidence.revocation_lists, evidence.damaged) == ((), 1)

    def test_merging_keeps_the_own_first_and_what_was_asked(self) -> None:
        own_list, other_list = crl(authority()), crl(root())
        lookup = Lookup(kind=LookupKind.CRL, url=LIST, certificate=leaf().certificate)
        own = add_answer(parse_evidence(revocation_lists=[own_list], gathered_at=NOW), lookup, None)
        other = parse_evidence(revocation_lists=[other_list, own_list, b"x"], gathered_at=NOW + DAY)
        merged = own.merged_with(other)
        assert [revocation_list.der for revocation_list in merged.revocation_lists] == [own_list, other_list]
        assert (merged.damaged, merged.gathered_at) == (1, NOW)
        assert merged.unavailable == {lookup.key}

    def test_found_by_name_and_by_serial_number(self) -> None:
        evidence = parse_evidence(
            revocation_lists=[crl(authority()), crl(root())],
            ocsp_responses=[response(authority())],
            certificates=[root().der],
        )
        (revocation_list,) = evidence.find_lists(authority().certificate.subject_der)
        assert revocation_list.issuer == "CN=Authority"
        assert [len(evidence.find_responses(number)) for number in (0x1234, 1)] == [1, 0]
        assert list(evidence.find_certificates(root().certificate.subject_der)) == [root().certificate]

    def test_a_damaged_name_hides_no_other_list(self) -> None:
        octets = bytearray(crl(root()))
        # The length of the name's only attribute is now too small.
        octets[octets.index(b"Root") - 1] = 3
        evidence = parse_evidence(revocation_lists=[bytes(octets), crl(authority())])
        assert len(list(evidence.find_lists(authority().certificate.subject_der))) == 1


def lookup_for(kind: LookupKind, *, nonce: bytes = b"") -> Lookup:
    return Lookup(kind=kind, url=LIST, certificate=leaf().certificate, nonce=nonce)


class TestAnswers:
    def test_each_kind_of_answer_becomes_evidence(self) -> None:
        evidence = add_answer(NO_EVIDENCE, lookup_for(LookupKind.CRL), crl(authority()))
        evidence = add_answer(evidence, lookup_for(LookupKind.OCSP), response(authority()))
        evidence = add_answer(evidence, lookup_for(LookupKind.ISSUER), authority().der)
        assert len(evidence.revocation_lists) == len(evidence.ocsp_responses) == 1
        assert evidence.certificates == (authority().certificate,)
        assert evidence.asked == {lookup_for(kind).key for kind in LookupKind}
        assert not evidence.unavailable

    @pytest.mark.parametrize("kind", list(LookupKind))
    @pytest.mark.parametrize("octets", [b"", b"<html>not found</html>", b"\x30\x00", b"\x30\x03\x0a\x01\x03"])
    def test_an_unreadable_answer_is_refused(self, kind: LookupKind, octets: bytes) -> None:
        with pytest.raises(SmimeError):
            add_answer(NO_EVIDENCE, lookup_for(kind), octets)

    def test_a_nonce_is_the_one_asked_with_or_absent(self) -> None:
        nonce = bytes(32)
        for own, is_taken in ((nonce, True), (bytes(31) + b"\1", False), (None, True)):
            extensions = [] if own is None else [extension_der(NONCE_OID, der.octet_string(own))]
            answer = response(authority(), extensions=extensions)
            lookup = lookup_for(LookupKind.OCSP, nonce=nonce)
            if is_taken:
                assert add_answer(NO_EVIDENCE, lookup, answer).ocsp_responses
            else:
                with pytest.raises(MalformedMessage, match="nonce"):
                    add_answer(NO_EVIDENCE, lookup, answer)

    def test_the_issuer_may_come_in_a_certs_only_message_or_as_pem(self) -> None:
        from cryptography.hazmat.primitives import serialization

        both = (authority().certificate, root().certificate)
        cms = build_certificates_only(both)
        assert set(add_answer(NO_EVIDENCE, lookup_for(LookupKind.ISSUER), cms).certificates) == set(both)
        pem = authority().x509.public_bytes(serialization.Encoding.PEM)
        assert add_answer(NO_EVIDENCE, lookup_for(LookupKind.ISSUER), pem).certificates == both[:1]

    @pytest.mark.parametrize(
        "content_info",
        [
            der.sequence(der.oid(ID_DATA), der.explicit(0, der.octet_string(b""))),
            build_certificates_only((), crls=[crl(authority())]),
            build_certificates_only([authority().certificate]).replace(
                authority().der, b"\x30\x82" + bytes(2) + authority().der[4:]
            ),
        ],
        ids=["other content", "lists alone", "a damaged certificate"],
    )
    def test_a_message_without_certificates_is_no_answer(self, content_info: bytes) -> None:
        with pytest.raises(MalformedMessage):
            add_answer(NO_EVIDENCE, lookup_for(LookupKind.ISSUER), content_info)

    def test_a_message_holds_a_bounded_number_of_certificates(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("smime_core.cms.signed_data.MAX_CERTIFICATES", 1)
        cms = build_certificates_only([authority().certificate, root().certificate])
        with pytest.raises(LimitExceeded):
            add_answer(NO_EVIDENCE, lookup_for(LookupKind.ISSUER), cms)


class TestWhy:
    """The reason for an unknown status when no list or response is about the certificate."""

    def why(self, evidence: Evidence, holder: Holder) -> str:
        status = ask_evidence(evidence, about=holder)
        assert status.why in UNKNOWN_REASONS
        return status.why

    def test_it_follows_what_was_asked(self) -> None:
        asking = person(access(RESPONDER))
        (lookup,) = named(NO_EVIDENCE, asking)
        assert self.why(NO_EVIDENCE, person()) == "nobody-to-ask"
        assert self.why(NO_EVIDENCE, asking) == "not-asked"
        assert self.why(add_answer(NO_EVIDENCE, lookup, None), asking) == "unavailable"
        other = single(about=certificate_id(asking.certificate, authority(), serial_number=9))
        answered = add_answer(NO_EVIDENCE, lookup, response(authority(), other))
        assert self.why(answered, asking) == "other-certificate"


def path_of(holder: Holder) -> tuple[Certificate, ...]:
    return holder.certificate, authority().certificate, root().certificate


def named(evidence: Evidence, holder: Holder) -> tuple[Lookup, ...]:
    """The lookups that the leaf's status still needs after this evidence. The status of its authority is good."""
    statuses = [
        ask_evidence(evidence, about=holder),
        RevocationStatus(certificate=authority().certificate, state=RevocationState.GOOD, source="ocsp"),
    ]
    return find_lookups(path_of(holder), statuses=statuses, evidence=evidence, provider=PROVIDER)


def urls(evidence: Evidence, holder: Holder) -> list[tuple[LookupKind, str]]:
    return [(lookup.kind, lookup.url) for lookup in named(evidence, holder)]


class TestLookups:
    def test_responders_first_then_lists_each_once(self) -> None:
        holder = person(access(RESPONDER, SECOND_RESPONDER), points(point(LIST, SECOND_LIST)))
        evidence, addresses = NO_EVIDENCE, []
        while lookups := named(evidence, holder):
            for lookup in lookups:
                addresses.append(lookup.url)
                evidence = add_answer(evidence, lookup, None)
        assert addresses == [RESPONDER, SECOND_RESPONDER, LIST, SECOND_LIST]

    def test_an_ocsp_lookup_asks_about_the_certificate_with_a_fresh_nonce(self) -> None:
        holder = person(access(RESPONDER))
        (first,), (second,) = named(NO_EVIDENCE, holder), named(NO_EVIDENCE, holder)
        request = ocsp.load_der_ocsp_request(first.body)
        assert request.serial_number == holder.certificate.serial_number
        assert request.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == first.nonce
        assert len(first.nonce) == 32
        assert first.nonce != second.nonce
        assert first.key == second.key
        assert first.path == path_of(holder)

    def test_a_known_status_is_not_looked_up(self) -> None:
        holder = person(access(RESPONDER), points(point(LIST)))
        for listed in (crl(authority()), crl(authority(), entry(holder.certificate.serial_number))):
            assert urls(parse_evidence(revocation_lists=[listed]), holder) == []

    def test_a_list_that_answered_without_use_is_not_asked_for_again(self) -> None:
        holder = person(points(point(LIST, SECOND_LIST)))
        (lookup,) = named(NO_EVIDENCE, holder)
        evidence = add_answer(NO_EVIDENCE, lookup, crl(root()))
        assert urls(evidence, holder) == []

    def test_every_point_has_its_list(self) -> None:
        holder = person(points(point(LIST), point(SECOND_LIST)))
        assert urls(NO_EVIDENCE, holder) == [(LookupKind.CRL, LIST), (LookupKind.CRL, SECOND_LIST)]

    def test_the_delta_of_a_list_that_says_good_is_asked_for(self) -> None:
        freshest = x509.FreshestCRL([point(DELTA)])
        by_certificate = parse_evidence(revocation_lists=[crl(authority(), number=1)])
        assert urls(by_certificate, person(freshest)) == [(LookupKind.CRL, DELTA)]
        by_list = parse_evidence(revocation_lists=[crl(authority(), number=1, extensions=[freshest])])
        (lookup,) = named(by_list, person())
        assert lookup.url == DELTA
        assert urls(add_answer(by_list, lookup, None), person()) == []

    def test_the_delta_of_a_stale_list_is_asked_for(self) -> None:
        freshest = x509.FreshestCRL([point(DELTA)])
        stale = crl(authority(), number=1, this_update=NOW - 9 * DAY, next_update=NOW - DAY, extensions=[freshest])
        assert urls(parse_evidence(revocation_lists=[stale]), person()) == [(LookupKind.CRL, DELTA)]

    def test_nobody_is_asked_because_an_unsigned_list_names_them(self) -> None:
        """Anybody can put such a list into a message, or give it out over the network in the authority's place."""
        freshest = x509.FreshestCRL([point(DELTA)])
        name = authority().x509.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        forged = crl(root(), issuer=str(name), number=1, extensions=[freshest])
        for lists in ([forged], [forged, crl(authority(), number=1)]):
            assert urls(parse_evidence(revocation_lists=lists), person()) == []
        holder = person(points(point(LIST)))
        evidence = parse_evidence(revocation_lists=[forged])
        assert urls(evidence, holder) == [(LookupKind.CRL, LIST)]

    def test_other_schemes_are_left_out(self) -> None:
        assert urls(NO_EVIDENCE, person(access("ldap://example.test/"), points(point("ftp://example.test/")))) == []

    def test_a_certificate_without_a_status_is_not_asked_about(self) -> None:
        holder = person(access(RESPONDER))
        assert find_lookups(path_of(holder), statuses=(), evidence=NO_EVIDENCE, provider=PROVIDER) == ()

    def test_a_damaged_extension_names_nobody(self) -> None:
        damaged = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.1"), b"\x30\x03\x02\x01\x01")
        assert urls(NO_EVIDENCE, person(damaged)) == []

    def test_they_are_bounded(self) -> None:
        holders = [person(points(*(point(f"http://{n}.{m}.test/") for n in range(9)))) for m in range(9)]
        certificates = [holder.certificate for holder in holders]
        unknown = [
            RevocationStatus(certificate=certificate, state=RevocationState.UNKNOWN, why="not-asked")
            for certificate in certificates
        ]
        lookups = find_lookups(certificates, statuses=unknown, evidence=NO_EVIDENCE, provider=PROVIDER)
        assert len(lookups) == MAX_LOOKUPS
        assert len({lookup.key for lookup in lookups}) == MAX_LOOKUPS
        assert all(
            len(list(group)) <= 4 for _, group in itertools.groupby(lookups, key=lambda question: question.certificate)
        )
