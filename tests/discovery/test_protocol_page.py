"""The examples of docs/discovery_protocol.md, by a reader of that page alone."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from flask.testing import FlaskClient

from sealwax.discovery.app import create_app
from sealwax.discovery.config import DiscoveryConfig
from sealwax.discovery.publishing import Publisher
from smime_core.blocking import run
from smime_core.own_content import ServerKind, follow_discovery, renew_discovery
from tests.discovery.conftest import ORIGIN
from tests.support.people import NOW, PROVIDER
from tests.support.project import ROOT
from tests.support.server_lists import DOMAIN, KEYS_KEY, PINNED, key

PAGE = (ROOT / "docs" / "discovery_protocol.md").read_text()
OPERATOR, SUCCESSOR, SERVER = (
    Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)) for seed in re.findall(r"secret bytes `(\w{64})`", PAGE)
)
(DOCUMENT,) = re.findall(r'^    (\{"format":"sealwax-discovery-1".*\})$', PAGE, re.MULTILINE)
(MOVE,) = re.findall(r'^    (\{"format":"sealwax-move-1".*\})$', PAGE, re.MULTILINE)
SIGNATURES = re.findall(r"^    (\w{128})$", PAGE, re.MULTILINE)


def fields(*values: str | int | bytes) -> bytes:
    parts = [value if isinstance(value, bytes) else str(value).encode() for value in ("sealwax discovery", *values)]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def text_of(secret: Ed25519PrivateKey) -> str:
    raw = secret.public_key().public_bytes_raw()
    return f"ed25519:{base64.urlsafe_b64encode(raw).decode().rstrip('=')}"


def check(text: str, signature: str, signed: bytes) -> None:
    raw = base64.urlsafe_b64decode(text.removeprefix("ed25519:") + "=")
    Ed25519PublicKey.from_public_bytes(raw).verify(base64.b64decode(signature), signed)


def written(document: str, secret: Ed25519PrivateKey, *successions: Mapping[str, str]) -> bytes:
    signature = secret.sign(fields("document 1", document.encode()))
    return json.dumps(
        {
            "successions": successions, "signature": base64.b64encode(signature).decode(), "key": text_of(secret),
            "document": base64.b64encode(document.encode()).decode(), "format": "sealwax-signed-discovery-1",
        }
    ).encode()  # fmt: skip


def succession(domain: str, old: Ed25519PrivateKey, new: Ed25519PrivateKey) -> dict[str, str]:
    signature = old.sign(fields("succession 1", domain, text_of(old), text_of(new)))
    return {"old": text_of(old), "new": text_of(new), "signature": base64.b64encode(signature).decode()}


def read(signed: bytes, *, domain: str, pinned: str, at: datetime, newest: int = 0) -> tuple[dict[str, Any], str]:
    """The document and the key to pin from now on, by the page's table of checks. Raises AssertionError."""
    assert len(signed) <= 65_536
    envelope, trusted = json.loads(signed), pinned
    assert envelope["format"] == "sealwax-signed-discovery-1"
    for handover in envelope["successions"]:
        if handover["old"] == trusted:
            check(trusted, handover["signature"], fields("succession 1", domain, handover["old"], handover["new"]))
            trusted = handover["new"]
    assert envelope["key"] == trusted
    content = base64.b64decode(envelope["document"], validate=True)
    check(trusted, envelope["signature"], fields("document 1", content))
    document = json.loads(content)
    issued, expires = (datetime.strptime(document[name], "%Y-%m-%dT%H:%M:%S%z") for name in ("issued", "expires"))
    assert document["domain"] == domain
    assert issued <= at + timedelta(minutes=10)
    assert issued < expires <= issued + timedelta(hours=24)
    assert at < expires
    assert document["number"] > newest
    return document, trusted


@pytest.fixture
def client(config: DiscoveryConfig) -> FlaskClient:
    return create_app(config, PROVIDER).test_client()


def test_the_signatures_of_the_page_come_out() -> None:
    made = (
        OPERATOR.sign(fields("document 1", DOCUMENT.encode())),
        OPERATOR.sign(fields("succession 1", "example.org", text_of(OPERATOR), text_of(SUCCESSOR))),
    )
    assert [signature.hex() for signature in made] == SIGNATURES
    assert f"`{text_of(OPERATOR)}`" in PAGE
    move = json.loads(MOVE)
    signed = fields("move 1", move["domain"], text_of(SERVER), move["counter"], move["at"], move["address"])
    assert base64.b64encode(SERVER.sign(signed)).decode() == move["signature"]
    assert text_of(SERVER) == move["key"] == json.loads(DOCUMENT)["servers"][0]["key"]


def test_our_client_reads_the_documents_that_a_reader_of_the_page_signs() -> None:
    at = datetime(2027, 1, 15, 8, tzinfo=UTC)
    followed = run(follow_discovery(written(DOCUMENT, OPERATOR), PROVIDER, "example.org", text_of(OPERATOR), at))
    (server,) = run(followed.open(PROVIDER, at=at)).of_kind(ServerKind.KEY_SERVER)
    assert (server.name, server.address, server.key) == ("https://keys.example.org",) * 2 + (text_of(SERVER),)
    newer = written(
        DOCUMENT.replace("1800000000", "1800000001"), SUCCESSOR, succession("example.org", OPERATOR, SUCCESSOR)
    )
    assert run(renew_discovery(followed, newer, PROVIDER, at)).key == text_of(SUCCESSOR)


def test_a_reader_of_the_page_follows_our_service(client: FlaskClient, config: DiscoveryConfig) -> None:
    """Over the service itself, from the first document by a move to a new key."""
    path = "/.well-known/sealwax-discovery.json"
    document, pinned = read(client.get(path, base_url=ORIGIN).data, domain=DOMAIN, pinned=PINNED, at=NOW)
    (keys,) = [server for server in document["servers"] if server["kind"] == "key-server"]

    secret = Ed25519PrivateKey.from_private_bytes(KEYS_KEY.pkcs8_der[-32:])
    assert text_of(secret) == keys["key"]
    members = {
        "format": "sealwax-move-1", "domain": DOMAIN, "key": keys["key"], "counter": keys["moves"] + 1,
        "at": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"), "address": "https://keys2.example.test",
    }  # fmt: skip
    signed = fields("move 1", *(members[name] for name in ("domain", "key", "counter", "at", "address")))
    members["signature"] = base64.b64encode(secret.sign(signed)).decode()
    answer = client.post("/move", base_url=ORIGIN, json=members)
    assert (answer.status_code, answer.get_json()["moves"]) == (200, 1)
    assert client.post("/move", base_url=ORIGIN, json=members).get_json()["code"] == "move-not-next"

    moved, pinned = read(
        client.get(path, base_url=ORIGIN).data, domain=DOMAIN, pinned=pinned, at=NOW, newest=document["number"]
    )
    assert moved["number"] == answer.get_json()["number"]
    assert moved["servers"][-1] == keys | {"address": "https://keys2.example.test", "moves": 1}

    rotated = Publisher(config, PROVIDER).succeed(key(2))
    _, newest = read(rotated, domain=DOMAIN, pinned=pinned, at=NOW, newest=moved["number"])
    assert newest != pinned
    with pytest.raises(AssertionError):
        read(client.get(path, base_url=ORIGIN).data, domain=DOMAIN, pinned=newest, at=NOW, newest=moved["number"] + 1)


def test_a_reader_of_the_page_refuses_what_is_forged() -> None:
    forged = json.loads(written(DOCUMENT, SUCCESSOR)) | {"key": text_of(OPERATOR)}
    at = datetime(2027, 1, 15, 8, tzinfo=UTC)
    with pytest.raises(InvalidSignature):
        read(json.dumps(forged).encode(), domain="example.org", pinned=text_of(OPERATOR), at=at)
