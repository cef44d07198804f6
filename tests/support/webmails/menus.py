"""A webmail with script-only menus: a single-page program, whose script renders everything from JSON.

The actions for a message are in a popup menu, which the script builds when "More" is clicked. The addresses of a
message's source and of its download are only in the script.
"""

from __future__ import annotations

import html
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime, make_msgid
from typing import Any, Final

from flask import Flask, Response, abort, redirect, render_template, request, send_from_directory
from werkzeug.wrappers import Response as AnyResponse

from tests.support.webmails.accounts import INBOX, Accounts, Mailbox, Session, StoredMessage, Upload
from tests.support.webmails.letters import Entity, encoded_words, file_entity, multipart, text_entity
from tests.support.webmails.reading import Letter, Mailer, encoded, parse_mailers, read_letter
from tests.support.webmails.serving import Sessions, Webmail, download, new_app, run_webmail

FOLDERS: Final = (INBOX, "Drafts", "Sent", "Spam", "Trash")
_SECURITY: Final = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}
_READING_METHODS: Final = {"GET", "HEAD"}
_THREAD: Final = (("In-Reply-To", "inReplyTo"), ("References", "references"))
_SNIPPET_CHARACTERS: Final = 120


@contextmanager
def run_menus_webmail(passwords: Mapping[str, str]) -> Iterator[Webmail]:
    """Run the webmail for these accounts during the block."""
    with run_webmail(build_app, Accounts(passwords), cookie="larkspur") as webmail:
        yield webmail


def build_app(sessions: Sessions) -> Flask:
    """The Flask program of the webmail."""
    app = new_app("menus", sessions)

    @app.before_request
    def check_session() -> AnyResponse | None:
        if request.endpoint in ("login", "asset"):
            return None
        session = sessions.find()
        if session is None:
            return redirect("/login")
        if request.method not in _READING_METHODS and request.headers.get("X-CSRF-Token") != session.token:
            abort(403)
        return None

    @app.after_request
    def secure(answer: Response) -> Response:
        answer.headers.update(_SECURITY)
        if request.endpoint != "asset":
            answer.headers["Cache-Control"] = "no-store"
        return answer

    _add_pages(app, sessions)
    _add_messages(app, sessions)
    _add_writing(app, sessions)
    return app


def _add_pages(app: Flask, sessions: Sessions) -> None:
    @app.get("/")
    def index() -> str:
        session = sessions.current()
        return render_template("index.html", address=session.address, token=session.token)

    @app.route("/login", methods=["GET", "POST"])
    def login() -> str | AnyResponse:
        if request.method == "GET":
            return render_template("login.html", user="", failed=False)
        user = request.form.get("user", "")
        return sessions.begin(user, request.form.get("password", ""), home="/") or render_template(
            "login.html", user=user, failed=True
        )

    @app.post("/api/logout")
    def logout() -> dict[str, Any]:
        sessions.end()
        return {"ok": True}

    @app.get("/assets/<name>")
    def asset(name: str) -> Response:
        return send_from_directory(app.root_path, name)

    @app.get("/api/folders")
    def folders() -> dict[str, Any]:
        return {"folders": [_folder_json(sessions.current().mailbox, name) for name in FOLDERS]}


def _add_messages(app: Flask, sessions: Sessions) -> None:
    @app.get("/api/messages")
    def messages() -> dict[str, Any]:
        entries = sessions.current().mailbox.messages(request.args.get("folder", INBOX))
        return {"messages": [_row_json(message) for message in entries]}

    @app.get("/api/messages/<int:uid>")
    def message(uid: int) -> dict[str, Any]:
        stored = sessions.message(uid)
        stored.seen = True
        return _message_json(stored)

    @app.get("/api/messages/<int:uid>/raw")
    def raw(uid: int) -> Response:
        return Response(sessions.message(uid).raw, content_type="text/plain; charset=utf-8")

    @app.get("/api/messages/<int:uid>/download")
    def whole(uid: int) -> Response:
        stored = sessions.message(uid)
        return download(stored.raw, "message/rfc822", f"{read_letter(stored.raw).subject or 'message'}.eml")

    @app.get("/api/messages/<int:uid>/attachments/<part>")
    def attachment(uid: int, part: str) -> Response:
        file = read_letter(sessions.message(uid).raw).find(part) or abort(404)
        return download(file.content, file.media_type, file.name or "attachment")

    @app.post("/api/messages/<int:uid>/move")
    def move(uid: int) -> dict[str, Any]:
        target = request.get_json()["to"]
        if target not in FOLDERS:
            abort(400)
        sessions.message(uid).folder = target
        return {"ok": True}

    @app.delete("/api/messages/<int:uid>")
    def delete(uid: int) -> dict[str, Any]:
        stored = sessions.message(uid)
        if stored.folder == "Trash":
            sessions.current().mailbox.remove(uid)
        stored.folder = "Trash"
        return {"ok": True}

    @app.post("/api/messages/<int:uid>/forward")
    def forward(uid: int) -> dict[str, Any]:
        """Copy the attachments of a message into the uploads, for a letter that forwards it."""
        uploads = [
            Upload(name=file.name or "attachment", content_type=file.media_type, content=file.content)
            for file in read_letter(sessions.message(uid).raw).attachments
        ]
        return {"uploads": [_keep_upload(sessions.current(), upload) for upload in uploads]}


def _add_writing(app: Flask, sessions: Sessions) -> None:
    @app.post("/api/uploads")
    def upload() -> dict[str, Any]:
        file = request.files.get("file") or abort(400)
        return _keep_upload(
            sessions.current(),
            Upload(
                name=file.filename or "attachment",
                content_type=file.content_type or "application/octet-stream",
                content=file.read(),
            ),
        )

    @app.delete("/api/uploads/<name>")
    def discard(name: str) -> dict[str, Any]:
        sessions.current().uploads.pop(name, None)
        return {"ok": True}

    @app.post("/api/send")
    def send() -> dict[str, Any] | tuple[dict[str, Any], int]:
        session, letter = sessions.current(), request.get_json()
        recipients = parse_mailers([*letter["to"], *letter["cc"], *letter["bcc"]])
        if not recipients:
            return {"error": "Please add at least one recipient."}, 422
        uploads = [session.uploads.pop(name) for name in letter["uploads"] if name in session.uploads]
        raw = _build_letter(session.address, letter, uploads)
        sessions.accounts.send(session, raw, [recipient.address for recipient in recipients], sent_folder="Sent")
        return {"ok": True}


def _keep_upload(session: Session, upload: Upload) -> dict[str, Any]:
    name = secrets.token_hex(8)
    session.uploads[name] = upload
    return {"id": name, "name": upload.name, "size": len(upload.content), "type": upload.content_type}


def _folder_json(mailbox: Mailbox, name: str) -> dict[str, Any]:
    return {"name": name, "unread": sum(not message.seen for message in mailbox.messages(name))}


def _row_json(stored: StoredMessage) -> dict[str, Any]:
    letter = read_letter(stored.raw)
    return {
        **_common_json(stored, letter),
        "snippet": " ".join((letter.text or "").split())[:_SNIPPET_CHARACTERS],
        "hasAttachments": bool(letter.attachments),
    }


def _message_json(stored: StoredMessage) -> dict[str, Any]:
    letter = read_letter(stored.raw)
    return {
        **_common_json(stored, letter),
        "cc": _mailers_json(letter.cc),
        "replyTo": _mailers_json(letter.reply_to or letter.sender),
        "messageId": letter.message_id,
        "references": letter.references,
        "text": letter.text,
        "html": letter.html,
        "attachments": [
            {
                "part": attachment.part,
                "name": attachment.name,
                "type": attachment.media_type,
                "size": len(attachment.content),
            }
            for attachment in letter.attachments
        ],
    }


def _common_json(stored: StoredMessage, letter: Letter) -> dict[str, Any]:
    return {
        "id": stored.uid,
        "folder": stored.folder,
        "seen": stored.seen,
        "subject": letter.subject,
        "from": _mailers_json(letter.sender),
        "to": _mailers_json(letter.to),
        "date": letter.date.isoformat() if letter.date else None,
    }


def _mailers_json(mailers: list[Mailer]) -> list[dict[str, str]]:
    return [{"name": mailer.name, "address": mailer.address} for mailer in mailers]


def _build_letter(sender: str, letter: Mapping[str, Any], uploads: list[Upload]) -> bytes:
    fields = [
        ("MIME-Version", "1.0"),
        ("Date", format_datetime(datetime.now(UTC))),
        ("From", sender),
        *((name, _address_field(letter[name.lower()])) for name in ("To", "Cc") if letter[name.lower()]),
        ("Subject", encoded_words(" ".join(letter["subject"].split()))),
        *((name, " ".join(letter[key].split())) for name, key in _THREAD if letter.get(key)),
        ("Message-ID", make_msgid(domain=sender.rpartition("@")[2])),
        ("User-Agent", "Larkspur Mail/3.2.1"),
        ("X-Sender", sender),
    ]
    body = _body_entity(letter)
    if uploads:
        body = multipart("mixed", _boundary(), [body, *map(file_entity, uploads)])
    return body.encode(fields)


def _body_entity(letter: Mapping[str, Any]) -> Entity:
    document = f"<html><head><title>{html.escape(letter['subject'])}</title></head><body>{letter['html']}</body></html>"
    plain = text_entity(letter["text"])
    return multipart("alternative", _boundary(), [plain, text_entity(document, "html")])


def _address_field(addresses: list[str]) -> str:
    return ",\r\n ".join(map(encoded, parse_mailers(addresses)))


def _boundary() -> str:
    return f"=_{secrets.token_hex(16)}"
