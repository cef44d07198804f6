"""The examples of docs/roaming_protocol.md, by a reader of that page alone."""

from __future__ import annotations

import base64
import datetime
import hmac
import json
import re
import unicodedata
import zlib
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from flask.testing import FlaskClient

from roaming_keys.protocol.tickets import check_ticket, issue_ticket, read_public_key
from tests.support.clock import FakeClock
from tests.support.keys.people import (
    ORIGIN,
    PASSPHRASE,
    TICKET_KEY,
    USER,
    Person,
    certificates,
    identity,
    make_client,
)
from tests.support.project import ROOT

PAGE = (ROOT / "docs" / "roaming_protocol.md").read_text()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def client(clock: FakeClock) -> FlaskClient:
    return make_client(clock)


def fields(*values: str | int | bytes) -> bytes:
    parts = [value if isinstance(value, bytes) else str(value).encode() for value in ("sealwax roaming_keys", *values)]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def derived(secret: bytes, label: str, *context: str | int | bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=fields(label, 1, *context)).derive(secret)


def stretched(origin: str, address: str, passphrase: str, terms: Mapping[str, Any]) -> bytes:
    salt = sha256(fields("argon2id salt", 2, origin, address, base64.b64decode(terms["salt"]))).digest()
    kdf = Argon2id(
        salt=salt, length=32, iterations=terms["passes"], lanes=terms["lanes"], memory_cost=terms["memory_kib"]
    )
    return kdf.derive(unicodedata.normalize("NFC", passphrase).encode())


def sealed_state(key: bytes, bundle_id: str, version: int, state: Mapping[str, Any]) -> bytes:
    content = zlib.compress(json.dumps(state).encode())
    content += bytes(-(len(content) + 28) % 16_384)
    aad = fields("state", 1, USER, bundle_id, version)
    return b"s" * 12 + AESGCM(derived(key, "state key")).encrypt(b"s" * 12, content, aad)


def opened_state(key: bytes, record: Mapping[str, Any]) -> dict[str, Any]:
    state = base64.b64decode(record["state"])
    aad = fields("state", 1, USER, record["bundle_id"], record["version"])
    content = AESGCM(derived(key, "state key")).decrypt(state[:12], state[12:], aad)
    parsed: dict[str, Any] = json.loads(zlib.decompressobj().decompress(content))
    return parsed


def bundle_password(key: bytes, version: int) -> bytes:
    return base64.urlsafe_b64encode(derived(key, "bundle password", version))


def padded(pkcs12_file: bytes) -> bytes:
    return pkcs12_file + bytes(-len(pkcs12_file) % 16_384)


def unpadded(bundle: bytes) -> bytes:
    """The first element of DER: its length stands in the two bytes after 30 82."""
    assert bundle[:2] == b"\x30\x82"
    return bundle[: 4 + int.from_bytes(bundle[2:4], "big")]


def digest(record: Mapping[str, Any]) -> bytes:
    wraps = [
        value
        for wrap in record["wraps"]
        for value in (wrap["kind"], base64.b64decode(wrap["nonce"]), base64.b64decode(wrap["wrapped"]))
    ]
    parts = (base64.b64decode(record["bundle"]), base64.b64decode(record["state"]), *wraps)
    return sha256(fields("record", 2, USER, record["bundle_id"], record["version"], *parts)).digest()


class Reader:
    """A client that was written from the page alone. It uses no code of ours."""

    def __init__(self, client: FlaskClient, clock: FakeClock) -> None:
        self.client, self.clock, self.counter = client, clock, 0
        self.session_key = Ed25519PrivateKey.generate()

    def log_in(self, login_key: Ed25519PrivateKey, *, path: str, label: str) -> Any:
        parameters = self.client.post("/parameters", base_url=ORIGIN, json={"protocol": 2, "user": USER}).get_json()
        at, nonce = int(self.clock().timestamp()), base64.b64decode(parameters["nonce"])
        session_key = self.session_key.public_key().public_bytes_raw()
        signature = login_key.sign(fields(label, 2, ORIGIN, USER, nonce, at, session_key, b"d" * 32, "a reader"))
        return self.client.post(
            path,
            base_url=ORIGIN,
            json={
                "protocol": 2, "user": USER, "nonce": parameters["nonce"], "at": at, "session_key": text(session_key),
                "device_token": text(b"d" * 32), "device_name": "a reader", "signature": text(signature),
            },
        )  # fmt: skip

    def call(self, method: str, path: str, condition: str = "", body: object = None) -> Any:
        self.counter += 1
        data = b"" if body is None else json.dumps(body).encode()
        key = self.session_key.public_key().public_bytes_raw()
        signed = fields("call", 2, ORIGIN, key, method, path, condition, sha256(data).digest(), self.counter)
        signature = base64url(self.session_key.sign(signed))
        headers = {
            "Authorization": f'Sealwax key="{base64url(key)}", counter="{self.counter}", signature="{signature}"',
            "If-None-Match" if method == "GET" else "If-Match": condition,
        }
        kind = None if body is None else "application/json"
        return self.client.open(path, method=method, base_url=ORIGIN, data=data, headers=headers, content_type=kind)


def test_the_keys_the_login_and_the_call_of_the_page_come_out() -> None:
    example = PAGE.partition("An example: ")[2]
    _, origin, _, address, _, passphrase, *_ = example.split("`")
    salt = base64.b64encode(bytes(range(16))).decode()
    secret = stretched(origin, address, passphrase, {"salt": salt, "memory_kib": 65_536, "passes": 3, "lanes": 4})
    login_key = Ed25519PrivateKey.from_private_bytes(derived(secret, "login key"))
    public_key, wrap_key = login_key.public_key().public_bytes_raw(), derived(secret, "passphrase wrap key")
    assert [public_key.hex()] == re.findall(r"^    login key, public  (\w+)$", PAGE, re.MULTILINE)
    assert [wrap_key.hex()] == re.findall(r"^    wrap key           (\w+)$", PAGE, re.MULTILINE)
    authenticating_key = derived(secret, "wrap keys authenticating key")
    assert [authenticating_key.hex()] == re.findall(r"^    authenticating key (\w+)$", PAGE, re.MULTILINE)
    code_login, code_wrap = recovery_keys(bytes(range(16)))
    tag = derived(
        authenticating_key, "wrap keys", address, "recovery", code_wrap.public_key().public_bytes_raw(), raw(code_login)
    )
    assert [tag.hex()] == re.findall(r"^    authenticator  (\w+)$", PAGE, re.MULTILINE)

    (nonce,) = re.findall(r"the nonce `(\w+)`", PAGE)
    (session_seed,) = re.findall(r"^`(\w{64})`, the token", PAGE, re.MULTILINE)
    (token,) = re.findall(r"the token `(\w{64})`", PAGE)
    (name,) = re.findall(r"the name `(\w+)`", PAGE)
    session_key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(session_seed))
    public = session_key.public_key().public_bytes_raw()
    attempt = (bytes.fromhex(nonce), 1_800_000_000, public, bytes.fromhex(token), name)
    signature = login_key.sign(fields("login", 2, origin, address, *attempt))
    assert [signature.hex()] == re.findall(r"^    (\w{128})$", PAGE, re.MULTILINE)

    call = fields("call", 2, origin, public, "GET", "/bundle", "", sha256(b"").digest(), 1)
    assert [base64url(session_key.sign(call))] == re.findall(r"^    ([\w-]{86})$", PAGE, re.MULTILINE)


def one_time_code(secret: bytes, at: int) -> str:
    """RFC 6238, by hand."""
    mac = hmac.digest(secret, (at // 30).to_bytes(8, "big"), "sha1")
    offset = mac[-1] & 0x0F
    return f"{(int.from_bytes(mac[offset : offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def test_the_code_of_the_page_comes_out() -> None:
    ((secret, at, code),) = re.findall(r"the secret `(\w{40})` has at the time (\d+) the code `(\d{6})`", PAGE)
    assert one_time_code(bytes.fromhex(secret), int(at)) == code


def test_a_reader_of_the_page_adds_an_app_and_proves_it(client: FlaskClient, clock: FakeClock) -> None:
    ours = Person(client, clock)
    ours.register()
    terms = client.post("/parameters", base_url=ORIGIN, json={"protocol": 2, "user": USER}).get_json()
    secret = stretched(ORIGIN, USER, PASSPHRASE.decode(), terms)
    login_key, app = Ed25519PrivateKey.from_private_bytes(derived(secret, "login key")), bytes(range(20))
    reader = Reader(client, clock)
    reader.log_in(login_key, path="/login", label="login")
    first = one_time_code(app, int(clock().timestamp()))
    totp = {"protocol": 2, "kind": "totp"}
    added = reader.call("POST", "/factors", body=totp | {"name": "a phone", "secret": text(app), "code": first})
    assert added.status_code == 201, added.data
    clock.advance(seconds=30)

    waiting = Reader(client, clock)
    demand = waiting.log_in(login_key, path="/login", label="login").get_json()
    assert (demand["factors"], demand["credentials"]) == (["totp"], [])
    assert len(base64.b64decode(demand["challenge"])) == 32
    assert demand["ends"] == int(clock().timestamp()) + 300
    assert waiting.call("GET", "/bundle").get_json()["code"] == "login-ended"
    again = waiting.call("POST", "/factor", body=totp | {"code": first})
    assert (again.status_code, again.get_json()["code"]) == (401, "factor-refused")
    code = one_time_code(app, int(clock().timestamp()))
    assert waiting.call("POST", "/factor", body=totp | {"code": code}).get_json()["record"]["version"] == 1
    (listed,) = waiting.call("GET", "/factors").get_json()["factors"]
    assert waiting.call("DELETE", f"/factors/{listed['id']}").status_code == 200
    assert "record" in Reader(client, clock).log_in(login_key, path="/login", label="login").get_json()


def recovery_keys(secret: bytes) -> tuple[Ed25519PrivateKey, X25519PrivateKey]:
    login_key = Ed25519PrivateKey.from_private_bytes(derived(secret, "recovery login key"))
    return login_key, X25519PrivateKey.from_private_bytes(derived(secret, "recovery wrap key"))


def test_the_recovery_code_of_the_page_comes_out() -> None:
    secret, letters = bytes(range(16)), "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    check = int.from_bytes(sha256(fields("recovery code", 1, secret)).digest()[:2], "big") >> 4
    bits = f"{int.from_bytes(secret, 'big') << 12 | check:0140b}"
    code = "".join(letters[int(bits[start : start + 5], 2)] for start in range(0, 140, 5))
    assert "-".join(code[start : start + 4] for start in range(0, 28, 4)) in PAGE
    login_key, wrap_key = recovery_keys(secret)
    assert [login_key.public_key().public_bytes_raw().hex()] == re.findall(r"^    login key  (\w{64})$", PAGE, re.M)
    assert [wrap_key.public_key().public_bytes_raw().hex()] == re.findall(r"^    wrap key   (\w{64})$", PAGE, re.M)


def test_a_reader_of_the_page_registers_stores_and_recovers(client: FlaskClient, clock: FakeClock) -> None:
    """Written from the page alone, over the server itself."""
    password, terms = (
        "zwölf Boxkämpfer",
        {"salt": "c2FsdHNhbHRzYWx0c2FsdA==", "memory_kib": 65_536, "passes": 3, "lanes": 2},
    )
    secret = stretched(ORIGIN, USER, password, terms)
    login_key = Ed25519PrivateKey.from_private_bytes(derived(secret, "login key"))
    bundle_key, nonce = b"K" * 32, b"n" * 12
    wrapped = AESGCM(derived(secret, "passphrase wrap key")).encrypt(
        nonce, bundle_key, fields("wrap", 1, USER, "bundle1", 1, "passphrase")
    )
    code_login, code_wrap = recovery_keys(b"code" * 4)
    code_public = code_wrap.public_key().public_bytes_raw()
    ephemeral = X25519PrivateKey.generate()
    ephemeral_public = ephemeral.public_key().public_bytes_raw()
    agreed = derived(ephemeral.exchange(code_wrap.public_key()), "agreed wrap key", ephemeral_public, code_public)
    for_code = AESGCM(agreed).encrypt(bytes(12), bundle_key, fields("wrap", 1, USER, "bundle1", 1, "recovery"))
    code_keys = {"kind": "recovery", "key": text(code_public), "login_key": text(raw(code_login))}
    authenticating_key = derived(secret, "wrap keys authenticating key")
    tag = derived(authenticating_key, "wrap keys", USER, "recovery", code_public, raw(code_login))
    entries = [{"name": "a", "at": 1, "value": "b"}]
    state = {"history": [], "wrap_keys": [code_keys], "authenticator": text(tag), "entries": entries}
    record = {
        "bundle_id": "bundle1", "version": 1, "bundle": text(padded(a_pkcs12(bundle_password(bundle_key, 1)))),
        "state": text(sealed_state(bundle_key, "bundle1", 1, state)),
        "wraps": [
            {"kind": "passphrase", "nonce": text(nonce), "wrapped": text(wrapped)},
            {"kind": "recovery", "nonce": text(ephemeral_public), "wrapped": text(for_code)},
        ],
    }  # fmt: skip
    answer = client.post(
        "/register",
        base_url=ORIGIN,
        json={
            "protocol": 2, "user": USER, "ticket": issue_ticket(TICKET_KEY, audience=ORIGIN, user=USER, at=clock()),
            **terms, "login_key": text(raw(login_key)), "recovery_key": text(raw(code_login)), "record": record,
        },
    )  # fmt: skip
    assert answer.status_code == 201, answer.data

    parameters = client.post("/parameters", base_url=ORIGIN, json={"protocol": 2, "user": USER}).get_json()
    assert {name: parameters[name] for name in terms} == terms
    reader = Reader(client, clock)
    assert reader.log_in(login_key, path="/login", label="login").get_json()["record"] == record

    state["history"] = [{"version": 1, "digest": text(digest(record))}]
    second = record | {
        "version": 2,
        "bundle": text(padded(a_pkcs12(bundle_password(bundle_key, 2)))),
        "state": text(sealed_state(bundle_key, "bundle1", 2, state)),
    }
    stored = reader.call("PUT", "/bundle", '"bundle1.1"', {"protocol": 2, "record": second})
    assert stored.status_code == 200, stored.data
    again = reader.call("PUT", "/bundle", '"bundle1.1"', {"protocol": 2, "record": second})
    assert (again.status_code, again.get_json()["record"]) == (412, second)
    fetched = reader.call("GET", "/bundle")
    assert (fetched.get_json(), fetched.headers["ETag"]) == (second, '"bundle1.2"')
    assert reader.call("GET", "/bundle", '"bundle1.2"').status_code == 304
    assert [device["name"] for device in reader.call("GET", "/devices").get_json()["devices"]] == ["a reader"]

    recovering = Reader(client, clock)
    recovered = recovering.log_in(code_login, path="/recover", label="recover").get_json()["record"]
    # Our client reads what the reader stored.
    ours = Person(client, clock, passphrase=password.encode()).log_in()
    assert (ours.opened.key, ours.opened.state.history) == (bundle_key, {1: digest(record)})
    assert ours.opened.state.entries["a"].value == "b"
    assert [key.login_key for key in ours.own.keys] == [raw(code_login)]
    wrap = recovered["wraps"][1]
    shared = code_wrap.exchange(X25519PublicKey.from_public_bytes(base64.b64decode(wrap["nonce"])))
    unwrapped = AESGCM(derived(shared, "agreed wrap key", base64.b64decode(wrap["nonce"]), code_public)).decrypt(
        bytes(12), base64.b64decode(wrap["wrapped"]), fields("wrap", 1, USER, "bundle1", 1, "recovery")
    )
    password_of_bundle = bundle_password(unwrapped, recovered["version"])
    assert pkcs12.load_pkcs12(unpadded(base64.b64decode(recovered["bundle"])), password_of_bundle).key is not None
    assert recovering.call("DELETE", "/account").status_code == 200


def test_the_reader_of_the_page_opens_what_our_client_stores(client: FlaskClient, clock: FakeClock) -> None:
    ours = Person(client, clock)
    ours.register()
    session = ours.add(ours.log_in(), identity(1))
    terms = client.post("/parameters", base_url=ORIGIN, json={"protocol": 2, "user": USER}).get_json()
    secret = stretched(ORIGIN, USER, PASSPHRASE.decode(), terms)
    login_key = Ed25519PrivateKey.from_private_bytes(derived(secret, "login key"))
    record = Reader(client, clock).log_in(login_key, path="/login", label="login").get_json()["record"]
    (wrap,) = record["wraps"]
    key = AESGCM(derived(secret, "passphrase wrap key")).decrypt(
        base64.b64decode(wrap["nonce"]), base64.b64decode(wrap["wrapped"]),
        fields("wrap", 1, USER, record["bundle_id"], 1, "passphrase"),
    )  # fmt: skip
    assert opened_state(key, record)["history"][0]["version"] == 1
    assert base64.b64encode(digest(record)).decode() == text(session.known.digest)
    opened = pkcs12.load_pkcs12(unpadded(base64.b64decode(record["bundle"])), bundle_password(key, 2))
    assert opened.cert is not None
    assert opened.cert.certificate.public_bytes(Encoding.DER) in certificates(session)


def raw(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def a_pkcs12(password: bytes) -> bytes:
    key = generate_private_key(SECP256R1())
    form = BestAvailableEncryption(password)
    return pkcs12.serialize_key_and_certificates(b"key", key, None, None, form)


def test_the_ticket_of_the_page_is_made_and_taken() -> None:
    part = PAGE.partition("## Tickets")[2]
    (seed,) = re.findall(r"key is `([0-9a-f]{64})`", part)
    (public_key,) = re.findall(r"`(ed25519:[\w-]{43})`", part)
    (claims,) = re.findall(r"^    (\{.*\})$", part, re.MULTILINE)
    (ticket,) = re.findall(r"^    ([\w-]+\.[\w-]+)$", PAGE, re.MULTILINE)
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
    made = f"{base64url(claims.encode())}.{base64url(key.sign(fields('ticket 2', claims.encode())))}"
    assert made == ticket
    at = datetime.datetime.fromtimestamp(1_800_000_000, datetime.UTC)
    read = check_ticket(
        read_public_key(public_key), ticket, audience="https://keys.example.org", user="alice@example.org", at=at
    )
    assert read.id == "AAECAwQFBgcICQoLDA0ODw"
