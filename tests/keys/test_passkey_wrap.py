"""Bundles whose key is wrapped by a passkey, with the native provider."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from pathlib import Path

import pytest

from roaming_keys.protocol.messages.accounts import PasskeyBundle, WrapKind
from roaming_keys.protocol.passkey_wrap import PasskeyRefused, open_with_passkey, seal_for_passkey
from smime_core.blocking import run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.errors import MalformedMessage
from smime_core.identity.identity import Identity
from smime_core.providers.native import NativeProvider

USER = "alice@example.test"
OUTPUT = bytes(range(32))
PROVIDER = NativeProvider()


@pytest.fixture(scope="module")
def identities() -> list[Identity]:
    at = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
    authority = run(create_authority("Example CA", provider=PROVIDER, at=at))
    return [run(issue_identity(authority, USER, provider=PROVIDER, at=at)) for _ in range(2)]


@pytest.fixture(scope="module")
def sealed(identities: list[Identity]) -> PasskeyBundle:
    return run(seal_for_passkey(identities, user=USER, prf_output=OUTPUT, provider=PROVIDER))


def open_it(sealed: PasskeyBundle, *, user: str = USER, prf_output: bytes = OUTPUT) -> tuple[Identity, ...]:
    return run(open_with_passkey(sealed, user=user, prf_output=prf_output, provider=PROVIDER))


def test_the_passkey_opens_every_identity_also_after_the_way_through_json(
    sealed: PasskeyBundle, identities: list[Identity]
) -> None:
    opened = open_it(PasskeyBundle.from_json(sealed.to_json()), user="Alice@Example.test")
    certificates = {identity.certificate for identity in identities}
    assert {opened_identity.certificate for opened_identity in opened} == certificates
    assert {opened_identity.private_key.pkcs8_der for opened_identity in opened} == {
        identity.private_key.pkcs8_der for identity in identities
    }


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda bundle: replace(bundle, bundle_id="00" * 16), id="another bundle"),
        pytest.param(
            lambda bundle: replace(
                bundle,
                wrap=replace(bundle.wrap, wrapped=bytes([bundle.wrap.wrapped[0] ^ 1]) + bundle.wrap.wrapped[1:]),
            ),
            id="altered",
        ),
    ],
)
def test_a_wrap_opens_nothing_but_its_own_bundle(sealed: PasskeyBundle, change: object) -> None:
    assert callable(change)
    with pytest.raises(PasskeyRefused):
        open_it(change(sealed))


def test_another_passkey_or_account_is_refused(sealed: PasskeyBundle) -> None:
    with pytest.raises(PasskeyRefused):
        open_it(sealed, prf_output=bytes(32))
    with pytest.raises(PasskeyRefused):
        open_it(sealed, user="bob@example.test")


def test_an_output_of_another_length_is_no_secret(sealed: PasskeyBundle) -> None:
    with pytest.raises(MalformedMessage, match="31 bytes"):
        open_it(sealed, prf_output=OUTPUT[:31])


def test_without_keys_nothing_is_sealed() -> None:
    with pytest.raises(MalformedMessage, match="no keys"):
        run(seal_for_passkey([], user=USER, prf_output=OUTPUT, provider=PROVIDER))


def test_a_passkeys_wrap_passes_for_no_other_kind(sealed: PasskeyBundle) -> None:
    wrap = replace(sealed.wrap, kind=WrapKind.PASSPHRASE)
    with pytest.raises(MalformedMessage, match="expected a wrap by a passkey"):
        open_it(replace(sealed, wrap=wrap))


@pytest.mark.parametrize("change", [{"version": 2}, {"wraps": []}, {"more": 1}])
def test_what_is_no_bundle_of_a_passkey_is_refused(sealed: PasskeyBundle, change: dict[str, object]) -> None:
    with pytest.raises(MalformedMessage):
        PasskeyBundle.from_json(json.dumps(json.loads(sealed.to_json()) | change).encode())


def test_two_bundles_of_the_same_keys_share_nothing(sealed: PasskeyBundle, identities: list[Identity]) -> None:
    again = run(seal_for_passkey(identities, user=USER, prf_output=OUTPUT, provider=PROVIDER))
    assert again.bundle_id != sealed.bundle_id
    assert again.wrap.wrapped != sealed.wrap.wrapped
    with pytest.raises(PasskeyRefused):
        open_it(replace(sealed, wrap=again.wrap))


def test_a_bundle_that_was_kept_before_protocol_2_still_opens() -> None:
    """The program before protocol 2 made it. Such bundles stand in people's browsers."""
    bundle = PasskeyBundle.from_json((Path(__file__).parent / "passkey_bundle_protocol_1.json").read_bytes().strip())
    (opened,) = open_it(bundle)
    assert USER.encode() in opened.certificate.der
