"""The manifest as an object: it has the verdict, and it belongs to one parcel and its readers."""

from __future__ import annotations

import dataclasses

import pytest

from smime_core import Encrypting, Keys, SignatureForm, Signing, State
from smime_core.algorithms import AES_256_GCM, HashName, Kdf, Pbkdf2
from smime_core.asn1 import der
from smime_core.blocking import encrypt_bytes, run, sign_bytes
from smime_core.cms.content_info import (
    ID_COMPRESSED_DATA,
    ID_SIGNED_DATA,
    PAGE,
    PARCEL_MANIFEST,
    build_content_info,
    parse_content_info,
)
from smime_core.cms.recipients.pwri import PasswordKey
from smime_core.cms.signed_data import parse_signed_data
from smime_core.errors import (
    LimitExceeded,
    MalformedMessage,
    NoMatchingRecipient,
    ParcelDamaged,
    ParcelMisaddressed,
    ParcelMixed,
    ParcelNotAuthenticated,
    SmimeError,
    WrongPassphrase,
)
from smime_core.parcels import (
    MAX_MANIFEST_OBJECT_BYTES,
    ParcelKey,
    build_manifest,
    decrypt_authenticated,
    open_manifest,
)
from smime_core.parcels.manifest import write_manifest
from smime_core.providers.native import NativeProvider
from smime_core.trust import Judging
from tests.support.parcels import (
    ALICE,
    BOB,
    PARCEL,
    SALT,
    manifest,
    opened,
    parcel_key,
    protected,
    signing,
    small_manifest,
)
from tests.support.people import NOW, PROVIDER, person, trust


def encrypted(content: bytes) -> bytes:
    """Any content in the envelope of this parcel."""
    return encrypt_bytes(content, Encrypting(password_keys=[parcel_key().password_key], cipher=AES_256_GCM), PROVIDER)


def test_a_signed_manifest_is_verified_for_its_sender() -> None:
    outcome = opened(protected(manifest(), sign=signing()))
    assert outcome.manifest == manifest()
    assert (outcome.report.state, outcome.report.sender) == (State.VERIFIED, "alice@example.test")
    assert outcome.report.is_encrypted
    assert [recipient.opened for recipient in outcome.report.recipients] == [True]


def test_a_manifest_that_nobody_signed_is_nobodys_word() -> None:
    outcome = opened(protected(manifest()))
    assert outcome.manifest == manifest()
    assert (outcome.report.state, outcome.report.signers) == (State.ENCRYPTED_ONLY, ())


def test_a_certificate_opens_the_manifest() -> None:
    cms = protected(manifest(), sign=signing(), for_bob=True)
    assert opened(cms, identities=[BOB]).report.state is State.VERIFIED
    with pytest.raises(NoMatchingRecipient):
        opened(cms, identities=[person("carol")])


def test_the_signed_content_has_a_type_of_its_own() -> None:
    content = run(decrypt_authenticated(protected(manifest(), sign=signing(), for_bob=True), _bobs_keys(), PROVIDER))
    assert parse_signed_data(parse_content_info(content).content).e_content_type == PARCEL_MANIFEST


def _bobs_keys() -> Keys:
    return Keys(identities=[BOB])


def test_the_signature_of_somebody_else_is_invalid() -> None:
    """Bob holds the secret and signs a manifest in the name of Alice."""
    report = opened(protected(manifest(), sign=signing(BOB))).report
    assert report.state is State.INVALID
    assert [why.code for why in report.reasons] == ["sender-mismatch"]


def test_an_unknown_signer_is_not_verified() -> None:
    cms = protected(manifest(), sign=signing())
    stranger = Judging(trust_store=trust(BOB.certificate), at=NOW)
    report = run(open_manifest(cms, stranger, PROVIDER, parcel=PARCEL, key=parcel_key())).report
    assert report.state is State.SIGNED_UNVERIFIED


def test_an_altered_signed_manifest_is_invalid() -> None:
    """Bob alters the JSON in Alice's signature and encrypts it again."""
    signed = sign_bytes(write_manifest(manifest()), signing(), PROVIDER, content_type=PARCEL_MANIFEST)
    altered = signed.replace(b"letter.txt", b"letter.exe")
    assert altered != signed
    outcome = opened(encrypted(altered))
    assert (outcome.report.state, outcome.manifest.files[0].name) == (State.INVALID, "letter.exe")


def test_a_manifest_of_another_parcel_is_refused() -> None:
    other = dataclasses.replace(manifest(), parcel="BBBBBBBBBBBBBBBBBBBBBA")
    with pytest.raises(ParcelMixed, match="of another parcel"):
        opened(protected(other, sign=signing()))


def test_a_parcel_that_was_passed_on_is_refused() -> None:
    """Bob encrypts Alice's signed manifest for Carol. Its signature is right, but Alice has not named Carol."""
    cms = protected(manifest(), sign=signing())
    with pytest.raises(ParcelMisaddressed, match="for bob@example"):
        opened(cms, readers=["carol@example.test"])
    assert opened(cms, readers=["carol@example.test", "BOB@example.test"]).report.state is State.VERIFIED
    assert opened(cms).manifest.recipients == ("bob@example.test",)


def test_a_wrong_secret_is_named_as_such() -> None:
    with pytest.raises(WrongPassphrase):
        opened(protected(manifest()), key=ParcelKey(salt=SALT, kek=bytes(32)))


def test_a_key_of_another_salt_is_refused() -> None:
    with pytest.raises(ParcelMixed):
        opened(protected(manifest()), key=ParcelKey(salt=bytes(16), kek=parcel_key().kek))


class _DerivesNothing(NativeProvider):
    async def derive_key(self, kdf: Kdf, secret: bytes, length: int) -> bytes:
        assert not isinstance(kdf, Pbkdf2), "PBKDF2 ran"
        return await super().derive_key(kdf, secret, length)


def test_another_key_derivation_is_refused_before_anything_is_derived() -> None:
    hostile = PasswordKey(kdf=Pbkdf2(hash_name=HashName.SHA256, salt=SALT, iterations=3_000_000), kek=bytes(32))
    cms = encrypt_bytes(write_manifest(manifest()), Encrypting(password_keys=[hostile], cipher=AES_256_GCM), PROVIDER)
    judging = Judging(trust_store=trust(), at=NOW)
    with pytest.raises(ParcelMixed):
        run(open_manifest(cms, judging, _DerivesNothing(), parcel=PARCEL, key=parcel_key()))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"Subject: x\r\n\r\n",
        write_manifest(small_manifest())[:-1],
        sign_bytes(write_manifest(small_manifest()), signing(), PROVIDER),
        sign_bytes(write_manifest(small_manifest()), signing(), PROVIDER, content_type=PAGE),
        sign_bytes(
            write_manifest(small_manifest()),
            Signing(identities=[ALICE], signing_time=NOW, form=SignatureForm.DETACHED),
            PROVIDER,
            content_type=PARCEL_MANIFEST,
        ),
        sign_bytes(
            sign_bytes(write_manifest(small_manifest()), signing(), PROVIDER, content_type=PARCEL_MANIFEST),
            signing(),
            PROVIDER,
            content_type=PARCEL_MANIFEST,
        ),
    ],
    ids=["empty", "members", "mail", "cut", "signed mail", "signed page", "detached", "signed twice"],
)
def test_other_content_is_damage(content: bytes) -> None:
    with pytest.raises(ParcelDamaged):
        opened(encrypted(content))


def test_compressed_content_is_not_expanded() -> None:
    with pytest.raises(ParcelDamaged, match="expected SignedData"):
        opened(encrypted(build_content_info(ID_COMPRESSED_DATA, b"\x30\x00")))


def test_signed_content_without_a_signature_is_damage() -> None:
    inside = der.sequence(der.oid(PARCEL_MANIFEST), der.explicit(0, der.octet_string(write_manifest(manifest()))))
    signed_data = der.sequence(der.integer(3), der.set_of([]), inside, der.set_of([]))
    with pytest.raises(ParcelDamaged, match="every signature is missing"):
        opened(encrypted(build_content_info(ID_SIGNED_DATA, signed_data)))


def test_a_manifest_that_would_be_too_large_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smime_core.parcels.manifest_object.MAX_MANIFEST_OBJECT_BYTES", 100)
    with pytest.raises(LimitExceeded, match="bytes of a parcel manifest"):
        protected(manifest())


def test_an_encrypted_manifest_in_the_envelope_is_damage() -> None:
    with pytest.raises(ParcelDamaged):
        opened(encrypted(protected(manifest())))


def test_a_manifest_that_is_only_signed_is_damage() -> None:
    with pytest.raises(ParcelDamaged, match="expected AuthEnvelopedData"):
        opened(sign_bytes(write_manifest(manifest()), signing(), PROVIDER, content_type=PARCEL_MANIFEST))


def test_a_manifest_without_authentication_is_refused() -> None:
    cms = encrypt_bytes(write_manifest(manifest()), Encrypting(password_keys=[parcel_key().password_key]), PROVIDER)
    with pytest.raises(ParcelNotAuthenticated):
        opened(cms)


def test_a_manifest_that_is_too_large_is_refused() -> None:
    with pytest.raises(LimitExceeded):
        opened(bytes(MAX_MANIFEST_OBJECT_BYTES + 1))


def test_a_manifest_is_not_made_for_nobody_or_without_its_content() -> None:
    with pytest.raises(MalformedMessage, match="nobody to encrypt to"):
        run(build_manifest(manifest(), PROVIDER))
    detached = Signing(identities=[ALICE], signing_time=NOW, form=SignatureForm.DETACHED)
    with pytest.raises(MalformedMessage, match="leave the content out"):
        protected(manifest(), sign=detached)


def test_every_flipped_bit_is_noticed() -> None:
    cms = protected(small_manifest())
    for position in range(len(cms)):
        altered = bytearray(cms)
        altered[position] ^= 1
        try:
            outcome = opened(bytes(altered))
        except SmimeError:
            continue
        # Some bits have no meaning, such as the version of a recipient.
        assert outcome.manifest == small_manifest()
