"""A webmail with frames: a classic German one, whose pages the server renders.

A frameset has a frame for the folders, one for the list and one for the message. Deleting is a link. A file is attached
on a page of its own, between two visits to the form of the letter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from flask import Flask, Response, abort, render_template, request, send_from_directory
from werkzeug.wrappers import Response as AnyResponse

from tests.support.webmails.accounts import INBOX, Accounts, StoredMessage
from tests.support.webmails.framed_writing import add_writing
from tests.support.webmails.reading import Letter, read_letter, readable_text
from tests.support.webmails.serving import Sessions, Webmail, download, new_app, run_webmail

# The folders of the mailbox, and their names on the pages.
FOLDERS: Final = {
    INBOX: "Posteingang",
    "Drafts": "Entwürfe",
    "Sent": "Gesendet",
    "Spam": "Spamverdacht",
    "Trash": "Papierkorb",
}
_PUBLIC: Final = ("login", "asset")


@contextmanager
def run_framed_webmail(passwords: Mapping[str, str]) -> Iterator[Webmail]:
    """Run the webmail for these accounts during the block."""
    with run_webmail(build_app, Accounts(passwords), cookie="POSTHORNSID") as webmail:
        yield webmail


def build_app(sessions: Sessions) -> Flask:
    """The Flask program of the webmail."""
    app = new_app("framed", sessions)
    app.jinja_env.filters |= {"size": _size, "moment": _moment}
    app.jinja_env.globals["folder_names"] = FOLDERS

    @app.before_request
    def check_session() -> str | None:
        if request.endpoint in _PUBLIC or sessions.find() is not None:
            return None
        return render_template("login.html", failed=False, user="")

    @app.after_request
    def secure(answer: Response) -> Response:
        answer.headers["X-Frame-Options"] = "SAMEORIGIN"
        if request.endpoint != "asset":
            answer.headers["Cache-Control"] = "no-store, no-cache, must-revalidate"
            answer.headers["Pragma"] = "no-cache"
        return answer

    _add_frames(app, sessions)
    _add_reading(app, sessions)
    _add_moving(app, sessions)
    add_writing(app, sessions)
    return app


def _add_frames(app: Flask, sessions: Sessions) -> None:
    @app.route("/login.cgi", methods=["GET", "POST"])
    def login() -> str | AnyResponse:
        user = request.form.get("benutzer", "")
        entered = request.method == "POST" and sessions.begin(user, request.form.get("kennwort", ""), home="/")
        return entered or render_template("login.html", failed=request.method == "POST", user=user)

    @app.get("/logout.cgi")
    def logout() -> str:
        sessions.end()
        return render_template("logout.html")

    @app.get("/webmail.css", defaults={"name": "webmail.css"})
    @app.get("/bilder/<name>")
    def asset(name: str) -> Response:
        return send_from_directory(app.root_path, name)

    @app.get("/")
    def index() -> str:
        return render_template("frameset.html", address=sessions.current().address)

    @app.get("/folders.cgi")
    def folders() -> str:
        session = sessions.current()
        counts = {name: sum(not message.seen for message in session.mailbox.messages(name)) for name in FOLDERS}
        return render_template("folders.html", address=session.address, counts=counts)

    @app.get("/list.cgi")
    def letters() -> str:
        folder = request.args.get("folder", INBOX)
        entries = [(message, read_letter(message.raw)) for message in sessions.current().mailbox.messages(folder)]
        return render_template("list.html", folder=folder, letters=entries)

    @app.get("/blank.cgi")
    def blank() -> str:
        return render_template("note.html", title="Posthorn Webmail", text="Bitte wählen Sie eine Nachricht aus.")


def _add_reading(app: Flask, sessions: Sessions) -> None:
    def wanted() -> StoredMessage:
        return sessions.message(request.args.get("uid", 0, type=int))

    def show(page: str) -> str:
        stored = wanted()
        letter = read_letter(stored.raw)
        return render_template(
            page, stored=stored, letter=letter, text=readable_text(letter), token=sessions.current().token
        )

    @app.get("/read.cgi")
    def read() -> str:
        wanted().seen = True
        return show("read.html")

    @app.get("/print.cgi")
    def printed() -> str:
        return show("print.html")

    @app.get("/source.cgi")
    def source() -> str:
        stored = wanted()
        return render_template("source.html", stored=stored, source=stored.raw.decode("utf-8", "replace"))

    @app.get("/raw.cgi")
    def raw() -> Response:
        stored = wanted()
        return download(stored.raw, "message/rfc822", f"nachricht-{stored.uid}.eml")

    @app.get("/download.cgi")
    def attachment() -> Response:
        file = read_letter(wanted().raw).find(request.args.get("part", "")) or abort(404)
        return download(file.content, file.media_type, file.name or "unbenannt")


def _add_moving(app: Flask, sessions: Sessions) -> None:
    def wanted() -> StoredMessage:
        return sessions.message(request.args.get("uid", 0, type=int))

    @app.get("/delete.cgi")
    def delete() -> str:
        stored = wanted()
        _check_token(sessions, request.args.get("token"))
        if stored.folder == "Trash":
            sessions.current().mailbox.remove(stored.uid)
        stored.folder = "Trash"
        return render_template("note.html", title="Löschen", text="Die Nachricht wurde gelöscht.", reload=True)

    @app.get("/move.cgi")
    def choose_folder() -> str:
        stored = wanted()
        return render_template(
            "move.html", stored=stored, letter=read_letter(stored.raw), token=sessions.current().token
        )

    @app.post("/move.cgi")
    def move() -> str:
        stored = wanted()
        _check_token(sessions, request.form.get("token"))
        target = request.form.get("ziel", "")
        if target not in FOLDERS:
            abort(400)
        stored.folder = target
        text = f"Die Nachricht wurde in den Ordner „{FOLDERS[target]}“ verschoben."
        return render_template("note.html", title="Verschieben", text=text, reload=True)


def _check_token(sessions: Sessions, token: str | None) -> None:
    if token != sessions.current().token:
        abort(403)


def _size(content: bytes) -> str:
    size = len(content)
    return f"{size} Bytes" if size < 1024 else f"{size / 1024:.1f} KB".replace(".", ",")


def _moment(letter: Letter) -> str:
    return letter.date.strftime("%d.%m.%Y %H:%M") if letter.date else ""
