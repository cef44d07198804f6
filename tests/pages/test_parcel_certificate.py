"""The owner of a certificate opens a parcel by a key file, without the words, and confirms it by a signed receipt."""

from __future__ import annotations

import subprocess
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest

from smime_core.blocking import run
from smime_core.cms import Keys, parse_content_info, parse_signed_data
from smime_core.ess import verify_receipt
from smime_core.parcels import check_parcel_receipt, decrypt_authenticated
from smime_core.provider import NewKey
from tests.support.browser.browsers import Browser
from tests.support.browser.webkit import WebKit
from tests.support.pages.driver import OPERATION_SECONDS, named
from tests.support.pages.key_files import (
    KeyFile,
    choose_key_file,
    make_key_file,
    open_by_key_file,
    wait_for_refusal,
)
from tests.support.pages.parcels import MESSAGE, ParcelPage, ParcelRig, Sent, letter
from tests.support.people import PROVIDER
from webbridge.demo.accounts import certificate_pem

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

TEXT = "The gate opens at one, and the key is under the third step."
KINDS = {"rsa": NewKey.RSA_2048, "ec": NewKey.P256}


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> KeyFile:
    return make_key_file(tmp_path_factory.mktemp("keys"))


def send_letter(
    rig: ParcelRig, *for_whom: KeyFile, is_signed: bool = True, encrypt: Callable[[bytes, str], bytes] | None = None
) -> Sent:
    return rig.send(
        {MESSAGE: letter("The plans", TEXT), "plan.pdf": b"%PDF-1.7 the plan"},
        kind="message",
        signer=rig.stack.accounts[1].identity if is_signed else None,
        certificates=[file.certificate for file in for_whom],
        encrypt=encrypt,
    )


def arrive(browser: Browser | WebKit, rig: ParcelRig, sent: Sent) -> ParcelPage:
    return ParcelPage(browser, sent.link(rig.stack.pages_url))


@pytest.mark.thorough(False)
@pytest.mark.parametrize("kind", KINDS)
def test_a_key_file_opens_a_parcel_without_the_words(
    browser: Browser, parcel_rig: ParcelRig, tmp_path: Path, kind: str
) -> None:
    key_file = make_key_file(tmp_path, key=KINDS[kind])
    sent = send_letter(parcel_rig, key_file)
    reader = arrive(browser, parcel_rig, sent)
    choose_key_file(reader, key_file.path)
    reader.wait_until_opened()
    assert reader.state == "verified"
    assert TEXT in reader.page.text(named("body"))
    # The words and the certificate are two ways for one person.
    assert reader.page.text(named("lock-mark")) == "Encrypted for you"
    assert reader.file_names() == ["plan.pdf"]
    assert {"received", "opened"} <= set(parcel_rig.states_of(sent))
    # Nobody has asked for what the words need.
    assert ("POST", "/api/open/start") not in parcel_rig.asked
    reader.close()


@pytest.mark.thorough(False)
def test_the_person_confirms_with_a_signed_receipt(browser: Browser, parcel_rig: ParcelRig, key_file: KeyFile) -> None:
    sent = send_letter(parcel_rig, key_file)
    reader = arrive(browser, parcel_rig, sent)
    open_by_key_file(reader, key_file.path)
    assert parcel_rig.stack.accounts[1].address in reader.page.text(named("receipt-offer"))
    assert parcel_rig.shown(sent)["receipts"] == []
    reader.page.click(named("confirm-parcel"))
    reader.page.wait_for_selector(named("confirmed"), timeout_seconds=OPERATION_SECONDS)
    shown = parcel_rig.shown(sent)
    assert "recipient-signed" in {row["by"] for row in shown["states"]}
    (receipt,) = map(b64decode, shown["receipts"])
    run(check_parcel_receipt(receipt, PROVIDER, parcel=sent.draft.id))
    keys = Keys(identities=[key_file.identity])
    content = run(decrypt_authenticated(sent.draft.manifest, keys, PROVIDER))
    answered = parse_signed_data(parse_content_info(content).content)
    assert run(verify_receipt(receipt, answered, PROVIDER)).certificate == key_file.certificate
    reader.close()


@pytest.mark.parametrize("way", ["by words", "not signed"])
def test_a_receipt_is_offered_only_by_certificate_to_a_verified_sender(
    browser: Browser, parcel_rig: ParcelRig, key_file: KeyFile, way: str
) -> None:
    sent = send_letter(parcel_rig, key_file, is_signed=way == "by words")
    reader = arrive(browser, parcel_rig, sent)
    if way == "by words":
        reader.open(sent.words)
    else:
        open_by_key_file(reader, key_file.path)
    assert reader.state == ("verified" if way == "by words" else "encrypted-only")
    assert not reader.page.js("(offer) => document.querySelector(offer) !== null", named("receipt-offer"))
    reader.close()


def openssl_for(folder: Path, key_file: KeyFile, cipher: str) -> Callable[[bytes, str], bytes]:
    """The chunks that `openssl cms` makes for a certificate."""
    (folder / "reader.pem").write_text(certificate_pem(key_file.certificate))

    def encrypt(content: bytes, _: str) -> bytes:
        command = ["openssl", "cms", "-encrypt", "-binary", cipher, "-outform", "DER", str(folder / "reader.pem")]
        return subprocess.run(command, input=content, capture_output=True, check=True, timeout=60).stdout

    return encrypt


def openssl_by_password(content: bytes, secret: str) -> bytes:
    """The chunk that `openssl cms` makes for a password, which has CBC and no authentication."""
    command = ["openssl", "cms", "-encrypt", "-binary", "-aes256", "-outform", "DER", "-pwri_password", secret]
    return subprocess.run(command, input=content, capture_output=True, check=True, timeout=60).stdout


@pytest.mark.thorough(False)
@pytest.mark.parametrize("kind", KINDS)
def test_chunks_that_openssl_has_encrypted_with_gcm_are_opened(
    browser: Browser, parcel_rig: ParcelRig, tmp_path: Path, kind: str
) -> None:
    key_file = make_key_file(tmp_path, key=KINDS[kind])
    sent = send_letter(parcel_rig, key_file, encrypt=openssl_for(tmp_path, key_file, "-aes-256-gcm"))
    reader = arrive(browser, parcel_rig, sent)
    open_by_key_file(reader, key_file.path)
    assert (reader.state, TEXT in reader.page.text(named("body"))) == ("verified", True)
    reader.save("plan.pdf")
    reader.wait_for_saving("plan.pdf")
    reader.close()


@pytest.mark.parametrize("way", ["certificate", "password"])
def test_what_openssl_encrypts_without_authentication_is_refused(
    browser: Browser, parcel_rig: ParcelRig, key_file: KeyFile, tmp_path: Path, way: str
) -> None:
    encrypt = openssl_by_password if way == "password" else openssl_for(tmp_path, key_file, "-aes256")
    sent = send_letter(parcel_rig, key_file, encrypt=encrypt)
    reader = arrive(browser, parcel_rig, sent)
    if way == "password":
        reader.type_words(sent.words)
        reader.press_open()
    else:
        choose_key_file(reader, key_file.path)
    code, sentence = reader.wait_for_error()
    assert (code, "does not show changes" in sentence) == ("parcel-not-authenticated", True)
    assert TEXT not in reader.page.text()
    reader.close()


def test_a_file_that_opens_nothing_is_told_in_the_form(
    browser: Browser, parcel_rig: ParcelRig, key_file: KeyFile, tmp_path: Path
) -> None:
    sent = send_letter(parcel_rig, key_file)
    reader = arrive(browser, parcel_rig, sent)
    choose_key_file(reader, key_file.path, "another passphrase")
    assert "Wrong passphrase." in wait_for_refusal(reader, "passphrase-error")
    broken = tmp_path / "broken.p12"
    broken.write_bytes(key_file.path.read_bytes()[:900])
    choose_key_file(reader, broken)
    assert "not a whole key file" in wait_for_refusal(reader, "certificate-error")
    # The typed passphrase is kept for another file.
    choose_key_file(reader, make_key_file(tmp_path, "carol@elsewhere.test").path, "")
    reader.page.wait_for_text("another key file, or use the six words", timeout_seconds=OPERATION_SECONDS)
    # The words still open it, and so does the right file.
    reader.page.click(named("use-words"))
    reader.open(sent.words)
    reader.page.click(named("close-parcel"))
    reader.page.wait_for_selector(named("closed-note"))
    open_by_key_file(reader, key_file.path)
    assert reader.state == "verified"
    reader.close()


def test_a_parcel_for_somebody_else_is_not_shown(browser: Browser, parcel_rig: ParcelRig, tmp_path: Path) -> None:
    carol = make_key_file(tmp_path, "carol@elsewhere.test")
    sent = send_letter(parcel_rig, carol)
    reader = arrive(browser, parcel_rig, sent)
    choose_key_file(reader, carol.path)
    assert reader.wait_for_error()[0] == "parcel-misaddressed"
    reader.close()


def test_webkit_opens_a_parcel_by_a_key_file_and_confirms_it(
    webkit: WebKit, parcel_rig: ParcelRig, key_file: KeyFile
) -> None:
    sent = send_letter(parcel_rig, key_file)
    reader = arrive(webkit, parcel_rig, sent)
    open_by_key_file(reader, key_file.path)
    assert (reader.state, TEXT in reader.page.text(named("body"))) == ("verified", True)
    reader.page.show_top(390, 844)
    assert not reader.page.overflows_sideways()
    reader.page.click(named("confirm-parcel"))
    reader.page.wait_for_selector(named("confirmed"), timeout_seconds=OPERATION_SECONDS)
    (receipt,) = map(b64decode, parcel_rig.shown(sent)["receipts"])
    run(check_parcel_receipt(receipt, PROVIDER, parcel=sent.draft.id))
    reader.close()
