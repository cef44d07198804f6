"""The pages add people from a certificate file or an address book. The people are remembered, and not trusted."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from smime_core.asn1 import build_pem
from smime_core.x509 import Certificate
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.kept_trust import show_people, wait_until_kept
from tests.support.pages.signed_in import alice_in_her_inbox as alice_in_her_inbox
from tests.support.pages.strangers import STRANGER, deliver, stranger
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]


def take(pages: MailPages, file: Path, counts: str) -> None:
    """Choose a file in the view of people, and wait for the numbers of certificates."""
    pages.page.choose_files(named("import-people"), [file])
    pages.page.wait_for_text(counts, selector=named("import-counts"), timeout_seconds=OPERATION_SECONDS)


def people(pages: MailPages) -> list[str]:
    names: list[str] = pages.page.js(
        f"() => [...document.querySelectorAll('{named('person')} h3')].map((one) => one.innerText)"
    )
    return names


def card(address: str, certificate: Certificate) -> str:
    key = base64.b64encode(certificate.der).decode("ascii")
    return f"BEGIN:VCARD\r\nVERSION:4.0\r\nEMAIL:{address}\r\nKEY:data:;base64,{key}\r\nEND:VCARD\r\n"


def test_people_of_an_address_book_are_remembered_and_not_trusted(
    alice: MailPages, stack: DemoStack, tmp_path: Path
) -> None:
    sam = stranger()
    letter = deliver(stack, alice.account, sam, "A stranger")
    book, other = tmp_path / "book.vcf", tmp_path / "other.pem"
    book.write_text(card(STRANGER, sam.certificate) + card("mallory@partner.test", sam.certificate))
    another = stranger().certificate
    other.write_bytes(build_pem("CERTIFICATE", another.der))

    assert show_people(alice) == "kept"
    take(alice, book, "Added: 1. Known already: 0.")
    assert "The certificate is for another address than its entry." in alice.page.text(named("left-out"))
    alice.page.wait_for_text(STRANGER, selector=named("person"), timeout_seconds=OPERATION_SECONDS)
    assert people(alice).count(STRANGER) == 1
    wait_until_kept(alice, 1)

    # The imported certificate makes no letter of its owner verified.
    alice.open_message(letter)
    assert alice.state == "signed-unverified"

    # Another certificate waits for the person's consent.
    show_people(alice)
    alice.page.choose_files(named("import-people"), [other])
    alice.page.wait_for_text("Added: 0", selector=named("import-counts"), timeout_seconds=OPERATION_SECONDS)
    alice.page.wait_for_text(STRANGER, selector="dialog", timeout_seconds=OPERATION_SECONDS)
    alice.page.click(named("import-changed"))
    alice.page.wait_for_text("Added: 1", selector=named("import-counts"), timeout_seconds=OPERATION_SECONDS)
    look = f"""(fingerprint) => [...document.querySelectorAll('{named("person")}')]
      .some((one) => one.textContent.replaceAll(" ", "").includes(fingerprint))"""
    alice.page.wait_for(look, another.fingerprint, timeout_seconds=OPERATION_SECONDS)


def test_a_file_without_people_is_refused_with_a_sentence(alice: MailPages, tmp_path: Path) -> None:
    (tmp_path / "change.ldif").write_text("dn: cn=Bob\nchangetype: delete\n")
    show_people(alice)
    alice.page.choose_files(named("import-people"), [tmp_path / "change.ldif"])
    alice.page.wait_for_text(".", selector=named("import-error"), timeout_seconds=OPERATION_SECONDS)
    assert alice.page.text(named("import-result")) == ""
