"""The extension's window sends letters as parcels, by a token or a session at the bridge, and shows the words once."""

from __future__ import annotations

import dataclasses
import functools
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.wrappers import Request, Response

from tests.support.browser.accessibility import find_violations
from tests.support.browser.browsers import Browser
from tests.support.extension.compose_driver import Webmail, add_fake_webmail, focus_line
from tests.support.extension.driver import Extension, running_site
from tests.support.extension.keys_page import KEPT, show_section
from tests.support.extension.own_bridge import name_bridge, open_sign_in, type_password
from tests.support.extension.parcel_letters import ParcelSender, ParcelWindow, with_members
from tests.support.pages.draft_driver import wait_until
from tests.support.pages.driver import OPERATION_SECONDS, named
from tests.support.pages.parcel_letters import CAROL, DORA, LINK
from tests.support.pages.parcels import ParcelPage, run_parcel_rig
from tests.support.parcel_secret import shows_secret
from webbridge.delivery.states import Stage

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

MEGABYTE = 2**20
EXPECTED = "ERR_|Failed to|NetworkError|40[0-9]|50[0-9]"
IN_MEMORY = """async () => {
  const { storage } = globalThis.browser ?? chrome;
  return JSON.stringify([await storage.session.get(null), await storage.local.get(null)]);
}"""
SHOWN_WORDS = "() => document.querySelector('[data-test=parcel-words], [data-test=sent]') !== null"


@pytest.fixture(scope="module")
def sender(
    browser: Browser, folder: Path, pages_with_sources: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ParcelSender]:
    place = tmp_path_factory.mktemp("parcels")
    extension = Extension(browser, add_fake_webmail(folder, place / "extension"))
    origin = extension.base.rstrip("/")
    admit = functools.partial(dataclasses.replace, extension_origins=(origin,))
    with run_parcel_rig(pages_with_sources, place / "store", alter=admit) as rig, running_site() as site:
        alice, bob = rig.stack.accounts
        (place / "alice.p12").write_bytes(alice.p12)
        (place / "bob.der").write_bytes(bob.identity.certificate.der)
        extension.open_keys(place / "alice.p12", alice.key_passphrase)
        extension.keep(anchors=[rig.stack.folder / "ca.pem"], people=[place / "bob.der"])
        sender = ParcelSender(extension, rig, Webmail(extension, site))
        assert sender.enter_token(sender.new_token()) == "Saved."
        yield sender
    extension.uninstall()


@pytest.fixture(autouse=True)
def honest(sender: ParcelSender) -> None:
    """Let the bridge answer honestly, take the token, and give the webmail nothing yet."""
    sender.rig.changes.clear()
    sender.rig.asked.clear()
    sender.webmail.forget()
    sender.webmail.mood("sends")


@pytest.fixture(autouse=True)
def no_window(sender: ParcelSender) -> Iterator[None]:
    """Close the windows that a test has left open."""
    yield
    for context in sender.extension.browser.contexts():
        if "compose.html" in context["url"]:
            sender.extension.browser.close_tab(context["context"])


def notices_to(sender: ParcelSender, address: str) -> list[str]:
    sender.rig.send_mails()
    mails = zip(sender.rig.post.recipients, sender.rig.post.mails, strict=False)
    bodies = [mail.get_body(("plain",)) for recipients, mail in mails if address in recipients]
    return [str(body.get_content()) for body in bodies if body is not None]


@pytest.mark.thorough(False)
def test_a_letter_goes_as_a_parcel_by_a_token_and_is_opened_by_the_words(
    browser: Browser, sender: ParcelSender, tmp_path: Path
) -> None:
    token = sender.new_token()
    assert sender.enter_token(token) == "Saved."
    bodies: list[bytes] = []

    def record(request: Request, answer: Response) -> Response:
        bodies.append(request.get_data() + str(request.headers).replace(token, "").encode())
        return answer

    for method in ("POST", "PATCH", "HEAD"):
        sender.rig.meddle(method, "*", record)
    plan = tmp_path / "plan.dwg"
    plan.write_bytes(b"AC1032" * 100)
    window = sender.write(CAROL, subject="The plans for Thursday")
    window.attach(plan)
    question = window.ask()
    assert f"{CAROL} cannot receive encrypted mail yet. Send a secure message?" in question
    host = sender.rig.stack.pages_url.removeprefix("http://")
    assert host in question
    assert find_violations(window.page) == []
    window.go()
    words = window.wait_until_sent()
    assert len(words.split()) == 6
    assert find_violations(window.page) == []
    shown = window.page.text(named("parcel-secret"))
    (notice,) = notices_to(sender, CAROL)[-1:]
    match = LINK.search(notice)
    assert match, notice
    window.finish()
    assert "Sent as a secure message" in window.page.text(named("parcel-waits"))
    assert not window.page.js("(words) => document.documentElement.outerHTML.includes(words)", words)
    assert bodies
    for secret in (words, words.replace(" ", "-"), "The gate opens", "plan.dwg"):
        assert not any(secret.encode() in body for body in bodies)
    assert not shows_secret(notice, words)
    reader = ParcelPage(browser, sender.rig.stack.pages_url + match[1])
    reader.open(words)
    assert reader.state == "verified"
    assert reader.page.text(named("parcel-heading")) == "The plans for Thursday"
    assert "The gate opens at one." in reader.page.text(named("body"))
    assert reader.file_names() == ["plan.dwg"]
    assert reader.page.text(named("parcel-reference")) in shown
    reader.close()


def test_the_token_is_kept_only_encrypted(sender: ParcelSender) -> None:
    token = sender.new_token()
    assert sender.enter_token(token) == "Saved."
    page = sender.extension.open_options()
    storage, memory = page.js(KEPT), page.js(IN_MEMORY)
    numbers = ",".join(str(byte) for byte in token.encode())
    assert "parcel server" in storage
    assert token not in storage
    assert numbers not in storage
    assert token not in memory
    page.close()


@pytest.mark.thorough(False)
def test_people_with_certificates_get_their_mail_beside_the_parcel(sender: ParcelSender) -> None:
    bob = sender.rig.stack.accounts[1]
    window = sender.write(bob.address, CAROL)
    question = window.ask()
    assert f"{bob.address} will get this message as encrypted mail, as always." in question
    window.go()
    window.wait_until_sent()
    (taken,) = sender.webmail.taken()
    assert taken.envelope["to"] == [bob.address]
    assert b"application/pkcs7-mime" in taken.message
    window.finish()
    assert bob.address in window.page.text(named("left"))
    assert notices_to(sender, bob.address) == []
    assert sender.newest().stage is Stage.SUBMITTED


def test_the_service_writes_to_the_sender_in_the_language_of_the_words(sender: ParcelSender) -> None:
    window = sender.write(CAROL)
    window.ask()
    window.page.js("() => { document.documentElement.lang = 'fr'; }")
    window.go()
    window.wait_until_sent()
    assert sender.newest().language == "en"
    window.finish()


def test_each_person_in_bcc_has_words_of_their_own(sender: ParcelSender) -> None:
    window = sender.write(CAROL)
    focus_line(window.page, "compose-bcc")
    window.page.type(f"{DORA},")
    window.page.wait_for_selector(f"[data-address='{DORA}'][data-readiness=cannot]", timeout_seconds=OPERATION_SECONDS)
    assert "Each person in Bcc gets a secure message of their own" in window.ask()
    window.go()
    window.wait_until_sent()
    sections = window.page.js(
        "() => [...document.querySelectorAll('[data-test=parcel-words]')].map((list) => list.textContent)"
    )
    assert len(sections) == len(set(sections)) == 2


def test_a_wrong_token_and_a_server_without_parcels_are_refused_when_they_are_entered(sender: ParcelSender) -> None:
    sender.extension.browser.expect_error(EXPECTED)
    assert "does not accept the token" in sender.enter_token("swp_" + "A" * 43)
    assert "does not accept the token" in sender.enter_token("with\u00e4umlaut")
    sender.rig.meddle("GET", "/api/config", with_members(parcels=None))
    assert "takes no secure messages" in sender.enter_token(sender.new_token())
    sender.rig.changes.clear()
    assert "no pages of a mail service" in sender.enter_token("swp_x", url=sender.rig.stack.api_url)
    assert "no address of a bridge" in sender.enter_token("swp_x", url="http://mail.example.test")
    # The server that was entered before stays.
    page = sender.extension.open_options()
    show_section(page, "writing")
    assert sender.alice.address in page.wait_for_text("Secure messages go by", selector=named("parcel-server"))
    page.close()
    assert sender.enter_token(sender.new_token()) == "Saved."


def test_another_sender_than_the_token_is_named_and_nothing_is_sent(sender: ParcelSender) -> None:
    bob = sender.rig.stack.accounts[1]
    assert sender.enter_token(sender.new_token(bob)) == "Saved."
    window = sender.write(CAROL)
    window.ask()
    problem = window.page.text(named("parcel-question-error"))
    assert bob.address in problem
    assert sender.alice.address in problem
    sender.rig.asked.clear()
    window.go()
    assert window.page.js("() => document.querySelector('[data-test=parcel-question]') !== null")
    assert [path for method, path in sender.rig.asked if method == "POST"] == []
    assert sender.enter_token(sender.new_token()) == "Saved."


def test_a_token_that_is_revoked_while_uploading_ends_it_with_a_clear_text(
    sender: ParcelSender, tmp_path: Path
) -> None:
    sender.extension.browser.expect_error(EXPECTED)
    assert sender.enter_token(sender.new_token()) == "Saved."

    def revoke(_: Request, answer: Response) -> Response:
        sender.revoke()
        return answer

    sender.rig.meddle("POST", "/api/parcels", revoke)
    window = write_with_file(sender, tmp_path, megabytes=9)
    window.go()
    assert "does not accept the token" in window.wait_for_error()
    assert not window.page.js(SHOWN_WORDS)
    window.cancel()
    assert "The gate opens" in window.page.value(named("compose-text"))
    assert sender.newest().stage is Stage.UPLOADING
    assert sender.enter_token(sender.new_token()) == "Saved."


def write_with_file(sender: ParcelSender, folder: Path, *, megabytes: int) -> ParcelWindow:
    """A letter to Carla with a file, whose question is shown."""
    file = folder / "plan.bin"
    file.write_bytes(bytes(range(256)) * (megabytes * 4096))
    window = sender.write(CAROL)
    window.attach(file)
    window.ask()
    return window


@pytest.mark.thorough(False)
def test_lost_answers_send_the_parcel_once(sender: ParcelSender, tmp_path: Path) -> None:
    sender.extension.browser.expect_error(EXPECTED)
    torn: list[str] = []

    def lose(request: Request, answer: Response) -> Response:
        kind = "piece" if request.method == "PATCH" else request.path.rpartition("/")[2]
        if kind not in ("piece", "parcels", "submit") or kind in torn:
            return answer
        torn.append(kind)
        return Response("away", status=503)

    for method in ("POST", "PATCH"):
        sender.rig.meddle(method, "*", lose)
    window = write_with_file(sender, tmp_path, megabytes=9)
    window.go()
    window.wait_until_sent()
    assert torn == ["parcels", "piece", "submit"]
    window.finish()
    parcel = sender.newest()
    # The bridge itself may be sending this notice, or that of the parcel before.
    wait_until(lambda: any(parcel.id in notice for notice in notices_to(sender, CAROL)))
    assert sum(parcel.id in notice for notice in notices_to(sender, CAROL)) == 1
    assert parcel.stage is Stage.SUBMITTED


def hold_upload(sender: ParcelSender, tmp_path: Path) -> tuple[ParcelWindow, threading.Event]:
    """Send a letter whose upload gets no answer until the event is set."""
    arrival, go_on = threading.Event(), threading.Event()

    def hold(_: Request, answer: Response) -> Response:
        arrival.set()
        go_on.wait(20)
        return answer

    sender.rig.meddle("PATCH", "*", hold)
    window = write_with_file(sender, tmp_path, megabytes=9)
    window.go()
    assert arrival.wait(OPERATION_SECONDS)
    return window, go_on


def test_a_cancelled_parcel_is_deleted_and_the_letter_stays(sender: ParcelSender, tmp_path: Path) -> None:
    sender.extension.browser.expect_error(EXPECTED)
    window, go_on = hold_upload(sender, tmp_path)
    window.cancel()
    assert sender.wait_until_deleted().stage is Stage.WITHDRAWN
    go_on.set()
    assert "nobody was told" in window.page.text(named("send-error"))
    assert window.page.value(named("compose-text")) == "The gate opens at one."


def test_a_lock_ends_the_upload_and_deletes_it(sender: ParcelSender, tmp_path: Path) -> None:
    sender.extension.browser.expect_error(EXPECTED)
    window, go_on = hold_upload(sender, tmp_path)
    sender.extension.lock()
    window.page.wait_for("() => document.querySelector('[data-test=parcel-dialog]') === null")
    assert sender.wait_until_deleted().stage is Stage.WITHDRAWN
    go_on.set()
    file = tmp_path / "alice.p12"
    file.write_bytes(sender.alice.p12)
    sender.extension.open_keys(file, sender.alice.key_passphrase)


@pytest.mark.parametrize(
    "members",
    [
        {"reference": "<img src=x onerror=alert(1)>"},
        {"id": "AAAAAAAAAAAAAAAAAAAAAA"},
        {"expires": "whenever"},
        {"state": "withdrawn"},
        {"id": None, "reference": None, "expires": None, "state": None},
    ],
)
def test_a_lying_answer_is_no_success(sender: ParcelSender, members: dict[str, object]) -> None:
    sender.rig.meddle("POST", "/api/parcels", with_members(**members))
    window = sender.write(CAROL)
    window.ask()
    window.go()
    assert "does not fit this secure message" in window.wait_for_error()
    assert not window.page.js(SHOWN_WORDS)
    assert window.page.js("() => document.querySelector('img') === null")
    window.cancel()
    assert sender.wait_until_deleted().stage is Stage.WITHDRAWN


def test_a_redirection_gets_neither_the_token_nor_the_parcel(sender: ParcelSender) -> None:
    sender.extension.browser.expect_error(EXPECTED)
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        target = f"http://localhost:{elsewhere.getsockname()[1]}/api/parcels"

        def redirect(_: Request, __: Response) -> Response:
            return Response("", status=307, headers={"Location": target})

        sender.rig.meddle("POST", "/api/parcels", redirect)
        window = sender.write(CAROL)
        window.ask()
        window.go()
        assert "pointed to another address" in window.wait_for_error()
        assert not window.page.js(SHOWN_WORDS)
        window.cancel()
        sender.rig.meddle("GET", "/api/parcels", redirect)
        assert "pointed to another address" in sender.enter_token(sender.new_token())
        elsewhere.settimeout(0.5)
        with pytest.raises(TimeoutError):
            elsewhere.accept()
    sender.rig.changes.clear()
    assert sender.enter_token(sender.new_token()) == "Saved."


def test_huge_limits_of_a_server_keep_no_large_file_in_memory(sender: ParcelSender, tmp_path: Path) -> None:
    limits = {"maxBytes": 2**53 - 1, "wholeBytes": 2**53 - 1, "maxDays": 2**40, "maxRecipients": 2**40}
    sender.rig.meddle("GET", "/api/config", with_members(parcels=limits))
    assert sender.enter_token(sender.new_token()) == "Saved."
    window = write_with_file(sender, tmp_path, megabytes=3)
    assert window.page.js("() => document.querySelector('[data-test=parcel-days]').max") == "90"
    window.go()
    window.wait_until_sent()
    assert any(path.endswith("/objects") for _, path in sender.rig.asked)
    sender.rig.meddle("GET", "/api/config", with_members(parcels={**limits, "maxBytes": "1e9"}))
    assert "takes no secure messages" in sender.enter_token(sender.new_token())
    sender.rig.changes.clear()
    assert sender.enter_token(sender.new_token()) == "Saved."


def test_without_a_server_no_parcel_is_offered(sender: ParcelSender) -> None:
    page = sender.extension.open_options()
    show_section(page, "writing")
    remove = "[data-removal^='parcel-server.remove']"
    page.click(remove)
    page.wait_until_calm()
    page.click(remove)
    page.wait_for("(kept) => document.querySelector(kept) === null", named("parcel-server-kept"))
    page.close()
    window = sender.write(CAROL)
    window.page.wait_for_selector(named("remedy-password"))
    assert window.page.js("(name) => document.querySelector(name) === null", named("remedy-parcel"))
    assert sender.enter_token(sender.new_token()) == "Saved."


@pytest.mark.thorough(False)
def test_a_session_at_the_bridge_sends_parcels_and_needs_no_token(browser: Browser, sender: ParcelSender) -> None:
    name_bridge(sender.extension, sender.rig.stack.pages_url)
    bob = sender.rig.stack.accounts[1]
    window = sender.write(bob.address, CAROL)
    prompt = open_sign_in(sender.extension, window.page)
    type_password(prompt, sender.alice.mail_password)
    window.page.activate()
    window.page.wait_for_selector(named("bridge-sends"), timeout_seconds=30)
    before = len(sender.rig.stack.mail_server.messages(bob.address))
    sender.revoke()
    window.ask()
    window.go()
    words = window.wait_until_sent()
    assert len(sender.rig.stack.mail_server.messages(bob.address)) == before + 1
    (notice,) = notices_to(sender, CAROL)[-1:]
    window.finish()
    link = LINK.search(notice)
    assert link
    reader = ParcelPage(browser, sender.rig.stack.pages_url + link[1])
    reader.open(words)
    assert reader.state == "verified"
    reader.close()
    name_bridge(sender.extension, "")
    assert sender.enter_token(sender.new_token()) == "Saved."
