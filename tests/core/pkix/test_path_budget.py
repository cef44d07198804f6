"""The bound on the cost of all paths of one message, counted in signatures that are checked (MUSTS 38)."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import pytest

from smime_core import Identity, RevocationPolicy, State, TrustAnchor, TrustStore, parse_certificate
from smime_core.algorithms import SignatureAlgorithm
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.blocking import run, sign_entity, sign_message
from smime_core.ca.extensions import (
    build_address_constraints,
    build_authority_information_access,
    build_certificate_policies,
    build_subject_alt_name,
)
from smime_core.ca.names import COMMON_NAME, build_name
from smime_core.cms.signing import Signing
from smime_core.errors import CertificateExpired, LimitExceeded, UntrustedAnchor
from smime_core.limits import (
    MAX_MESSAGE_PATH_BYTES,
    MAX_MESSAGE_PATH_SIGNATURES,
    MAX_MESSAGE_PATH_STATES,
    MAX_MESSAGE_SIGNATURES,
)
from smime_core.pkix import (
    PathBudget,
    PathRules,
    Purpose,
    budget as budget_module,
    path,
    path_validation,
    policies,
    validate_path,
)
from smime_core.pkix.certificate_pool import CertificatePool
from smime_core.pkix.evidence import parse_evidence
from smime_core.provider import KeyType, PublicKey
from smime_core.providers.native import NativeProvider
from smime_core.trust.judging import Judging
from smime_core.verdict import signer_trust, signers
from smime_core.verdict.examiner import Examiner
from smime_core.verdict.signer_trust import SignerTrust
from smime_core.verdict.walk import examine
from smime_core.x509.certificate import Certificate, Extension
from tests.support.path_pki import Rig, clique, key, root
from tests.support.people import MESSAGE, NOW, anchor, build_revocation_list, person

SIGNERS = 100
DSA = "1.2.840.10040.4.1"
DSA_SHA256 = "2.16.840.1.101.3.4.3.2"
PARTS = 4  # few enough for the message to be smaller than MAX_LOOKED_INSIDE_BYTES


class CountingProvider(NativeProvider):
    """The native provider, which counts the signatures that it checks."""

    verified = 0

    async def verify(self, key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, content: Buffer) -> None:
        self.verified += 1
        await super().verify(key, algorithm, signature, content)


@pytest.fixture
def provider() -> CountingProvider:
    return CountingProvider()


TRUSTED = root("Trusted")
STORE = TrustStore(anchors=(TrustAnchor(certificate=TRUSTED.certificate),), revocation=RevocationPolicy.NOT_CHECKED)


def identity(rig: Rig, address: str, chain: Iterable[Certificate] = ()) -> Identity:
    return Identity(certificate=rig.certify(address), private_key=key(address), chain=tuple(chain))


def validate(
    certificate: Certificate, pool: Iterable[Certificate], provider: NativeProvider, budget: PathBudget | None
) -> None:
    run(validate_path(certificate, Purpose.SIGN, PathRules(STORE, NOW, known=tuple(pool)), provider, budget=budget))


def test_a_signature_is_checked_once_for_all_signers(provider: CountingProvider) -> None:
    between = TRUSTED.issue("Between")
    budget = PathBudget()
    for address in ("alice@example.test", "bob@example.test"):
        validate(between.certify(address), [between.certificate], provider, budget)
    # One signature is on each person's certificate, and one on that of the authority of both.
    assert provider.verified == 3


def test_all_signers_share_one_budget(provider: CountingProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget_module, "MAX_MESSAGE_PATH_SIGNATURES", 3)
    budget = PathBudget()
    for name in ("One", "Other"):
        rig = TRUSTED.issue(name)
        leaf = rig.certify(f"{name.lower()}@example.test")
        if name == "One":
            validate(leaf, [rig.certificate], provider, budget)
            continue
        with pytest.raises(LimitExceeded):
            validate(leaf, [rig.certificate], provider, budget)
        # After the limit, no further signature is checked.
        before = provider.verified
        with pytest.raises(LimitExceeded):
            validate(rig.certify("third@example.test"), [rig.certificate], provider, budget)
        assert provider.verified == before


@pytest.mark.parametrize("limit", ["MAX_MESSAGE_PATH_STATES", "MAX_MESSAGE_PATHS", "MAX_MESSAGE_PATH_BYTES"])
def test_issuers_and_paths_are_counted_too(
    provider: CountingProvider, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(budget_module, limit, 0)
    rig = TRUSTED.issue("House")
    with pytest.raises(LimitExceeded):
        validate(rig.certify("alice@example.test"), [rig.certificate], provider, PathBudget())


def test_without_a_budget_each_path_has_its_own(provider: CountingProvider) -> None:
    rig, pool = clique([f"Ring {number}" for number in range(4)], 4)
    for _ in range(2):
        with pytest.raises(UntrustedAnchor):
            validate(rig[0].certify("eve@example.test"), pool, provider, None)


def test_a_hundred_signers_in_many_parts_over_a_hostile_pool_are_bounded(provider: CountingProvider) -> None:
    rigs, pool = clique([f"Ring {number}" for number in range(30)], 30)
    assert len(pool) == 870
    people = [identity(rigs[number % 30], f"eve{number}@example.test") for number in range(SIGNERS)]
    first = dataclasses.replace(people[0], chain=tuple(pool))
    part = sign_entity(
        b"Content-Type: text/plain\r\n\r\nHello.\r\n",
        Signing(identities=[first, *(people[1:])], signing_time=NOW),
        provider=provider,
    )
    boundary = b"\r\n--hostile"
    parts = b"".join(boundary + b"\r\n" + part for _ in range(PARTS))
    message = (
        b"From: eve0@example.test\r\nContent-Type: multipart/mixed; boundary=hostile\r\n" + parts + boundary + b"--\r\n"
    )
    provider.verified = 0
    report = run(examine(message, examiner=Examiner(provider=provider, judging=Judging(trust_store=STORE, at=NOW))))
    signers = [signer for layer in report.layers for signer in layer.signers]
    assert len(signers) == SIGNERS * PARTS
    assert {signer.state for signer in signers} == {State.SIGNED_UNVERIFIED}
    # Each signer's signature is checked. The signatures on certificates are checked at most once each, up to a limit.
    on_top = provider.verified - SIGNERS * PARTS
    assert on_top <= min(MAX_MESSAGE_PATH_SIGNATURES, len(pool) + SIGNERS)


def test_signatures_are_checked_for_five_hundred_signers_in_all_parts(provider: CountingProvider) -> None:
    eve = identity(TRUSTED, "eve@example.test")
    part = sign_entity(
        b"Content-Type: text/plain\r\n\r\nHello.\r\n",
        Signing(identities=[eve] * SIGNERS, signing_time=NOW),
        provider=provider,
    )
    parts = MAX_MESSAGE_SIGNATURES // SIGNERS + 2
    message = (
        b"Content-Type: multipart/mixed; boundary=hostile\r\n"
        + b"".join(b"\r\n--hostile\r\n" + part for _ in range(parts))
        + b"\r\n--hostile--\r\n"
    )
    provider.verified = 0
    report = run(examine(message, examiner=Examiner(provider=provider, judging=Judging(trust_store=STORE, at=NOW))))
    layers = [layer for layer in report.layers if layer.signers]
    # The one signature more is that on eve's certificate.
    assert provider.verified == MAX_MESSAGE_SIGNATURES + 1
    assert {signer.state for layer in layers[:-2] for signer in layer.signers} == {State.VERIFIED}
    assert {signer.state for layer in layers[-2:] for signer in layer.signers} == {State.SIGNED_UNVERIFIED}
    assert {signer.reasons[0].code for layer in layers[-2:] for signer in layer.signers} == {"limit-exceeded"}


def watch(reader: tuple[ModuleType, str], monkeypatch: pytest.MonkeyPatch, note: Callable[..., None]) -> None:
    """Call `note` with the arguments of the module's function before each call of that function."""
    module, name = reader
    read = getattr(module, name)

    def reading(*arguments: Any, **named: Any) -> object:
        note(*arguments)
        return read(*arguments, **named)

    monkeypatch.setattr(module, name, reading)


@pytest.mark.parametrize(
    ("extension", "reader"),
    [
        (
            build_certificate_policies([f"1.3.6.1.4.1.{number}.{2**200}" for number in range(900)]),
            (policies, "parse_certificate_policies"),
        ),
        (
            build_address_constraints(excluded=[f"host{number}.partner.test" for number in range(5_000)]),
            (path_validation, "parse_name_constraints"),
        ),
    ],
    ids=["policies", "names"],
)
def test_large_extensions_are_read_for_few_of_a_hundred_signers(
    provider: CountingProvider, monkeypatch: pytest.MonkeyPatch, extension: Extension, reader: tuple[ModuleType, str]
) -> None:
    sizes: list[int] = []
    watch(reader, monkeypatch, lambda value: sizes.append(len(value)))
    rig = TRUSTED.issue("Large", extension)
    people = [identity(rig, f"eve{number}@example.test", [rig.certificate]) for number in range(SIGNERS)]
    signed = sign_message(MESSAGE, Signing(identities=[people[0], *(people[1:])], signing_time=NOW), provider=provider)
    report = run(examine(signed, examiner=Examiner(provider=provider, judging=Judging(trust_store=STORE, at=NOW))))
    assert len(report.signers) == SIGNERS
    assert 0 < sum(sizes) <= MAX_MESSAGE_PATH_BYTES


def without_parameters(subject: str, issuer: str, number: int) -> bytes:
    """A certificate for a DSA key that inherits its parameters from its issuer. Its signature is meaningless."""
    validity = der.sequence(der.element(0x17, b"200101000000Z"), der.element(0x17, b"400101000000Z"))
    key = der.sequence(der.sequence(der.oid(DSA)), der.element(0x03, b"\0" + der.integer(number + 5)))
    names = [build_name((COMMON_NAME, name)) for name in (issuer, subject)]
    version, algorithm = der.element(0xA0, der.integer(2)), der.sequence(der.oid(DSA_SHA256))
    tbs = der.sequence(version, der.integer(number), algorithm, names[0], validity, names[1], key)
    return der.sequence(tbs, algorithm, der.element(0x03, b"\0" + der.sequence(der.integer(5), der.integer(7))))


@pytest.mark.parametrize(
    ("key_type", "bits", "weight"),
    [
        (KeyType.RSA, 1_024, 1),
        (KeyType.RSA, 4_096, 1),
        (KeyType.RSA, 8_191, 1),
        (KeyType.RSA, 8_192, 4),
        (KeyType.RSA, 16_384, 16),
        (KeyType.EC, 521, 1),
        (KeyType.DSA, 0, 1),
    ],
)
def test_the_larger_an_rsa_key_the_fewer_signatures_are_checked(key_type: KeyType, bits: int, weight: int) -> None:
    large = PublicKey(spki_der=b"", key_type=key_type, bits=bits)
    for limit, count in (
        (MAX_MESSAGE_SIGNATURES, PathBudget.count_signer),
        (MAX_MESSAGE_PATH_SIGNATURES, PathBudget.count_signature),
    ):
        budget = PathBudget()
        for _ in range(limit // weight):
            count(budget, large)
        with pytest.raises(LimitExceeded):
            count(budget, large)


def test_the_signers_of_one_part_find_their_issuers_in_one_pool(
    provider: CountingProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[CertificatePool] = []

    def make(*arguments: Any, **named: Any) -> CertificatePool:
        made.append(CertificatePool(*arguments, **named))
        return made[-1]

    monkeypatch.setattr(path, "CertificatePool", make)
    people = [identity(TRUSTED, f"p{number}@example.test") for number in range(5)]
    signed = sign_message(MESSAGE, Signing(identities=[people[0], *(people[1:])], signing_time=NOW), provider=provider)
    for store in (STORE, dataclasses.replace(STORE, anchors=())):
        # The second store has no anchors, so issuers found for the first store must not count for it.
        report = run(examine(signed, examiner=Examiner(provider=provider, judging=Judging(trust_store=store, at=NOW))))
        expected = State.VERIFIED if store.anchors else State.SIGNED_UNVERIFIED
        assert {signer.state for signer in report.signers} == {expected}
    assert len(made) == 2


def test_a_store_finds_no_issuers_in_the_pool_of_another(provider: CountingProvider) -> None:
    budget = PathBudget()
    alice = TRUSTED.certify("alice@example.test")
    validate(alice, [], provider, budget)
    nobody = dataclasses.replace(STORE, anchors=())
    for store, at, expected in (
        (nobody, NOW, UntrustedAnchor),
        (STORE, NOW + datetime.timedelta(days=36_500), CertificateExpired),
    ):
        judging = validate_path(alice, Purpose.SIGN, PathRules(store, at), provider, budget=budget)
        with pytest.raises(expected):
            run(judging)


def test_issuers_without_parameters_above_one_another_do_not_multiply(
    provider: CountingProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each of nine levels has 20 certificates of one name, which makes 20 to the power of nine paths.
    pool = [without_parameters("Level 0", "Level 1", 1)] + [
        without_parameters(f"Level {level}", f"Level {level + 1}", 100 * level + number)
        for level in range(1, 10)
        for number in range(20)
    ]
    eve = dataclasses.replace(identity(TRUSTED, "eve@example.test"), chain=tuple(map(parse_certificate, pool)))
    signed = sign_message(MESSAGE, Signing(identities=[eve], signing_time=NOW), provider=provider)
    # The signer's certificate is the one below all these levels.
    monkeypatch.setattr(signers, "find_signer_certificates", lambda _, known: (parse_certificate(pool[0]),))
    weighed = 0

    class Budget(PathBudget):
        def count_state(self) -> None:
            nonlocal weighed
            weighed += 1
            super().count_state()

    examiner = Examiner(provider=provider, budget=Budget(), judging=Judging(trust_store=STORE, at=NOW))
    report = run(examine(signed, examiner=examiner))
    assert report.signers[0].state is State.SIGNED_UNVERIFIED
    assert [why.code for why in report.signers[0].reasons] == ["limit-exceeded"]
    assert weighed <= MAX_MESSAGE_PATH_STATES + 1


@pytest.mark.parametrize(
    ("extension", "reader"),
    [
        (
            build_subject_alt_name([f"eve{number}@example.test" for number in range(4_000)]),
            (signer_trust, "find_change"),
        ),
        (
            build_authority_information_access(issuer_urls=[f"http://host{number}.test/" for number in range(4_000)]),
            (path, "find_access_urls"),
        ),
    ],
    ids=["addresses", "issuers"],
)
def test_large_certificates_that_nobody_vouches_for_are_read_for_few_of_a_hundred_signers(
    provider: CountingProvider, monkeypatch: pytest.MonkeyPatch, extension: Extension, reader: tuple[ModuleType, str]
) -> None:
    readers = set[int]()
    judged: list[SignerTrust] = []
    watch(reader, monkeypatch, lambda *_: readers.add(len(judged)))
    judge = signer_trust.judge_trust

    async def judging(*arguments: Any, **named: Any) -> SignerTrust:
        judged.append(await judge(*arguments, **named))
        return judged[-1]

    monkeypatch.setattr(signers, "judge_trust", judging)
    eve = Identity(
        certificate=root("Nobody").certify("eve@example.test", extension), private_key=key("eve@example.test")
    )
    signed = sign_message(
        MESSAGE, Signing(identities=[eve, *([eve] * (SIGNERS - 1))], signing_time=NOW), provider=provider
    )
    report = run(examine(signed, examiner=Examiner(provider=provider, judging=Judging(trust_store=STORE, at=NOW))))
    assert {signer.state for signer in report.signers} == {State.SIGNED_UNVERIFIED}
    assert len(report.signers) == SIGNERS
    assert 0 < len(readers) * len(eve.certificate.der) <= MAX_MESSAGE_PATH_BYTES
    assert [signer.reasons[0].code for signer in report.signers[-2:]] == ["path-not-followed"] * 2


def test_signers_that_are_left_when_the_budget_is_spent_are_doubted(
    provider: CountingProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget_module, "MAX_MESSAGE_PATH_SIGNATURES", 2)
    rig = TRUSTED.issue("House")
    people = [identity(rig, f"p{number}@example.test", [rig.certificate]) for number in range(3)]
    signed = sign_message(MESSAGE, Signing(identities=[people[0], *(people[1:])], signing_time=NOW), provider=provider)
    report = run(examine(signed, examiner=Examiner(provider=provider, judging=Judging(trust_store=STORE, at=NOW))))
    assert [signer.state for signer in report.signers] == [State.VERIFIED, *[State.SIGNED_UNVERIFIED] * 2]
    assert [signer.reasons[0].code for signer in report.signers[1:]] == ["limit-exceeded", "path-not-followed"]
    assert report.state is State.SIGNED_UNVERIFIED


def test_a_revocation_that_nobody_could_afford_to_look_at_forgives_nothing(
    provider: CountingProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = person("alice")
    store = TrustStore(
        anchors=(TrustAnchor(certificate=anchor()),),
        revocation=RevocationPolicy.IF_KNOWN,
        evidence=parse_evidence(revocation_lists=[build_revocation_list()]),
    )
    signed = sign_message(MESSAGE, Signing(identities=[alice], signing_time=NOW), provider=provider)

    def judge() -> tuple[State, list[str]]:
        report = run(examine(signed, examiner=Examiner(provider=provider, judging=Judging(trust_store=store, at=NOW))))
        return report.state, [reason.code for reason in report.reasons]

    assert judge() == (State.VERIFIED, [])
    # The budget is enough for the path, but not for the revocation list.
    monkeypatch.setattr(budget_module, "MAX_MESSAGE_PATH_SIGNATURES", 1)
    assert judge() == (State.SIGNED_UNVERIFIED, ["limit-exceeded"])
