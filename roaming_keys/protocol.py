"""The client's side of the key server's protocol 1, pure over the provider: no I/O, the same in vault and command.

    stretched = Argon2id(passphrase, SHA-256(label, server origin, user, salt))      RFC 9106
    auth_key  = HKDF(stretched, "auth"), shown to the server                         RFC 5869
    wrap_key  = HKDF(stretched, "wrap"), never shown
    K         = 32 random bytes for each bundle version
    bundle    = PKCS#12 under base64url(HKDF(K, "bundle"))
    wrap      = AES-256-GCM(wrap_key, K), AAD: user, bundle id, version, kind of wrap

So the server, which sees auth_key, bundle and wraps, learns neither passphrase nor private key. The origin is part of
the salt: a server that poses as another gets an auth_key that is worth nothing there.
Leaves out: wraps by recovery code and organisation, which join the list of wraps by their `kind`; those by passkey
stand in `passkey_wrap.py`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from roaming_keys.wire import AUTH_KEY_BYTES, PROTOCOL, Login, Parameters, Registration, SealedBundle, Wrap, WrapKind
from smime_core.algorithms import AES_256_GCM, Argon2id, HashName, Hkdf
from smime_core.errors import DecryptionError, MalformedMessage, SmimeError, WrongPassphrase
from smime_core.identity import Identity, export_identity, load_identities
from smime_core.limits import MAX_PASSPHRASE_BYTES
from smime_core.pkcs12 import Pkcs12Form
from smime_core.provider import CryptoProvider

KEY_BYTES: Final = 32
# The PKCS#12 password has 256 bits of entropy already: iterations would cost time and add nothing.
BUNDLE_ITERATIONS: Final = 1_000
_LABEL: Final = "sealwax roaming_keys"
# Normalising takes quadratic time for a run of combining characters. A letter of Hangul may come as three.
_MAX_USER_CHARACTERS: Final = 1_024
_MAX_URL_CHARACTERS: Final = 2_048  # urlsplit normalises the host
_USER: Final = re.compile(r"[^\s@\x00-\x1f\x7f]{1,64}@[^\s@\x00-\x1f\x7f]{1,253}")


class PassphraseReused(SmimeError):
    """The key passphrase equals the mail password, which bridge and mail server learn at every login."""

    code = "passphrase-reused"

    def __init__(self) -> None:
        super().__init__("the key passphrase is the same as the mail password: choose another one")


class PassphraseMissing(SmimeError):
    code = "passphrase-missing"

    def __init__(self) -> None:
        super().__init__("the key passphrase is empty")


@dataclass(frozen=True, slots=True, kw_only=True)
class _AccountKeys:
    auth_key: bytes = field(repr=False)
    wrap_key: bytes = field(repr=False)


async def build_registration(
    identity: Identity,
    *,
    server: str,
    user: str,
    passphrase: bytes,
    ticket: str,
    provider: CryptoProvider,
    mail_password: bytes | None = None,
) -> Registration:
    """The body of `POST /register`: `identity` as version 1 of a new bundle, its key under the passphrase.

    `server` is the key server's URL. `mail_password` is given where it is known.
    Raises PassphraseReused, PassphraseMissing, or MalformedMessage for a server or user that cannot be one.
    """
    check_passphrase(passphrase, mail_password=mail_password)
    user = normalise_user(user)
    parameters = Parameters(salt=provider.random_bytes(16))
    keys = await _stretch(passphrase, server=server, user=user, parameters=parameters, provider=provider)
    bundle_key = provider.random_bytes(KEY_BYTES)
    bundle_id, version = provider.random_bytes(16).hex(), 1
    password = await bundle_password(bundle_key, provider=provider)
    bundle = await export_identity(
        identity, password, provider=provider, iterations=BUNDLE_ITERATIONS, form=Pkcs12Form.MODERN
    )
    aad = wrap_aad(user, bundle_id, version, WrapKind.PASSPHRASE)
    nonce = provider.random_bytes(AES_256_GCM.iv_length)
    wrapped = await provider.encrypt_content(AES_256_GCM, keys.wrap_key, nonce, bundle_key, aad=aad)
    wrap = Wrap(kind=WrapKind.PASSPHRASE, nonce=nonce, wrapped=wrapped)
    return Registration(
        user=user,
        ticket=ticket,
        parameters=parameters,
        auth_key=keys.auth_key,
        sealed=SealedBundle(bundle_id=bundle_id, version=version, bundle=bundle, wraps=(wrap,)),
    )


async def build_login(
    *, server: str, user: str, passphrase: bytes, parameters: Parameters, provider: CryptoProvider
) -> Login:
    """The body of `POST /login`. Raises MalformedMessage for a server or user that cannot be one."""
    user = normalise_user(user)
    keys = await _stretch(passphrase, server=server, user=user, parameters=parameters, provider=provider)
    return Login(user=user, auth_key=keys.auth_key)


async def open_bundle(
    sealed: SealedBundle,
    *,
    server: str,
    user: str,
    passphrase: bytes,
    parameters: Parameters,
    provider: CryptoProvider,
    lowest_version: int = 1,
) -> tuple[Identity, ...]:
    """The identities in the bundle that the server handed over after the login.

    `lowest_version` is the highest version that this device has seen: an older bundle is a replay.
    Raises WrongPassphrase, also for a bundle or wrap that was altered or belongs to another user, or MalformedMessage.
    """
    if sealed.version < lowest_version:
        raise MalformedMessage(f"version {sealed.version}, version {lowest_version} was seen before", where="bundle")
    user = normalise_user(user)
    wrap = find_wrap(sealed, WrapKind.PASSPHRASE)
    keys = await _stretch(passphrase, server=server, user=user, parameters=parameters, provider=provider)
    aad = wrap_aad(user, sealed.bundle_id, sealed.version, WrapKind.PASSPHRASE)
    try:
        bundle_key = await provider.decrypt_content(AES_256_GCM, keys.wrap_key, wrap.nonce, wrap.wrapped, aad=aad)
    except DecryptionError:
        # The tag says no more than that; the cause stays out (HOUSE, rule 10).
        raise WrongPassphrase from None
    password = await bundle_password(bundle_key, provider=provider)
    return tuple(await load_identities(sealed.bundle, password, provider=provider))


def check_passphrase(passphrase: bytes, *, mail_password: bytes | None = None) -> None:
    """Return when the passphrase may protect keys.

    Raises PassphraseMissing, PassphraseReused, or MalformedMessage when it is not UTF-8 or too long.
    """
    prepared = _prepare(passphrase)
    if not prepared:
        raise PassphraseMissing
    if mail_password is not None and hmac.compare_digest(prepared, _prepare(mail_password)):
        raise PassphraseReused


def normalise_user(user: str) -> str:
    """The one spelling of an address under which its account is found: NFC, lower case. Raises MalformedMessage."""
    if len(user) > _MAX_USER_CHARACTERS:
        raise MalformedMessage("expected a mail address", where="user")
    normalised = unicodedata.normalize("NFC", user.strip()).lower()
    if not _USER.fullmatch(normalised):
        raise MalformedMessage("expected a mail address", where="user")
    return normalised


def normalise_origin(server: str) -> str:
    """The origin (RFC 6454) of the key server's URL: https, or http on loopback. Raises MalformedMessage."""
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


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine by its very form, without asking DNS."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def encode_fields(label: str, *fields: str | int | bytes) -> bytes:
    """Octets that no other label and fields give: each one behind its length in four octets."""
    octets = [_LABEL.encode(), label.encode()]
    octets += [value if isinstance(value, bytes) else str(value).encode() for value in fields]
    return b"".join(len(value).to_bytes(4, "big") + value for value in octets)


async def _stretch(
    passphrase: bytes, *, server: str, user: str, parameters: Parameters, provider: CryptoProvider
) -> _AccountKeys:
    context = encode_fields("argon2id salt", PROTOCOL, normalise_origin(server), user, parameters.salt)
    kdf = Argon2id(
        salt=hashlib.sha256(context).digest(),
        memory_kib=parameters.memory_kib,
        passes=parameters.passes,
        lanes=parameters.lanes,
    )
    stretched = await provider.derive_key(kdf, _prepare(passphrase), KEY_BYTES)
    return _AccountKeys(
        auth_key=await expand(stretched, "auth key", AUTH_KEY_BYTES, provider=provider),
        wrap_key=await expand(stretched, "passphrase wrap key", AES_256_GCM.key_length, provider=provider),
    )


async def bundle_password(bundle_key: bytes, *, provider: CryptoProvider) -> bytes:
    """The password of a bundle's PKCS#12, from its key."""
    # PKCS#12 passwords are text: the key as base64url stays ASCII, the same in UTF-8 and BMPString.
    return base64.urlsafe_b64encode(await expand(bundle_key, "bundle password", KEY_BYTES, provider=provider))


async def expand(secret: bytes, purpose: str, length: int, *, provider: CryptoProvider) -> bytes:
    """Octets for one purpose from a secret of high entropy (RFC 5869)."""
    kdf = Hkdf(hash_name=HashName.SHA256, salt=b"", info=encode_fields(purpose, PROTOCOL))
    return await provider.derive_key(kdf, secret, length)


def wrap_aad(user: str, bundle_id: str, version: int, kind: WrapKind) -> bytes:
    """What a wrap is bound to: it opens no other bundle, version or account, and passes for no other kind."""
    return encode_fields("wrap", PROTOCOL, user, bundle_id, version, kind)


def find_wrap(sealed: SealedBundle, kind: WrapKind) -> Wrap:
    """The one wrap of this kind, by AES-256-GCM. Raises MalformedMessage when there is another number of them."""
    wraps = [wrap for wrap in sealed.wraps if wrap.kind == kind]
    if len(wraps) != 1:
        raise MalformedMessage(f"{len(wraps)} wraps of kind {kind}, expected 1", where="bundle")
    if len(wraps[0].nonce) != AES_256_GCM.iv_length:
        raise MalformedMessage(f"{len(wraps[0].nonce)} bytes", where="bundle: nonce")
    return wraps[0]


def _prepare(passphrase: bytes) -> bytes:
    if len(passphrase) > MAX_PASSPHRASE_BYTES:
        raise MalformedMessage(f"more than {MAX_PASSPHRASE_BYTES} bytes", where="passphrase")
    # RFC 8265 section 4.2 (OpaqueString): keyboards differ in how they compose an accent, people do not see it.
    try:
        return unicodedata.normalize("NFC", passphrase.decode()).encode()
    except UnicodeDecodeError:
        raise MalformedMessage("expected UTF-8", where="passphrase") from None
