"""The pages of the webmail with frames on which a letter is written: the form, and the page for its attachments."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, make_msgid

from flask import Flask, abort, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from tests.support.webmails.accounts import Session, Upload
from tests.support.webmails.letters import encoded_words, file_entity, multipart, text_entity
from tests.support.webmails.reading import Letter, Mailer, encoded, parse_mailers, read_letter, readable_text
from tests.support.webmails.serving import Sessions

_PREAMBLE = b"This is a multi-part message in MIME format.\r\n\r\n"


@dataclass(slots=True, kw_only=True)
class Draft:
    """A letter that is being written. The fields are texts as in the form."""

    to: str = ""
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    text: str = ""
    in_reply_to: str = ""
    references: str = ""
    uploads: list[Upload] = field(default_factory=list)

    def take(self, form: dict[str, str]) -> None:
        """Keep the fields of the form."""
        self.to, self.cc, self.bcc = form.get("an", ""), form.get("kopie", ""), form.get("blindkopie", "")
        self.subject, self.text = form.get("betreff", ""), form.get("text", "")

    def recipients(self) -> list[Mailer]:
        return parse_mailers([self.to, self.cc, self.bcc])


def add_writing(app: Flask, sessions: Sessions) -> None:
    """Add the pages to the Flask program."""
    drafts: dict[tuple[str, str], Draft] = {}

    def wanted() -> tuple[str, Draft]:
        """The draft that the request names, of this account only."""
        name = request.values.get("entwurf", "")
        return name, drafts.get((sessions.current().address, name)) or abort(404)

    def form(name: str, draft: Draft, *, problem: str = "") -> str:
        token = sessions.current().token
        return render_template("compose.html", name=name, draft=draft, problem=problem, token=token)

    @app.get("/compose.cgi")
    def compose() -> str:
        if "entwurf" in request.args:
            return form(*wanted())
        name, draft = secrets.token_hex(8), _new_draft(sessions)
        drafts[sessions.current().address, name] = draft
        return form(name, draft)

    @app.post("/compose.cgi")
    def submit() -> str | AnyResponse:
        _check_token(sessions)
        name, draft = wanted()
        draft.take(request.form.to_dict())
        if "anhaenge" in request.form:
            return redirect(f"/attach.cgi?entwurf={name}", 303)
        del drafts[sessions.current().address, name]
        if "abbrechen" in request.form:
            return render_template("note.html", title="Nachricht schreiben", text="Die Nachricht wurde verworfen.")
        if not draft.recipients():
            drafts[sessions.current().address, name] = draft
            return form(name, draft, problem="Bitte geben Sie mindestens einen Empfänger an.")
        _send(sessions, draft)
        return render_template(
            "note.html", title="Nachricht schreiben", text="Die Nachricht wurde gesendet.", reload=True
        )

    @app.get("/attach.cgi")
    def attach() -> str:
        name, draft = wanted()
        return render_template("attach.html", name=name, draft=draft, token=sessions.current().token)

    @app.post("/attach.cgi")
    def change_attachments() -> AnyResponse:
        _check_token(sessions)
        name, draft = wanted()
        if "entfernen" in request.form:
            index = request.form.get("entfernen", 0, type=int)
            draft.uploads[index : index + 1] = []
            return redirect(f"/attach.cgi?entwurf={name}", 303)
        draft.uploads += _uploads()
        return redirect(f"/compose.cgi?entwurf={name}", 303)


def _uploads() -> list[Upload]:
    return [
        Upload(name=file.filename, content_type=file.content_type or "application/octet-stream", content=file.read())
        for file in request.files.getlist("datei")
        if file.filename
    ]


def _check_token(sessions: Sessions) -> None:
    if request.form.get("token") != sessions.current().token:
        abort(403)


def _new_draft(sessions: Sessions) -> Draft:
    """An empty draft, or a reply to the message that the query names, or its forwarding."""
    action = request.args.get("aktion")
    if action is None:
        return Draft(to=request.args.get("an", ""))
    letter = read_letter(sessions.message(request.args.get("uid", 0, type=int)).raw)
    if action == "weiterleiten":
        return _forwarded(letter)
    return _reply(letter, sessions.current(), to_all=action == "allen")


def _reply(letter: Letter, session: Session, *, to_all: bool) -> Draft:
    first = letter.reply_to or letter.sender
    known = {session.address, *(mailer.address for mailer in first)}
    others = [mailer for mailer in (*letter.to, *letter.cc) if to_all and mailer.address not in known]
    quoted = "\n".join(f"> {line}" for line in readable_text(letter).splitlines())
    return Draft(
        to=_joined(first),
        cc=_joined(others),
        subject=letter.subject if letter.subject.lower().startswith(("re:", "aw:")) else f"Re: {letter.subject}",
        text=f"\n\n{_joined(letter.sender)} schrieb:\n{quoted}\n",
        in_reply_to=letter.message_id,
        references=f"{letter.references} {letter.message_id}".strip(),
    )


def _forwarded(letter: Letter) -> Draft:
    head = f"Von: {_joined(letter.sender)}\nAn: {_joined(letter.to)}\nBetreff: {letter.subject}\n"
    return Draft(
        subject=f"Fwd: {letter.subject}",
        text=f"\n\n----- Weitergeleitete Nachricht -----\n{head}\n{readable_text(letter)}",
        uploads=[
            Upload(name=attachment.name or "unbenannt", content_type=attachment.media_type, content=attachment.content)
            for attachment in letter.attachments
        ],
    )


def _send(sessions: Sessions, draft: Draft) -> None:
    session = sessions.current()
    addresses = [recipient.address for recipient in draft.recipients()]
    sessions.accounts.send(session, _build_letter(session.address, draft), addresses, sent_folder="Sent")


def _build_letter(sender: str, draft: Draft) -> bytes:
    shown = {
        "Message-ID": make_msgid(domain="webmail.posthorn.test"),
        "Date": format_datetime(datetime.now(UTC)),
        "Subject": encoded_words(_one_line(draft.subject)),
        "From": sender,
        "To": ", ".join(map(encoded, parse_mailers([draft.to]))),
        "Cc": ", ".join(map(encoded, parse_mailers([draft.cc]))),
        "In-Reply-To": _one_line(draft.in_reply_to),
        "References": _one_line(draft.references),
        "X-Mailer": "Posthorn Webmail 1.4.2",
        "X-Priority": "3 (Normal)",
        "MIME-Version": "1.0",
    }
    body = text_entity(draft.text)
    if draft.uploads:
        boundary = f"----=_NextPart_{secrets.token_hex(12)}"
        body = multipart("mixed", boundary, [body, *map(file_entity, draft.uploads)], preamble=_PREAMBLE)
    return body.encode([(name, value) for name, value in shown.items() if value])


def _joined(mailers: list[Mailer]) -> str:
    return ", ".join(map(str, mailers))


def _one_line(text: str) -> str:
    return " ".join(text.split())
