"""The imitation webmails behave as webmails do that know nothing of S/MIME: read, attach, send, sign out."""

from __future__ import annotations

import email
import html
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from http.cookiejar import CookieJar
from typing import Any

import pytest

from smime_core.blocking import encrypt_message, sign_message
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.signing import Signing
from tests.support.people import MESSAGE, NOW, PROVIDER, TEXT, person
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from tests.support.webmails.framed import run_framed_webmail
from tests.support.webmails.menus import run_menus_webmail
from tests.support.webmails.serving import Webmail

pytestmark = pytest.mark.server

FILE = bytes(range(256))
FILE_TYPE = "application/x-thing"


class Client:
    """A browser without scripts: it keeps cookies and follows redirects."""

    def __init__(self, webmail: Webmail) -> None:
        self.webmail = webmail
        # No proxies, because tests reach only loopback.
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        )
        self.headers: dict[str, str] = {}
        self.answer_headers: dict[str, str] = {}
        self.status = 0

    def ask(
        self, path: str, data: bytes | None = None, *, method: str | None = None, content_type: str | None = None
    ) -> bytes:
        """The body of the answer, whose status is kept. An error status is no error here."""
        headers = self.headers | ({"Content-Type": content_type} if content_type else {})
        url = urllib.parse.urljoin(self.webmail.url, path)
        try:
            answer = self._opener.open(urllib.request.Request(url, data=data, headers=headers, method=method))
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            self.status, self.answer_headers = answer.status, dict(answer.headers)
            body: bytes = answer.read()
        return body

    def page(self, path: str, **form: str) -> str:
        """A page; with `form` the answer to this form."""
        data = urllib.parse.urlencode(form).encode() if form else None
        return self.ask(path, data).decode()

    def json(self, path: str, value: object = None, *, method: str | None = None) -> Any:
        data = None if value is None else json.dumps(value).encode()
        return json.loads(self.ask(path, data, method=method, content_type="application/json" if data else None))

    def upload(self, path: str, field: str, **others: str) -> str:
        """Send a form with a file."""
        fields = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in others.items()]
        file = f'name="{field}"; filename="thing.bin"\r\nContent-Type: {FILE_TYPE}\r\n\r\n'.encode() + FILE
        body = b"".join(b"--xx\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in (*fields, file))
        return self.ask(path, body + b"--xx--\r\n", content_type="multipart/form-data; boundary=xx").decode()


@pytest.fixture
def menus() -> Iterator[Client]:
    """A browser that is signed in to the webmail with script-only menus, as Alice."""
    with run_menus_webmail(PASSWORDS) as webmail:
        client = Client(webmail)
        page = client.page("/login", user=ALICE, password=PASSWORDS[ALICE])
        client.headers["X-CSRF-Token"] = page.partition('csrf-token" content="')[2].partition('"')[0]
        yield client


@pytest.fixture
def framed() -> Iterator[Client]:
    """A browser that is signed in to the webmail with frames, as Alice."""
    with run_framed_webmail(PASSWORDS) as webmail:
        client = Client(webmail)
        client.page("/login.cgi", benutzer=ALICE, kennwort=PASSWORDS[ALICE])
        yield client


def links(page: str) -> dict[str, str]:
    """The addresses of the links by their words."""
    matches = re.findall(r'<a href="([^"<]*)"[^<>]*>([^<]*)</a>', page)
    return {html.unescape(words): html.unescape(address) for address, words in matches}


def encrypted() -> bytes:
    return encrypt_message(MESSAGE, Encrypting(recipients=[person("alice").certificate]), PROVIDER)


def signed() -> bytes:
    return sign_message(MESSAGE, Signing(identities=[person("alice")], signing_time=NOW), PROVIDER)


def plain() -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Jörg <bob@example.test>", ALICE, "Grüße <b>"
    message["Date"], message["Message-ID"] = NOW, "<1@example.test>"
    message.set_content(TEXT)
    message.add_attachment(FILE, maintype="application", subtype="x-thing", filename="Übung.bin")
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


def attached(raw: bytes) -> list[tuple[str | None, str, object]]:
    """The name, the type and the content of each attachment."""
    message = email.message_from_bytes(raw, policy=default)
    return [
        (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
        for part in message.iter_attachments()
    ]


def body_of(raw: bytes) -> str:
    part = email.message_from_bytes(raw, policy=default).get_body(("plain",))
    assert part is not None
    text: str = part.get_content()
    return text.strip()


# The webmail with script-only menus


def test_menus_give_the_login_page_without_a_session(menus: Client) -> None:
    uid = menus.webmail.mailbox(ALICE).append(plain())
    menus.webmail.end_sessions()
    for path in ("/", f"/api/messages/{uid}/raw?folder=INBOX", "/api/messages?folder=INBOX"):
        page = menus.page(path)
        assert (menus.status, 'name="password"' in page, TEXT in page) == (200, True, False)


def test_menus_refuse_a_wrong_password(menus: Client) -> None:
    page = Client(menus.webmail).page("/login", user=ALICE, password="wrong")
    assert "Wrong e-mail address or password" in page


def test_menus_list_and_show_a_message(menus: Client) -> None:
    uid = menus.webmail.mailbox(ALICE).append(plain())
    (row,) = menus.json("/api/messages?folder=INBOX")["messages"]
    assert (row["id"], row["subject"], row["seen"], row["snippet"]) == (uid, "Grüße <b>", False, TEXT)
    message = menus.json(f"/api/messages/{uid}?folder=INBOX")
    assert message["from"] == [{"name": "Jörg", "address": BOB}]
    assert message["text"].strip() == TEXT
    (row,) = menus.json("/api/messages?folder=INBOX")["messages"]
    assert row["seen"]


def test_menus_give_the_source_of_the_message_unchanged(menus: Client) -> None:
    raw = signed()
    uid = menus.webmail.mailbox(ALICE).append(raw)
    assert menus.ask(f"/api/messages/{uid}/raw?folder=INBOX") == raw
    menus.ask(f"/api/messages/{uid}/raw?folder=Sent")
    assert menus.status == 404


def test_menus_download_a_message_by_its_subject(menus: Client) -> None:
    raw = plain()
    uid = menus.webmail.mailbox(ALICE).append(raw)
    assert menus.ask(f"/api/messages/{uid}/download?folder=INBOX") == raw
    disposition = menus.answer_headers["Content-Disposition"]
    assert disposition.startswith("attachment;")
    assert f"filename*=UTF-8''{urllib.parse.quote('Grüße <b>.eml')}" in disposition


def test_menus_treat_smime_as_any_attachment(menus: Client) -> None:
    mailbox = menus.webmail.mailbox(ALICE)
    shown = [menus.json(f"/api/messages/{mailbox.append(raw)}?folder=INBOX") for raw in (encrypted(), signed())]
    assert [message["text"] for message in shown] == [None, TEXT + "\r\n"]
    assert [[file["name"] for file in message["attachments"]] for message in shown] == [["smime.p7m"], ["smime.p7s"]]


def test_menus_give_an_attachment(menus: Client) -> None:
    uid = menus.webmail.mailbox(ALICE).append(plain())
    (file,) = menus.json(f"/api/messages/{uid}?folder=INBOX")["attachments"]
    assert (file["name"], file["size"]) == ("Übung.bin", len(FILE))
    assert menus.ask(f"/api/messages/{uid}/attachments/{file['part']}?folder=INBOX") == FILE
    assert menus.answer_headers["Content-Type"] == FILE_TYPE


def test_menus_send_a_letter_with_an_upload(menus: Client) -> None:
    upload = json.loads(menus.upload("/api/uploads", "file"))
    letter = {
        "to": [f"Bób <{BOB}>"],
        "cc": [],
        "bcc": [],
        "subject": "Käse",
        "text": TEXT,
        "html": f"<div>{TEXT}</div>",
    }
    menus.json("/api/send", {**letter, "uploads": [upload["id"]], "inReplyTo": "<1@example.test>", "references": ""})
    (raw,) = menus.webmail.mailbox(ALICE).sent
    message = email.message_from_bytes(raw, policy=default)
    assert (message["From"], message["To"], message["Subject"]) == (ALICE, f"Bób <{BOB}>", "Käse")
    assert message["In-Reply-To"] == "<1@example.test>"
    assert message.get_content_type() == "multipart/mixed"
    assert attached(raw) == [("thing.bin", FILE_TYPE, FILE)]
    assert body_of(raw) == TEXT
    assert menus.webmail.mailbox(BOB).messages()[0].raw == raw
    assert len(menus.webmail.mailbox(ALICE).messages("Sent")) == 1


def test_menus_forward_with_the_attachments(menus: Client) -> None:
    uid = menus.webmail.mailbox(ALICE).append(encrypted())
    (upload,) = menus.json(f"/api/messages/{uid}/forward?folder=INBOX", {})["uploads"]
    assert (upload["name"], upload["type"]) == ("smime.p7m", "application/pkcs7-mime")


def test_menus_change_nothing_without_the_token(menus: Client) -> None:
    uid = menus.webmail.mailbox(ALICE).append(plain())
    del menus.headers["X-CSRF-Token"]
    menus.ask(f"/api/messages/{uid}?folder=INBOX", method="DELETE")
    assert menus.status == 403
    assert menus.webmail.mailbox(ALICE).uids() == [uid]


def test_menus_move_and_delete(menus: Client) -> None:
    mailbox = menus.webmail.mailbox(ALICE)
    uid = mailbox.append(plain())
    menus.json(f"/api/messages/{uid}/move?folder=INBOX", {"to": "Spam"})
    assert (mailbox.uids(), mailbox.uids("Spam")) == ([], [uid])
    menus.json(f"/api/messages/{uid}?folder=Spam", method="DELETE")
    assert mailbox.uids("Trash") == [uid]
    menus.json(f"/api/messages/{uid}?folder=Trash", method="DELETE")
    assert mailbox.uids("Trash") == []


def test_menus_name_no_address_of_a_source_in_their_markup(menus: Client) -> None:
    page = menus.page("/")
    assert "raw" not in page
    assert "script-src 'self';" in menus.answer_headers["Content-Security-Policy"]


def test_menus_sign_out(menus: Client) -> None:
    menus.json("/api/logout", {})
    assert 'name="password"' in menus.page("/")


# The webmail with frames


def test_frames_give_the_login_page_without_a_session(framed: Client) -> None:
    uid = framed.webmail.mailbox(ALICE).append(plain())
    framed.webmail.end_sessions()
    for path in ("/", "/list.cgi?folder=INBOX", f"/raw.cgi?folder=INBOX&uid={uid}", "/compose.cgi"):
        page = framed.page(path)
        assert (framed.status, 'name="kennwort"' in page, TEXT in page) == (200, True, False)


def test_frames_refuse_a_wrong_password(framed: Client) -> None:
    assert "Kennwort ist falsch" in Client(framed.webmail).page("/login.cgi", benutzer=ALICE, kennwort="falsch")


def test_frames_are_three(framed: Client) -> None:
    assert re.findall(r'<frame name="(\w+)"', framed.page("/")) == ["ordner", "liste", "nachricht"]
    assert framed.answer_headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "Content-Security-Policy" not in framed.answer_headers


def test_frames_list_and_show_a_message(framed: Client) -> None:
    framed.webmail.mailbox(ALICE).append(plain())
    assert "Posteingang</a> (1)" in framed.page("/folders.cgi")
    page = open_first(framed)
    assert "Posteingang</a> (1)" not in framed.page("/folders.cgi")
    assert "Jörg &lt;bob@example.test&gt;" in page
    assert "01.06.2026 12:00" in page
    assert TEXT in page
    assert "Grüße &lt;b&gt;" in page


def test_frames_show_the_source_and_save_it(framed: Client) -> None:
    raw = signed()
    framed.webmail.mailbox(ALICE).append(raw)
    source = framed.page(links(open_first(framed))["Quelltext"])
    shown = html.unescape(source.partition('<pre class="quelltext">\n')[2].partition("</pre>")[0])
    assert shown.splitlines() == raw.decode().splitlines()
    assert framed.ask(links(source)["als Datei speichern"]) == raw
    assert framed.answer_headers["Content-Disposition"].startswith("attachment;")


def test_frames_treat_smime_as_any_attachment(framed: Client) -> None:
    framed.webmail.mailbox(ALICE).append(encrypted())
    page = open_first(framed)
    assert "Diese Nachricht hat keinen Text" in page
    assert "smime.p7m" in page
    framed.webmail.mailbox(ALICE).append(signed())
    page = open_first(framed)
    assert TEXT in page
    assert "smime.p7s" in page


def test_frames_give_an_attachment(framed: Client) -> None:
    framed.webmail.mailbox(ALICE).append(plain())
    page = open_first(framed)
    assert "Übung.bin" in page
    assert framed.ask(links(page)["Herunterladen"]) == FILE
    assert framed.answer_headers["Content-Type"] == FILE_TYPE


def test_frames_send_a_letter_with_an_upload(framed: Client) -> None:
    fields = form_fields(framed.page("/compose.cgi"))
    page = framed.page(
        "/compose.cgi", **fields, an=f"Bób <{BOB}>", betreff="Käse", text=TEXT, anhaenge="Anhänge bearbeiten"
    )
    assert "thing.bin (256 Bytes)" in framed.upload("/attach.cgi", "datei", **form_fields(page))
    page = framed.page(f"/compose.cgi?entwurf={fields['entwurf']}")
    assert all(text in page for text in ("Käse", TEXT, "Bób", "thing.bin"))
    answer = framed.page("/compose.cgi", **fields, an=f"Bób <{BOB}>", betreff="Käse", text=TEXT, senden="Senden")
    assert (framed.status, "gesendet" in answer) == (200, True), answer
    (raw,) = framed.webmail.mailbox(ALICE).sent
    message = email.message_from_bytes(raw, policy=default)
    assert (message["From"], message["To"], message["Subject"]) == (ALICE, f"Bób <{BOB}>", "Käse")
    assert message["X-Mailer"].startswith("Posthorn")
    assert attached(raw) == [("thing.bin", FILE_TYPE, FILE)]
    assert body_of(raw) == TEXT
    assert framed.webmail.mailbox(BOB).messages()[0].raw == raw


def test_frames_remove_an_attachment(framed: Client) -> None:
    fields = form_fields(framed.page("/compose.cgi"))
    framed.upload("/attach.cgi", "datei", **fields)
    assert "Noch keine Anhänge" in framed.page("/attach.cgi", **fields, entfernen="0")


def test_frames_send_nothing_without_a_recipient(framed: Client) -> None:
    fields = form_fields(framed.page("/compose.cgi"))
    page = framed.page("/compose.cgi", **fields, text=TEXT, senden="Senden")
    assert "mindestens einen Empfänger" in page
    assert TEXT in page
    assert framed.webmail.mailbox(ALICE).sent == []


def test_frames_keep_drafts_from_other_accounts(framed: Client) -> None:
    fields = form_fields(framed.page("/compose.cgi"))
    bob = Client(framed.webmail)
    bob.page("/login.cgi", benutzer=BOB, kennwort=PASSWORDS[BOB])
    bob.page(f"/compose.cgi?entwurf={fields['entwurf']}")
    assert bob.status == 404


def test_frames_reply_with_a_quotation(framed: Client) -> None:
    framed.webmail.mailbox(ALICE).append(plain())
    page = framed.page(links(open_first(framed))["Antworten"])
    assert f"&gt; {TEXT}" in page
    assert 'name="betreff" value="Re: Grüße &lt;b&gt;"' in page


def test_frames_delete_by_a_link_with_a_token(framed: Client) -> None:
    mailbox = framed.webmail.mailbox(ALICE)
    uid = mailbox.append(plain())
    page = open_first(framed)
    framed.page(f"/delete.cgi?folder=INBOX&uid={uid}&token=0")
    assert (framed.status, mailbox.uids()) == (403, [uid])
    framed.page(links(page)["Löschen"])
    assert (mailbox.uids(), mailbox.uids("Trash")) == ([], [uid])
    assert any(method == "GET" and path.startswith("/delete.cgi") for method, path in framed.webmail.requests)


def test_frames_move_a_message(framed: Client) -> None:
    mailbox = framed.webmail.mailbox(ALICE)
    uid = mailbox.append(plain())
    page = framed.page(links(open_first(framed))["Verschieben"])
    action = html.unescape(page.partition(' action="')[2].partition('"')[0])
    framed.page(action, **form_fields(page), ziel="Spam")
    assert mailbox.uids("Spam") == [uid]


def test_frames_sign_out_by_a_link(framed: Client) -> None:
    assert "abgemeldet" in framed.page(links(framed.page("/folders.cgi"))["Abmelden"])
    assert 'name="kennwort"' in framed.page("/")


def open_first(client: Client) -> str:
    """The page of the newest message, by its link in the list."""
    addresses = re.findall(r'href="(/read\.cgi[^"<]*)"', client.page("/list.cgi?folder=INBOX"))
    return client.page(html.unescape(addresses[0]))


def form_fields(page: str) -> dict[str, str]:
    """The hidden fields of a form."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', page))
