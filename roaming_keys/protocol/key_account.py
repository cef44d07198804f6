"""The client of the key server's protocol 2, without I/O: accounts, the keys from a passphrase, and logins.

    stretched = Argon2id(passphrase, SHA-256(label, server origin, user, salt))      RFC 9106
    login_key = Ed25519 key with the seed HKDF(stretched, "login key")               RFC 5869, RFC 8032
    wrap_key  = HKDF(stretched, "passphrase wrap key")
    authenticating_key = HKDF(stretched, "wrap keys authenticating key")

A login signs the server's nonce and a session key, so nobody can use a login again. The session key signs each later
call (`calls.py`). The server sees public keys and encrypted records (`records/record.py`), and learns neither
passphrase nor private key. The origin is part of the salt and of the signed bytes, so the real server refuses a login
that was made for a false server. The vault, the pages and the command share all of this.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from roaming_keys.protocol.messages.accounts import KEY_FORM, PROTOCOL, Device, Login, Parameters, TicketClaims
from smime_core.algorithms import AES_256_GCM, Argon2id, HashName, Hkdf, SignatureAlgorithm, SignatureScheme
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.keys import public_key_of, raw_private_key, subject_public_key
from smime_core.limits import MAX_PASSPHRASE_BYTES
from smime_core.provider import CryptoProvider, KeyType, PrivateKey
from smime_core.text import (
    addresses_match,
    is_loopback,
    length_prefixed,
    parse_address,
    read_base64url,
    read_ed25519,
    write_ed25519,
)

KEY_BYTES: Final = 32
ED25519: Final = SignatureAlgorithm(scheme=SignatureScheme.ED25519, hash_name=HashName.SHA512)
_LABEL: Final = "sealwax roaming_keys"
# Normalising a run of combining characters takes quadratic time. The limit applies to the text before normalisation, in
# which one character of an address may still be three characters (Hangul).
_MAX_USER_CHARACTERS: Final = 1_024
_MAX_URL_CHARACTERS: Final = 2_048  # A limit, because urlsplit normalises the host, which takes quadratic time.
_USER: Final = re.compile(r"[^\s@\x00-\x1f\x7f]{1,64}@[^\s@\x00-\x1f\x7f]{1,253}")


class PassphraseReused(SmimeError):
    """The key passphrase equals the mail password, which bridge and mail server learn at every login."""

    code = "passphrase-reused"


class PassphraseMissing(SmimeError):
    """The key passphrase is empty."""

    code = "passphrase-missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAccount:
    """A person's account at a key server, with the passphrase of the keys that are stored there.

    `server` may be any URL of the server, and becomes its origin. `user` becomes the normalised address. Raises
    MalformedMessage for an invalid server or user.
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
    authenticating_key: bytes = field(repr=False)

    @property
    def public(self) -> bytes:
        """The public half of the login key."""
        return subject_public_key(public_key_of(self.login_key))


async def stretch(account: KeyAccount, parameters: Parameters, provider: CryptoProvider) -> AccountKeys:
    """Return the keys of the account, computed with Argon2id. Raises MalformedMessage for an invalid passphrase."""
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
        authenticating_key=await expand(stretched, "wrap keys authenticating key", KEY_BYTES, provider),
    )


class LoginMethod(StrEnum):
    """The methods of a login: which key signs, and to which account. The value is the label of the signed bytes."""

    PASSPHRASE = "login"  # noqa: S105  # a label
    RECOVERY_CODE = "recover"
    UNDO_BY_PASSPHRASE = "undo reset"  # noqa: S105  # a label
    UNDO_BY_CODE = "undo reset by code"

    @property
    def is_by_passphrase(self) -> bool:
        """True if the key that signs comes from the passphrase, not from the recovery code."""
        return self in (LoginMethod.PASSPHRASE, LoginMethod.UNDO_BY_PASSPHRASE)

    @property
    def is_undo(self) -> bool:
        """True if the login puts the account from before a reset back."""
        return self in (LoginMethod.UNDO_BY_PASSPHRASE, LoginMethod.UNDO_BY_CODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The values that a login signs: the server's nonce, the time (aware), the session's public key, and the device."""

    nonce: bytes
    at: datetime.datetime
    session_key: bytes
    device: Device


async def sign_login(
    server: str, user: str, method: LoginMethod, key: PrivateKey, attempt: Attempt, provider: CryptoProvider
) -> Login:
    """Return the body of a login. Server and user are normalised."""
    unsigned = Login(
        user=user,
        nonce=attempt.nonce,
        at=int(attempt.at.timestamp()),
        session_key=attempt.session_key,
        device=attempt.device,
        signature=b"",
    )
    signature = await provider.sign(key, ED25519, login_record(server, user, method, unsigned))
    return replace(unsigned, signature=signature)


def login_record(server: str, user: str, method: LoginMethod, login: Login) -> bytes:
    """Return the bytes that the account's key signs for a login. Server and user are normalised."""
    device = login.device
    return encode_fields(
        method, PROTOCOL, server, user, login.nonce, login.at, login.session_key, device.token, device.name
    )


def check_passphrase(passphrase: bytes, mail_password: bytes | None = None) -> None:
    """Check that the passphrase may protect keys.

    Raises PassphraseMissing, PassphraseReused, or MalformedMessage if the passphrase is not UTF-8 or too long.
    """
    prepared = _prepare(passphrase)
    if not prepared:
        raise PassphraseMissing("the key passphrase is empty: choose one")
    if mail_password is not None and hmac.compare_digest(prepared, _prepare(mail_password)):
        raise PassphraseReused("the key passphrase is the same as the mail password: choose another one")


def find_discovery_key(ticket: str) -> str | None:
    """Return the text of the discovery key that a ticket names, for the client to pin. Raises MalformedMessage.

    Only the key server verifies the ticket. The client trusts the bridge, because the ticket came from the bridge over
    TLS.
    """
    claims = ticket.partition(".")[0]
    try:
        key = TicketClaims.from_json(read_base64url(claims)).discovery_key
        return None if key is None else write_ed25519(read_ed25519(key))
    except ValueError:
        raise MalformedMessage("expected a ticket of the bridge", where="ticket") from None


def normalise_user(user: str) -> str:
    """Return the normalised address of an account, in NFC and lower case. Raises MalformedMessage."""
    if len(user) > _MAX_USER_CHARACTERS:
        raise MalformedMessage("expected a mail address", where="user")
    lowered = unicodedata.normalize("NFC", user.strip()).lower()
    # In five cases, a small letter with its mark is one character, but the large letter needs two, such as J and a
    # caron.
    normalised = unicodedata.normalize("NFC", lowered)
    if not _USER.fullmatch(normalised):
        raise MalformedMessage("expected a mail address", where="user")
    return normalised


def is_address_of(user: str, address: str) -> bool:
    """Return whether a mail address is the same as `user`, the normalised address of an account."""
    if addresses_match(user, address):
        return True
    try:
        # The address of an account has only small letters, in ASCII and beyond.
        return normalise_user(address) == user
    except MalformedMessage:
        return False


def check_readable_user(user: str, where: str) -> None:
    """Check that people can read the normalised address of an account. Raises MalformedMessage."""
    if normalise_user(user) != user:
        raise MalformedMessage("expected a normalised address", where=where)
    # This refuses control characters, and marks that turn the direction of the text.
    if parse_address(user) is None:
        raise MalformedMessage("expected a mail address that people can read", where=where)


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
    return length_prefixed(_LABEL, label, *fields)


async def expand(
    secret: bytes, purpose: str, length: int, provider: CryptoProvider, *context: str | int | bytes
) -> bytes:
    """Return `length` bytes for one purpose and context, with HKDF (RFC 5869) from a secret of high entropy."""
    kdf = Hkdf(hash_name=HashName.SHA256, salt=b"", info=encode_fields(purpose, KEY_FORM, *context))
    return await provider.derive_key(kdf, secret, length)


def _prepare(passphrase: bytes) -> bytes:
    if len(passphrase) > MAX_PASSPHRASE_BYTES:
        raise MalformedMessage(f"more than {MAX_PASSPHRASE_BYTES} bytes", where="passphrase")
    # RFC 8265 section 4.2 (OpaqueString): keyboards write the same accented letter in different ways, which people do
    # not see.
    try:
        return unicodedata.normalize("NFC", passphrase.decode()).encode()
    except UnicodeDecodeError:
        raise MalformedMessage("expected UTF-8", where="passphrase") from None
