"""Keys below 2,048 bits: nothing is made with them unawares, and their signatures are never verified (RFC 8551 4.3)."""

from __future__ import annotations

import functools
from dataclasses import replace

import pytest

from smime_core import Identity, Judging, MessageReport, Signing, State, TrustAnchor, TrustStore, blocking
from smime_core.blocking import run
from smime_core.ca.demo import issue_identity
from smime_core.errors import NoUsableSigner
from smime_core.pkix import RevocationPolicy, TrustSource
from smime_core.trust import CertificateSource, FoundCertificate, check_recipient, check_without_path
from smime_core.verdict import SignerRules, choose_signer
from tests.support.people import MESSAGE, NOW, PROVIDER, authority, person, trust
from tests.support.short_keys import short_key

SHORT = (1024, 1536, 2047)


@functools.cache
def alice(bits: int) -> Identity:
    return run(issue_identity(authority(), "alice@example.test", PROVIDER, at=NOW, key=short_key(bits)))


def read(identities: list[Identity], store: TrustStore) -> MessageReport:
    signed = blocking.sign_message(MESSAGE, Signing(identities=identities, signing_time=NOW), provider=PROVIDER)
    return blocking.examine_message(signed, Judging(trust_store=store, at=NOW), provider=PROVIDER)


@pytest.mark.parametrize("bits", SHORT)
def test_a_signature_by_a_short_key_is_not_verified(bits: int) -> None:
    report = read([alice(bits)], trust())
    assert (report.state, report.reasons[0].code) == (State.SIGNED_UNVERIFIED, "weak-key")
    assert dict(report.reasons[0].values) == {"key": f"RSA {bits}"}


def test_a_signature_by_a_key_of_2048_bits_is_verified() -> None:
    assert read([alice(2048)], trust()).state is State.VERIFIED


@pytest.mark.parametrize("source", [TrustSource.USER, TrustSource.OPERATOR])
def test_a_decision_for_the_certificate_itself_accepts_its_short_key(source: TrustSource) -> None:
    anchor = TrustAnchor(certificate=alice(1024).certificate, source=source, is_exact=True)
    store = TrustStore(anchors=(anchor,), revocation=RevocationPolicy.NOT_CHECKED)
    assert read([alice(1024)], store).state is State.VERIFIED


@pytest.mark.parametrize("bits", SHORT)
def test_a_short_key_signs_only_where_that_is_allowed_and_no_longer_one_fits(bits: int) -> None:
    rules = SignerRules.for_message(MESSAGE, NOW)
    with pytest.raises(NoUsableSigner, match="too short") as refused:
        choose_signer([alice(bits)], rules)
    assert refused.value.codes == ("weak-key",)
    allowing = replace(rules, allows_weak=True)
    assert choose_signer([alice(bits)], allowing) is alice(bits)
    assert choose_signer([alice(bits), person("alice")], allowing) is person("alice")
    assert choose_signer([alice(bits), person("alice")], rules) is person("alice")


@pytest.mark.parametrize("bits", SHORT)
def test_nothing_is_encrypted_for_a_short_key(bits: int) -> None:
    candidate = FoundCertificate(certificate=alice(bits).certificate, source=CertificateSource.GIVEN)
    checks = (
        check_without_path(candidate, None, at=NOW),
        run(check_recipient(candidate, "alice@example.test", Judging(trust_store=trust(), at=NOW), PROVIDER)),
    )
    assert [[reason.code for reason in check.reasons] for check in checks] == [["weak-key"], ["weak-key"]]
