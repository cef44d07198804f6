"""The client's side of the key server's protocol, with the native provider."""

from __future__ import annotations

import asyncio
import datetime
import json
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from roaming_keys.protocol import (
    KeyAccount,
    PassphraseMissing,
    PassphraseReused,
    build_registration,
    check_passphrase,
    encode_fields,
    login_record,
    normalise_origin,
    normalise_user,
    open_bundle,
    sign_login,
    stretch,
)
from roaming_keys.wire import Login, LoginTerms, Parameters, Registration, SealedBundle, Wrap
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
AT = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class Account:
    identity: Identity
    registration: Registration
    provider: NativeProvider

    def open(
        self, sealed: SealedBundle | None = None, *, keys: KeyAccount = KEYS, lowest_version: int = 1
    ) -> tuple[Identity, ...]:
        """Return the identities in `sealed`, by default those in the registered bundle."""
        bundle, parameters = sealed or self.registration.sealed, self.registration.parameters
        wrap_key = asyncio.run(stretch(keys, parameters, self.provider)).wrap_key
        return asyncio.run(open_bundle(bundle, keys.user, wrap_key, self.provider, lowest_version=lowest_version))

    def log_in(self, keys: KeyAccount = KEYS) -> Login:
        own = asyncio.run(stretch(keys, self.registration.parameters, self.provider))
        return asyncio.run(sign_login(keys, own, NONCE, AT, self.provider))

    def is_accepted(self, login: Login) -> bool:
        """Whether the server of the registration accepts a login."""
        record = login_record(SERVER, USER, login.nonce, login.at)
        try:
            Ed25519PublicKey.from_public_bytes(self.registration.login_key).verify(login.signature, record)
        except InvalidSignature:
            return False
        return True


@pytest.fixture(scope="module")
def account() -> Account:
    async def register() -> Account:
        provider = NativeProvider()
        authority = await create_authority("Example CA", provider=provider, at=AT)
        identity = await issue_identity(authority, USER, provider=provider, at=AT)
        registration = await build_registration(KEYS, identity, "t", provider)
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
def test_a_wrap_moved_to_another_bundle_or_version_does_not_open(account: Account, change: dict[str, Any]) -> None:
    with pytest.raises(WrongPassphrase):
        account.open(replace(account.registration.sealed, **change))


def test_an_altered_wrap_does_not_open(account: Account) -> None:
    (wrap,) = account.registration.sealed.wraps
    altered = replace(wrap, wrapped=bytes([wrap.wrapped[0] ^ 1]) + wrap.wrapped[1:])
    with pytest.raises(WrongPassphrase):
        account.open(replace(account.registration.sealed, wraps=(altered,)))


def test_an_altered_bundle_does_not_open(account: Account) -> None:
    sealed = account.registration.sealed
    middle = len(sealed.bundle) // 2
    altered = sealed.bundle[:middle] + bytes([sealed.bundle[middle] ^ 1]) + sealed.bundle[middle + 1 :]
    with pytest.raises(WrongPassphrase):
        account.open(replace(sealed, bundle=altered))


def test_a_version_older_than_one_seen_before_is_refused(account: Account) -> None:
    with pytest.raises(MalformedMessage, match="version 3 was seen"):
        account.open(lowest_version=3)


def test_wraps_of_kinds_that_come_later_are_passed_over(account: Account) -> None:
    later = Wrap(kind="passkey", nonce=b"", wrapped=b"something else")
    sealed = replace(account.registration.sealed, wraps=(later, *account.registration.sealed.wraps))
    assert len(account.open(SealedBundle.from_json(sealed.to_json()))) == 1


@pytest.mark.parametrize("count", [0, 2])
def test_a_bundle_has_exactly_one_wrap_for_the_passphrase(account: Account, count: int) -> None:
    sealed = replace(account.registration.sealed, wraps=account.registration.sealed.wraps * count)
    with pytest.raises(MalformedMessage, match=f"{count} wraps"):
        account.open(sealed)


def test_every_registration_has_a_fresh_salt_bundle_and_key(account: Account) -> None:
    again = asyncio.run(build_registration(KEYS, account.identity, "t", account.provider))
    first = account.registration
    assert again.parameters.salt != first.parameters.salt
    assert again.login_key != first.login_key
    assert again.sealed.bundle_id != first.sealed.bundle_id
    assert again.sealed.wraps != first.sealed.wraps


def test_records_survive_their_json(account: Account) -> None:
    registration, login = account.registration, account.log_in()
    assert Registration.from_json(registration.to_json()) == registration
    assert Login.from_json(login.to_json()) == login
    assert SealedBundle.from_json(registration.sealed.to_json()) == registration.sealed
    assert LoginTerms.from_json(TERMS.to_json()) == TERMS


def test_the_registration_has_the_members_of_the_contract(account: Account) -> None:
    members = json.loads(account.registration.to_json())
    assert set(members) == {
        *("protocol", "user", "ticket", "salt", "memory_kib", "passes", "lanes"),
        *("login_key", "bundle_id", "version", "bundle", "wraps"),
    }
    assert set(members["wraps"][0]) == {"kind", "nonce", "wrapped"}


def test_nothing_that_is_sent_holds_the_passphrase_or_the_private_key(account: Account) -> None:
    sent = account.registration
    octets = sent.to_json() + sent.sealed.bundle + account.log_in().to_json() + sent.sealed.wraps[0].wrapped
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
        SealedBundle.from_json(data)


def test_refuses_a_bundle_record_above_the_limits() -> None:
    sealed = SealedBundle(bundle_id="b", version=1, bundle=b"", wraps=(Wrap(kind="k", nonce=b"", wrapped=b""),) * 21)
    with pytest.raises(LimitExceeded):
        SealedBundle.from_json(sealed.to_json())
    with pytest.raises(LimitExceeded):
        SealedBundle.from_json(replace(sealed, wraps=(), bundle=bytes(1_048_577)).to_json())


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
        asyncio.run(build_registration(KEYS, account.identity, "t", account.provider, mail_password=PASSPHRASE))


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


def test_the_protocol_needs_neither_flask_nor_native_cryptography() -> None:
    code = (
        "import sys; import roaming_keys.protocol;"
        "sys.exit(any(name in sys.modules for name in ('flask', 'keyring', 'sqlite3', 'urllib.request')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
