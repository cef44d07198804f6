"""Attacks that aim at a wrong "verified" or "good", end to end (MUSTS 37 to 39)."""

from __future__ import annotations

import datetime
import functools

import pytest
from cryptography import x509

from smime_core import Identity, RevocationPolicy, SignatureForm, State, TrustAnchor, TrustStore, blocking
from smime_core.asn1 import der
from smime_core.asn1.distinguished_name import EMAIL_ADDRESS
from smime_core.cms.attributes import SIGNATURE_TIME_STAMP, build_attribute
from smime_core.cms.signing import SignerOptions, Signing
from smime_core.errors import RevocationUnknown
from smime_core.pkix import Evidence, PathRules, Purpose, ValidatedPath
from smime_core.pkix.evidence import parse_evidence
from smime_core.pkix.extensions import NAME_CONSTRAINTS
from smime_core.trust.judging import Judging
from smime_core.x509.certificate import SUBJECT_ALT_NAME, Certificate, Extension
from smime_core.x509.mail_names import SMTP_UTF8_MAILBOX
from smime_core.x509.revocation_list import RevocationList
from tests.support import path_pki, revocations, timestamp_service
from tests.support.path_pki import Rig, revocation_list
from tests.support.people import NOW, PROVIDER
from tests.support.timestamp_service import YEAR, build_list, tst_info

DAY = datetime.timedelta(days=1)
FOREVER = datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=datetime.UTC)
BEGINNING = datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)


class TestNamesThatLookAlike:
    """IDNA 2003 and case folding confuse these mailboxes. A certificate for one must not count for the other."""

    @pytest.mark.parametrize(
        ("certified", "author"),
        [
            ("stra\u00dfe@example.test", "strasse@example.test"),
            ("\u212aevin@example.test", "kevin@example.test"),
            ("\u017fam@example.test", "sam@example.test"),
        ],
    )
    def test_a_signature_is_not_another_mailboxs(self, certified: str, author: str) -> None:
        assert self.state(certified, certified) is State.VERIFIED
        assert self.state(certified, author) is not State.VERIFIED

    @pytest.mark.parametrize("kind", ["rfc822Name", "SmtpUTF8Mailbox", "emailAddress"])
    @pytest.mark.parametrize("behind", ["\t", "\n", " ", "\0", ".", "(x)"])
    def test_an_authority_that_is_excluded_from_a_domain_cannot_certify_it_by_another_spelling(
        self, kind: str, behind: str
    ) -> None:
        excluded = der.sequence(der.element(0xA1, der.sequence(der.element(0x81, b"victim.test"))))
        authority = path_pki.root("Other", Extension(oid=NAME_CONSTRAINTS, critical=True, value=excluded))
        for top in (authority, path_pki.root()):
            certificate = self.certify(top, kind, f"alice@victim.test{behind}".encode())
            identity = Identity(certificate=certificate, private_key=path_pki.key("Mallory"))
            assert self.examine(identity, top, "alice@victim.test") is not State.VERIFIED
            assert certificate.email_addresses == ()
        # Without the character behind it, the unconstrained authority can certify the address.
        certificate = self.certify(path_pki.root(), kind, b"alice@victim.test")
        identity = Identity(certificate=certificate, private_key=path_pki.key("Mallory"))
        assert self.examine(identity, path_pki.root(), "alice@victim.test") is State.VERIFIED

    def certify(self, top: Rig, kind: str, octets: bytes) -> Certificate:
        name = der.element(0x81, octets)
        if kind == "SmtpUTF8Mailbox":
            name = der.element(0xA0, der.oid(SMTP_UTF8_MAILBOX), der.explicit(0, der.element(0x0C, octets)))
        if kind == "emailAddress":
            attribute = der.sequence(der.oid(EMAIL_ADDRESS), der.element(0x16, octets))
            subject = der.sequence(der.element(der.SET, attribute))
            return path_pki.issue("Mallory", "Mallory", top, (), subject_der=subject)
        names = Extension(oid=SUBJECT_ALT_NAME, critical=False, value=der.sequence(name))
        return path_pki.issue("Mallory", "Mallory", top, (names,))

    def state(self, certified: str, author: str) -> State:
        root = path_pki.root()
        identity = Identity(certificate=root.certify(certified), private_key=path_pki.key(certified))
        return self.examine(identity, root, author)

    def examine(self, identity: Identity, root: Rig, author: str) -> State:
        content = b"Content-Type: text/plain\r\n\r\nx\r\n"
        cms = blocking.sign_bytes(
            content, Signing(identities=[identity], signing_time=NOW, form=SignatureForm.OPAQUE), provider=PROVIDER
        )
        store = TrustStore.of(root.certificate, revocation=RevocationPolicy.NOT_CHECKED)
        return blocking.examine_message(cms, Judging(trust_store=store, at=NOW), provider=PROVIDER, sender=author).state


class TestTimesAtTheEnds:
    """The earliest and latest dates are handled like others, as nextUpdate and as the time of a check."""

    def test_a_next_update_without_end_is_read(self) -> None:
        for_ever = revocations.crl(revocations.authority(), next_update=FOREVER)
        assert revocations.outcome(revocations.ask(for_ever)) == ("good", "")
        answer = revocations.response(revocations.authority(), revocations.single(next_update=FOREVER))
        assert revocations.outcome(revocations.ask(responses=[answer])) == ("good", "")

    @pytest.mark.parametrize("at", [BEGINNING, FOREVER])
    def test_any_moment_can_be_asked_about(self, at: datetime.datetime) -> None:
        status = revocations.ask(
            revocations.crl(revocations.authority(), next_update=None),
            responses=[revocations.response(revocations.authority(), revocations.single(next_update=None))],
            at=at,
            gathered_at=NOW,
        )
        assert status.state.value == ("good" if at == BEGINNING else "unknown")


ROOT = path_pki.root()
ISSUING = ROOT.issue("Issuing CA")


def validate(
    certificate: Rig, *lists: RevocationList, anchors: tuple[Rig, ...] = (ROOT,), pool: tuple[Rig, ...] = ()
) -> ValidatedPath:
    return blocking.validate_path(
        certificate.certificate,
        Purpose.SIGN,
        PathRules(
            TrustStore(
                anchors=tuple(TrustAnchor(certificate=anchor.certificate) for anchor in anchors),
                evidence=Evidence(revocation_lists=lists),
            ),
            NOW,
            known=[rig.certificate for rig in pool],
        ),
        PROVIDER,
    )


def test_a_key_that_an_authority_took_back_does_not_vouch_for_itself() -> None:
    """An authority's next key has the authority's name. It could sign a list by that name about its own certificate."""
    next_key = ISSUING.issue("Issuing CA", key_name="next key")
    alice = next_key.issue("alice", is_ca=False)
    of_root, of_next_key = revocation_list(ROOT), revocation_list(next_key)
    pool = (ISSUING, next_key)
    assert validate(alice, of_root, revocation_list(ISSUING), of_next_key, pool=pool).policies is not None
    with pytest.raises(RevocationUnknown):
        validate(alice, of_root, of_next_key, pool=pool)


def test_a_crl_signer_of_one_anchor_does_not_count_under_another() -> None:
    """A stranger cross-certifies another PKI's authority, revokes that, and certifies a list signer with its name."""
    stranger = path_pki.root("Stranger")
    cross = Rig(
        name="Issuing CA",
        certificate=stranger.issue("Issuing CA").certificate,
        key_name="Issuing CA",
    )
    signer = stranger.issue("Issuing CA", key_name="the stranger's key")
    alice = ISSUING.issue("alice", is_ca=False)
    lists = (revocation_list(ROOT), revocation_list(stranger, cross.certificate), revocation_list(signer))
    for anchors in ((stranger, ROOT), (ROOT, stranger)):
        for pool in ((cross, ISSUING, signer), (signer, ISSUING, cross)):
            with pytest.raises(RevocationUnknown):
                validate(alice, *lists, anchors=anchors, pool=pool)


class TestClocks:
    """A stolen timestamp key can make any time. Its revocation counts even if its authority was revoked as well."""

    @functools.cached_property
    def authority(self) -> Identity:
        return timestamp_service.issue(
            "Clock CA", timestamp_service.root(), is_ca=True, usage=(), critical=False, not_after=NOW + 10 * YEAR
        )

    @functools.cached_property
    def service(self) -> Identity:
        return timestamp_service.issue(
            "Clock below",
            self.authority,
            is_ca=False,
            usage=timestamp_service.TIMESTAMPING,
            critical=True,
            not_after=NOW + 9 * YEAR,
        )

    def state(self, *lists: bytes, at: datetime.datetime) -> State:
        async def stamp(signature: bytes) -> tuple[bytes, ...]:
            token = timestamp_service.token_der(
                tst_info(signature, gen_time=f"{NOW:%Y%m%d%H%M%S}Z".encode()),
                by=self.service,
                certificates=(self.service.certificate, self.authority.certificate),
            )
            return (build_attribute(SIGNATURE_TIME_STAMP, token),)

        root = path_pki.root()
        alice = Identity(
            certificate=root.certify("alice@example.test", not_after=NOW + DAY),
            private_key=path_pki.key("alice@example.test"),
        )
        cms = blocking.sign_bytes(
            b"Content-Type: text/plain\r\n\r\nx\r\n",
            Signing(
                identities=[alice],
                signing_time=NOW,
                form=SignatureForm.OPAQUE,
                options=SignerOptions(unsigned_attributes=stamp),
            ),
            provider=PROVIDER,
        )
        store = TrustStore(
            anchors=(TrustAnchor(certificate=root.certificate),),
            revocation=RevocationPolicy.IF_KNOWN,
            timestamp_anchors=timestamp_service.clock_anchors(),
            evidence=parse_evidence(revocation_lists=lists),
        )
        report = blocking.examine_message(
            cms, Judging(trust_store=store, at=at), provider=PROVIDER, sender="alice@example.test"
        )
        return report.state

    def test_a_harmless_end_of_its_authority_hides_no_stolen_key(self) -> None:
        at = NOW + YEAR
        superseded = x509.ReasonFlags.superseded
        above = build_list(timestamp_service.root(), at - DAY, self.authority, revoked_at=at - 2 * DAY, why=superseded)
        harmless = build_list(self.authority, at - DAY, self.service, revoked_at=at - 2 * DAY, why=superseded)
        stolen = build_list(
            self.authority, at - DAY, self.service, revoked_at=at - 2 * DAY, why=x509.ReasonFlags.key_compromise
        )
        assert self.state(above, harmless, at=at) is State.VERIFIED
        assert self.state(stolen, at=at) is State.SIGNED_UNVERIFIED
        assert self.state(above, stolen, at=at) is State.SIGNED_UNVERIFIED
