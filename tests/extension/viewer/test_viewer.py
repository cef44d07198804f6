"""The viewer in real browsers: mails, signatures and certificates from files, with their verdict and their parts."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from smime_core.cms.certificates_only import build_certificates_only
from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension import mail_letters
from tests.support.extension.driver import Extension, close_proposal
from tests.support.extension.hostile_mails import SECRET, counting_server, hostile_mails
from tests.support.extension.mail_letters import (
    PASSPHRASE,
    Letters,
    file,
    html,
    mail,
    make_letters,
    multipart,
    rich_letter,
    text,
)
from tests.support.extension.viewer import open_file
from tests.support.misread_dates import MISREAD
from tests.support.people import with_addresses
from tests.support.vectors import vectors
from webbridge.demo.accounts import certificate_pem

IN_PAGE = page_scripts("extension/viewer/viewer.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]


# The files of each set: those that others found hard to read, and those that fuzzers made.
BROKEN = (
    ("openssl-cms", "**/*malformed*"),
    ("openssl-cms", "**/*.cms"),
    ("fuzz-openssl", "cms/*"),
    ("fuzz-openssl", "x509/*"),
    ("fuzz-openssl", "crl/*"),
    ("fuzz-openssl", "pkcs12/*"),
    ("fuzz-boringssl", "*/*"),
    ("mime-mime4j", "testmsgs/*.msg"),
    ("mime-cpython", "msg_*"),
    ("mime-mailparser", "mail_*"),
    ("mime-stalwart", "malformed/*"),
    ("johnny", "*/**/*.eml"),
    ("pkcs7-go", "*PKCS7.pem"),
    ("libksba", "*.crt"),
)
# Elements that may act by themselves, wherever a mail has them.
ACTIVE = "script, link, form, input, button, iframe, object, embed, video, audio, svg, math, base, [onload], [onerror]"
BUTTON_TOPS = """() => {
  const tops = [...document.querySelectorAll("[data-test=file] button")].map((one) => one.offsetTop);
  return tops.length === 2 && tops;
}"""


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Letters:
    return make_letters(tmp_path_factory.mktemp("letters"))


@pytest.fixture(scope="module")
def extension(browser: Browser, letters: Letters, folder: Path) -> Iterator[Extension]:
    """The extension with Alice's keys and the authority of Alice and Bob."""
    extension = Extension(browser, folder)
    extension.unlock(letters.folder / "alice.p12", PASSPHRASE)
    extension.keep(anchors=[letters.folder / "ca.der"])
    yield extension
    extension.uninstall()


@pytest.fixture(scope="module")
def viewer(extension: Extension) -> Iterator[Page]:
    page = extension.browser.open(extension.base + "viewer/viewer.html")
    # The viewer shows this text when its listeners are there.
    page.wait_for_text("Choose a file")
    yield page
    page.close()


def state_of(viewer: Page) -> str:
    return str(viewer.js("() => document.querySelector('main .state-statement').dataset.state"))


def state_or_none(viewer: Page) -> str | None:
    state: str | None = viewer.js("() => document.querySelector('main .state-statement')?.dataset.state ?? null")
    return state


def broken_files(count: int) -> list[Path]:
    """This number of broken files, the same each time, and about as many from each set."""
    each = [sorted(path for path in vectors(name).glob(pattern) if path.is_file()) for name, pattern in BROKEN]
    share = -(-count // len(BROKEN))
    return [path for group in each for path in group[:: max(1, len(group) // share)][:share]][:count]


def view_of(viewer: Page) -> Page:
    view = viewer.wait_for_frame("mail_view.html")
    view.wait_for_selector("header")
    return view


def as_text(view: Page) -> str:
    view.click("[data-test=as-text]")
    return view.wait_for_text("one", selector="main .text")


def test_the_page_of_keys_leads_to_the_viewer(extension: Extension) -> None:
    options = extension.open_options()
    options.click("[data-test=open-file]")
    opened = extension.browser.wait_for_page("viewer.html")
    opened.wait_for_text("Choose a file")
    opened.close()
    options.close()


@pytest.mark.main_way
def test_a_signed_and_encrypted_mail_shows_who_wrote_it_and_what_it_says(viewer: Page, letters: Letters) -> None:
    open_file(viewer, letters.write("rich.eml", letters.signed_and_encrypted(rich_letter())))
    assert state_of(viewer) == "verified"
    view = view_of(viewer)
    assert view.text("[data-test=subject]") == "Thursday"
    assert "bob@example.test" in view.text("[data-test=from]")
    assert "Hidden in transit: Subject" in view.text("[data-test=fields-hidden]")
    assert "plan.pdf" in view.text("[data-test=files]")
    markup = view.wait_for_frame("about:srcdoc")
    assert "at one, here [map.example.test]" in markup.text()
    assert markup.wait_for("() => document.images[0]?.naturalWidth === 40")
    # The extension's own page contains no word of the mail.
    assert "Thursday" not in viewer.js("() => document.documentElement.outerHTML")
    assert "Thursday at one." in as_text(view)


def test_a_signer_of_two_addresses_is_named_by_the_one_in_from(viewer: Page, letters: Letters) -> None:
    bob = with_addresses(letters.bob, "first@example.test", "bob@example.test", name="Bob", issuer=letters.authority)
    signed = dataclasses.replace(letters, bob=bob).signed(mail(text("one")))
    open_file(viewer, letters.write("two_addresses.eml", signed))
    assert state_of(viewer) == "verified"
    assert "Bob <bob@example.test>" in viewer.text("main .state-statement")
    assert view_of(viewer).text("[data-test=from]") == "Bob <bob@example.test>"


def test_an_encrypted_part_gives_the_whole_no_lock(viewer: Page, letters: Letters) -> None:
    part = letters.encrypted(mail(text("two"))).split(b"\r\nContent-Type: ", 1)[1]
    open_file(viewer, letters.write("part.eml", mail(multipart("mixed", text("one"), b"Content-Type: " + part))))
    assert state_of(viewer) == "plain"
    assert viewer.js("() => document.querySelectorAll('main .encrypted-for').length") == 0
    open_file(viewer, letters.write("whole.eml", letters.encrypted(mail(text("one")))))
    assert viewer.js("() => document.querySelectorAll('main .encrypted-for').length") == 1


def test_an_encrypted_part_is_named_and_opens_with_its_own_verdict(viewer: Page, letters: Letters) -> None:
    sealed = letters.signed_and_encrypted(mail(text("two"), subject="Inside")).split(b"\r\nContent-Type: ", 1)[1]
    part = b'Content-Type: application/octet-stream; name="data.bin"; was=' + sealed
    open_file(viewer, letters.write("around.eml", mail(multipart("mixed", text("one"), part))))
    assert state_of(viewer) == "plain"
    assert "A part of this message is encrypted." in viewer.text("main .state-statement")
    view_of(viewer).click("[data-test=open]")
    other = viewer.browser.wait_for_page("viewer.html?mail=")
    try:
        inner = view_of(other)
        assert state_of(other) == "verified"
        assert inner.text("[data-test=subject]") == "Inside"
        assert "two" in inner.text("main")
    finally:
        other.close()
    viewer.activate()


def test_an_encrypted_part_of_a_verified_mail_is_named_beside_the_verdict(viewer: Page, letters: Letters) -> None:
    part = b"Content-Type: " + letters.encrypted(mail(text("two"))).split(b"\r\nContent-Type: ", 1)[1]
    open_file(viewer, letters.write("around.eml", letters.signed(mail(multipart("mixed", text("one"), part)))))
    assert state_of(viewer) == "verified"
    assert "A part of this message is encrypted." in viewer.text("[data-test=encrypted-part]")
    viewer.js("() => document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
    assert "(part 2)" in viewer.text("main .disclosures")
    viewer.set_viewport(390, 844)
    tops = view_of(viewer).wait_for(BUTTON_TOPS)
    viewer.set_viewport(1280, 900)
    assert len(set(tops)) == 1, "the buttons of a file are in one row"


@pytest.mark.parametrize("is_plain", [True, False])
def test_an_encrypted_part_is_named_once(viewer: Page, letters: Letters, is_plain: bool) -> None:
    part = b"Content-Type: " + letters.encrypted(mail(text("two"))).split(b"\r\nContent-Type: ", 1)[1]
    around = mail(multipart("mixed", text("one"), part))
    open_file(viewer, letters.write("around.eml", around if is_plain else letters.encrypted(around)))
    assert state_of(viewer) == ("plain" if is_plain else "encrypted-only")
    viewer.js("() => document.querySelectorAll('main details').forEach((one) => { one.open = false; })")
    assert viewer.text("main").count("A part of this message is encrypted.") == 1


def test_a_part_that_came_without_its_mail_is_verified_as_its_mail_is(viewer: Page, letters: Letters) -> None:
    sealed = letters.signed_and_encrypted(mail(text("two"), subject="Inside"))
    part = base64.b64decode(sealed.split(b"\r\n\r\n", 1)[1])
    open_file(viewer, letters.write("smime.p7m", part))
    assert state_of(viewer) == "verified"
    view = view_of(viewer)
    assert view.text("[data-test=subject]") == "Inside"
    assert view.js("() => document.querySelectorAll('[data-test=fields-outside]').length") == 0
    assert "Subject" in view.text("[data-test=fields-hidden]")


@pytest.mark.parametrize("date", ["You owe 100", "28 Nov 126 10:00:00 +0000"])
def test_a_date_is_shown_as_the_report_reads_it(viewer: Page, letters: Letters, date: str) -> None:
    message = mail(text("one")).replace(b"Fri, 20 Nov 2026 10:00:00 +0000", date.encode())
    open_file(viewer, letters.write("date.eml", message))
    shown = view_of(viewer).text("[data-test=date]")
    if MISREAD[date] is None:
        assert shown == date
    else:
        assert "2026" in shown


def test_a_claimed_name_like_an_address_is_not_shown_beside_the_address(viewer: Page, letters: Letters) -> None:
    claimed = b'"boss@bank.example" <bob@example.test>'
    message = mail(text("Send money.")).replace(b"Bob <bob@example.test>", claimed)
    open_file(viewer, letters.write("claimed.eml", message))
    assert state_of(viewer) == "plain"
    assert view_of(viewer).text("[data-test=from]") == "bob@example.test"


@pytest.mark.thorough(False)
def test_nothing_in_a_mail_reaches_the_network_by_itself(viewer: Page, letters: Letters) -> None:
    with counting_server() as server:
        for name, message in hostile_mails(server.url).items():
            open_file(viewer, letters.write("hostile.eml", letters.encrypted(message)))
            view = view_of(viewer)
            frames = [frame for frame in view.frames() if "srcdoc" in frame.url]
            for frame in frames:
                frame.wait_for("() => document.readyState === 'complete'")
                assert frame.js(f"() => document.querySelectorAll('{ACTIVE}').length") == 0, name
            assert any(SECRET in frame.text() for frame in frames), name
        # The person's own click reaches the server, which proves that the server records its requests.
        open_file(
            viewer, letters.write("link.eml", mail(html(f'<p>{SECRET} <a href="{server.url}/clicked">x</a></p>')))
        )
        view_of(viewer).wait_for_frame("about:srcdoc").click("a")
        opened = viewer.browser.wait_for_page("/clicked")
        opened.close()
        assert server.asked == ["/clicked"], "something was asked for before the click"
        assert server.referrers == [None]


def test_the_johnny_letters_that_reach_outside_show_their_verdict_and_ask_nobody(viewer: Page) -> None:
    for path in sorted((vectors("johnny") / "03-mime").rglob("*.eml"))[:6]:
        open_file(viewer, path)
        assert state_of(viewer) != "verified", path.name


def test_a_part_that_is_signed_by_itself_says_so_and_lends_its_picture_to_no_other(
    viewer: Page, letters: Letters
) -> None:
    inner = multipart(
        "related",
        html("<p>signed</p>"),
        file("s.png", "image/png", mail_letters.picture(), content_id="in@b"),
        boundary="b9",
    )
    outer = html('<p>before <img src="cid:in@b"></p>')
    message = mail(multipart("mixed", outer, letters.signed_entity(inner), boundary="b8"))
    open_file(viewer, letters.write("part.eml", message))
    assert state_of(viewer) in ("plain", "signed-unverified")
    view = view_of(viewer)
    labels = view.js("() => [...document.querySelectorAll('[data-test=coverage]')].map((one) => one.textContent)")
    assert labels[0] == "No signature covers this part."
    assert "only this part is signed, by bob@example.test" in labels[1]
    outside = view.frames()[0]
    assert outside.js("() => document.images[0].getAttribute('src')") is None


def test_a_name_like_another_address_and_another_sender_are_noted_beside_the_verdict(
    viewer: Page, letters: Letters
) -> None:
    plain = mail(text("Send money.")).replace(
        b"From: Bob <bob@example.test>", b'From: "boss@bank.example" <bob@example.test>\r\nSender: alice@example.test'
    )
    open_file(viewer, letters.write("names.eml", letters.signed(plain)))
    assert "boss@bank.example" in viewer.text("[data-test=display-name-differs]")
    assert "alice@example.test" in viewer.text("[data-test=sent-by]")


def test_a_file_is_saved_as_it_is_and_an_attached_mail_opens_in_a_viewer_of_its_own(
    viewer: Page, letters: Letters
) -> None:
    open_file(viewer, letters.write("rich.eml", letters.signed_and_encrypted(rich_letter())))
    view = view_of(viewer)
    view.js(IN_PAGE["aFileIsSavedAsItIsAndAnAttachedMailOpensInAViewerOfItsOwn"])
    view.click("li:nth-of-type(2) [data-test=save]")
    view.wait_for("() => window.saved.length === 1")
    assert view.js("() => window.saved[0]") == ["plan.pdf", "application/octet-stream %PDF-1.7 plan"]
    view.click("[data-test=open]")
    other = viewer.browser.wait_for_page("viewer.html?mail=")
    try:
        inner = view_of(other)
        assert inner.text("[data-test=subject]") == "Old"
        assert "From long ago." in inner.text("main")
    finally:
        other.close()
    viewer.activate()


def test_a_signature_in_a_file_of_its_own_asks_for_what_it_covers(viewer: Page, letters: Letters) -> None:
    content = b"The minutes of the meeting.\n"
    open_file(viewer, letters.write("minutes.p7s", letters.detached(content)))
    assert "Choose or drop the file that it belongs to" in viewer.text("[data-test=note]")
    open_file(viewer, letters.write("minutes.txt", content))
    assert state_of(viewer) in ("verified", "signed-unverified")
    open_file(viewer, letters.folder / "minutes.p7s")
    open_file(viewer, letters.write("other.txt", b"Other minutes."))
    assert state_of(viewer) == "invalid"


def test_an_unknown_signer_of_a_file_can_be_accepted(viewer: Page, letters: Letters, tmp_path: Path) -> None:
    content = b"The minutes of the meeting.\n"
    open_file(viewer, letters.write("strange.p7s", make_letters(tmp_path).detached(content)))
    open_file(viewer, letters.write("minutes.txt", content))
    assert state_of(viewer) == "signed-unverified"
    viewer.click("[data-test=why] > summary")
    viewer.click("[data-test=accept-exact]")
    options = viewer.browser.wait_for_page("options.html")
    options.wait_for_selector("[data-test=accept-dialog]", timeout_seconds=30)
    assert options.value("[data-test=accept-addresses]") == "bob@example.test"
    close_proposal(options)
    options.close()
    viewer.activate()


def test_a_signer_of_several_addresses_is_accepted_for_none_by_itself(
    viewer: Page, letters: Letters, tmp_path: Path
) -> None:
    strange = make_letters(tmp_path)
    bob = with_addresses(strange.bob, "bob@example.test", "alice@example.test", issuer=strange.authority)
    content = b"The minutes of the meeting.\n"
    open_file(viewer, letters.write("strange.p7s", dataclasses.replace(strange, bob=bob).detached(content)))
    open_file(viewer, letters.write("minutes.txt", content))
    viewer.click("[data-test=why] > summary")
    viewer.click("[data-test=accept-exact]")
    options = viewer.browser.wait_for_page("options.html")
    options.wait_for_selector("[data-test=accept-dialog]", timeout_seconds=30)
    assert options.value("[data-test=accept-addresses]") == ""
    assert "bob@example.test, alice@example.test" in options.text("[data-test=accept-dialog]")
    close_proposal(options)
    options.close()
    viewer.activate()


def test_a_certificate_is_shown_with_what_it_is_good_for(viewer: Page, letters: Letters) -> None:
    open_file(viewer, letters.folder / "bob.der")
    shown = viewer.text("[data-test=certificate]")
    assert "bob@example.test" in shown
    assert "Valid now" in shown


def test_certificates_in_one_file_are_shown_each_by_itself(viewer: Page, letters: Letters) -> None:
    bundle = build_certificates_only([letters.bob.certificate, letters.alice.certificate])
    open_file(viewer, letters.write("people.p7b", bundle))
    names = viewer.js("() => [...document.querySelectorAll('[data-test=certificate] h2')].map((one) => one.innerText)")
    assert sorted(names) == ["alice@example.test", "bob@example.test"]
    assert viewer.js("() => document.querySelector('[data-test=reply]')") is None


def test_a_certificate_that_cannot_be_read_is_named_beside_the_others(viewer: Page, letters: Letters) -> None:
    broken = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    open_file(viewer, letters.write("mixed.pem", certificate_pem(letters.bob.certificate).encode() + broken))
    assert viewer.text("[data-test=certificate] h2") == "bob@example.test"
    assert viewer.js("() => document.querySelectorAll('[data-test=left-out]').length") == 1


def test_a_broken_file_is_reported_and_the_viewer_goes_on(viewer: Page, letters: Letters) -> None:
    open_broken(viewer, letters, broken_files(28))


@pytest.mark.thorough
def test_much_of_what_is_broken_is_told_and_the_viewer_lives_on(viewer: Page, letters: Letters) -> None:
    open_broken(viewer, letters, broken_files(280))


def open_broken(viewer: Page, letters: Letters, paths: list[Path]) -> None:
    for path in paths:
        open_file(viewer, path)
        words = viewer.text("[data-test=note]") + viewer.text("main")
        assert len(words) > 10, path
        assert "unknown" not in words.lower(), path
        assert state_or_none(viewer) != "verified", path
    open_file(viewer, letters.write("last.eml", mail(text("Still here."))))
    assert "Still here." in view_of(viewer).text("main")


def test_with_locked_keys_the_viewer_asks_in_the_extensions_own_window(
    extension: Extension, viewer: Page, letters: Letters
) -> None:
    extension.lock()
    viewer.activate()
    open_file(viewer, letters.write("signed.eml", letters.signed(rich_letter())))
    assert state_of(viewer) == "verified"
    assert not extension.has_window(), "what is not encrypted needs no key"
    viewer.js("() => document.querySelector('main').replaceChildren()")
    viewer.choose_files("#file", [letters.write("encrypted.eml", letters.signed_and_encrypted(rich_letter()))])
    assert "viewer" in extension.window().text("[data-test=origin]")
    extension.answer(PASSPHRASE)
    extension.is_locked = False
    viewer.wait_for_selector("main .state-statement", timeout_seconds=30)
    assert state_of(viewer) == "verified"
    assert "Thursday at one." in as_text(view_of(viewer))


def test_an_opened_file_is_closed_when_the_keys_lock(extension: Extension, viewer: Page, letters: Letters) -> None:
    open_file(viewer, letters.write("encrypted.eml", letters.signed_and_encrypted(rich_letter())))
    view_of(viewer)
    extension.lock()
    viewer.activate()
    viewer.wait_for_selector("[data-test=locked]")
    assert viewer.frames() == []
    assert "Thursday" not in viewer.js("() => document.documentElement.outerHTML")
    assert viewer.js("() => document.querySelector('[data-test=reply]')") is None
    viewer.click("[data-test=open-again]")
    extension.answer(PASSPHRASE)
    extension.is_locked = False
    viewer.wait_for_selector("main .state-statement", timeout_seconds=30)
    assert "Thursday at one." in as_text(view_of(viewer))


def test_a_mail_that_nobody_here_can_open_says_so(viewer: Page, letters: Letters) -> None:
    open_file(viewer, letters.write("not_mine.eml", letters.encrypted_for_bob(mail(text("For Bob.")))))
    assert "none of your keys" in viewer.text("[data-test=problem]")


VERDICTS = IN_PAGE["verdicts"]


def test_verdicts_are_said_by_their_codes_with_their_values_apart(viewer: Page) -> None:
    assert viewer.js(VERDICTS) == [
        "Die Nachricht ist mit einem alten Verfahren verschlüsselt, das gebrochen werden kann. (<RC2])",
        "Kopffelder außerhalb der geschützten Nachricht wurden unterwegs geändert: [To].",
        "Das Zertifikat des Unterzeichners oder eines darüber wurde widerrufen. "
        "([Bob]: widerrufen am [2026-05-31]: ein anderes Zertifikat hat es ersetzt)",
        "<In English. (x)]",
    ]
