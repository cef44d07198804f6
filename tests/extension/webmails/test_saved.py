"""The adaptors of webmails that cannot run here, against pages made after their published structure."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.browser.extension_driver import Extension
from tests.browser.page import Page
from tests.browser.webmail import Adaptor, WebmailProblem
from tests.browser.webmail_letters import adaptor

__all__ = ["adaptor"]
pytestmark = [pytest.mark.browser, pytest.mark.in_turn, pytest.mark.thorough]

SEALED = (
    b"From: rsa@example.test\r\nTo: rsa2@example.test\r\nMessage-ID: <a@example.test>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\nMIIBAAYJKoZIhvcNAQcDoA==\r\n"
)
SIGNED = SEALED.replace(b"application/pkcs7-mime", b"multipart/signed")

GMAIL = """<meta name="application-name" content="Gmail">
<div role="main"><div class="adn ads" data-legacy-message-id="18c0ffee">
  <div class="a3s aiL">An encrypted attachment.</div>
  <span download_url="application/pkcs7-mime:smime.p7m:https://mail.example.test/x">smime.p7m</span>
</div></div>"""
GMAIL_COMPOSE = """<meta name="application-name" content="Gmail">
<div role="dialog"><form><input name="from" value="Me &lt;rsa2@example.test&gt;">
  <div name="to"><span data-hovercard-id="rsa@example.test">A friend</span></div>
  <input name="subjectbox" value="The harbour"><input type="file" name="Filedata">
  <div role="textbox" contenteditable="true" g_editable="true">Typed already.</div></form></div>"""
OUTLOOK = """<meta name="application-name" content="Outlook">
<div role="main"><div id="UniqueMessageBody_1" role="document" aria-label="Message body">Encrypted.</div>
  <div role="option" title="smime.p7m">smime.p7m</div></div>"""
OUTLOOK_COMPOSE = """<meta name="application-name" content="Outlook">
<div role="main"><div data-recipients="to"><span data-address="rsa@example.test">A friend</span></div>
  <input maxlength="255" value="The harbour"><input type="file">
  <div id="editorParent_1"><div role="textbox" contenteditable="true">Typed already.</div></div></div>"""
ROUNDCUBE_COMPOSE = """<script src="program/js/app.min.js"></script><script>
rcmail.set_env({"action":"compose","identities":{"1":{"email":"rsa2@example.test"}},"request_token":"t"});
</script><form><div id="composebodycontainer"><input name="_from" value="1"><input name="_to" value="rsa@example.test">
  <input name="_subject" value="The harbour"><input type="file">
  <textarea id="composebody">Typed already.</textarea></div></form>
<script>document.body.className = "task-mail action-compose";</script>"""
SEALWAX_COMPOSE = """<div id="app"><form><input data-test="compose-subject" value="The harbour"><input type="file">
  <textarea data-test="compose-text">Typed already.</textarea></form></div><div id="announcer"></div>
<script type="module" src="main.js"></script>"""

# What Roundcube's list is made of: its program, its settings, a row for each message.
ROUNDCUBE_LIST = (
    '<script type="text/plain" src="program/js/app.min.js"></script>'
    "<script>rcmail = { set_env() {} };\nrcmail.set_env("
    + json.dumps(
        {"task": "mail", "action": "", "labels": {f"label{n}": "A text of some words. " * 5 for n in range(400)}}
    )
    + ");\n</script><body class='task-mail'><table id=messagelist><tbody>"
    + "".join(f"<tr id=row{n}><td class=subject>Subject {n}</td></tr>" for n in range(200))
    + "</tbody></table>"
)
MAX_MILLISECONDS_OF_A_LOOK = 3

# Where each webmail shows a message and hands over its source, and where it is written to.
READING = {
    "Gmail": ("/mail/u/0/", GMAIL, "#inbox/18c0ffee"),
    "Outlook": ("/mail/inbox/id/AAQk%3D", OUTLOOK, ""),
}
WRITING = {
    "Gmail": ("/mail/u/0/", GMAIL_COMPOSE, ""),
    "Outlook": ("/mail/compose", OUTLOOK_COMPOSE, ""),
}
ALL_WRITING = {
    **WRITING,
    "Roundcube": ("/?_task=mail&_action=compose", ROUNDCUBE_COMPOSE, ""),
    "Sealwax": ("/", SEALWAX_COMPOSE, ""),
}
# What each adaptor goes by where a letter is written, one sign after the other.
WRITING_SIGNS = {
    "Gmail": (
        "subjectbox",
        'name="from"',
        'name="to"',
        "data-hovercard-id",
        'role="dialog"',
        'role="textbox"',
        'type="file"',
    ),
    "Outlook": ("data-recipients", "data-address", 'maxlength="255"', "editorParent", 'role="textbox"', 'type="file"'),
    "Roundcube": (
        "rcmail.set_env",
        '"action"',
        'composebody"',
        "composebodycontainer",
        "_from",
        "_to",
        "_subject",
        "<form",
    ),
    "Sealwax": ("compose-text", "compose-subject"),
}


@dataclass(slots=True)
class Service:
    """A web site that shows one page, and hands over one message by each webmail's own way."""

    origin: str = ""
    markup: str = ""
    source: bytes = SEALED
    sources: list[str] = field(default_factory=list)
    posted: list[bytes] = field(default_factory=list)

    def answer(self, path: str) -> tuple[str, bytes]:
        if "view=att" in path:
            self.sources.append(path)
            return "text/plain", self.source
        if "service.svc" in path:
            self.sources.append(path)
            item = {"MimeContent": {"Value": base64.b64encode(self.source).decode()}}
            found = {"Body": {"ResponseMessages": {"Items": [{"Items": [item]}]}}}
            return "application/json", json.dumps(found).encode()
        if path.endswith(".js"):
            return "text/javascript", b"globalThis.rcmail = { set_env() {} };"
        if path == "/api/send":
            return "application/json", json.dumps({"outcome": "sent"}).encode()
        if path == "/config.json":
            return "application/json", json.dumps({"api": self.origin}).encode()
        return "text/html; charset=utf-8", f"<!doctype html><link rel=icon href=data:,>{self.markup}".encode()


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service() as service:
        yield service


@contextmanager
def running_service() -> Iterator[Service]:
    """A `Service` while the block runs."""
    served = Service()

    class Handler(BaseHTTPRequestHandler):
        def reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if body:
                served.posted.append(body)
            kind, body = served.answer(self.path)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = reply

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.origin = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield served
        server.shutdown()
        thread.join()


@pytest.fixture
def page(extension: Extension, service: Service) -> Iterator[Page]:
    service.sources.clear()
    service.posted.clear()
    service.source = SEALED
    page = extension.browser.open("about:blank")
    yield page
    page.close()


def show(page: Page, service: Service, place: tuple[str, str, str]) -> None:
    path, service.markup, fragment = place
    page.goto(service.origin + path + fragment)


@pytest.mark.parametrize("webmail", READING)
def test_the_source_is_fetched_by_the_webmails_own_way(
    adaptor: Adaptor, page: Page, service: Service, webmail: str
) -> None:
    show(page, service, READING[webmail])
    assert adaptor.source(page) == SEALED
    assert len(service.sources) == 1


@pytest.mark.parametrize("webmail", READING)
def test_a_page_instead_of_the_source_is_no_message(
    adaptor: Adaptor, page: Page, service: Service, webmail: str
) -> None:
    show(page, service, READING[webmail])
    service.source = b"<!doctype html><title>Sign in</title>"
    with pytest.raises(WebmailProblem, match="source-not-found"):
        adaptor.source(page)


@pytest.mark.parametrize("webmail", READING)
def test_a_message_view_of_another_markup_is_not_understood(
    adaptor: Adaptor, page: Page, service: Service, webmail: str
) -> None:
    path, markup, fragment = READING[webmail]
    for known in ("a3s", "UniqueMessageBody_1", 'role="document"'):
        markup = markup.replace(known, "new")
    show(page, service, (path, markup, fragment))
    with pytest.raises(WebmailProblem, match="page-not-understood"):
        adaptor.source(page)


def test_a_note_on_a_page_goes_for_good_once_the_page_is_understood(
    adaptor: Adaptor, page: Page, service: Service
) -> None:
    path, markup, fragment = READING["Gmail"]
    show(page, service, (path, markup.replace("a3s", "later"), fragment))
    wait_for_notes(adaptor, page, lambda notes: "does not understand this page of Gmail" in notes)
    page.js("() => { document.querySelector('.later').classList.add('a3s'); document.body.append('Drawn.'); }")
    wait_for_notes(adaptor, page, lambda notes: notes == "")
    for _ in range(3):
        page.js("() => { document.body.lastChild.remove(); document.body.append('Drawn anew.'); }")
        time.sleep(0.5)
        assert adaptor.notes(page) == ""


@pytest.mark.parametrize("webmail", WRITING)
def test_the_fields_of_a_letter_are_found(adaptor: Adaptor, page: Page, service: Service, webmail: str) -> None:
    show(page, service, WRITING[webmail])
    fields = adaptor.call(page, "fields")
    found = (fields["to"], fields["subject"], fields["text"], adaptor.call(page, "delivery"))
    assert found == (["rsa@example.test"], "The harbour", "Typed already.", "attachment")
    assert fields["from"] in ("", "rsa2@example.test")


@pytest.mark.parametrize("webmail", WRITING)
def test_what_is_sealed_is_attached_and_left_to_the_person_to_send(
    adaptor: Adaptor, page: Page, service: Service, webmail: str
) -> None:
    show(page, service, WRITING[webmail])
    with pytest.raises(WebmailProblem, match="handed-over"):
        adaptor.send(page, SEALED, deliver="attachment", sender="rsa2@example.test", to="rsa@example.test")
    attached, shown = page.js("""() => {
      const [file] = document.querySelector("input[type=file]").files;
      const text = document.querySelector("textarea, [role=textbox]");
      return [[file.name, file.size], text.value ?? text.innerText];
    }""")
    assert attached == ["smime.p7m", len(base64.b64decode(SEALED.split(b"\r\n\r\n")[1]))]
    assert shown == "See the attachment."


@pytest.mark.parametrize("webmail", WRITING)
def test_what_can_be_read_on_the_way_is_not_made_an_attachment(
    adaptor: Adaptor, page: Page, service: Service, webmail: str
) -> None:
    show(page, service, WRITING[webmail])
    with pytest.raises(WebmailProblem, match="needs-raw-sending"):
        adaptor.send(page, SIGNED, deliver="attachment", sender="rsa2@example.test", to="rsa@example.test")
    assert page.js("() => document.querySelector('input[type=file]').files.length") == 0


def test_a_webmail_that_changes_a_thousand_times_is_looked_at_now_and_then_and_quickly(
    adaptor: Adaptor, page: Page, service: Service
) -> None:
    show(page, service, ("/roundcube/", ROUNDCUBE_LIST, ""))
    adaptor.count_offers(page)
    page.js("""async () => {
      const [body] = document.querySelector("#messagelist").tBodies;
      for (let change = 0; change < 1000; change += 1) {
        body.append(body.rows[0].cloneNode(true));
        body.rows[0].remove();
        await new Promise((done) => setTimeout(done, 2));
      }
      await new Promise((done) => setTimeout(done, 700));
    }""")
    looks = adaptor.offers(page)
    # One look in 300 ms, however much changes meanwhile.
    assert 1 <= len(looks) <= 50
    assert sorted(looks)[len(looks) // 2] < MAX_MILLISECONDS_OF_A_LOOK


@pytest.mark.parametrize(("webmail", "sign"), [(name, sign) for name, signs in WRITING_SIGNS.items() for sign in signs])
def test_a_letter_in_another_markup_is_not_understood_or_leaves_sealed(
    adaptor: Adaptor, page: Page, service: Service, webmail: str, sign: str
) -> None:
    path, markup, fragment = ALL_WRITING[webmail]
    changed = markup.replace(sign, re.sub(r"\w+(?=\W*$)", "renewed", sign))
    assert changed != markup
    page.browser.expect_error("rcmail")
    show(page, service, (path, changed, fragment))
    refused = ""
    try:
        assert adaptor.call(page, "fields")["text"] == "Typed already."
        adaptor.send(page, SEALED, deliver="attachment", sender="rsa2@example.test", to="rsa@example.test")
        assert service.posted == [SEALED]
    except WebmailProblem as problem:
        refused = str(problem)
    assert refused in ("", "page-not-understood", "handed-over", "sender-unknown", "webmail-refused")
    assert not any(b"Typed already" in body for body in service.posted)
    # Either the letter stands as it was typed, or what stands there goes with the sealed file.
    attached, shown = page.js("""() => {
      const text = document.querySelector("textarea, [contenteditable=true]");
      return [document.querySelector("[type=file]")?.files.length ?? 0, text.value ?? text.innerText];
    }""")
    assert (attached, shown) in ((0, "Typed already."), (1, "See the attachment."))


def wait_for_notes(adaptor: Adaptor, page: Page, fits: Callable[[str], bool]) -> None:
    """Wait until what the extension says in the page is as it should be."""
    deadline = time.monotonic() + 20
    while not fits(adaptor.notes(page)):
        assert time.monotonic() < deadline, adaptor.notes(page)
        time.sleep(0.1)
