"""The window for letters: whole messages and dropped files, identities that expire, certificates from a bridge."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from smime_core.blocking import run
from smime_core.ca.demo import Details, create_authority, issue_identity
from smime_core.cms.recipients.keys import Keys
from smime_core.identity.identity import export_identity
from smime_core.mail.reading import read_entity
from smime_core.message import examine_message
from smime_core.report.report import State
from smime_core.trust.judging import Judging
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.compose_driver import (
    Webmail,
    address,
    obstacles,
    quote_original,
    readiness,
    send,
    wait_for_obstacles,
)
from tests.support.extension.driver import Extension
from tests.support.extension.field_pages import NATIVE, PASSPHRASE, People
from tests.support.extension.keys_page import show_section
from tests.support.extension.letters_from_bob import SECRET_WORDS, mail_from_bob, opened_by
from tests.support.extension.own_bridge import name_bridge
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("extension/compose/ways.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

DROP = IN_PAGE["dropInPage"]
SIGN_IN = IN_PAGE["signIn"]
CHOOSE_SENDER = IN_PAGE["chooseSender"]

# Records the value and the name of the progress bar at each change. The value is null while the total is unknown.
WATCH_PROGRESS = IN_PAGE["watchProgress"]


def whole_of(content: bytes) -> bytes:
    (whole,) = [file for file in read_entity(content).attachments if file.filename == "message.eml"]
    return whole.data


@pytest.mark.parametrize("encrypted", [True, False])
def test_a_message_is_forwarded_whole_when_the_person_chooses_so(
    webmail: Webmail, people: People, encrypted: bool
) -> None:
    original = mail_from_bob(people, encrypted=encrypted)
    window = webmail.write(kind="forward", mail=original)
    quote_original(window)
    assert SECRET_WORDS in window.value("[data-test=compose-text]")
    window.click("[data-test=forward-whole]")
    attached = window.wait_for_text("message.eml", selector="[data-test=compose-attachments]", timeout_seconds=30)
    assert "map.txt" not in attached
    assert SECRET_WORDS not in window.value("[data-test=compose-text]")
    address(window, "compose-to", "bob@example.test")
    send(window)
    (taken,) = webmail.taken()
    assert SECRET_WORDS.encode() not in taken.message
    report = opened_by(people.bob, taken.message, people)
    whole = whole_of(report.content)
    if not encrypted:
        assert whole == original
    # Bob can read the message that was encrypted only for Alice, and its signature is still verified.
    at = datetime.datetime.now(datetime.UTC)
    inside = run(
        examine_message(
            whole, Judging(trust_store=people.trust_store, at=at), provider=NATIVE, keys=Keys(identities=[])
        )
    )
    assert inside.state is State.VERIFIED
    assert b"Leuchtturm" in inside.content


def test_an_encrypted_message_leaves_whole_and_readable_only_when_the_person_says_so(
    webmail: Webmail, people: People
) -> None:
    window = webmail.write(kind="forward", mail=mail_from_bob(people, encrypted=True))
    quote_original(window)
    address(window, "compose-to", "bob@example.test")
    window.click("[data-test=switch-encrypt]")
    window.click("[data-test=unencrypted-confirm]")
    window.click("[data-test=forward-whole]")
    window.wait_for_text("message.eml", selector="[data-test=compose-attachments]", timeout_seconds=30)
    # The person agreed to send the words unencrypted. The whole message was attached later, so the window asks again.
    window.click("[data-test=send]")
    window.wait_for_selector("[data-test=unencrypted-confirm]")
    assert not webmail.page.js("() => document.documentElement.dataset.taken ?? null")


def test_a_dropped_file_is_attached_and_does_not_take_the_place_of_the_letter(webmail: Webmail, people: People) -> None:
    window = webmail.write(to=["bob@example.test"])
    window.fill("[data-test=compose-text]", SECRET_WORDS)
    assert window.js(DROP, "dropped.txt", "dropped words") is True
    window.wait_for_text("dropped.txt", selector="[data-test=compose-attachments]")
    assert window.value("[data-test=compose-text]") == SECRET_WORDS
    window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=60)
    send(window)
    (file,) = read_entity(opened_by(people.bob, webmail.taken()[0].message, people).content).attachments
    assert (file.filename, file.data) == ("dropped.txt", b"dropped words")


def test_a_webmail_that_only_attaches_takes_encrypted_letters_without_hidden_readers(
    webmail: Webmail, people: People
) -> None:
    window = webmail.write(to=["bob@example.test"], deliver="attachment")
    window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=60)
    window.click("[data-test=switch-encrypt]")
    # A letter that is only signed cannot be handed over as an attachment.
    wait_for_obstacles(window, "needs-encryption")
    window.click("[data-test=switch-encrypt]")
    wait_for_obstacles(window)
    address(window, "compose-bcc", "dora@example.test")
    window.click("[data-test=remedy-password]")
    wait_for_obstacles(window, "password", "bcc")
    window.click("[data-address='dora@example.test'] .chip-remove")
    wait_for_obstacles(window)
    window.fill("[data-test=compose-text]", SECRET_WORDS)
    send(window)
    (taken,) = webmail.taken()
    assert (taken.deliver, taken.envelope["bcc"]) == ("attachment", [])
    assert opened_by(people.bob, taken.message, people).state is State.VERIFIED


def test_an_attachment_of_25_megabytes_leaves_whole(webmail: Webmail, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(25_000_000))
    window = webmail.write(to=["bob@example.test"])
    window.choose_files("input[data-test=compose-file]", [large])
    window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=60)
    window.wait_for_text("large.bin", selector="[data-test=compose-attachments]", timeout_seconds=60)
    window.js(WATCH_PROGRESS)
    send(window)
    steps: list[dict[str, Any]] = window.js("() => window.told")
    # The progress of making the message is known. The progress of the webmail is not.
    made = [step["value"] for step in steps if step["name"] == "The message is being made"]
    assert made == sorted(made)
    assert (len(set(made)) >= 5, made[0], made[-1]) == (True, 0, 1)
    handed = [step["value"] for step in steps if step["name"] == "The message is being handed over to the webmail"]
    assert handed == [None]
    # Two layers of base64 make the message longer than the file.
    assert webmail.taken()[0].length > 25_000_000 * 16 / 9


@pytest.fixture
def ending(extension: Extension, people: People) -> dict[str, int]:
    """The addresses of Alice's identities that expire soon, each with its number of days; one has expired."""
    now = datetime.datetime.now(datetime.UTC)
    authority = run(create_authority("Ending CA", provider=NATIVE, at=now - datetime.timedelta(days=100)))
    ends = {"over@example.test": -2, "soon@example.test": 10}
    for name, days in ends.items():
        at = now - datetime.timedelta(days=90)
        not_after = now + datetime.timedelta(days=days)
        identity = run(issue_identity(authority, name, provider=NATIVE, at=at, details=Details(not_after=not_after)))
        file = people.folder / f"{name}.p12"
        file.write_bytes(run(export_identity(identity, PASSPHRASE.encode(), provider=NATIVE, iterations=2048)))
        extension.open_keys(file, PASSPHRASE)
    return ends


def test_an_identity_that_ends_is_said_before_sending(webmail: Webmail, ending: dict[str, int]) -> None:
    window = webmail.write(to=["bob@example.test"])
    window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=60)
    assert window.js("() => document.querySelector('[data-test=own-expiry]')") is None
    window.js(CHOOSE_SENDER, "soon@example.test")
    assert "Renew it in time" in window.text("[data-test=own-expiry][data-expiry=very-soon]")
    assert obstacles(window) == []
    window.js(CHOOSE_SENDER, "over@example.test")
    assert "nothing can be signed with it" in window.text("[data-test=own-expiry][data-expiry=expired]")
    wait_for_obstacles(window, "own-expired")
    window.click("[data-test=remedy-sign-off]")
    wait_for_obstacles(window)


def test_a_certificate_is_looked_up_at_the_bridge_that_the_person_has_named(
    webmail: Webmail, demo_stack: DemoStack
) -> None:
    bob = demo_stack.accounts[1]
    extension = webmail.extension
    extension.keep(anchors=[demo_stack.folder / "ca.pem"])
    window = webmail.write()
    address(window, "compose-to", "erna@example.test")
    wait_for_obstacles(window, "certificate-none")
    assert window.js("() => document.querySelector('[data-test=remedy-look-up]')") is None
    window.close()
    forget_bob(extension)
    name_bridge(extension, demo_stack.pages_url)

    window = webmail.write()
    address(window, "compose-to", bob.address)
    wait_for_obstacles(window, "certificate-none")
    assert "Look it up at 127.0.0.1" in window.text("[data-test=remedy-look-up]")
    window.click("[data-test=remedy-look-up]")
    window.wait_for_text("signed in there", selector="[data-test=send-error]", timeout_seconds=30)
    pages = extension.browser.open(demo_stack.pages_url)
    assert pages.js(SIGN_IN, demo_stack.api_url, bob.address, bob.mail_password) == 200
    pages.close()
    window.activate()
    window.click("[data-test=remedy-look-up]")
    wait_for_obstacles(window)
    assert readiness(window) == {bob.address: "ready"}
    address(window, "compose-to", "erna@example.test")
    window.click("[data-test=remedy-look-up]")
    window.wait_for_text("knows no certificate", selector="[data-test=send-error]", timeout_seconds=30)
    window.click("[data-address='erna@example.test'] .chip-remove")
    send(window)
    name_bridge(extension, "")


def forget_bob(extension: Extension) -> None:
    """Remove the certificate that an earlier test used for the same address."""
    options = extension.open_options()
    show_section(options, "people")
    remove = '[data-removal^="people.remove"][data-name="bob@example.test"]'
    options.click(remove)
    options.click(remove)
    options.wait_for("(button) => document.querySelector(button) === null", remove)
    options.close()
