"""The client's side of the key server's protocol, with the native provider."""

from __future__ import annotations

import asyncio
import datetime
import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from roaming_keys.protocol.calls import SessionKey
from roaming_keys.protocol.changes import build_registration
from roaming_keys.protocol.key_account import (
    Attempt,
    KeyAccount,
    LoginMethod,
    PassphraseMissing,
    PassphraseReused,
    check_passphrase,
    encode_fields,
    login_record,
    normalise_origin,
    normalise_user,
    sign_login,
    stretch,
)
from roaming_keys.protocol.messages.accounts import (
    STEP_BYTES,
    Device,
    KeyRecord,
    Login,
    LoginTerms,
    Parameters,
    Registration,
    Wrap,
)
from roaming_keys.protocol.records.record import open_record, unwrap_by_passphrase
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.errors import LimitExceeded, MalformedMessage, WrongPassphrase
from smime_core.identity.identity import Identity
from smime_core.providers.native import NativeProvider

SERVER = "https://keys.example.test"
USER = "alice@example.test"
PASSPHRASE = "häßliche Entlein tauchen".encode()
KEYS = KeyAccount(server=SERVER, user=USER, passphrase=PASSPHRASE)
NONCE = bytes(range(40))
TERMS = LoginTerms(parameters=Parameters(salt=bytes(16)), nonce=NONCE)
SESSION_KEY = SessionKey(bytes(32))
DEVICE = Device(token=b"t" * 32, name="a test")
AT = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class Account:
    identity: Identity
    registration: Registration
    provider: NativeProvider

    def open(self, record: KeyRecord | None = None, *, keys: KeyAccount = KEYS) -> tuple[Identity, ...]:
        """Return the identities in `record`, by default those in the registered one."""
        return asyncio.run(self._open(record or self.registration.record, keys))

    async def _open(self, record: KeyRecord, keys: KeyAccount) -> tuple[Identity, ...]:
        own = await stretch(keys, self.registration.keys.parameters, self.provider)
        key = await unwrap_by_passphrase(record, keys.user, own.wrap_key, self.provider)
        return (await open_record(record, keys.user, key, self.provider)).identities

    def log_in(self, keys: KeyAccount = KEYS) -> Login:
        own = asyncio.run(stretch(keys, self.registration.keys.parameters, self.provider))
        attempt = Attempt(nonce=NONCE, at=AT, session_key=SESSION_KEY.public, device=DEVICE)
        return asyncio.run(
            sign_login(keys.server, keys.user, LoginMethod.PASSPHRASE, own.login_key, attempt, self.provider)
        )

    def is_accepted(self, login: Login) -> bool:
        """Whether the server of the registration accepts a login."""
        record = login_record(SERVER, USER, LoginMethod.PASSPHRASE, login)
        try:
            key = Ed25519PublicKey.from_public_bytes(self.registration.keys.login_key)
            key.verify(login.signature, record)
        except InvalidSignature:
            return False
        return True


@pytest.fixture(scope="module")
def account() -> Account:
    async def register() -> Account:
        provider = NativeProvider()
        authority = await create_authority("Example CA", provider=provider, at=AT)
        identity = await issue_identity(authority, USER, provider=provider, at=AT)
        registration = await build_registration(KEYS, [identity], "t", provider)
        return Account(identity, registration, provider)

    return asyncio.run(register())


def test_the_registered_identity_comes_back_with_the_passphrase(account: Account) -> None:
    (opened,) = account.open()
    assert opened.certificate == account.identity.certificate
    assert opened.private_key.pkcs8_der == account.identity.private_key.pkcs8_der


def test_the_login_is_signed_by_the_key_that_was_registered(account: Account) -> None:
    assert account.is_accepted(account.log_in())


def test_a_composed_and_a_decomposed_accent_are_the_same_passphrase(account: Account) -> None:
    decomposed = "ha\u0308ßliche Entlein tauchen".encode()
    assert account.is_accepted(account.log_in(replace(KEYS, passphrase=decomposed)))


def test_a_wrong_passphrase_is_told(account: Account) -> None:
    with pytest.raises(WrongPassphrase):
        account.open(keys=replace(KEYS, passphrase=b"wrong"))


@pytest.mark.parametrize("other", [replace(KEYS, server="https://evil.test"), replace(KEYS, user="bob@example.test")])
def test_another_server_or_user_gets_another_key(account: Account, other: KeyAccount) -> None:
    assert not account.is_accepted(account.log_in(other))


@pytest.mark.parametrize("change", [{"bundle_id": "other"}, {"version": 2}])
def test_parts_of_a_record_open_under_no_other_id_or_version(account: Account, change: dict[str, Any]) -> None:
    with pytest.raises(WrongPassphrase):
        account.open(replace(account.registration.record, **change))


def test_an_altered_wrap_does_not_open(account: Account) -> None:
    (wrap,) = account.registration.record.wraps
    altered = replace(wrap, wrapped=bytes([wrap.wrapped[0] ^ 1]) + wrap.wrapped[1:])
    with pytest.raises(WrongPassphrase):
        account.open(replace(account.registration.record, wraps=(altered,)))


@pytest.mark.parametrize("part", ["bundle", "state"])
def test_an_altered_part_does_not_open(account: Account, part: str) -> None:
    record = account.registration.record
    data = getattr(record, part)
    altered = data[:300] + bytes([data[300] ^ 1]) + data[301:]
    with pytest.raises(WrongPassphrase):
        account.open(replace(record, **{part: altered}))


def test_wraps_of_kinds_that_come_later_are_passed_over(account: Account) -> None:
    later = Wrap(kind="organisation", nonce=b"", wrapped=b"something else")
    record = replace(account.registration.record, wraps=(later, *account.registration.record.wraps))
    assert len(account.open(KeyRecord.from_json(record.to_json()))) == 1


@pytest.mark.parametrize("count", [0, 2])
def test_a_bundle_has_exactly_one_wrap_for_the_passphrase(account: Account, count: int) -> None:
    record = replace(account.registration.record, wraps=account.registration.record.wraps * count)
    with pytest.raises(MalformedMessage, match=f"{count} wraps"):
        account.open(record)


def test_every_registration_has_a_fresh_salt_bundle_and_key(account: Account) -> None:
    again = asyncio.run(build_registration(KEYS, [account.identity], "t", account.provider))
    first = account.registration
    assert again.keys.parameters.salt != first.keys.parameters.salt
    assert again.keys.login_key != first.keys.login_key
    assert again.record.bundle_id != first.record.bundle_id
    assert again.record.wraps != first.record.wraps


def test_records_survive_their_json(account: Account) -> None:
    registration, login = account.registration, account.log_in()
    assert Registration.from_json(registration.to_json()) == registration
    assert Login.from_json(login.to_json()) == login
    assert KeyRecord.from_json(registration.record.to_json()) == registration.record
    assert LoginTerms.from_json(TERMS.to_json()) == TERMS


def test_the_registration_has_the_members_of_the_contract(account: Account) -> None:
    members = json.loads(account.registration.to_json())
    assert set(members) == {
        *("protocol", "user", "ticket", "salt", "memory_kib", "passes", "lanes"),
        *("login_key", "recovery_key", "record"),
    }
    assert set(members["record"]) == {"bundle_id", "version", "bundle", "state", "wraps"}
    assert set(members["record"]["wraps"][0]) == {"kind", "nonce", "wrapped"}


def test_nothing_that_is_sent_holds_the_passphrase_or_the_private_key(account: Account) -> None:
    sent = account.registration
    octets = sent.to_json() + sent.record.bundle + account.log_in().to_json() + sent.record.wraps[0].wrapped
    assert PASSPHRASE not in octets
    assert account.identity.private_key.pkcs8_der[-32:] not in octets


def test_no_record_shows_its_secrets(account: Account) -> None:
    shown = repr(account.registration) + repr(account.log_in()) + repr(KEYS)
    assert "ticket=" not in shown
    assert "bundle=" not in shown
    assert "passphrase=" not in shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("memory_kib", 65_535),
        ("memory_kib", 262_145),
        ("memory_kib", 10**30),
        ("passes", 2),
        ("passes", 17),
        ("lanes", 0),
        ("lanes", 9),
        ("salt", "c2FsdA=="),
    ],
)
def test_refuses_parameters_that_weaken_or_exhaust(name: str, value: Any) -> None:
    members = json.loads(TERMS.to_json()) | {name: value}
    with pytest.raises(MalformedMessage, match=name):
        LoginTerms.from_json(json.dumps(members).encode())


@pytest.mark.parametrize(
    "change",
    [
        {"protocol": 1},
        {"protocol": True},
        {"protocol": "2"},
        {"nonce": "AAAA"},
        {"memory_kib": 65_536.0},
        {"passes": None},
        {"salt": "not base64 ä"},
        {"salt": 5},
        {"more": 1},
    ],
)
def test_refuses_parameters_of_another_shape(change: dict[str, Any]) -> None:
    members = json.loads(TERMS.to_json()) | change
    with pytest.raises(MalformedMessage):
        LoginTerms.from_json(json.dumps(members).encode())


@pytest.mark.parametrize("name", ["protocol", "nonce", "salt", "memory_kib", "passes", "lanes"])
def test_refuses_parameters_that_lack_a_member(name: str) -> None:
    members = json.loads(TERMS.to_json())
    del members[name]
    with pytest.raises(MalformedMessage, match=name):
        LoginTerms.from_json(json.dumps(members).encode())


def test_refuses_a_member_that_stands_twice() -> None:
    twice = TERMS.to_json().replace(b'"passes":3', b'"passes":9,"passes":3')
    with pytest.raises(MalformedMessage, match="appears twice"):
        LoginTerms.from_json(twice)


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"\xff", b"[" * 10_000])
def test_refuses_what_is_no_json_object(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        KeyRecord.from_json(data)


def test_refuses_a_record_above_the_limits() -> None:
    step, many = bytes(STEP_BYTES), (Wrap(kind="k", nonce=b"", wrapped=b""),) * 21
    record = KeyRecord(bundle_id="b", version=1, bundle=step, state=step, wraps=many)
    with pytest.raises(LimitExceeded):
        KeyRecord.from_json(record.to_json())
    with pytest.raises(LimitExceeded):
        KeyRecord.from_json(replace(record, wraps=(), bundle=step * 65).to_json())


@pytest.mark.parametrize("change", [{"bundle": b""}, {"state": b"x"}, {"bundle": bytes(STEP_BYTES + 1)}])
def test_a_record_whose_size_tells_its_content_is_refused(change: dict[str, bytes]) -> None:
    step = bytes(STEP_BYTES)
    with pytest.raises(MalformedMessage, match="multiple"):
        KeyRecord(**{"bundle_id": "b", "version": 1, "bundle": step, "state": step, "wraps": (), **change})  # type: ignore[arg-type]


def test_no_two_lists_of_fields_have_the_same_encoding() -> None:
    encodings = {
        encode_fields("label", "ab", "c"),
        encode_fields("label", "a", "bc"),
        encode_fields("label", "abc"),
        encode_fields("labela", "bc"),
        encode_fields("label", "ab", "c", ""),
    }
    assert len(encodings) == 5


def test_refuses_a_passphrase_that_equals_the_mail_password() -> None:
    with pytest.raises(PassphraseReused):
        check_passphrase("pässword".encode(), mail_password="pa\u0308ssword".encode())


def test_refuses_an_empty_passphrase() -> None:
    with pytest.raises(PassphraseMissing):
        check_passphrase(b"")


def test_registration_refuses_the_mail_password_as_passphrase(account: Account) -> None:
    with pytest.raises(PassphraseReused):
        asyncio.run(build_registration(KEYS, [account.identity], "t", account.provider, mail_password=PASSPHRASE))


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Keys.Example.test:443/path", "https://keys.example.test"),
        ("https://keys.example.test:8443", "https://keys.example.test:8443"),
        ("http://127.0.0.1:8300/", "http://127.0.0.1:8300"),
        ("http://[::1]:8300", "http://[::1]:8300"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_origins_have_one_spelling(url: str, origin: str) -> None:
    assert normalise_origin(url) == origin


@pytest.mark.parametrize(
    "url",
    ["http://keys.example.test", "ftp://localhost", "keys.example.test", "https://a@b.test", "https://h:99999", ""],
)
def test_refuses_a_server_that_is_no_safe_origin(url: str) -> None:
    with pytest.raises(MalformedMessage):
        normalise_origin(url)


@pytest.mark.parametrize("user", ["", "alice", "a@b@c", "a b@c", "a@b\n", "a\x00@b", "@b", "a@" + "b" * 254])
def test_refuses_a_user_that_is_no_address(user: str) -> None:
    with pytest.raises(MalformedMessage):
        normalise_user(user.replace("\n", "\nx"))


def every_combination() -> Iterator[str]:
    """Each character of Unicode, each base in each case with each mark that some character is composed of."""
    characters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    yield from characters
    parts = [
        unicodedata.normalize("NFD", character) for character in characters if unicodedata.decomposition(character)
    ]
    bases = {case for part in parts for case in (part[:-1], part[:-1].upper(), part[:-1].title())}
    marks = {part[-1] for part in parts if unicodedata.combining(part[-1])}
    yield from (base + mark for base in sorted(bases) for mark in sorted(marks))


def test_the_normalised_user_is_a_fixed_point_in_all_of_unicode() -> None:
    taken = [text for text in every_combination() if len(text) < 20 and not re.search(r"[\s@\x00-\x1f\x7f]", text)]
    for start in range(0, len(taken), 12):
        # A letter between keeps them apart. At the end, a sigma has a form of its own.
        user = "a".join(taken[start : start + 12])[:60] + "@example.test"
        normalised = normalise_user(user)
        assert unicodedata.is_normalized("NFC", normalised), ascii(user)
        assert normalise_user(normalised) == normalised, ascii(user)
        assert normalise_user(unicodedata.normalize("NFD", user)) == normalised, ascii(user)


def test_each_spelling_of_a_user_is_the_same_account() -> None:
    for composed in "\u01f0\u1e96\u1e97\u1e98\u1e99":
        separate = unicodedata.normalize("NFD", composed).upper()
        assert normalise_user(f"{separate}@example.test") == f"{composed}@example.test"


def test_the_protocol_needs_neither_flask_nor_native_cryptography() -> None:
    code = (
        "import sys; import roaming_keys.protocol.passkey_wrap, roaming_keys.protocol.session;"
        "sys.exit(any(name in sys.modules for name in ('flask', 'keyring', 'sqlite3', 'urllib.request')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
