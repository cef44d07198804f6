"""Rounds of look-ups: the requests and their number, how long the answers are kept, and when the rounds end."""

from __future__ import annotations

import dataclasses
import datetime
import ipaddress
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from sealwax.lookups import answers as answers_module
from sealwax.lookups.answers import REVOCATION_KINDS, AnswerSource, LookupProblem, host_of, kept_until
from sealwax.lookups.cache import AnswerCache
from sealwax.lookups.fetch import PUBLIC_ONLY, FetchPolicy, FetchRequest, LookupFailed, LookupFailure
from sealwax.lookups.rounds import LookedUp, examine_with_lookups
from smime_core import blocking
from smime_core.ca.demo import create_authority
from smime_core.identity.identity import Identity
from smime_core.limits import (
    FAILURE_KEPT_MINUTES,
    MAX_ISSUERS_BYTES,
    MAX_KEPT_HOURS,
    MAX_LOOKUP_ROUNDS,
    MAX_LOOKUPS_IN_A_ROUND,
    UNDATED_KEPT_MINUTES,
)
from smime_core.pkix import PathTrail, RevocationState, RevocationStatus, TrustStore
from smime_core.pkix.evidence import Lookup, LookupKind
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider
from smime_core.x509.certificate import Certificate
from tests.support.growth import grows_in_proportion
from tests.support.people import person

AT = datetime.datetime(2026, 11, 20, 12, 0, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
MINUTE = datetime.timedelta(minutes=1)


@dataclass
class Web:
    """A stand-in for the network: an answer for each URL, and a record of the requests."""

    pages: dict[str, bytes | LookupFailed] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    policies: dict[str, FetchPolicy] = field(default_factory=dict)
    at: datetime.datetime = AT

    def fetch_all(
        self, requests: Sequence[FetchRequest], policy: FetchPolicy, seconds: float
    ) -> tuple[bytes | LookupFailed, ...]:
        assert seconds > 0
        self.asked += [request.url for request in requests]
        self.policies |= {request.url: policy for request in requests}
        missing = LookupFailed(LookupFailure.UNREACHABLE, "nobody there")
        return tuple(self.pages.get(request.url, missing) for request in requests)

    def source(self, cache: AnswerCache, kinds: frozenset[LookupKind] = REVOCATION_KINDS) -> AnswerSource:
        return AnswerSource(cache=cache, clock=lambda: self.at, kinds=kinds)


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Web:
    web = Web()
    monkeypatch.setattr(answers_module, "fetch_all", web.fetch_all)
    return web


@pytest.fixture
def cache() -> Iterator[AnswerCache]:
    cache = AnswerCache(None)
    yield cache
    cache.close()


@pytest.fixture(scope="module")
def identity() -> Identity:
    provider = NativeProvider()
    return blocking.run(create_authority("Somebody", provider=provider, at=AT, key=NewKey.P256)).identity


@pytest.fixture(scope="module")
def certificate(identity: Identity) -> Certificate:
    return identity.certificate


def lookup(certificate: Certificate, url: str, kind: LookupKind = LookupKind.CRL, nonce: bytes = b"") -> Lookup:
    return Lookup(kind=kind, url=url, certificate=certificate, path=(certificate,), body=nonce, nonce=nonce)


def run(
    source: AnswerSource, *lookups: Lookup, state: RevocationState = RevocationState.GOOD
) -> tuple[LookedUp[PathTrail], int]:
    """Examine a path until its look-ups are done. Returns the result and the number of examinations."""
    count = 0

    def examine(store: TrustStore) -> PathTrail:
        nonlocal count
        count += 1
        certificate = lookups[0].certificate
        return PathTrail(
            certificates=(certificate,),
            revocation=(RevocationStatus(certificate=certificate, state=state),),
            lookups=tuple(candidate for candidate in lookups if candidate.key not in store.evidence.asked),
        )

    looked_up = examine_with_lookups(
        examine, trust_store=TrustStore(anchors=()), trails_of=lambda trail: [trail], source=source
    )
    return looked_up, count


KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Somebody")])


def crl(*, until: datetime.datetime = AT + DAY) -> bytes:
    builder = x509.CertificateRevocationListBuilder(NAME, AT - 10 * DAY, until)
    return builder.sign(KEY, SHA256()).public_bytes(Encoding.DER)


def response(identity: Identity, *, until: datetime.datetime | None) -> bytes:
    about = x509.load_der_x509_certificate(identity.certificate.der)
    key = load_der_private_key(identity.private_key.pkcs8_der, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=about,
        issuer=about,
        algorithm=SHA256(),
        cert_status=ocsp.OCSPCertStatus.GOOD,
        this_update=AT - 10 * DAY,
        next_update=until,
        revocation_time=None,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, about)
    return builder.sign(key, SHA256()).public_bytes(Encoding.DER)


def test_an_answer_becomes_evidence_and_is_not_asked_for_again(
    web: Web, cache: AnswerCache, certificate: Certificate
) -> None:
    web.pages["http://ca.test/1"] = crl()
    looked_up, count = run(web.source(cache), lookup(certificate, "http://ca.test/1"))
    assert (count, web.asked) == (2, ["http://ca.test/1"])
    assert len(looked_up.evidence.revocation_lists) == 1
    assert looked_up.evidence.gathered_at == AT
    assert (looked_up.open_lookups, looked_up.problems) == ((), {})
    run(web.source(cache), lookup(certificate, "http://ca.test/1"))
    assert web.asked == ["http://ca.test/1"]


def test_nobody_is_asked_for_what_is_not_allowed(web: Web, cache: AnswerCache, certificate: Certificate) -> None:
    issuer = lookup(certificate, "http://ca.test/issuer", LookupKind.ISSUER)
    looked_up, count = run(web.source(cache), issuer)
    assert (looked_up.open_lookups, count, web.asked) == ((issuer,), 1, [])
    looked_up, count = run(web.source(cache, frozenset()), lookup(certificate, "http://ca.test/1"))
    assert (len(looked_up.open_lookups), count, web.asked) == (1, 1, [])


def test_allowances_count_for_revocation_and_not_for_issuers(
    web: Web, cache: AnswerCache, certificate: Certificate
) -> None:
    policy = FetchPolicy(
        allowed_hosts=frozenset({"ca.test:8080"}), allowed_networks=(ipaddress.ip_network("10.0.0.0/8"),)
    )
    lookups = [lookup(certificate, f"http://ca.test/{kind}", kind) for kind in LookupKind]
    source = AnswerSource(cache=cache, clock=lambda: AT, kinds=frozenset(LookupKind), policy=policy)
    assert set(source.find(lookups)) == set(lookups)
    assert web.policies == {
        "http://ca.test/ocsp": policy,
        "http://ca.test/crl": policy,
        # The limit is lower than for CRLs, because certificates are small, and reading them takes longer.
        "http://ca.test/issuer": dataclasses.replace(PUBLIC_ONLY, max_body_bytes=MAX_ISSUERS_BYTES),
    }


def test_kept_answers_are_used_when_nothing_may_be_fetched(
    web: Web, cache: AnswerCache, certificate: Certificate
) -> None:
    web.pages["http://ca.test/1"] = crl()
    run(web.source(cache), lookup(certificate, "http://ca.test/1"))
    looked_up, _ = run(web.source(cache, frozenset()), lookup(certificate, "http://ca.test/1"))
    assert len(looked_up.evidence.revocation_lists) == 1


def test_a_failure_is_told_and_not_repeated_for_some_minutes(
    web: Web, cache: AnswerCache, certificate: Certificate
) -> None:
    question = lookup(certificate, "http://ca.test/1")
    looked_up, _ = run(web.source(cache), question)
    assert looked_up.problems == {question.key: LookupProblem(code="unreachable", text="nobody there")}
    assert question.key in looked_up.evidence.unavailable
    looked_up, _ = run(web.source(cache), question)
    assert looked_up.problems[question.key].text == "nobody there a few minutes ago"
    assert len(web.asked) == 1
    web.at += FAILURE_KEPT_MINUTES * MINUTE
    run(web.source(cache), question)
    assert len(web.asked) == 2


def test_a_failure_of_before_is_nothing_to_those_who_may_ask_nobody(
    web: Web, cache: AnswerCache, certificate: Certificate
) -> None:
    run(web.source(cache), lookup(certificate, "http://ca.test/1"))
    looked_up, count = run(web.source(cache, frozenset()), lookup(certificate, "http://ca.test/1"))
    assert (count, looked_up.problems) == (1, {})


@pytest.mark.parametrize("failure", ["not-asked", "refused-port", "not-public", "bad-url"])
def test_whom_nobody_asked_for_reasons_of_their_own_is_asked_the_next_time(
    web: Web, cache: AnswerCache, certificate: Certificate, failure: str
) -> None:
    web.pages["http://ca.test/1"] = LookupFailed(LookupFailure(failure), "it was not to be")
    run(web.source(cache), lookup(certificate, "http://ca.test/1"))
    run(web.source(cache), lookup(certificate, "http://ca.test/1"))
    assert len(web.asked) == 2


def test_octets_that_are_no_answer_are_a_problem_and_kept_as_a_failure_is(
    web: Web, cache: AnswerCache, certificate: Certificate
) -> None:
    web.pages["http://ca.test/1"] = b"<html>"
    question = lookup(certificate, "http://ca.test/1")
    looked_up, _ = run(web.source(cache), question)
    assert looked_up.problems[question.key].text.startswith("ca.test: ")
    assert looked_up.answered == {}
    web.at += FAILURE_KEPT_MINUTES * MINUTE
    run(web.source(cache), question)
    assert len(web.asked) == 2


def test_an_answer_that_settles_nothing_is_kept_as_a_failure_is(
    web: Web, cache: AnswerCache, certificate: Certificate
) -> None:
    web.pages["http://ca.test/1"] = crl()
    question = lookup(certificate, "http://ca.test/1")
    run(web.source(cache), question, state=RevocationState.UNKNOWN)
    web.at += (FAILURE_KEPT_MINUTES - 1) * MINUTE
    run(web.source(cache), question)
    assert len(web.asked) == 1
    web.at += MINUTE
    run(web.source(cache), question)
    assert len(web.asked) == 2


def test_one_question_is_asked_once_whatever_nonce_is_in_it(
    web: Web, cache: AnswerCache, certificate: Certificate
) -> None:
    urls = ["http://ca.test/ocsp"] * 2
    run(web.source(cache), *(lookup(certificate, url, LookupKind.OCSP, bytes([n])) for n, url in enumerate(urls)))
    assert web.asked == ["http://ca.test/ocsp"]


def test_the_number_of_questions_in_a_round_is_bounded(web: Web, cache: AnswerCache, certificate: Certificate) -> None:
    many = [lookup(certificate, f"http://ca.test/{number}") for number in range(1_000)]
    run(web.source(cache), *many)
    assert len(web.asked) == MAX_LOOKUP_ROUNDS * MAX_LOOKUPS_IN_A_ROUND


def test_the_number_of_rounds_is_bounded(web: Web, cache: AnswerCache, certificate: Certificate) -> None:
    count = 0

    def examine(_store: TrustStore) -> PathTrail:
        nonlocal count
        count += 1
        return PathTrail(certificates=(certificate,), lookups=(lookup(certificate, f"http://ca.test/{count}"),))

    examine_with_lookups(
        examine, trust_store=TrustStore(anchors=()), trails_of=lambda trail: [trail], source=web.source(cache)
    )
    assert (count, len(web.asked)) == (MAX_LOOKUP_ROUNDS + 1, MAX_LOOKUP_ROUNDS)


@pytest.mark.parametrize(
    ("until", "kept"),
    [
        (AT + DAY, DAY),
        (AT + 365 * DAY, datetime.timedelta(hours=MAX_KEPT_HOURS)),
        (AT + MINUTE, FAILURE_KEPT_MINUTES * MINUTE),
        (AT - DAY, FAILURE_KEPT_MINUTES * MINUTE),
    ],
)
def test_an_answer_is_kept_until_its_next_update_within_bounds(
    identity: Identity, until: datetime.datetime, kept: datetime.timedelta
) -> None:
    assert kept_until(LookupKind.CRL, crl(until=until), at=AT) == AT + kept
    assert kept_until(LookupKind.OCSP, response(identity, until=until), at=AT) == AT + kept


def test_an_answer_without_next_update_is_kept_for_an_hour(identity: Identity) -> None:
    data = response(identity, until=None)
    assert kept_until(LookupKind.OCSP, data, at=AT) == AT + UNDATED_KEPT_MINUTES * MINUTE


def test_a_damaged_answer_is_kept_as_briefly_as_a_failure() -> None:
    for kind in (LookupKind.CRL, LookupKind.OCSP):
        assert kept_until(kind, b"<html>", at=AT) == AT + FAILURE_KEPT_MINUTES * MINUTE
    assert kept_until(LookupKind.ISSUER, b"anything", at=AT) == AT + datetime.timedelta(hours=MAX_KEPT_HOURS)


def test_the_host_of_what_is_no_url_is_the_whole(certificate: Certificate) -> None:
    assert host_of(lookup(certificate, "http://ca.test:8080/x")) == "ca.test"
    assert host_of(lookup(certificate, "http://[")) == "http://["


def test_the_host_of_an_address_of_any_length_is_named_at_once() -> None:
    def naming(size: int) -> Callable[[], None]:
        marks = "\N{COMBINING GRAVE ACCENT}\N{COMBINING DOT BELOW}" * (size // 2)
        long = Lookup(kind=LookupKind.CRL, url=f"http://a{marks}/", certificate=person("alice").certificate)

        def name() -> None:
            assert len(host_of(long)) < 100

        return name

    assert grows_in_proportion(naming, 200_000)
    assert (
        host_of(Lookup(kind=LookupKind.CRL, url="http://ca.example.test/list", certificate=person("alice").certificate))
        == "ca.example.test"
    )
