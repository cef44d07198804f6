"""The recovery copy: a person's encryption keys, encrypted under a random key that the officers have in shares.

    R      = 32 random bytes, new for each copy
    bundle = PKCS#12 (RFC 7292), padded with zeros to a multiple of 16,384 bytes. Its password is
             base64url(HKDF(R, "recovery bundle password", user, copy id)). A copy without keys has only zeros
    share  = AuthEnvelopedData (RFC 5083) for one officer, with a share of R, its number, the user, the copy id,
             and the case, which is empty until the officer passes the share on

A key is copied only if none of its certificates may sign. Officers get no shares of the key that encrypts the account's
record.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from roaming_keys.organisation.protocol.policy import ENCRYPTS, MAX_OFFICERS, RecoveryPolicy, may
from roaming_keys.organisation.protocol.shares import join_shares, split_secret
from roaming_keys.protocol.key_account import KEY_BYTES, expand
from roaming_keys.protocol.messages.accounts import MAX_BUNDLE_BYTES, MAX_RECORD_BYTES, STEP_BYTES
from roaming_keys.protocol.messages.written import to_base64, write
from roaming_keys.protocol.records.record import BUNDLE_ITERATIONS
from smime_core.algorithms import AES_256_GCM
from smime_core.asn1 import der
from smime_core.cms import RECOVERY_SHARE, Encrypting, Keys
from smime_core.errors import MalformedMessage, SmimeError, WrongPassphrase
from smime_core.identity import Identity, Pkcs12Form, export_identities, load_identities
from smime_core.limits import check_limit
from smime_core.message import decrypt_bytes, encrypt_bytes
from smime_core.provider import CryptoProvider
from smime_core.text import JsonObject
from smime_core.x509 import Certificate, KeyUsage

MAX_SHARE_BYTES: Final = 16_384  # CMS for one RSA or EC key has about 1,000 bytes.
_SIGNS: Final = KeyUsage.DIGITAL_SIGNATURE | KeyUsage.NON_REPUDIATION | KeyUsage.KEY_CERT_SIGN | KeyUsage.CRL_SIGN


class KeyMaySign(SmimeError):
    """No key can be copied, because no key is certified for encryption only."""

    code = "key-may-sign"


class SharesRefused(SmimeError):
    """The shares are too few, belong to another case, copy or user, or do not fit together."""

    code = "shares-refused"


def recoverable(identities: Sequence[Identity]) -> tuple[Identity, ...]:
    """Return the identities whose keys only encrypt: no certificate of such a key may sign."""
    signing = {identity.certificate.public_key.spki_der for identity in identities if may(identity.certificate, _SIGNS)}
    return tuple(
        identity
        for identity in identities
        if may(identity.certificate, ENCRYPTS) and identity.certificate.public_key.spki_der not in signing
    )


def left_out(identities: Sequence[Identity]) -> tuple[Identity, ...]:
    """Return the identities for encryption whose keys are not copied, because a certificate of the key may sign."""
    shared_certificates = {identity.certificate.der for identity in recoverable(identities)}
    return tuple(
        identity
        for identity in identities
        if may(identity.certificate, ENCRYPTS) and identity.certificate.der not in shared_certificates
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCopy:
    """A recovery copy as the server stores it.

    `certificates` has the fingerprints of the certificates whose keys are in it. `shares` are in the order of the
    policy's officers.
    """

    id: str
    policy: RecoveryPolicy
    certificates: tuple[str, ...]
    bundle: bytes = field(repr=False)
    shares: tuple[bytes, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.shares) != len(self.policy.officers):
            raise MalformedMessage(f"{len(self.shares)} shares", where="recovery copy")
        if not self.bundle or len(self.bundle) % STEP_BYTES:
            raise MalformedMessage(f"{len(self.bundle)} bytes, expected a multiple of {STEP_BYTES}", where="bundle")

    def members(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "policy": self.policy.members(),
            "certificates": list(self.certificates),
            "bundle": to_base64(self.bundle),
            "shares": [{"cms": to_base64(share)} for share in self.shares],
        }

    def to_json(self) -> bytes:
        return write(self.members())

    @classmethod
    def from_json(cls, data: bytes) -> RecoveryCopy:
        return cls.read_from(JsonObject(data, "recovery copy", max_bytes=MAX_RECORD_BYTES))

    @classmethod
    def read_from(cls, reader: JsonObject) -> RecoveryCopy:
        return reader.whole(
            cls(
                id=reader.id("id"),
                policy=RecoveryPolicy.read_from(reader.nested("policy")),
                certificates=reader.fingerprints("certificates"),
                bundle=reader.data("bundle", MAX_BUNDLE_BYTES),
                shares=tuple(
                    share.whole(share.data("cms", MAX_SHARE_BYTES)) for share in reader.objects("shares", MAX_OFFICERS)
                ),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of a copy's key, for one officer. `case` is empty until the officer passes the share on for a case."""

    user: str
    copy_id: str
    number: int
    value: bytes = field(repr=False)
    case: str = ""

    def to_json(self) -> bytes:
        return write(
            {
                "user": self.user,
                "copy": self.copy_id,
                "case": self.case,
                "number": self.number,
                "share": to_base64(self.value),
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> Share:
        reader = JsonObject(data, "share")
        return reader.whole(
            cls(
                user=reader.short_text("user"),
                copy_id=reader.short_text("copy"),
                case=reader.text_or_null("case") or "",
                number=reader.number("number", 1, MAX_OFFICERS),
                value=reader.exactly("share", KEY_BYTES),
            )
        )


async def build_copy(
    user: str, policy: RecoveryPolicy, identities: Sequence[Identity], provider: CryptoProvider
) -> RecoveryCopy:
    """Return a copy of the keys that only encrypt, or raise KeyMaySign. `user` must be normalised already."""
    copied = recoverable(identities)
    if not copied:
        raise KeyMaySign(
            "no key is certified for encryption only, so none can be shared with officers:"
            " get a separate certificate for encryption, with keyEncipherment or keyAgreement only"
        )
    key, copy_id = provider.random_bytes(KEY_BYTES), provider.random_bytes(16).hex()
    pkcs12 = await export_identities(
        copied,
        await _bundle_password(key, user, copy_id, provider),
        provider,
        BUNDLE_ITERATIONS,
        form=Pkcs12Form.MODERN,
    )
    check_limit("recovery bundle in bytes", len(pkcs12), MAX_BUNDLE_BYTES)
    return RecoveryCopy(
        id=copy_id,
        policy=policy,
        certificates=fingerprints_of(copied),
        bundle=pkcs12 + bytes(-len(pkcs12) % STEP_BYTES),
        shares=await _encrypt_shares(key, user, copy_id, policy, provider),
    )


async def build_empty_copy(user: str, policy: RecoveryPolicy, provider: CryptoProvider) -> RecoveryCopy:
    """Return a copy without keys, to replace a copy once no key may be copied. `user` must be normalised already."""
    key, copy_id = provider.random_bytes(KEY_BYTES), provider.random_bytes(16).hex()
    return RecoveryCopy(
        id=copy_id,
        policy=policy,
        certificates=(),
        bundle=bytes(STEP_BYTES),
        shares=await _encrypt_shares(key, user, copy_id, policy, provider),
    )


async def encrypt_share(share: Share, recipient: Certificate, provider: CryptoProvider) -> bytes:
    """Return the share as CMS that only the owner of `recipient` can decrypt. Raises UnsupportedAlgorithm."""
    return await encrypt_bytes(
        share.to_json(), Encrypting(recipients=(recipient,), cipher=AES_256_GCM), provider, content_type=RECOVERY_SHARE
    )


async def decrypt_share(cms: bytes, identities: Sequence[Identity], provider: CryptoProvider) -> Share:
    """Return the share in the CMS for one of the identities. Raises NoMatchingRecipient, DecryptionError and others."""
    return Share.from_json(
        (await decrypt_bytes(cms, Keys(identities=tuple(identities)), provider, content_type=RECOVERY_SHARE)).content
    )


async def pass_on_share(
    cms: bytes,
    officer_keys: Sequence[Identity],
    expected: Share,
    recipient: Certificate,
    provider: CryptoProvider,
) -> bytes:
    """Return an officer's share, encrypted for the person who recovers the keys.

    `expected` names user, copy, number and case; its value is ignored. Raises SharesRefused if the share has another
    user, copy or number, or was passed on already. Otherwise the server could trick an officer into passing on another
    person's share.
    """
    share = await decrypt_share(cms, officer_keys, provider)
    if replace(share, value=expected.value, case=expected.case) != expected or share.case:
        raise SharesRefused("the key server gave a share that is not of this case: nothing was passed on")
    return await encrypt_share(replace(share, case=expected.case), recipient, provider)


async def open_copy(
    copy: RecoveryCopy, user: str, case: str, shares: Sequence[Share], provider: CryptoProvider
) -> tuple[Identity, ...]:
    """Return the keys in a copy, from the shares that officers have passed on for a case. Raises SharesRefused."""
    if any((share.user, share.copy_id, share.case) != (user, copy.id, case) for share in shares):
        raise SharesRefused("a share is of another case, copy or user")
    values = {share.number: share.value for share in shares}
    if len(values) < copy.policy.needed:
        raise SharesRefused(f"{len(values)} officers have approved, {copy.policy.needed} are needed")
    password = await _bundle_password(join_shares(values), user, copy.id, provider)
    pkcs12 = der.read_tlv(copy.bundle, where="bundle")[0].encoded
    try:
        return tuple(await load_identities(bytes(pkcs12), password, provider))
    except WrongPassphrase:
        raise SharesRefused("the shares do not fit together: an officer has passed on a wrong one") from None


def fingerprints_of(identities: Sequence[Identity]) -> tuple[str, ...]:
    """Return the fingerprints of the certificates, sorted."""
    return tuple(sorted(identity.certificate.fingerprint for identity in identities))


async def _encrypt_shares(
    key: bytes, user: str, copy_id: str, policy: RecoveryPolicy, provider: CryptoProvider
) -> tuple[bytes, ...]:
    values = split_secret(key, policy.needed, len(policy.officers), provider)
    numbered = enumerate(zip(policy.officers, values, strict=True), start=1)
    return tuple(
        [
            await encrypt_share(Share(user=user, copy_id=copy_id, number=number, value=value), officer, provider)
            for number, (officer, value) in numbered
        ]
    )


async def _bundle_password(key: bytes, user: str, copy_id: str, provider: CryptoProvider) -> bytes:
    return base64.urlsafe_b64encode(await expand(key, "recovery bundle password", KEY_BYTES, provider, user, copy_id))
