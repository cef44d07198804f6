"""`sealwax deliver` at a bridge: the command, its client library and the API meet in one process, over HTTP."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from smime_core.parcels import CHUNK_BYTES
from tests.support.command.lab import READER, SIGNER, TRUST, QuickLab
from tests.support.delivery.identities import identities as identities, no_keyring as no_keyring
from tests.support.delivery.lab import ALICE, BOB, Post
from tests.support.servers.bridge import ENROLMENT_KEY, KEYS, PAGES
from tests.support.servers.mailboxes import SOMEWHERE
from tests.support.servers.parcels import Rig, store_config
from webbridge import BridgeConfig, create_app
from webbridge.services import services_of

pytestmark = pytest.mark.server


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: object) -> None:
        """Write no log."""


@pytest.fixture
def running(store: Path) -> Iterator[tuple[Rig, str]]:
    """A bridge with parcels on loopback, and its address. It says itself where the API is, as its pages do."""
    server = make_server("127.0.0.1", 0, lambda _environ, _start: [], threaded=True, request_handler=Quiet)
    url = f"http://127.0.0.1:{server.server_port}"
    config = BridgeConfig(
        api_origin=url,
        pages_origin=PAGES,
        key_server_origin=KEYS,
        mail_server=SOMEWHERE,
        enrolment_key=ENROLMENT_KEY,
        database=str(store.with_name("bridge.sqlite")),
        parcels=store_config(store),
    )
    app = create_app(config)

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/config.json":
            return app(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"api": url, "keyServer": KEYS}).encode()]

    server.app = answer
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Rig(app, None), url  # type: ignore[arg-type]  # the clock of these tests is the machine's
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        services_of(app).close()


@pytest.fixture
def post(running: tuple[Rig, str], identities: Path, tmp_path: Path) -> Post:
    """A folder with Alice's token at the bridge."""
    rig, url = running
    folder = tmp_path / "lab"
    folder.mkdir()
    shutil.copytree(identities, folder / "ids")
    post = Post(QuickLab(folder), url, rig.delivery.tokens.make(ALICE, "laptop", 30))
    assert post.keep_token().code == 0
    return post


def test_a_letter_goes_there_and_back(post: Post, running: tuple[Rig, str], store: Path) -> None:
    post.lab.write("plan.txt", b"the plan of the merger")
    sent = post.send("plan.txt", "--message", "Read this first.", *SIGNER)
    result = post.open(sent, *TRUST)
    assert (result.code, "verified: signed by alice@example.test" in result.stderr) == (0, True)
    got = post.got()
    assert b"Read this first." in got.pop("message.eml")
    assert got == {"plan.txt": b"the plan of the merger"}
    assert sent.reference in result.stderr
    (listed,) = json.loads(post.lab.sealwax("deliver", "list", "--json").stdout)["parcels"]
    assert (listed["reference"], listed["state"], listed["kind"]) == (sent.reference, "opened", "message")
    speakers = {row["state"]: row["by"] for row in listed["states"]}
    assert speakers == {"submitted": "service", "received": "recipient-claims", "opened": "recipient-claims"}
    content = b"".join(
        path.read_bytes() for path in store.parent.rglob("*") if path.is_file() and "lab" not in path.parts
    )
    assert sent.reference
    for text in ("merger", "Read this", sent.words, "plan.txt"):
        assert text.encode() not in content


def test_a_large_file_goes_there_and_back(post: Post) -> None:
    data = os.urandom(CHUNK_BYTES) + b"the rest"
    post.lab.write("large.bin", data)
    assert post.open(post.send("large.bin", *SIGNER), *TRUST).code == 0
    assert post.got() == {"large.bin": data}


def test_an_interrupted_sending_goes_on(post: Post, running: tuple[Rig, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("smime_core.parcels.manifest", "sealwax.delivery.outgoing"):
        monkeypatch.setattr(f"{module}.CHUNK_BYTES", 300_000)
    data = os.urandom(1_000_000)
    post.lab.write("large.bin", data)
    rig, _ = running
    honest, count = rig.app.wsgi_app, iter(range(1000))

    def refuse(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if next(count) < 3:
            return honest(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return [b""]

    rig.app.wsgi_app = refuse  # type: ignore[method-assign]
    assert post.lab.sealwax("deliver", "send", "--to", BOB, "large.bin").code == 1
    rig.app.wsgi_app = honest  # type: ignore[method-assign]
    sent = post.send("large.bin")
    assert len(rig.rows()) == 1
    assert post.open(sent).code == 0
    assert post.got() == {"large.bin": data}


def test_a_recipient_proves_a_certificate(post: Post) -> None:
    post.lab.write("a.txt", b"a")
    sent = post.send("a.txt", "--to-cert", "ids/bob.pem")
    assert post.lab.sealwax("deliver", "open", sent.link, "-o", "got", *READER).code == 0
    assert post.got() == {"a.txt": b"a"}
    other = post.lab.sealwax("deliver", "open", sent.link, "-o", "other", *SIGNER)
    assert (other.code, post.got("other")) == (1, {})


def test_each_end_of_a_parcel_has_its_sentence(post: Post, running: tuple[Rig, str]) -> None:
    post.lab.write("a.txt", b"a")
    sent = post.send("a.txt", "--downloads", "1")
    wrong = " ".join(reversed(sent.words.split()))
    assert "the words do not open this parcel" in post.open(sent, words=wrong).line
    assert post.open(sent).code == 0
    assert post.open(sent).line == "sealwax: the parcel was downloaded as often as its sender allows: ask the sender"
    assert post.lab.sealwax("deliver", "withdraw", sent.reference).stdout.decode() == f"{sent.reference}: withdrawn\n"
    assert post.open(sent).line == "sealwax: the sender has withdrawn the parcel"
    for _ in range(5):
        post.open(sent, words=wrong)
    assert "wrong too often: ask the sender" in post.open(sent).line


def test_a_revoked_token_sends_nothing(post: Post, running: tuple[Rig, str]) -> None:
    rig, _ = running
    rig.delivery.tokens.revoke(ALICE, "laptop")
    post.lab.write("a.txt", b"a")
    result = post.lab.sealwax("deliver", "send", "--to", BOB, "a.txt")
    assert (result.code, "token" in result.line, rig.rows()) == (1, True, [])


def test_the_days_are_those_that_were_asked_for(post: Post) -> None:
    post.lab.write("a.txt", b"a")
    post.send("a.txt", "--days", "3")
    (listed,) = json.loads(post.lab.sealwax("deliver", "list", "--json").stdout)["parcels"]
    left = datetime.datetime.fromisoformat(listed["expires"]) - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(days=2, hours=23) < left <= datetime.timedelta(days=3)


def test_a_recipient_by_certificate_confirms_with_a_signed_receipt(post: Post) -> None:
    post.lab.write("a.txt", b"a")
    sent = post.send("a.txt", "--to-cert", "ids/bob.pem", *SIGNER)
    opening = ("deliver", "open", sent.link, "-o", "got", *READER)
    # Nobody confirms without saying so.
    assert post.lab.sealwax(*opening, *TRUST).code == 0
    assert receipts_in(post) == []
    result = post.lab.sealwax(*opening, *TRUST, "--receipt")
    assert (result.code, result.stdout.decode().splitlines()[-1]) == (0, f"receipt: given to {ALICE}")
    (receipt,) = receipts_in(post, *TRUST)
    assert (receipt["recipient"], receipt["state"]) == (BOB, "verified")
    lines = post.lab.sealwax("deliver", "list", *TRUST).stdout.decode().splitlines()
    assert [line for line in lines if line.startswith(f"- opened by {BOB}, ")][-1].endswith(
        "signed by the recipient, says the service"
    )
    assert lines[-1].startswith(f"- receipt: verified: signed by {BOB}")


def test_the_signer_of_a_receipt_needs_trust(post: Post) -> None:
    post.lab.write("a.txt", b"a")
    sent = post.send("a.txt", "--to-cert", "ids/bob.pem", *SIGNER)
    assert post.lab.sealwax("deliver", "open", sent.link, *READER, *TRUST, "--receipt").code == 0
    (receipt,) = receipts_in(post)
    assert receipt["state"] == "signed-unverified"


@pytest.mark.parametrize(("signed", "trusted"), [((), TRUST), (SIGNER, ())], ids=["not signed", "not trusted"])
def test_no_receipt_goes_to_a_sender_who_is_not_verified(
    post: Post, signed: tuple[str, ...], trusted: tuple[str, ...]
) -> None:
    post.lab.write("a.txt", b"a")
    sent = post.send("a.txt", "--to-cert", "ids/bob.pem", *signed)
    result = post.lab.sealwax("deliver", "open", sent.link, "-o", "got", *READER, *trusted, "--receipt")
    assert (result.code, "no receipt was given" in result.stderr, post.got()) == (1, True, {"a.txt": b"a"})
    assert receipts_in(post) == []


def test_a_sender_changes_the_end_the_tries_and_the_limit(post: Post) -> None:
    post.lab.write("a.txt", b"a")
    sent = post.send("a.txt", "--days", "3")
    wrong = " ".join(reversed(sent.words.split()))
    for _ in range(5):
        post.open(sent, words=wrong)
    assert "wrong too often" in post.open(sent).line
    assert changed(post, "tries", sent.reference) == f"{sent.reference}: 5 tries left\n"
    assert post.open(sent).code == 0
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=9)
    assert changed(post, "extend", sent.reference, "--days", "9") == f"{sent.reference}: until {until:%Y-%m-%d}\n"
    line = f"{sent.reference}: may be opened 1 times in all, was opened 1 times\n"
    assert changed(post, "downloads", sent.reference.lower(), "--limit", "1") == line
    assert "as often as its sender allows" in post.open(sent).line
    line = f"{sent.reference}: may be opened any number of times, was opened 1 times\n"
    assert changed(post, "downloads", sent.reference, "--unlimited") == line
    assert post.open(sent).code == 0


def changed(post: Post, verb: str, *arguments: str) -> str:
    result = post.lab.sealwax("deliver", verb, *arguments)
    assert (result.code, result.stderr) == (0, "")
    return result.stdout.decode()


def receipts_in(post: Post, *trusted: str) -> list[dict[str, str]]:
    """The receipts for the only parcel, as the list has them."""
    (listed,) = json.loads(post.lab.sealwax("deliver", "list", "--json", *trusted).stdout)["parcels"]
    receipts: list[dict[str, str]] = listed["receipts"]
    return receipts


def test_a_receipt_for_another_manifest_is_invalid(post: Post) -> None:
    """Somebody else has signed a manifest with the id of the parcel, which the service gave the recipient."""
    post.lab.write("a.txt", b"a")
    sent = post.send("a.txt", "--to-cert", "ids/bob.pem", *SIGNER)
    assert post.lab.sealwax("deliver", "open", sent.link, *READER, *TRUST, "--receipt").code == 0
    file = post.folder / "data" / "sealwax" / "sent_parcels.json"
    expected = json.loads(file.read_text())["receipts"]
    file.write_text(json.dumps({"receipts": dict.fromkeys(expected, "00" * 32)}))
    (receipt,) = receipts_in(post, *TRUST)
    assert (receipt["state"], "another manifest than was sent" in receipt["verdict"]) == ("invalid", True)
    file.unlink()
    (receipt,) = receipts_in(post, *TRUST)
    assert (receipt["state"], "another computer" in receipt["verdict"]) == ("verified", True)
