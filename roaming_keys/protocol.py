"""The client's side of the key server's protocol 2, without I/O. The vault and the command share it.

    stretched = Argon2id(passphrase, SHA-256(label, server origin, user, salt))      RFC 9106
    login_key = Ed25519 key with the seed HKDF(stretched, "login key")               RFC 5869, RFC 8032
    wrap_key  = HKDF(stretched, "passphrase wrap key")
    K         = 32 random bytes for each bundle version
    bundle    = PKCS#12 under base64url(HKDF(K, "bundle"))
    wrap      = AES-256-GCM(wrap_key, K), AAD: user, bundle id, version, kind of wrap

A login signs the server's nonce, so nothing is sent that could be used again. The server sees the public half of
login_key, bundle and wraps, and learns neither passphrase nor private key. The origin is part of the salt and of what
is signed, so a false server gets a login that the real one does not accept. Wraps by passkey are in `passkey_wrap.py`.
Wraps by a recovery code or an organisation are not made here; they would be further entries in the list of wraps, with
another `kind`.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from roaming_keys.wire import KEY_FORM, PROTOCOL, Login, Parameters, Registration, SealedBundle, Wrap, WrapKind
from smime_core.algorithms import AES_256_GCM, Argon2id, HashName, Hkdf, SignatureAlgorithm, SignatureScheme
from smime_core.errors import DecryptionError, MalformedMessage, SmimeError, WrongPassphrase
from smime_core.identity import Identity, Pkcs12Form, export_identities, load_identities
from smime_core.keys import public_key_of, public_octets, raw_private_key
from smime_core.limits import MAX_PASSPHRASE_BYTES
from smime_core.provider import CryptoProvider, KeyType, PrivateKey
from smime_core.text import is_loopback

KEY_BYTES: Final = 32
# The PKCS#12 password has 256 bits of entropy already, so more iterations would cost time and add nothing.
BUNDLE_ITERATIONS: Final = 1_000
FIRST_VERSION: Final = 1
_LABEL: Final = "sealwax roaming_keys"
_ED25519: Final = SignatureAlgorithm(scheme=SignatureScheme.ED25519, hash_name=HashName.SHA512)
# Normalising takes quadratic time for a run of combining characters. The limit applies to the text before
# normalisation, in which one character of an address may be three (Hangul).
_MAX_USER_CHARACTERS: Final = 1_024
_MAX_URL_CHARACTERS: Final = 2_048  # urlsplit normalises the host, which takes quadratic time.
_USER: Final = re.compile(r"[^\s@\x00-\x1f\x7f]{1,64}@[^\s@\x00-\x1f\x7f]{1,253}")


class PassphraseReused(SmimeError):
    """The key passphrase equals the mail password, which bridge and mail server learn at every login."""

    code = "passphrase-reused"

    def __init__(self) -> None:
        super().__init__("the key passphrase is the same as the mail password: choose another one")


class PassphraseMissing(SmimeError):
    """The key passphrase is empty."""

    code = "passphrase-missing"

    def __init__(self) -> None:
        super().__init__("the key passphrase is empty: choose one")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAccount:
    """A person's account at a key server, with the passphrase of the keys that are stored there.

    `server` is given as a URL and becomes its origin. `user` becomes the normalised address. Raises MalformedMessage
    for an invalid server or user.
    """

    server: str
    user: str
    passphrase: bytes = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "server", normalise_origin(self.server))
        object.__setattr__(self, "user", normalise_user(self.user))


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountKeys:
    """The keys that come from the passphrase."""

    login_key: PrivateKey = field(repr=False)
    wrap_key: bytes = field(repr=False)


async def build_registration(
    account: KeyAccount,
    identity: Identity,
    ticket: str,
    provider: CryptoProvider,
    mail_password: bytes | None = None,
) -> Registration:
    """Return the body of `POST /register`: `identity` as version 1 of a new bundle, whose key the passphrase wraps.

    Pass `mail_password` if it is known. Raises PassphraseReused if the passphrase is the same, PassphraseMissing or
    MalformedMessage.
    """
    check_passphrase(account.passphrase, mail_password)
    parameters = Parameters(salt=provider.random_bytes(16))
    keys = await stretch(account, parameters, provider)
    return Registration(
        user=account.user,
        ticket=ticket,
        parameters=parameters,
        login_key=public_octets(public_key_of(keys.login_key)),
        sealed=await build_bundle([identity], keys.wrap_key, account.user, WrapKind.PASSPHRASE, provider),
    )


async def stretch(account: KeyAccount, parameters: Parameters, provider: CryptoProvider) -> AccountKeys:
    """Return the keys of the account, by Argon2id. Raises MalformedMessage for an invalid passphrase."""
    context = encode_fields("argon2id salt", PROTOCOL, account.server, account.user, parameters.salt)
    kdf = Argon2id(
        salt=hashlib.sha256(context).digest(),
        memory_kib=parameters.memory_kib,
        passes=parameters.passes,
        lanes=parameters.lanes,
    )
    stretched = await provider.derive_key(kdf, _prepare(account.passphrase), KEY_BYTES)
    return AccountKeys(
        login_key=raw_private_key(KeyType.ED25519, await expand(stretched, "login key", KEY_BYTES, provider)),
        wrap_key=await expand(stretched, "passphrase wrap key", AES_256_GCM.key_length, provider),
    )


async def sign_login(
    account: KeyAccount, keys: AccountKeys, nonce: bytes, at: datetime.datetime, provider: CryptoProvider
) -> Login:
    """Return the body of `POST /login` for a nonce of the server, at the time `at` (aware)."""
    seconds = int(at.timestamp())
    record = login_record(account.server, account.user, nonce, seconds)
    return Login(
        user=account.user, nonce=nonce, at=seconds, signature=await provider.sign(keys.login_key, _ED25519, record)
    )


def login_record(server: str, user: str, nonce: bytes, at: int) -> bytes:
    """Return the bytes that a login signs. Server and user are normalised, `at` is in seconds since 1970."""
    return encode_fields("login", PROTOCOL, server, user, nonce, at)


async def open_bundle(
    sealed: SealedBundle, user: str, wrap_key: bytes, provider: CryptoProvider, *, lowest_version: int = 1
) -> tuple[Identity, ...]:
    """Return the identities in the bundle that the server returned after the login. `user` is normalised.

    `lowest_version` is the highest version that this device has seen: an older bundle is a replay. Raises
    WrongPassphrase, also for a bundle or wrap that was altered or belongs to another user, or MalformedMessage.
    """
    if sealed.version < lowest_version:
        raise MalformedMessage(f"version {sealed.version}, version {lowest_version} was seen before", where="bundle")
    try:
        bundle_key = await unwrap_bundle_key(sealed, wrap_key, user, WrapKind.PASSPHRASE, provider)
    except DecryptionError:
        # The tag does not reveal what was wrong, so the DecryptionError adds nothing as a cause.
        raise WrongPassphrase from None
    return await open_pkcs12(sealed.bundle, bundle_key, provider)


async def build_bundle(
    identities: Sequence[Identity], wrap_key: bytes, user: str, kind: WrapKind, provider: CryptoProvider
) -> SealedBundle:
    """Return `identities` as version 1 of a new bundle, with one wrap of its key: the one by `wrap_key`."""
    bundle_key = provider.random_bytes(KEY_BYTES)
    bundle_id = provider.random_bytes(16).hex()
    pkcs12 = await export_identities(
        identities, await _bundle_password(bundle_key, provider), provider, BUNDLE_ITERATIONS, form=Pkcs12Form.MODERN
    )
    nonce = provider.random_bytes(AES_256_GCM.iv_length)
    aad = _wrap_aad(user, bundle_id, FIRST_VERSION, kind)
    wrap = Wrap(
        kind=kind,
        nonce=nonce,
        wrapped=await provider.encrypt_content(AES_256_GCM, wrap_key, nonce, bundle_key, aad),
    )
    return SealedBundle(bundle_id=bundle_id, version=FIRST_VERSION, bundle=pkcs12, wraps=(wrap,))


async def unwrap_bundle_key(
    sealed: SealedBundle, wrap_key: bytes, user: str, kind: WrapKind, provider: CryptoProvider
) -> bytes:
    """Return the key of a bundle. Raises DecryptionError, or MalformedMessage without exactly one wrap of `kind`."""
    wrap = _find_wrap(sealed, kind)
    return await provider.decrypt_content(
        AES_256_GCM, wrap_key, wrap.nonce, wrap.wrapped, _wrap_aad(user, sealed.bundle_id, sealed.version, kind)
    )


async def open_pkcs12(pkcs12: bytes, bundle_key: bytes, provider: CryptoProvider) -> tuple[Identity, ...]:
    """Return the identities of a bundle's PKCS#12. Raises WrongPassphrase, also if it was altered."""
    return tuple(await load_identities(pkcs12, await _bundle_password(bundle_key, provider), provider))


def check_passphrase(passphrase: bytes, mail_password: bytes | None = None) -> None:
    """Return if the passphrase may protect keys.

    Raises PassphraseMissing, PassphraseReused, or MalformedMessage if it is not UTF-8 or too long.
    """
    prepared = _prepare(passphrase)
    if not prepared:
        raise PassphraseMissing
    if mail_password is not None and hmac.compare_digest(prepared, _prepare(mail_password)):
        raise PassphraseReused


def normalise_user(user: str) -> str:
    """Return the normalised address of an account, in NFC and lower case. Raises MalformedMessage."""
    if len(user) > _MAX_USER_CHARACTERS:
        raise MalformedMessage("expected a mail address", where="user")
    normalised = unicodedata.normalize("NFC", user.strip()).lower()
    if not _USER.fullmatch(normalised):
        raise MalformedMessage("expected a mail address", where="user")
    return normalised


def normalise_origin(server: str) -> str:
    """Return the origin (RFC 6454) of the key server's URL: https, or http on loopback. Raises MalformedMessage."""
    if len(server) > _MAX_URL_CHARACTERS:
        raise MalformedMessage("expected a URL", where="key server")
    try:
        parts = urlsplit(server)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise MalformedMessage("expected a URL", where="key server") from None
    if not host or parts.username is not None or parts.query or parts.fragment:
        raise MalformedMessage("expected a URL of scheme, host and port", where="key server")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise MalformedMessage("expected https, or http on this machine", where="key server")
    shown_host = f"[{host}]" if ":" in host else host
    is_default_port = port in (None, {"https": 443, "http": 80}[parts.scheme])
    return f"{parts.scheme}://{shown_host}" + ("" if is_default_port else f":{port}")


def encode_fields(label: str, *fields: str | int | bytes) -> bytes:
    """Return the label and the fields, each after its length in four bytes. Different input gives different bytes."""
    parts = [_LABEL.encode(), label.encode()]
    parts += [value if isinstance(value, bytes) else str(value).encode() for value in fields]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


async def expand(secret: bytes, purpose: str, length: int, provider: CryptoProvider) -> bytes:
    """Return `length` bytes for one purpose, by HKDF from a secret of high entropy (RFC 5869)."""
    kdf = Hkdf(hash_name=HashName.SHA256, salt=b"", info=encode_fields(purpose, KEY_FORM))
    return await provider.derive_key(kdf, secret, length)


async def _bundle_password(bundle_key: bytes, provider: CryptoProvider) -> bytes:
    # PKCS#12 passwords are text. The key as base64url is ASCII, the same in UTF-8 and BMPString.
    return base64.urlsafe_b64encode(await expand(bundle_key, "bundle password", KEY_BYTES, provider))


def _wrap_aad(user: str, bundle_id: str, version: int, kind: WrapKind) -> bytes:
    # These values bind a wrap to one account, bundle, version and kind.
    return encode_fields("wrap", KEY_FORM, user, bundle_id, version, kind)


def _find_wrap(sealed: SealedBundle, kind: WrapKind) -> Wrap:
    wraps = [wrap for wrap in sealed.wraps if wrap.kind == kind]
    if len(wraps) != 1:
        raise MalformedMessage(f"{len(wraps)} wraps of kind {kind}, expected 1", where="bundle")
    if len(wraps[0].nonce) != AES_256_GCM.iv_length:
        raise MalformedMessage(f"{len(wraps[0].nonce)} bytes", where="bundle: nonce")
    return wraps[0]


def _prepare(passphrase: bytes) -> bytes:
    if len(passphrase) > MAX_PASSPHRASE_BYTES:
        raise MalformedMessage(f"more than {MAX_PASSPHRASE_BYTES} bytes", where="passphrase")
    # RFC 8265 section 4.2 (OpaqueString): keyboards write the same accented letter in different ways, which people do
    # not see.
    try:
        return unicodedata.normalize("NFC", passphrase.decode()).encode()
    except UnicodeDecodeError:
        raise MalformedMessage("expected UTF-8", where="passphrase") from None
