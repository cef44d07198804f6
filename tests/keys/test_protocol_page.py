"""The examples of docs/roaming_protocol.md, by a reader of that page alone."""

from __future__ import annotations

import base64
import datetime
import json
import re
import unicodedata
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from flask.testing import FlaskClient

from roaming_keys.app import create_app
from roaming_keys.config import KeyServerConfig
from roaming_keys.protocol import KeyAccount, build_registration
from roaming_keys.tickets import check_ticket, issue_ticket, public_key_of, read_public_key
from smime_core import blocking
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider
from tests.support.clock import FakeClock
from tests.support.project import ROOT

ORIGIN, USER = "http://127.0.0.1:8300", "alice@example.test"
TICKET_KEY = bytes(range(32))
PAGE = (ROOT / "docs" / "roaming_protocol.md").read_text()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def client(clock: FakeClock) -> FlaskClient:
    config = KeyServerConfig(
        origin=ORIGIN,
        database=":memory:",
        ticket_key=public_key_of(TICKET_KEY),
        master_key=bytes(32),
        clock=clock,
    )
    return create_app(config).test_client()


def fields(*values: str | int | bytes) -> bytes:
    parts = [one if isinstance(one, bytes) else str(one).encode() for one in ("sealwax roaming_keys", *values)]
    return b"".join(len(one).to_bytes(4, "big") + one for one in parts)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def derived(secret: bytes, label: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=fields(label, 1)).derive(secret)


def stretched(origin: str, address: str, passphrase: str, terms: Mapping[str, Any]) -> bytes:
    salt = sha256(fields("argon2id salt", 2, origin, address, base64.b64decode(terms["salt"]))).digest()
    kdf = Argon2id(
        salt=salt, length=32, iterations=terms["passes"], lanes=terms["lanes"], memory_cost=terms["memory_kib"]
    )
    return kdf.derive(unicodedata.normalize("NFC", passphrase).encode())


def signed(login_key: Ed25519PrivateKey, origin: str, address: str, nonce: bytes, at: int) -> bytes:
    return login_key.sign(fields("login", 2, origin, address, nonce, at))


def test_the_keys_and_the_login_of_the_page_come_out() -> None:
    example = PAGE.partition("An example: ")[2]
    _, origin, _, address, _, passphrase, *_ = example.split("`")
    salt = base64.b64encode(bytes(range(16))).decode()
    secret = stretched(origin, address, passphrase, {"salt": salt, "memory_kib": 65_536, "passes": 3, "lanes": 4})
    login_key = Ed25519PrivateKey.from_private_bytes(derived(secret, "login key"))
    public_key, wrap_key = login_key.public_key().public_bytes_raw(), derived(secret, "passphrase wrap key")
    assert [public_key.hex()] == re.findall(r"^    login key, public  (\w+)$", PAGE, re.MULTILINE)
    assert [wrap_key.hex()] == re.findall(r"^    wrap key           (\w+)$", PAGE, re.MULTILINE)
    (nonce,) = re.findall(r"the nonce `(\w+)`", PAGE)
    signature = signed(login_key, origin, address, bytes.fromhex(nonce), 1_800_000_000)
    assert [signature.hex()] == re.findall(r"^    (\w{128})$", PAGE, re.MULTILINE)


def test_a_reader_of_the_page_registers_and_gets_its_keys_back(client: FlaskClient, clock: FakeClock) -> None:
    """Written from the page alone, over the server itself: no code of the client is used."""
    password, terms = (
        "zwölf Boxkämpfer",
        {"salt": "c2FsdHNhbHRzYWx0c2FsdA==", "memory_kib": 65_536, "passes": 3, "lanes": 2},
    )
    secret = stretched(ORIGIN, USER, password, terms)
    login_key = Ed25519PrivateKey.from_private_bytes(derived(secret, "login key"))
    bundle_key, nonce = b"K" * 32, b"n" * 12
    wrapped = AESGCM(derived(secret, "passphrase wrap key")).encrypt(
        nonce, bundle_key, fields("wrap", 1, USER, "bundle 1", 1, "passphrase")
    )
    answer = client.post(
        "/register",
        base_url=ORIGIN,
        json={
            "protocol": 2, "user": USER, "ticket": issue_ticket(TICKET_KEY, audience=ORIGIN, user=USER, at=clock()),
            **terms, "login_key": text(login_key.public_key().public_bytes_raw()),
            "bundle_id": "bundle 1", "version": 1, "bundle": text(a_pkcs12(derived(bundle_key, "bundle password"))),
            "wraps": [{"kind": "passphrase", "nonce": text(nonce), "wrapped": text(wrapped)}],
        },
    )  # fmt: skip
    assert answer.status_code == 201, answer.data

    told = client.post("/parameters", base_url=ORIGIN, json={"protocol": 2, "user": USER}).get_json()
    assert {name: told[name] for name in terms} == terms
    at, login_nonce = int(clock().timestamp()), base64.b64decode(told["nonce"])
    signature = text(signed(login_key, ORIGIN, USER, login_nonce, at))
    body = {"protocol": 2, "user": USER, "nonce": told["nonce"], "at": at, "signature": signature}
    record = client.post("/login", base_url=ORIGIN, json=body).get_json()
    (wrap,) = record["wraps"]
    unwrapped = AESGCM(derived(secret, "passphrase wrap key")).decrypt(
        base64.b64decode(wrap["nonce"]), base64.b64decode(wrap["wrapped"]),
        fields("wrap", 1, USER, record["bundle_id"], record["version"], wrap["kind"]),
    )  # fmt: skip
    opened = pkcs12.load_pkcs12(
        base64.b64decode(record["bundle"]), base64.urlsafe_b64encode(derived(unwrapped, "bundle password"))
    )
    assert opened.key is not None


def test_our_client_opens_what_the_reader_of_the_page_opens() -> None:
    """The bundle of our client, opened by the page's rules."""
    provider, at = NativeProvider(), datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
    authority = blocking.run(create_authority("Example CA", provider=provider, at=at))
    identity = blocking.run(issue_identity(authority, USER, provider=provider, at=at, key=NewKey.P256))
    account = KeyAccount(server=ORIGIN, user=USER, passphrase=b"four words")
    members = json.loads(blocking.run(build_registration(account, identity, "t", provider)).to_json())
    secret = stretched(ORIGIN, USER, "four words", members)
    public_key = Ed25519PrivateKey.from_private_bytes(derived(secret, "login key")).public_key()
    assert text(public_key.public_bytes_raw()) == members["login_key"]
    (wrap,) = members["wraps"]
    bundle_key = AESGCM(derived(secret, "passphrase wrap key")).decrypt(
        base64.b64decode(wrap["nonce"]), base64.b64decode(wrap["wrapped"]),
        fields("wrap", 1, USER, members["bundle_id"], members["version"], "passphrase"),
    )  # fmt: skip
    password = base64.urlsafe_b64encode(derived(bundle_key, "bundle password"))
    opened = pkcs12.load_pkcs12(base64.b64decode(members["bundle"]), password)
    assert opened.cert is not None
    assert opened.cert.certificate.public_bytes(Encoding.DER) == identity.certificate.der


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def a_pkcs12(password: bytes) -> bytes:
    key = generate_private_key(SECP256R1())
    form = BestAvailableEncryption(base64.urlsafe_b64encode(password))
    return pkcs12.serialize_key_and_certificates(b"key", key, None, None, form)


def test_the_ticket_of_the_page_is_made_and_taken() -> None:
    (seed,) = re.findall(r"key is `([0-9a-f]{64})`", PAGE)
    (public_key,) = re.findall(r"`(ed25519:[\w-]{43})`", PAGE)
    (claims,) = re.findall(r"^    (\{.*\})$", PAGE, re.MULTILINE)
    (ticket,) = re.findall(r"^    ([\w-]+\.[\w-]+)$", PAGE, re.MULTILINE)
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
    made = f"{base64url(claims.encode())}.{base64url(key.sign(fields('ticket 2', claims.encode())))}"
    assert made == ticket
    at = datetime.datetime.fromtimestamp(1_800_000_000, datetime.UTC)
    read = check_ticket(
        read_public_key(public_key), ticket, audience="https://keys.example.org", user="alice@example.org", at=at
    )
    assert read.id == "AAECAwQFBgcICQoLDA0ODw"
