"""Every view in a language whose texts are all in brackets: a text without brackets must be data."""

from __future__ import annotations

import datetime
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.roots import mozilla_anchors
from smime_core.blocking import run
from smime_core.ca.demo import Details, create_authority, issue_identity
from smime_core.cms.signing import Signing
from smime_core.message import sign_message
from tests.support.browser.browsers import Browser, Chromium
from tests.support.browser.page import Page
from tests.support.extension.compose_driver import Webmail, add_fake_webmail
from tests.support.extension.driver import close_proposal
from tests.support.extension.field_pages import NATIVE, PASSPHRASE, TEXT
from tests.support.extension.keys_page import show_section
from tests.support.extension.mail_letters import mail, multipart, text
from tests.support.extension.stage import OPENING_SECONDS, Stage
from tests.support.extension.viewer import open_file
from tests.support.extension.views import STATES, VIEWS
from tests.support.extension.words import foreign_words, speak_in_brackets

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

# Words that are data: they belong to the people of the tests, to their mail and to their sites.
DATA = (
    "Example CA",
    "Elsewhere CA",
    "Thursday",
    TEXT,
    "Bob",
    "127.0.0.1",
    "localhost",
    "Notice",
    "An order",
    "Order",
    "map.example.test",
    "mail.examp1e.test",
    "mail.example.test",
    "the mailbox is full",
    "clock.example",
    "Harbour",
    "Crew only",
    "Open",
)
# The elements that show words of a mail, a page or a form.
OTHERS = ".text, .covered-text, .origin, .form-details, .form-name bdi, .form-value, .form-submitter, textarea"


@pytest.fixture(scope="module")
def browser(chromium: Chromium) -> Browser:
    """One browser: the words of a view are the same in both."""
    return chromium


@pytest.fixture(scope="module")
def folder(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build with the language of brackets, and with a content script that plays a webmail."""
    with_webmail = add_fake_webmail(folder, tmp_path_factory.mktemp("extension") / "with_webmail")
    return speak_in_brackets(with_webmail)


def words(*pages: Page) -> list[str]:
    return [word for page in pages for word in foreign_words(page, data=DATA, others=OTHERS)]


@pytest.mark.parametrize("name", VIEWS | STATES)
def test_a_view_has_no_words_of_its_own(stage: Stage, name: str) -> None:
    with (VIEWS | STATES)[name](stage) as view:
        own_words = words(*view.documents, *view.frames)
    assert not own_words, "\n".join(own_words)


@pytest.fixture
def options(stage: Stage) -> Iterator[Page]:
    page = stage.extension.open_options()
    page.wait_for_selector("[data-test=identity]")
    yield page
    page.close()


# By the name of a dialog: the section of the page, and what opens the dialog there.
DIALOGS = {
    "identity": ("identities", "[data-test=identity] [data-test=details]"),
    "person": ("people", "[data-test=person] [data-test=details]"),
    "export": ("identities", "[data-test=export-keys]"),
    "passphrase": ("identities", "[data-test=change-passphrase]"),
    "request": ("identities", "[data-test=make-request]"),
    "renewal": ("identities", "[data-test=renew]"),
    "backup": ("backup", "[data-test=make-backup]"),
    "restoring": ("backup", "[data-test=restore-backup]"),
}


@pytest.mark.parametrize("name", DIALOGS)
def test_a_dialog_of_the_keys_has_no_words_of_its_own(options: Page, name: str) -> None:
    section, opener = DIALOGS[name]
    show_section(options, section)
    options.click(opener)
    options.wait_for_selector("dialog[open] h2", timeout_seconds=OPENING_SECONDS)
    assert words(options) == []
    submit = options.js("() => document.querySelector('dialog[open] [type=submit]') !== null")
    if submit:
        options.click("dialog[open] [type=submit]")
        options.wait_for("() => document.querySelector('dialog[open] [role=alert]:not(:empty)') !== null")
        assert words(options) == []


def test_a_certificate_is_told_in_the_words_of_the_catalogue(stage: Stage) -> None:
    folder = stage.people.folder
    (folder / "root.der").write_bytes(mozilla_anchors()[0].certificate.der)
    with VIEWS["viewer"](stage) as view:
        for name in ("bob.der", "ca.der", "root.der"):
            open_file(view.page, folder / name)
            view.page.wait_for_selector("[data-test=certificate]")
            # Names in certificates are as their authorities wrote them.
            assert foreign_words(view.page, data=DATA, others="h2, dd[dir=auto]") == [], name


def letters_of_each_kind(stage: Stage) -> dict[str, bytes]:
    letters, at = stage.letters, datetime.datetime.now(datetime.UTC)
    plain = mail(text("At one."))
    long_ago = at - datetime.timedelta(days=20)
    ended = issue_identity(
        letters.authority,
        "bob@example.test",
        provider=NATIVE,
        at=long_ago,
        details=Details(not_after=at - datetime.timedelta(days=2)),
    )
    elsewhere = run(create_authority("Elsewhere CA", provider=NATIVE, at=at))
    stranger = run(issue_identity(elsewhere, "bob@example.test", provider=NATIVE, at=at))
    signed = letters.signed(plain)
    return {
        "plain": plain,
        "signed": signed,
        "altered": signed.replace(b"At one.", b"At two."),
        "expired": run(sign_message(plain, Signing(identities=[run(ended)], signing_time=long_ago), provider=NATIVE)),
        "stranger": run(sign_message(plain, Signing(identities=[stranger], signing_time=at), provider=NATIVE)),
        "other sender": letters.signed(plain.replace(b"bob@", b"carol@")),
        "for others": letters.encrypted_for_bob(plain),
        "weak": weakly_encrypted(stage, plain),
        "damaged": letters.encrypted(plain)[:-400],
        "part signed": mail(multipart("mixed", letters.signed_entity(text("Signed.")), text("Not signed."))),
    }


def weakly_encrypted(stage: Stage, message: bytes) -> bytes:
    """The message encrypted by Triple DES, as old programs do."""
    certificate = stage.letters.write("alice.der", stage.people.alice.certificate.der)
    head = ("-from", "bob@example.test", "-to", "alice@example.test", "-subject", "Thursday")
    command = ["openssl", "cms", "-encrypt", "-des3", *head, str(certificate)]
    return subprocess.run(command, input=message, capture_output=True, check=True).stdout


def test_a_mail_of_each_kind_is_told_in_the_words_of_the_catalogue(stage: Stage) -> None:
    wrong = []
    with VIEWS["viewer"](stage) as view:
        for kind, octets in letters_of_each_kind(stage).items():
            open_file(view.page, stage.letters.write("kind.eml", octets))
            inside = [view.page.wait_for_frame("mail_view.html")] if shows_text(view.page) else []
            wrong += [f"{kind}: {word}" for word in words(view.page, *inside)]
    assert not wrong, "\n".join(wrong)


def shows_text(viewer: Page) -> bool:
    return bool(viewer.js("() => document.querySelector('main iframe') !== null"))


def test_a_decision_and_its_refusal_are_told_in_the_words_of_the_catalogue(stage: Stage) -> None:
    with VIEWS["viewer"](stage) as view:
        open_file(view.page, stage.letters.write("stranger.eml", letters_of_each_kind(stage)["stranger"]))
        view.page.click("[data-test=why] > summary")
        view.page.click("[data-test=accept-exact]")
        options = view.page.browser.wait_for_page("options.html")
        options.wait_for_selector("[data-test=accept-dialog]", timeout_seconds=OPENING_SECONDS)
        wrong = words(options)
        for addresses in ("", "no address", "carol@example.test"):
            options.fill("[data-test=accept-addresses]", addresses)
            options.js("() => { document.querySelector('[data-test=accept-compared]').checked = true; }")
            options.js("() => { document.querySelector('[data-test=accept-problem]').textContent = ''; }")
            options.click("[data-test=accept-go]")
            options.wait_for("() => document.querySelector('[data-test=accept-problem]').textContent !== ''")
            wrong += words(options)
        close_proposal(options)
        options.close()
        view.page.activate()
    assert not wrong, "\n".join(wrong)


def test_a_letter_and_its_draft_are_told_in_the_words_of_the_catalogue(stage: Stage) -> None:
    webmail = Webmail(stage.extension, stage.site)
    webmail.mood("refuses")
    window = webmail.write(to=["bob@example.test"])
    window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=OPENING_SECONDS)
    window.fill("[data-test=compose-text]", TEXT)
    window.wait_for_selector("[data-test=draft-state][data-state=kept]", timeout_seconds=OPENING_SECONDS)
    window.click("[data-test=recipient-details]")
    window.wait_for_selector("[data-test=recipient-dialog]")
    wrong = words(window)
    window.click("[data-test=dialog-close]")
    window.click("[data-test=send]")
    window.wait_for_selector("[data-test=send-error]:not(:empty)", timeout_seconds=OPENING_SECONDS)
    # The reason is in the webmail's own words.
    wrong += foreign_words(window, data=(*DATA, "the mailbox is full"), others=OTHERS)
    window.close()
    other = webmail.write()
    other.wait_for_selector("[data-test=draft]")
    wrong += words(other)
    other.click("[data-test=draft-drop]")
    other.close()
    webmail.close()
    assert not wrong, "\n".join(wrong)


def test_locked_keys_are_told_in_the_words_of_the_catalogue(stage: Stage, options: Page) -> None:
    options.click("[data-test=lock]")
    options.wait_for("() => document.querySelector('[data-test=lock]').hidden")
    wrong = words(options)
    stage.extension.is_locked = True
    stage.extension.open_keys(stage.people.folder / "alice.p12", PASSPHRASE)
    assert not wrong, "\n".join(wrong)
