"""A key is made in the extension, certified by an authority, and used. An expiring identity gets a new key."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

from smime_core.blocking import run
from smime_core.ca.certificate_building import CertificateTemplate, build_certificate, new_serial_number
from smime_core.ca.certification_request import CertificationRequest, open_certification_request
from smime_core.ca.extensions import (
    build_basic_constraints,
    build_extended_key_usage,
    build_key_usage,
    build_subject_alt_name,
    key_identifiers,
)
from smime_core.cms.certificates_only import build_certificates_only
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.message import encrypt_message
from smime_core.own_content.fields import examine_field
from smime_core.pkix import RevocationPolicy, TrustStore
from smime_core.provider import KeyType
from smime_core.report.report import MessageReport, State
from smime_core.trust.judging import Judging
from smime_core.x509.certificate import EMAIL_PROTECTION, Certificate, KeyUsage
from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.extension.driver import Extension, Site, textarea
from tests.support.extension.keys_page import (
    NATIVE,
    NEW,
    NOW,
    OPERATION_SECONDS,
    PASSPHRASE,
    Rig,
    open_keys,
    saved,
    submit,
    type_passphrase,
)
from tests.support.extension.mail_letters import mail, text

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

STATEMENT = "Who signs this is new here."


@pytest.fixture
def extension(browser: Browser, folder: Path, rig: Rig) -> Iterator[Extension]:
    """The extension as after its installation, without keys, but with the authority."""
    extension = Extension(browser, folder)
    extension.keep(anchors=[rig.write_authority()])
    yield extension
    extension.uninstall()


def certify(rig: Rig, request: CertificationRequest) -> Certificate:
    """The certificate that an authority issues for a request whose addresses it has checked."""
    issuer = rig.authority.identity
    encrypts_by = KeyUsage.KEY_ENCIPHERMENT if request.public_key.key_type is KeyType.RSA else KeyUsage.KEY_AGREEMENT
    template = CertificateTemplate(
        serial_number=new_serial_number(NATIVE),
        subject_der=request.subject_der,
        public_key=request.public_key,
        not_before=NOW - datetime.timedelta(days=1),
        not_after=NOW + datetime.timedelta(days=365),
        extensions=(
            *key_identifiers(request.public_key, issuer.certificate),
            build_basic_constraints(is_ca=False),
            build_key_usage(KeyUsage.DIGITAL_SIGNATURE | encrypts_by),
            build_subject_alt_name(request.addresses),
            build_extended_key_usage(EMAIL_PROTECTION),
        ),
    )
    issuer_der = issuer.certificate.subject_der
    return run(build_certificate(template, issuer_der=issuer_der, signing_key=issuer.private_key, provider=NATIVE))


def make_request(page: Page) -> CertificationRequest:
    """Fill in the passphrases of the open dialog, and read the request that it saves for the authority."""
    for index in (0, 1):
        type_passphrase(page, "request", index, NEW)
    submit(page, "request")
    name, pem = saved(page)
    assert name.endswith(".csr")
    # The request's own signature proves that its sender has the private key.
    return run(open_certification_request(pem, provider=NATIVE))


def finish(page: Page, answer: Path, passphrase: str = NEW) -> None:
    page.click("[data-test=finish-request]")
    page.choose_files("[data-test=finish-files]", [answer])
    type_passphrase(page, "finish", 0, passphrase)


def sign_field(extension: Extension, site: Site) -> str:
    """The signed text that a page gets."""
    page = extension.browser.open(site.page_with(textarea("answer", data_smime="sign")))
    frame = extension.write(page, "#answer", STATEMENT)
    frame.around.click("[data-test=encrypt]")
    extension.answer()
    armored: str = page.wait_for("() => document.getElementById('answer').value", timeout_seconds=OPERATION_SECONDS)
    page.close()
    return armored


def judge(armored: str, site: Site, rig: Rig) -> MessageReport:
    """The report on a signed field by a server that trusts the authority."""
    anchor = rig.authority.identity.certificate
    trust_store = TrustStore.of(anchor, revocation=RevocationPolicy.NOT_CHECKED)
    at = datetime.datetime.now(datetime.UTC)
    opening = examine_field(
        armored.encode(),
        Judging(trust_store=trust_store, at=at),
        origin=site.origin,
        provider=NATIVE,
        keys=Keys(identities=[]),
    )
    return run(opening)


def open_mail(extension: Extension, rig: Rig, certificate: Certificate, words: str) -> None:
    """Open a mail that is encrypted for one certificate, and check that its words are shown."""
    encrypted = run(encrypt_message(mail(text(words)), Encrypting(recipients=[certificate]), provider=NATIVE))
    (rig.folder / "encrypted.eml").write_bytes(encrypted)
    viewer = extension.browser.open(extension.base + "viewer/viewer.html")
    viewer.wait_for_text("Choose a file")
    viewer.choose_files("#file", [rig.folder / "encrypted.eml"])
    viewer.wait_for_frame("mail_view.html", timeout_seconds=OPERATION_SECONDS).wait_for_text(words)
    viewer.close()


@pytest.mark.parametrize("kind", ["p-256", "rsa-3072"])
def test_a_key_made_here_signs_and_opens_once_its_authority_has_answered(
    extension: Extension, rig: Rig, site: Site, kind: str
) -> None:
    page = open_keys(extension)
    page.click("[data-test=make-request]")
    page.fill("[data-test=request-address]", "carol@example.test")
    page.fill("[data-test=request-name]", "Carol")
    page.js("(kind) => { document.querySelector('[data-test=request-kind]').value = kind; }", kind)
    request = make_request(page)
    assert request.addresses == ("carol@example.test",)
    page.wait_for_text("carol@example.test", selector="[data-test=waiting-request]")

    # The certificate of another key is refused, and the key still waits for its own.
    foreign, answer = rig.folder / "foreign.pem", rig.folder / "answer.pem"
    foreign.write_bytes(rig.bob.certificate.der)
    certificate = certify(rig, request)
    answer.write_bytes(certificate.der)
    finish(page, foreign)
    page.click("[data-test=finish-go]")
    page.wait_for_text(".", selector="[data-test=finish-problem]", timeout_seconds=OPERATION_SECONDS)
    page.click("[data-test=finish-cancel]")
    finish(page, answer, "not its passphrase")
    page.click("[data-test=finish-go]")
    page.wait_for_text("does not open", selector="[data-test=finish-problem]", timeout_seconds=OPERATION_SECONDS)
    page.click("[data-test=finish-cancel]")
    finish(page, answer)
    submit(page, "finish")
    page.wait_for_text("carol@example.test", selector="[data-test=identity]")
    page.wait_for("() => document.querySelector('[data-test=waiting-request]') === null")
    assert "Not saved anywhere else" in page.text("[data-test=backup-state]")
    page.close()

    report = judge(sign_field(extension, site), site, rig)
    assert report.state is State.VERIFIED
    assert report.content.decode() == STATEMENT
    assert [signer.certificate for signer in report.signers] == [certificate]
    open_mail(extension, rig, certificate, "For the new key alone.")


def test_the_authority_of_a_certificate_that_was_requested_is_asked_about(
    browser: Browser, folder: Path, rig: Rig
) -> None:
    extension = Extension(browser, folder)
    page = open_keys(extension)
    page.click("[data-test=make-request]")
    page.fill("[data-test=request-address]", "carol@example.test")
    request = make_request(page)
    answer = rig.folder / "answer.p7b"
    authority = rig.authority.identity.certificate
    answer.write_bytes(build_certificates_only([certify(rig, request), authority]))
    finish(page, answer)
    submit(page, "finish")
    question = page.wait_for_text("Trust the authority", selector="[data-test=own-authority]", timeout_seconds=30)
    assert "Example CA" in question
    page.click("[data-test=authority-trust]")
    page.wait_for_text("Example CA", selector="#decisions", timeout_seconds=OPERATION_SECONDS)
    page.close()
    extension.uninstall()


def test_a_renewed_identity_signs_and_the_old_key_still_opens_old_mail(
    extension: Extension, rig: Rig, site: Site
) -> None:
    extension.unlock(rig.write_keys("ending.p12", [rig.ending]), PASSPHRASE)
    page = open_keys(extension)
    page.click('[data-expiry="very-soon"] [data-test=renew]')
    assert page.value("[data-test=request-address]") == "alice@example.test"
    certificate = certify(rig, make_request(page))
    answer = rig.folder / "renewed.pem"
    answer.write_bytes(certificate.der)
    finish(page, answer)
    submit(page, "finish")
    page.wait_for_selector('[data-expiry="good"] [data-test=preferred]')
    assert page.js("() => document.querySelectorAll('[data-test=identity]').length") == 2
    page.close()

    report = judge(sign_field(extension, site), site, rig)
    assert [signer.certificate for signer in report.signers] == [certificate]
    open_mail(extension, rig, rig.ending.certificate, "From the time of the old key.")
    open_mail(extension, rig, certificate, "For the new key.")
