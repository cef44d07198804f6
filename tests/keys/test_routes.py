"""The key server's routes: the answers, the refusals, and the content of a stolen database."""

from __future__ import annotations

import base64
import datetime
import json
import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http.client import HTTPMessage
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from roaming_keys.client import transport as client_module
from roaming_keys.client.transport import HttpTransport
from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.changes import build_registration
from roaming_keys.protocol.key_account import KeyAccount, LoginMethod, encode_fields, login_record, normalise_user
from roaming_keys.protocol.login import LoginContext, log_in as log_in_there
from roaming_keys.protocol.messages.accounts import (
    STEP_BYTES,
    Device,
    KeyRecord,
    Login,
    LoginAnswer,
    LoginKeys,
    LoginTerms,
    Parameters,
    ParametersRequest,
    Registration,
    Wrap,
)
from roaming_keys.protocol.session import Setting
from roaming_keys.protocol.steps import KeyServerError
from roaming_keys.protocol.tickets import LIFETIME, BadTicket, check_ticket, issue_ticket, public_key_of
from roaming_keys.server.accounts.store import Store
from roaming_keys.server.app import create_app
from roaming_keys.server.config import KeyServerConfig
from roaming_keys.server.database import SCHEMA
from roaming_keys.server.database.tables import ACCOUNT, EARLIER_ACCOUNT, RECORD, USED
from roaming_keys.server.master_key.server_keys import NONCE_LIFETIME, KeyRing, Sealed, ServerKeyError, ServerKeys
from sealwax.http_client import HttpAnswer
from smime_core import blocking
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.identity.identity import Identity
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider
from tests.support.keys.serving import serving
from tests.support.statements import traced_statements

USER = "alice@example.test"
ORIGIN = "http://127.0.0.1:8300"
PAGES = "http://127.0.0.1:8200"
TICKET_KEY = bytes(range(32))
TICKET_PUBLIC_KEY = public_key_of(TICKET_KEY)
LOGIN_SEED, WRONG_SEED = b"A" * 32, b"B" * 32
ASKED = ParametersRequest(user=USER).to_json()
DEVICE = Device(token=b"t" * 32, name="a test")
OTHER_DEVICE = Device(token=b"o" * 32, name="another test")
LOGIN = Login(user=USER, nonce=bytes(40), at=1_772_366_400, session_key=bytes(32), device=DEVICE, signature=bytes(64))
BUNDLE = b"a PKCS#12 that only its owner opens".ljust(STEP_BYTES, b"\0")
STATE = b"a state that only its owner opens".ljust(STEP_BYTES, b"\0")
START = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)


@dataclass
class Clock:
    now: datetime.datetime = START

    def __call__(self) -> datetime.datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += datetime.timedelta(seconds=seconds)


def signed_claims(**changed: object) -> str:
    """A ticket of the bridge with other claims, and without an id unless it is named."""
    at = int(START.timestamp())
    claims = {"aud": ORIGIN, "user": USER, "purpose": "enrolment", "iat": at, "exp": at + 600} | changed
    payload = json.dumps(claims).encode()
    signature = Ed25519PrivateKey.from_private_bytes(TICKET_KEY).sign(encode_fields("ticket 2", payload))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (payload, signature))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def config(tmp_path: Path, clock: Clock) -> KeyServerConfig:
    return KeyServerConfig(
        origin=ORIGIN,
        database=tmp_path / "keys.sqlite",
        ticket_key=TICKET_PUBLIC_KEY,
        pages_origins=(PAGES,),
        master_key=bytes(32),
        clock=clock,
    )


@pytest.fixture
def client(config: KeyServerConfig) -> FlaskClient:
    return create_app(config).test_client()


def registration(clock: Callable[[], datetime.datetime], user: str = USER, ticket: str | None = None) -> Registration:
    return Registration(
        user=user,
        ticket=ticket or issue_ticket(TICKET_KEY, audience=ORIGIN, user=user, at=clock()),
        keys=LoginKeys(parameters=Parameters(salt=b"s" * 16), login_key=public_key_of(LOGIN_SEED)),
        record=KeyRecord(
            bundle_id="b1",
            version=1,
            bundle=BUNDLE,
            state=STATE,
            wraps=(Wrap(kind="passphrase", nonce=b"n" * 12, wrapped=b"w" * 48),),
        ),
    )


def post(client: FlaskClient, path: str, body: bytes, **options: Any) -> TestResponse:
    return client.post(path, data=body, content_type="application/json", **{"base_url": ORIGIN, **options})


def signed_login(
    terms: LoginTerms,
    *,
    user: str = USER,
    seed: bytes = LOGIN_SEED,
    origin: str = ORIGIN,
    ahead_seconds: int = 0,
    device: Device = DEVICE,
) -> Login:
    # The first eight bytes of a nonce are the server's time.
    at = int.from_bytes(terms.nonce[:8], "big") + ahead_seconds
    session_key = public_key_of(os.urandom(32))
    login = Login(user=user, nonce=terms.nonce, at=at, session_key=session_key, device=device, signature=bytes(64))
    record = login_record(origin, normalise_user(user), LoginMethod.PASSPHRASE, login)
    return replace(login, signature=Ed25519PrivateKey.from_private_bytes(seed).sign(record))


def terms_for(client: FlaskClient, user: str = USER) -> LoginTerms:
    return LoginTerms.from_json(post(client, "/parameters", ParametersRequest(user=user).to_json()).data)


def log_in(
    client: FlaskClient,
    user: str = USER,
    seed: bytes = LOGIN_SEED,
    address: str = "192.0.2.1",
    device: Device = DEVICE,
) -> TestResponse:
    body = signed_login(terms_for(client, user), user=user, seed=seed, device=device).to_json()
    return post(client, "/login", body, environ_overrides={"REMOTE_ADDR": address})


def members(response: TestResponse) -> dict[str, Any]:
    parsed = json.loads(response.data)
    assert isinstance(parsed, dict)
    return parsed


def test_hands_the_registered_bundle_over_after_login(client: FlaskClient, clock: Clock) -> None:
    sent = registration(clock)
    assert post(client, "/register", sent.to_json()).status_code == 201
    response = log_in(client)
    assert response.status_code == 200
    assert LoginAnswer.from_json(response.data).record == sent.record


def test_finds_the_account_under_another_spelling_of_the_address(client: FlaskClient, clock: Clock) -> None:
    post(client, "/register", registration(clock).to_json())
    assert log_in(client, user=" Alice@Example.TEST").status_code == 200


def test_shows_the_registered_parameters(client: FlaskClient, clock: Clock) -> None:
    sent = registration(clock)
    post(client, "/register", sent.to_json())
    assert terms_for(client).parameters == sent.keys.parameters


def test_shows_unknown_users_the_same_believable_parameters_each_time(client: FlaskClient) -> None:
    first, second, other = (
        terms_for(client, user).parameters
        for user in ("nobody@example.test", "Nobody@example.test", "else@example.test")
    )
    assert first == second
    assert first.salt != other.salt


def test_answers_unknown_users_and_wrong_passphrases_alike(client: FlaskClient, clock: Clock) -> None:
    post(client, "/register", registration(clock).to_json())
    wrong, unknown = log_in(client, seed=WRONG_SEED), log_in(client, user="nobody@example.test")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.data == unknown.data
    assert members(wrong)["code"] == "login-refused"


@pytest.mark.parametrize(
    "ticket",
    [
        "",
        "x",
        "x.y",
        "ä.ö",
        issue_ticket(bytes(32), audience=ORIGIN, user=USER, at=START),
        issue_ticket(TICKET_KEY, audience="https://other.test", user=USER, at=START),
        issue_ticket(TICKET_KEY, audience=ORIGIN, user="mallory@example.test", at=START),
        issue_ticket(TICKET_KEY, audience=ORIGIN, user=USER, at=START - LIFETIME),
        issue_ticket(TICKET_KEY, audience=ORIGIN, user=USER, at=START + datetime.timedelta(days=1)),
        signed_claims(jti="a" * 22, exp=int(START.timestamp()) + 86_400),
        signed_claims(jti="a" * 22, purpose="other"),
        signed_claims(),
        signed_claims(jti="a" * 22, iat="now"),
        signed_claims(jti="a" * 22, exp=10**30),
        signed_claims(jti="a" * 22, more=1),
    ],
    ids=[
        "empty", "no-signature", "short", "not-ascii", "another-key", "another-server", "another-user", "expired",
        "not-yet", "too-long", "another-purpose", "no-id", "text-as-time", "no-date", "unknown-claim",
    ],
)  # fmt: skip
def test_refuses_to_register_without_a_valid_ticket(client: FlaskClient, clock: Clock, ticket: str) -> None:
    body = json.loads(registration(clock).to_json()) | {"ticket": ticket or "."}
    response = post(client, "/register", json.dumps(body).encode())
    assert (response.status_code, members(response)["code"]) == (403, "bad-ticket")
    assert log_in(client).status_code == 401


def test_refuses_a_ticket_whose_claims_were_altered(clock: Clock) -> None:
    ticket = issue_ticket(TICKET_KEY, audience=ORIGIN, user=USER, at=clock())
    altered = ("A" if ticket[0] != "A" else "B") + ticket[1:]
    with pytest.raises(BadTicket):
        check_ticket(TICKET_PUBLIC_KEY, altered, audience=ORIGIN, user=USER, at=clock())


def test_a_ticket_registers_once(client: FlaskClient, config: KeyServerConfig, clock: Clock) -> None:
    ticket = issue_ticket(TICKET_KEY, audience=ORIGIN, user=USER, at=clock())
    assert post(client, "/register", registration(clock, ticket=ticket).to_json()).status_code == 201
    with SCHEMA.open(config.database).transaction() as rows:
        rows.execute(ACCOUNT.delete())
        rows.execute(RECORD.delete())
    again = post(client, "/register", registration(clock, ticket=ticket).to_json())
    assert (again.status_code, members(again)["code"]) == (403, "bad-ticket")
    assert post(client, "/register", registration(clock).to_json()).status_code == 201


def test_the_ids_of_tickets_are_forgotten_when_they_end(
    client: FlaskClient, config: KeyServerConfig, clock: Clock
) -> None:
    post(client, "/register", registration(clock).to_json())
    clock.now += LIFETIME + datetime.timedelta(days=1)
    post(client, "/register", registration(clock, user="bob@example.test").to_json())
    with SCHEMA.open(config.database).reading() as rows:
        assert len(rows.execute(USED.select()).all()) == 1


def test_a_login_counts_once(client: FlaskClient, clock: Clock) -> None:
    """A login that somebody saw cannot be sent again."""
    post(client, "/register", registration(clock).to_json())
    body = signed_login(terms_for(client)).to_json()
    assert post(client, "/login", body).status_code == 200
    again = post(client, "/login", body)
    assert (again.status_code, members(again)["code"]) == (409, "login-too-late")


@pytest.mark.parametrize("seconds", [10, 45, 3_600])
def test_a_login_counts_once_also_where_the_clock_is_behind(
    client: FlaskClient, config: KeyServerConfig, clock: Clock, seconds: int
) -> None:
    """Another process, whose clock is behind, gets the login when this one has forgotten its nonce."""
    post(client, "/register", registration(clock).to_json())
    body = signed_login(terms_for(client)).to_json()
    assert post(client, "/login", body).status_code == 200
    clock.advance(NONCE_LIFETIME.total_seconds() + seconds - 5)
    assert log_in(client).status_code == 200
    clock.advance(-seconds)
    again = post(create_app(config).test_client(), "/login", body)
    assert again.status_code in (400, 409)


def test_a_login_ends_with_its_nonce(client: FlaskClient, clock: Clock) -> None:
    post(client, "/register", registration(clock).to_json())
    login = signed_login(terms_for(client))
    clock.advance(NONCE_LIFETIME.total_seconds())
    late = post(client, "/login", replace(login, at=int(clock().timestamp())).to_json())
    assert (late.status_code, members(late)["code"]) == (409, "login-too-late")


@pytest.mark.parametrize("change", [{"user": "bob@example.test"}, {"nonce": bytes(40)}])
def test_a_nonce_is_for_one_user_and_of_this_server(client: FlaskClient, clock: Clock, change: dict[str, Any]) -> None:
    for user in (USER, "bob@example.test"):
        post(client, "/register", registration(clock, user=user).to_json())
    refused = post(client, "/login", replace(signed_login(terms_for(client)), **change).to_json())
    assert (refused.status_code, members(refused)["code"]) == (409, "login-too-late")


@pytest.mark.parametrize("change", [{"origin": "https://other.test"}, {"user": "bob@example.test"}])
def test_a_login_signs_server_and_user(client: FlaskClient, clock: Clock, change: dict[str, str]) -> None:
    post(client, "/register", registration(clock).to_json())
    moved = replace(signed_login(terms_for(client), **change), user=USER)  # type: ignore[arg-type]
    refused = post(client, "/login", moved.to_json())
    assert (refused.status_code, members(refused)["code"]) == (401, "login-refused")


@pytest.mark.parametrize(("seconds", "said"), [(86_400, "1440 minutes fast"), (-86_400, "1440 minutes slow")])
def test_a_wrong_clock_is_told_and_costs_no_attempt(client: FlaskClient, clock: Clock, seconds: int, said: str) -> None:
    post(client, "/register", registration(clock).to_json())
    for _ in range(30):
        refused = post(client, "/login", signed_login(terms_for(client), ahead_seconds=seconds).to_json())
        assert (refused.status_code, members(refused)["code"]) == (400, "clock-wrong")
        assert said in members(refused)["message"]
    assert log_in(client).status_code == 200


def test_an_account_of_protocol_1_is_deleted_when_its_owner_registers_anew(
    client: FlaskClient, config: KeyServerConfig, clock: Clock
) -> None:
    cost = {"salt": b"s" * 16, "memory_kib": 65_536, "passes": 3, "lanes": 4}
    with SCHEMA.open(config.database).transaction() as rows:
        rows.execute(EARLIER_ACCOUNT.insert().values(user=USER, **cost, verifier=b"v" * 32, sealed=b"s"))
    assert log_in(client).status_code == 401
    assert post(client, "/register", registration(clock).to_json()).status_code == 201
    with SCHEMA.open(config.database).reading() as rows:
        assert rows.execute(EARLIER_ACCOUNT.select()).all() == []
    assert log_in(client).status_code == 200


def test_refuses_to_register_a_user_twice(client: FlaskClient, clock: Clock) -> None:
    post(client, "/register", registration(clock).to_json())
    first = registration(clock)
    again = replace(first, keys=replace(first.keys, login_key=public_key_of(WRONG_SEED)))
    response = post(client, "/register", again.to_json())
    assert (response.status_code, members(response)["code"]) == (409, "exists")
    assert log_in(client).status_code == 200


def test_makes_a_guesser_wait_and_says_how_long(client: FlaskClient, clock: Clock) -> None:
    post(client, "/register", registration(clock).to_json())
    statuses = [log_in(client, seed=WRONG_SEED).status_code for _ in range(6)]
    assert statuses == [401] * 6
    refused = log_in(client)
    assert (refused.status_code, members(refused)["code"]) == (429, "try-later")
    assert refused.headers["Retry-After"] == "194"
    clock.advance(194)
    assert log_in(client).status_code == 200


def test_makes_guessers_of_an_address_without_an_account_wait_the_same(client: FlaskClient, clock: Clock) -> None:
    post(client, "/register", registration(clock).to_json())

    def answers(user: str) -> list[tuple[int, str | None]]:
        tries = [log_in(client, user, WRONG_SEED, f"198.51.100.{number % 9}") for number in range(30)]
        return [(answer.status_code, answer.headers.get("Retry-After")) for answer in tries]

    assert answers(USER) == answers("nobody@example.test")


def test_strangers_keep_nobody_out_on_a_new_network(client: FlaskClient, clock: Clock) -> None:
    post(client, "/register", registration(clock).to_json())
    statuses = []
    for number in range(150):
        clock.advance(1)
        statuses.append(log_in(client, seed=WRONG_SEED, address=f"198.51.100.{number % 50}").status_code)
    assert statuses == [401] * 55 + [429] * 95
    assert log_in(client).status_code == 200


def test_forgets_an_accounts_failures_after_a_login(client: FlaskClient, clock: Clock) -> None:
    post(client, "/register", registration(clock).to_json())
    for _ in range(3):
        assert [log_in(client, seed=WRONG_SEED).status_code for _ in range(4)] == [401] * 4
        assert log_in(client).status_code == 200


def test_strangers_keep_nobody_out_on_a_device_that_has_logged_in(client: FlaskClient, clock: Clock) -> None:
    post(client, "/register", registration(clock).to_json())
    assert log_in(client).status_code == 200
    statuses = [log_in(client, seed=WRONG_SEED, device=OTHER_DEVICE).status_code for _ in range(7)]
    assert statuses == [401] * 6 + [429]
    assert log_in(client, device=OTHER_DEVICE).status_code == 429
    assert log_in(client).status_code == 200


def test_guesses_with_the_token_of_a_known_device_wait_too(client: FlaskClient, clock: Clock) -> None:
    post(client, "/register", registration(clock).to_json())
    assert log_in(client).status_code == 200
    # Those of the device, the first try of a stranger, and those that fill the account's bucket.
    statuses = [log_in(client, seed=WRONG_SEED).status_code for _ in range(12)]
    assert statuses == [401] * (5 + 1 + 5) + [429]


def test_makes_a_network_wait_that_tries_many_accounts(client: FlaskClient) -> None:
    statuses = [log_in(client, user=f"user{number}@example.test").status_code for number in range(122)]
    assert statuses == [401] * 120 + [429] * 2
    assert log_in(client, user="user120@example.test", address="203.0.113.9").status_code == 401


def test_counts_all_ipv6_networks_of_one_customer_as_one(client: FlaskClient) -> None:
    for number in range(6):
        assert log_in(client, address=f"2001:db8:0:{number:x}::1").status_code == 401
    assert log_in(client, address="2001:db8:0:ffff::1").status_code == 429
    assert log_in(client, address="2001:db8:1::1").status_code == 401


def test_a_login_does_not_clear_what_its_network_did_before(client: FlaskClient, clock: Clock) -> None:
    post(client, "/register", registration(clock).to_json())
    for number in range(119):
        log_in(client, user=f"user{number}@example.test")
    assert log_in(client).status_code == 200
    assert log_in(client, user="user119@example.test").status_code == 401
    assert log_in(client, user="user120@example.test").status_code == 429


def test_a_stolen_database_has_neither_login_key_nor_bundle_nor_wrap(
    client: FlaskClient, clock: Clock, config: KeyServerConfig
) -> None:
    post(client, "/register", registration(clock).to_json())
    assert log_in(client).status_code == 200
    with sqlite3.connect(config.database) as database:
        dump = b"".join(
            value if isinstance(value, bytes) else str(value).encode()
            for table in ("key_account", "record", "device", "session")
            for row in database.execute(f"SELECT * FROM {table}")  # noqa: S608
            for value in row
        )
    database.close()
    assert USER.encode() in dump
    for secret in (public_key_of(LOGIN_SEED), BUNDLE, STATE, b"w" * 48, DEVICE.token, DEVICE.name.encode()):
        assert secret not in dump


def test_refuses_to_start_with_another_master_key(client: FlaskClient, config: KeyServerConfig) -> None:
    with pytest.raises(ServerKeyError, match="another master key"):
        create_app(replace(config, master_key=b"x" * 32))


def test_refuses_a_sealed_record_that_was_moved_to_another_user(config: KeyServerConfig) -> None:
    keys = Store(config.database, KeyRing(config.key_source)).keys
    with pytest.raises(ServerKeyError):
        keys.unseal(Sealed.RECORD, keys.seal(Sealed.RECORD, b"record", user=USER), user="mallory@example.test")
    with pytest.raises(ServerKeyError):
        keys.unseal(Sealed.LOGIN_KEY, keys.seal(Sealed.RECORD, b"record", user=USER), user=USER)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed-message"),
        (b"[" * 4_000, 400, "malformed-message"),
        (b'{"protocol": 1, "user": "a@b", "auth_key": ""}', 400, "malformed-message"),
        (b'{"protocol": 2, "user": "a@b", "nonce": "", "at": 1, "signature": ""}', 400, "malformed-message"),
        (b'{"protocol": 1, "protocol": 1}', 400, "malformed-message"),
        (b'{"protocol": 2, "user": "\\ud800@b", "nonce": "", "at": 1, "signature": ""}', 400, "malformed-message"),
    ],
)
def test_refuses_a_damaged_body_with_a_json_error(client: FlaskClient, body: bytes, status: int, code: str) -> None:
    response = post(client, "/login", body)
    assert (response.status_code, members(response)["code"]) == (status, code)


@pytest.mark.parametrize(
    ("path", "most_bytes"),
    [("/parameters", 4_096), ("/login", 4_096), ("/recover", 4_096), ("/register", 3_145_728)],
)
def test_refuses_a_body_that_is_larger_than_the_records_of_its_route(
    client: FlaskClient, path: str, most_bytes: int
) -> None:
    refused = post(client, path, b" " * (most_bytes + 1))
    assert (refused.status_code, members(refused)["code"]) == (413, "too-large")
    assert set(members(refused)) == {"code", "message"}
    read = post(client, path, b" " * most_bytes)
    assert (read.status_code, members(read)["code"]) == (400, "malformed-message")


def test_the_longest_address_fits_into_a_small_body(client: FlaskClient) -> None:
    """Each character takes twelve bytes in JSON."""
    user = "\N{OLD ITALIC LETTER A}" * 64 + "@" + "\N{OLD ITALIC LETTER A}" * 253
    assert terms_for(client, user).parameters.salt


@pytest.mark.parametrize("path", ["/parameters", "/login", "/register"])
def test_refuses_half_a_character_in_every_text(client: FlaskClient, clock: Clock, path: str) -> None:
    bodies = {
        "/parameters": ASKED,
        "/login": LOGIN.to_json(),
        "/register": registration(clock).to_json(),
    }
    texts = [name for name in ("user", "ticket", "device_name") if name in json.loads(bodies[path])]
    for name in texts:
        response = post(client, path, json.dumps(json.loads(bodies[path]) | {name: "a\udfff@b"}).encode())
        assert (response.status_code, members(response)["code"]) == (400, "malformed-message"), name


def test_says_of_its_own_failures_that_they_are_its_own(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServerKeys, "false_salt", lambda *_: 1 / 0)
    response = post(client, "/parameters", ASKED)
    assert (response.status_code, members(response)["code"]) == (500, "server-error")


def test_refuses_a_body_that_a_foreign_form_could_post(client: FlaskClient) -> None:
    response = client.post("/login", base_url=ORIGIN, data=LOGIN.to_json(), content_type="text/plain")
    assert (response.status_code, members(response)["code"]) == (415, "not-json")


def test_answers_unknown_routes_and_methods_in_json(client: FlaskClient) -> None:
    assert members(client.get("/nothing", base_url=ORIGIN))["code"] == "not-found"
    assert members(client.get("/login", base_url=ORIGIN))["code"] == "method-not-allowed"


def test_allows_the_pages_origin_and_no_other(client: FlaskClient) -> None:
    for path in ("/login", "/register", "/parameters"):
        fields = {"Origin": PAGES, "Access-Control-Request-Method": "POST"}
        allowed = client.options(path, base_url=ORIGIN, headers=fields)
        assert allowed.headers["Access-Control-Allow-Origin"] == PAGES
        assert allowed.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type, If-Match, If-None-Match"
        foreign = client.options(path, base_url=ORIGIN, headers={"Origin": "http://127.0.0.1:8201"})
        assert "Access-Control-Allow-Origin" not in foreign.headers


def test_sends_strict_headers_and_forbids_caching(client: FlaskClient) -> None:
    headers = post(client, "/parameters", ASKED).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    assert "Origin" in headers["Vary"]


def test_forces_https_where_the_origin_is_not_this_machine(config: KeyServerConfig) -> None:
    client = create_app(replace(config, origin="https://keys.example.test")).test_client()
    response = post(client, "/parameters", ASKED, base_url="http://keys.example.test")
    assert response.status_code in (301, 302)
    assert response.headers["Location"].startswith("https://")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("60", 60), ("9" * 9, 999_999_999), ("9" * 10, None), ("9" * 5_000, None)],
    ids=["a minute", "nine digits", "ten digits", "5,000 digits"],
)
def test_an_absurd_wait_is_no_error_of_its_own(said: str, seconds: int | None) -> None:
    headers = HTTPMessage()
    headers["Retry-After"] = said
    refusal = client_module._refusal(HttpAnswer(status=429, headers=headers, body=b"{}"))
    assert refusal.retry_after_seconds == seconds


def test_believes_nobody_about_https_without_a_proxy(config: KeyServerConfig) -> None:
    origin = "https://keys.example.test"
    claims = {"base_url": "http://keys.example.test", "headers": {"X-Forwarded-Proto": "https"}}
    direct = create_app(replace(config, origin=origin)).test_client()
    assert post(direct, "/parameters", ASKED, **claims).status_code in (301, 302)
    behind = create_app(replace(config, origin=origin, proxies=1)).test_client()
    assert post(behind, "/parameters", ASKED, **claims).status_code == 200


def test_answers_only_for_its_own_host(config: KeyServerConfig) -> None:
    claims = {"base_url": "http://attacker.example", "headers": {"X-Forwarded-Host": "127.0.0.1:8300"}}
    assert post(create_app(config).test_client(), "/parameters", ASKED, **claims).status_code == 400
    behind = create_app(replace(config, proxies=1)).test_client()
    assert post(behind, "/parameters", ASKED, **claims).status_code == 200


@pytest.mark.parametrize("origin", ["http://keys.example.test", "https://keys.example.test/", "ftp://127.0.0.1"])
def test_refuses_a_configured_origin_that_is_none_or_not_safe(config: KeyServerConfig, origin: str) -> None:
    with pytest.raises(Exception, match=r"origin|https"):
        replace(config, origin=origin)


def test_configuration_and_records_show_no_secret(config: KeyServerConfig, clock: Clock) -> None:
    shown = (
        repr(config) + repr(registration(clock)) + repr(KeyAccount(server=ORIGIN, user=USER, passphrase=b"four words"))
    )
    assert "master_key" not in shown
    assert "four words" not in shown
    assert "ticket='" not in shown


@pytest.fixture
def running(config: KeyServerConfig) -> Iterator[KeyServerConfig]:
    """The configuration of a key server that runs on a free port of this machine."""
    with serving(config) as running:
        yield running


@pytest.mark.server
def test_an_identity_registered_by_one_device_is_fetched_by_another(running: KeyServerConfig) -> None:
    provider, at = NativeProvider(), running.clock()
    authority = blocking.run(create_authority("Example CA", provider=provider, at=at))
    identity = blocking.run(issue_identity(authority, USER, provider=provider, at=at, key=NewKey.P256))
    ticket = issue_ticket(TICKET_KEY, audience=running.origin, user=USER, at=at)

    def account(passphrase: bytes, user: str = USER) -> KeyAccount:
        return KeyAccount(server=running.origin, user=user, passphrase=passphrase)

    setting = Setting(transport=HttpTransport(running.origin), provider=provider)

    def register() -> None:
        registration = build_registration(account(b"four words"), [identity], ticket, provider)
        blocking.run(client_module.register_account(HttpTransport(running.origin), blocking.run(registration)))

    def fetch(passphrase: bytes, user: str = USER) -> tuple[Identity, ...]:
        context = LoginContext(device=DEVICE, known=None, at=at)
        return blocking.run(log_in_there(setting, account(passphrase, user), context)).opened.identities

    register()
    (fetched,) = fetch(b"four words")
    assert fetched.certificate == identity.certificate
    for passphrase, user in ((b"five words", USER), (b"four words", "nobody@example.test")):
        with pytest.raises(KeyServerError) as refused:
            fetch(passphrase, user)
        assert refused.value.code == "login-refused"
    with pytest.raises(KeyServerError) as twice:
        register()
    assert twice.value.code == "exists"


def post_there(origin: str, path: str, body: bytes) -> bytes:
    return blocking.run(HttpTransport(origin).send(Call(method="POST", path=path, body=body)))


@pytest.mark.server
def test_the_client_is_told_how_long_to_wait(running: KeyServerConfig) -> None:
    def fail() -> None:
        terms = LoginTerms.from_json(post_there(running.origin, "/parameters", ASKED))
        login = signed_login(terms, seed=WRONG_SEED, origin=running.origin)
        post_there(running.origin, "/login", login.to_json())

    for _ in range(6):
        with pytest.raises(KeyServerError):
            fail()
    with pytest.raises(KeyServerError) as refused:
        fail()
    assert (refused.value.code, refused.value.retry_after_seconds) == ("try-later", 194)


@pytest.mark.server
def test_a_server_that_does_not_answer_is_told() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(KeyServerError) as refused:
            post_there(origin, "/parameters", ASKED)
    assert refused.value.code == "key-server-unreachable"


def test_no_bundle_is_read_before_the_passphrase_was_right(client: FlaskClient, clock: Clock) -> None:
    """A bundle may have a megabyte: the time to read it would reveal who is registered."""
    post(client, "/register", registration(clock).to_json())
    with traced_statements() as statements:
        post(client, "/parameters", ASKED)
        assert log_in(client, seed=WRONG_SEED).status_code == 401
    assert any("FROM key_account" in text for text in statements.texts)
    assert not any("FROM record" in text for text in statements.texts)
    assert log_in(client).status_code == 200
