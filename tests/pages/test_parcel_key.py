"""A person who comes a second time gets a key of their own, and from then on ordinary S/MIME."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from smime_core.x509 import parse_certificate
from tests.support.browser.accessibility import find_violations
from tests.support.browser.browsers import Browser
from tests.support.browser.downloads import downloads_into, wait_for_download
from tests.support.browser.page import BACKSPACE, CONTROL, ENTER
from tests.support.new_passphrases import FIELDS
from tests.support.pages.driver import OPERATION_SECONDS, named
from tests.support.pages.key_files import choose_key_file
from tests.support.pages.key_rig import KeyRig, run_key_rig
from tests.support.pages.parcel_letters import ParcelLetter
from tests.support.pages.parcel_looks import choose_language, look
from tests.support.pages.parcels import MESSAGE, READER, ParcelPage, Sent, letter
from tests.support.servers.certifier import certified

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

PASSPHRASE = "a passphrase of my own"
TEXT = "The gate opens at one, and the key is under the third step."
SCRIPTS = "() => [...document.scripts].map(({ src }) => src.split('/').at(-1))"
STORED = """async () => [
  { ...localStorage }, { ...sessionStorage }, (await indexedDB.databases()).length, await caches.keys(),
]"""


@pytest.fixture(scope="module")
def running_keys(
    browser: Browser, pages_with_sources: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KeyRig]:
    # One for each browser: who has opened a parcel in the one has not come for the first time in the other.
    with run_key_rig(pages_with_sources, tmp_path_factory.mktemp(f"keys-{browser.name}")) as rig:
        yield rig


@pytest.fixture
def key_rig(running_keys: KeyRig) -> KeyRig:
    running_keys.parcels.post.mails.clear()
    running_keys.parcels.post.recipients.clear()
    return running_keys


@pytest.fixture
def new_rig(pages_with_sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyRig]:
    """A rig of which nobody has opened a parcel."""
    with run_key_rig(pages_with_sources, tmp_path_factory.mktemp("keys")) as rig:
        yield rig


def send(rig: KeyRig, subject: str = "The plans") -> Sent:
    sender = rig.parcels.stack.accounts[1].identity
    return rig.parcels.send({MESSAGE: letter(subject, TEXT)}, kind="message", signer=sender)


def open_parcel(browser: Browser, rig: KeyRig, sent: Sent) -> ParcelPage:
    reader = ParcelPage(browser, sent.link(rig.parcels.stack.pages_url))
    reader.open(sent.words)
    return reader


def open_second(browser: Browser, rig: KeyRig) -> ParcelPage:
    """Open a parcel, then another one, and press the offer in the second."""
    open_parcel(browser, rig, send(rig)).close()
    reader = open_parcel(browser, rig, send(rig, "More plans"))
    begin(reader)
    return reader


def begin(reader: ParcelPage) -> None:
    reader.page.wait_for_selector(named("get-key"), timeout_seconds=OPERATION_SECONDS)
    reader.page.click(named("get-key"))
    reader.page.wait_for_selector(named("key-form"), timeout_seconds=OPERATION_SECONDS)


def type_passphrase(reader: ParcelPage, again: str = PASSPHRASE) -> None:
    for number, text in ((1, PASSPHRASE), (2, again)):
        reader.page.click(f"{named('new-passphrase')} > {FIELDS[number - 1]} {named('passphrase')}")
        reader.page.type(text)


def make_key(reader: ParcelPage) -> None:
    type_passphrase(reader)
    reader.page.click(named("make-key"))
    reader.page.wait_for_selector(named("key-code"), timeout_seconds=OPERATION_SECONDS)


def type_code(reader: ParcelPage, code: str) -> None:
    reader.page.fill(named("key-code"), code)
    reader.page.click(named("confirm-key"))


def wait_for_problem(reader: ParcelPage) -> str:
    has_text = "(selector) => Boolean(document.querySelector(selector)?.textContent)"
    reader.page.wait_for(has_text, named("key-error"), timeout_seconds=OPERATION_SECONDS)
    return reader.page.text(named("key-error"))


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08}"


def run(*command: str, **options: object) -> bytes:
    done = subprocess.run(command, capture_output=True, timeout=60, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    output: bytes = done.stdout
    return output


@pytest.mark.thorough(False)
def test_a_second_parcel_gets_a_key_and_the_next_letter_is_ordinary_mail(
    browser: Browser, new_rig: KeyRig, tmp_path: Path
) -> None:
    parcels, downloads = new_rig.parcels, tmp_path / "downloads"
    first = send(new_rig)
    reader = open_parcel(browser, new_rig, first)
    assert not reader.page.js("(offer) => document.querySelector(offer) !== null", named("get-key"))
    reader.close()
    second = send(new_rig, "More plans")
    reader = open_parcel(browser, new_rig, second)
    reader.page.wait_for_selector(named("get-key"), timeout_seconds=OPERATION_SECONDS)
    assert "parcel_key.js" not in reader.page.js(SCRIPTS), "it is loaded with the form"
    begin(reader)
    assert reader.page.text(named("key-address")) == READER
    make_key(reader)
    code = new_rig.code()
    type_code(reader, other_than(code))
    assert "The code is wrong. Compare it with the newest mail. 4 tries are left." in wait_for_problem(reader)
    # The signing service is not running yet.
    type_code(reader, code)
    reader.page.wait_for_text("No certificate can be made at the moment", selector=named("key-error"))
    with new_rig.certifying(), downloads_into(reader.page, downloads):
        type_code(reader, f"{code[:4]} {code[4:]}")
        reader.page.wait_for_selector(named("key-saved"), timeout_seconds=OPERATION_SECONDS)
        saved = wait_for_download(downloads, f"{READER}.p12")
        (downloads / f"{READER}.p12").unlink()
        reader.page.click(named("save-key-again"))
        assert wait_for_download(downloads, f"{READER}.p12") == saved
    assert "I have a certificate" in reader.page.text(named("key-form"))
    assert reader.page.js(STORED) == [{}, {}, 0, []], "nothing is kept in the browser"
    reader.close()
    (entry,) = certified(new_rig.authority)
    file = tmp_path / "renate.p12"
    file.write_bytes(saved)
    key = read_by_openssl(file, new_rig, entry.certificate.der, tmp_path)
    read_by_nss(file, tmp_path / "nss")

    # The next letter is S/MIME.
    writer = ParcelLetter(browser, parcels)
    writer.write(READER, subject="Now by mail", text="The gate opens at two.")
    writer.pages.send()
    writer.close()
    mail = parcels.stack.mail_server.messages(READER, "INBOX")[-1].raw
    assert b"The gate" not in mail
    (tmp_path / "mail.eml").write_bytes(mail)
    assert b"The gate opens at two." in run(
        "openssl", "cms", "-decrypt", "-in", str(tmp_path / "mail.eml"), "-inkey", key
    )

    # The earlier parcel still opens by its words, and a new one by the file.
    reader = open_parcel(browser, new_rig, first)
    assert reader.state == "verified"
    assert TEXT in reader.page.text(named("body"))
    reader.close()
    sender = parcels.stack.accounts[1].identity
    third = parcels.send(
        {MESSAGE: letter("By the file", TEXT)}, kind="message", signer=sender, certificates=[entry.certificate]
    )
    reader = ParcelPage(browser, third.link(parcels.stack.pages_url))
    choose_key_file(reader, file, PASSPHRASE)
    reader.wait_until_opened()
    assert TEXT in reader.page.text(named("body"))
    # A reader who has a key is offered none.
    assert not reader.page.js("(offer) => document.querySelector(offer) !== null", named("get-key"))
    reader.close()


def read_by_openssl(file: Path, rig: KeyRig, certificate_der: bytes, folder: Path) -> str:
    """The path of the key in the file, after a look at its certificates."""
    read = ("openssl", "pkcs12", "-in", str(file), "-passin", f"pass:{PASSPHRASE}")
    key, leaf, chain = (folder / name for name in ("key.pem", "leaf.pem", "chain.pem"))
    key.write_bytes(run(*read, "-nocerts", "-noenc"))
    leaf.write_bytes(run(*read, "-clcerts", "-nokeys"))
    chain.write_bytes(run(*read, "-cacerts", "-nokeys"))
    assert parse_certificate(run("openssl", "x509", "-in", str(leaf), "-outform", "DER")).der == certificate_der
    root = str(rig.authority.path / "root.pem")
    assert b"OK" in run(
        "openssl", "verify", "-CAfile", root, "-untrusted", str(chain), "-purpose", "smimeencrypt", str(leaf)
    )
    return str(key)


def read_by_nss(file: Path, folder: Path) -> None:
    """The store of Thunderbird takes the file."""
    folder.mkdir()
    run("certutil", "-N", "-d", f"sql:{folder}", "--empty-password")
    run("pk12util", "-i", str(file), "-d", f"sql:{folder}", "-W", PASSPHRASE, "-K", "")
    assert READER.encode() in run("certutil", "-L", "-d", f"sql:{folder}")
    assert b"rsa" in run("certutil", "-K", "-d", f"sql:{folder}")


def test_a_code_that_ended_is_sent_anew(browser: Browser, key_rig: KeyRig, tmp_path: Path) -> None:
    reader = open_second(browser, key_rig)
    make_key(reader)
    code = key_rig.code()
    for left in (4, 3, 2, 1):
        type_code(reader, other_than(code))
        count = "1 try is left" if left == 1 else f"{left} tries are left"
        reader.page.wait_for_text(count, selector=named("key-error"))
    type_code(reader, other_than(code))
    reader.page.wait_for_text("This code is not valid any more", selector=named("key-error"))
    reader.page.click(named("another-code"))
    reader.page.wait_for("(error) => document.querySelector(error)?.textContent === ''", named("key-error"))
    newer = key_rig.code(count=2)
    assert newer != code
    with key_rig.certifying(), downloads_into(reader.page, tmp_path / "downloads"):
        type_code(reader, newer)
        reader.page.wait_for_selector(named("key-saved"), timeout_seconds=OPERATION_SECONDS)
        wait_for_download(tmp_path / "downloads", f"{READER}.p12")
    reader.close()


def test_a_closed_parcel_leaves_no_certificate(browser: Browser, key_rig: KeyRig) -> None:
    before = len(certified(key_rig.authority))
    reader = open_second(browser, key_rig)
    make_key(reader)
    key_rig.code()
    reader.page.click(named("close-parcel"))
    reader.page.wait_for_selector(named("words"))
    assert not reader.page.js("(form) => document.querySelector(form) !== null", named("key-form"))
    reader.close()
    assert len(certified(key_rig.authority)) == before


def test_the_key_is_made_by_keyboard_only(browser: Browser, key_rig: KeyRig) -> None:
    reader = open_second(browser, key_rig)
    assert reader.page.js("() => document.activeElement.textContent") == "Get your own key"
    type_passphrase(reader, "another passphrase")
    reader.page.type(ENTER)
    reader.page.wait_for_text("The two passphrases are not the same", selector=named("new-passphrase"))
    reader.page.press(CONTROL, "a")
    reader.page.type(BACKSPACE + PASSPHRASE + ENTER)
    reader.page.wait_for_selector(named("key-code"), timeout_seconds=OPERATION_SECONDS)
    assert reader.page.js("() => document.activeElement.dataset.test") == "key-code"
    reader.page.type("12" + ENTER)
    assert "Type the 8 digits" in wait_for_problem(reader)
    assert reader.page.js("() => document.activeElement.dataset.test") == "key-code"
    # Its mail would come in the next test.
    key_rig.code()
    reader.page.click(named("cancel-key"))
    reader.page.wait_for_selector(named("get-key"))
    assert reader.page.js("() => document.activeElement.dataset.test") == "get-key"
    reader.close()


def test_each_step_is_sound_in_every_size_and_theme(browser: Browser, key_rig: KeyRig, tmp_path: Path) -> None:
    reader = open_second(browser, key_rig)
    wrong = look(reader.page, "passphrase")
    make_key(reader)
    wrong += look(reader.page, "code")
    type_code(reader, other_than(key_rig.code()))
    wait_for_problem(reader)
    wrong += look(reader.page, "wrong code")
    with key_rig.certifying(), downloads_into(reader.page, tmp_path):
        type_code(reader, key_rig.code())
        reader.page.wait_for_selector(named("key-saved"), timeout_seconds=OPERATION_SECONDS)
        wait_for_download(tmp_path, f"{READER}.p12")
    wrong += look(reader.page, "saved")
    assert wrong == []
    reader.close()


@pytest.mark.parametrize("language", ["de", "fr", "es", "ar"])
def test_the_form_fits_a_small_screen_in_every_language(browser: Browser, key_rig: KeyRig, language: str) -> None:
    open_parcel(browser, key_rig, send(key_rig)).close()
    sent = send(key_rig)
    reader = ParcelPage(browser, sent.link(key_rig.parcels.stack.pages_url))
    page = reader.page
    page.set_viewport(320, 640)
    choose_language(page, language)
    reader.open(sent.words)
    begin(reader)
    assert page.js("() => document.documentElement.lang") == language
    assert not page.overflows_sideways()
    make_key(reader)
    key_rig.code()
    assert not page.overflows_sideways()
    assert find_violations(page) == []
    reader.close()
