"""An order form that is signed in the browser, and a client list that this server keeps but cannot read.

Run with `python -m docs.examples.form_server.app ca.pem`. The file `ca.pem` has the certificate of the authority whose
people may order. If browsers do not reach the server at http://127.0.0.1:5000, add its address, as in
`… ca.pem https://shop.example`.
"""

from __future__ import annotations

import datetime
import secrets
import sqlite3
import sys
import urllib.parse
from pathlib import Path
from typing import Any

from flask import Flask, Request, abort, render_template, request, url_for
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from smime_core.blocking import run
from smime_core.errors import SmimeError
from smime_core.own_content import verify_form
from smime_core.own_content.forms import SignedForm, Submission, SubmittedFile
from smime_core.pkix import RevocationPolicy, TrustStore
from smime_core.providers.native import NativeProvider
from smime_core.trust.judging import Judging
from smime_core.x509.certificate import Certificate, parse_certificates

SIGNATURE = "smime_signature"
MAX_UPLOAD_BYTES = 10_000_000
LOCAL_ORIGIN = "http://127.0.0.1:5000"


def create_app(database: Path, anchors: tuple[Certificate, ...], *, origin: str = LOCAL_ORIGIN) -> Flask:
    """The server; `anchors` are the authorities whose people may order, `origin` is where visitors find it."""
    app = Flask(__name__)
    app.config["ORIGIN"] = origin
    app.config["MAX_CONTENT_LENGTH"] = MAX_UPLOAD_BYTES
    trust_store = TrustStore.of(*anchors, revocation=RevocationPolicy.IF_KNOWN)
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS nonces (nonce TEXT PRIMARY KEY, given TEXT)")
        connection.execute("CREATE TABLE IF NOT EXISTS clients (id INTEGER PRIMARY KEY, sealed TEXT)")

    @app.get("/")
    def show_order() -> str:
        nonce = secrets.token_urlsafe(32)
        with sqlite3.connect(database) as connection:
            connection.execute("INSERT INTO nonces VALUES (?, ?)", (nonce, datetime.datetime.now(datetime.UTC)))
        return render_template("order.html", nonce=nonce)

    @app.post("/orders")
    def take_order() -> tuple[str, int]:
        entries = read_entries(request)
        signatures = [value for name, value in entries if name == SIGNATURE]
        nonce = next((value for name, value in entries if name == "nonce"), "")
        if len(signatures) != 1 or not isinstance(signatures[0], str) or not isinstance(nonce, str):
            return "This order is not signed.", 400
        # The nonce is deleted first, so an order that is refused uses it up too, and a second copy is refused.
        with sqlite3.connect(database) as connection:
            if connection.execute("DELETE FROM nonces WHERE nonce = ?", (nonce,)).rowcount != 1:
                return "This order was sent before.", 409
        try:
            signed = verify_order(signatures[0], nonce, [(name, value) for name, value in entries if name != SIGNATURE])
        except SmimeError as error:
            return f"Refused: {error}", 400
        return render_template("thanks.html", signed=signed), 200

    def verify_order(signature: str, nonce: str, fields: Any) -> SignedForm:
        return run(
            verify_form(
                signature.encode(),
                Submission(
                    origin=app.config["ORIGIN"],
                    action=app.config["ORIGIN"] + url_for("take_order"),
                    nonce=nonce,
                    fields=fields,
                    enctype=request.mimetype,
                ),
                Judging(trust_store=trust_store, at=datetime.datetime.now(datetime.UTC)),
                provider=NativeProvider(),
            )
        )

    @app.get("/clients")
    def show_clients() -> str:
        with sqlite3.connect(database) as connection:
            clients = connection.execute("SELECT id, sealed FROM clients ORDER BY id").fetchall()
        return render_template("clients.html", clients=clients)

    @app.post("/clients")
    def keep_client() -> str:
        sealed, client = request.form["client"], request.form.get("id", type=int)
        if not sealed.startswith("-----BEGIN CMS-----"):
            abort(400, "Only encrypted text is kept here.")
        with sqlite3.connect(database) as connection:
            connection.execute("INSERT OR REPLACE INTO clients VALUES (?, ?)", (client, sealed))
        return show_clients()

    return app


def read_entries(request: Request) -> list[tuple[str, str | SubmittedFile]]:
    """Every entry, in the sequence of the form. `request.form` and `request.files` lose this sequence."""
    if request.mimetype != "multipart/form-data":
        return [*urllib.parse.parse_qsl(request.get_data(as_text=True), keep_blank_values=True)]
    decoder = MultipartDecoder(request.mimetype_params["boundary"].encode(), MAX_UPLOAD_BYTES)
    decoder.receive_data(request.get_data())
    decoder.receive_data(None)
    entries: list[tuple[str, str | SubmittedFile]] = []
    head: Field | File | None = None
    content = b""
    while not isinstance(event := decoder.next_event(), Epilogue | NeedData):
        if isinstance(event, Field | File):
            head, content = event, b""
        elif isinstance(event, Data) and head is not None:
            content += event.data
            if not event.more_data:
                entries.append((head.name, _value_of(head, content)))
    return entries


def _value_of(head: Field | File, content: bytes) -> str | SubmittedFile:
    if isinstance(head, File):
        return SubmittedFile(filename=head.filename, content=content)
    return content.decode()


if __name__ == "__main__":
    authorities = parse_certificates(Path(sys.argv[1]).read_bytes())
    published = sys.argv[2] if len(sys.argv) > 2 else LOCAL_ORIGIN
    create_app(Path("orders.sqlite3"), authorities, origin=published).run()
