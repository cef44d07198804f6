"""Objects of a parcel that came without the server that knows the parcel's salt and id."""

from __future__ import annotations

import pytest

from smime_core import Encrypting, State
from smime_core.algorithms import AES_256_CBC, AES_256_GCM, HashName, Pbkdf2
from smime_core.blocking import encrypt_bytes, run
from smime_core.cms.recipients.pwri import PasswordKey
from smime_core.errors import NoMatchingRecipient, ParcelDamaged, ParcelMixed, ParcelNotAuthenticated
from smime_core.parcels import open_manifest, salt_of
from smime_core.trust import Judging
from tests.support.parcels import BOB, PARCEL, SALT, parcel_key, protected, small_manifest
from tests.support.people import NOW, PROVIDER, trust

JUDGING = Judging(trust_store=trust(), at=NOW)


def by_password(iterations: int, hash_name: HashName) -> bytes:
    key = PasswordKey(kdf=Pbkdf2(hash_name=hash_name, salt=SALT, iterations=iterations), kek=bytes(32))
    return encrypt_bytes(b"{}", Encrypting(password_keys=[key], cipher=AES_256_GCM), PROVIDER)


def test_the_salt_is_in_each_object() -> None:
    assert salt_of(protected(small_manifest())) == SALT
    assert salt_of(protected(small_manifest(), for_bob=True)) == SALT


def test_an_object_without_a_password_has_no_salt() -> None:
    cms = encrypt_bytes(b"{}", Encrypting(recipients=[BOB.certificate], cipher=AES_256_GCM), PROVIDER)
    with pytest.raises(NoMatchingRecipient):
        salt_of(cms)


@pytest.mark.parametrize(
    ("iterations", "hash_name"), [(1, HashName.SHA256), (3_000_000, HashName.SHA256), (600_000, HashName.SHA1)]
)
def test_another_derivation_is_refused_before_anything_is_derived(iterations: int, hash_name: HashName) -> None:
    with pytest.raises(ParcelDamaged, match="another key derivation"):
        salt_of(by_password(iterations, hash_name))


def test_an_object_without_authentication_has_no_salt() -> None:
    key = parcel_key().password_key
    with pytest.raises(ParcelNotAuthenticated):
        salt_of(encrypt_bytes(b"{}", Encrypting(password_keys=[key], cipher=AES_256_CBC), PROVIDER))


def test_a_manifest_is_opened_without_its_id() -> None:
    cms = protected(small_manifest())
    opened = run(open_manifest(cms, JUDGING, PROVIDER, parcel=None, key=parcel_key()))
    assert (opened.manifest.parcel, opened.report.state) == (PARCEL, State.ENCRYPTED_ONLY)
    with pytest.raises(ParcelMixed):
        run(open_manifest(cms, JUDGING, PROVIDER, parcel="BBBBBBBBBBBBBBBBBBBBBA", key=parcel_key()))
    with pytest.raises(NoMatchingRecipient):
        run(open_manifest(cms, JUDGING, PROVIDER, parcel=None, identities=[BOB]))
