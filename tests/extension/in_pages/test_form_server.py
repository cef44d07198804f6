"""The example server takes a signed order once and unaltered, and returns encrypted clients as it stored them."""

from __future__ import annotations

import datetime
import io
import re
import sqlite3
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from smime_core.blocking import run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.identity.identity import Identity
from smime_core.own_content.forms import Form, FormEntry, SubmittedFile, file_entry, sign_form
from smime_core.providers.native import NativeProvider
from tests.support.extension.form_server import load_example

NATIVE = NativeProvider()
NOW = datetime.datetime.now(datetime.UTC)
AUTHORITY = run(create_authority("Example CA", provider=NATIVE, at=NOW))
ALICE: Identity = run(issue_identity(AUTHORITY, "alice@example.test", provider=NATIVE, at=NOW))
STRANGER: Identity = run(
    issue_identity(run(create_authority("Other CA", provider=NATIVE, at=NOW)), "eve@x.test", provider=NATIVE, at=NOW)
)
ORIGIN = "http://localhost"
DRAWING = SubmittedFile(filename="lamp.txt", content=b"a lamp")
ENCRYPTED = "-----BEGIN CMS-----\nMIIB\n-----END CMS-----\n"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "orders.sqlite3"


@pytest.fixture
def client(database: Path) -> FlaskClient:
    return load_example(database, (AUTHORITY.identity.certificate,), origin=ORIGIN).test_client()


def ask_for_nonce(client: FlaskClient) -> str:
    match = re.search(r'data-smime-nonce="([^"]+)"', client.get("/").text)
    assert match
    return match[1]


def sign(nonce: str, *, item: str = "Lamp", origin: str = ORIGIN, identity: Identity = ALICE) -> str:
    entries = (
        FormEntry(name="nonce", value=nonce, hidden=True),
        FormEntry(name="item", value=item),
        file_entry("drawing", DRAWING),
    )
    form = Form(
        top_origin=origin,
        origin=origin,
        action=f"{ORIGIN}/orders",
        method="post",
        enctype="multipart/form-data",
        nonce=nonce,
        entries=entries,
    )
    return run(sign_form(form, identity=identity, provider=NATIVE, signing_time=datetime.datetime.now(datetime.UTC)))


def send(
    client: FlaskClient, signature: str, nonce: str, *, item: str = "Lamp", file: bytes = DRAWING.content
) -> TestResponse:
    data = {"nonce": nonce, "item": item, "drawing": (io.BytesIO(file), DRAWING.filename), "smime_signature": signature}
    return client.post("/orders", data=data, content_type="multipart/form-data")


def test_a_signed_order_is_taken_once(client: FlaskClient) -> None:
    nonce = ask_for_nonce(client)
    signature = sign(nonce)
    taken = send(client, signature, nonce)
    assert taken.status_code == 200
    assert "Signed by alice@example.test" in taken.text
    assert send(client, signature, nonce).status_code == 409


def test_an_old_signature_does_not_carry_a_new_nonce(client: FlaskClient) -> None:
    signature = sign(ask_for_nonce(client))
    assert send(client, signature, ask_for_nonce(client)).status_code == 400


@pytest.mark.parametrize("changed", [{"item": "Yacht"}, {"file": b"a yacht"}])
def test_an_altered_order_is_refused(client: FlaskClient, changed: dict[str, str]) -> None:
    nonce = ask_for_nonce(client)
    assert send(client, sign(nonce), nonce, **changed).status_code == 400  # type: ignore[arg-type]  # one value of each


def test_an_order_signed_on_another_site_is_refused(client: FlaskClient) -> None:
    nonce = ask_for_nonce(client)
    assert "topOrigin" in send(client, sign(nonce, origin="https://evil.example"), nonce).text


def test_an_order_signed_for_another_host_is_refused_whatever_host_the_request_names(client: FlaskClient) -> None:
    nonce = ask_for_nonce(client)
    signature = sign(nonce, origin="http://evil.example")
    fields = {"nonce": nonce, "item": "Lamp", "smime_signature": signature}
    taken = client.post("/orders", data=fields, content_type="multipart/form-data", base_url="http://evil.example")
    assert taken.status_code == 400
    assert "Origin" in taken.text


def test_an_order_of_somebody_else_is_refused(client: FlaskClient) -> None:
    nonce = ask_for_nonce(client)
    assert send(client, sign(nonce, identity=STRANGER), nonce).status_code == 400


def test_an_order_without_a_signature_is_refused(client: FlaskClient) -> None:
    nonce = ask_for_nonce(client)
    assert client.post("/orders", data={"nonce": nonce, "item": "Lamp"}).status_code == 400


def test_only_encrypted_clients_are_kept_and_they_come_back_as_they_were(client: FlaskClient, database: Path) -> None:
    assert client.post("/clients", data={"client": "Bob, 12 High Street"}).status_code == 400
    client.post("/clients", data={"client": ENCRYPTED})
    client.post("/clients", data={"client": ENCRYPTED.replace("MIIB", "MIIC"), "id": "1"})
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT id, sealed FROM clients").fetchall()
    assert rows == [(1, ENCRYPTED.replace("MIIB", "MIIC"))]
    assert "MIIC" in client.get("/clients").text
