"""The bundle of a group: the keys of an identity that several people share, with the names of these people.

    G        = 32 random bytes, new for each version of the group
    password = base64url(HKDF(G, "group identities password"))
    bundle   = nonce and AES-256-GCM(HKDF(G, "group content key"), JSON, blanks), AAD: owner, group id, version;
               the JSON has the identities as PKCS#12 (RFC 7292) under the password
    wrap     = AuthEnvelopedData for a member, of SignedData by the owner, of G (`smime_core.own_content.group_key`)

Each version has a new G, so a removed member cannot open later versions. The member still has the keys from before.
`removed` names the former members who have the newest key.
"""

from __future__ import annotations

import base64
import hashlib
import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from roaming_keys.protocol.groups.messages import MAX_GROUP_BUNDLE_BYTES, MAX_MEMBERS
from roaming_keys.protocol.key_account import KEY_BYTES, check_readable_user, encode_fields, expand, is_address_of
from roaming_keys.protocol.messages.accounts import KEY_FORM, STEP_BYTES
from roaming_keys.protocol.messages.written import to_base64
from roaming_keys.protocol.records.record import BUNDLE_ITERATIONS
from smime_core.algorithms import AES_256_GCM
from smime_core.errors import DecryptionError, GroupKeyRefused, MalformedMessage, WrongPassphrase
from smime_core.identity import Identity, Pkcs12Form, export_identities, load_identities, with_own_issuers
from smime_core.limits import check_limit
from smime_core.provider import CryptoProvider
from smime_core.text import JsonObject
from smime_core.x509 import Certificate, parse_certificate

VERSION: Final = "sealwax-group-1"
MAX_GROUP_NAME_CHARACTERS: Final = 100
# Enough for two keys a year (for signing and for encryption) over fifteen years. An account has room for a hundred
# keys.
MAX_IDENTITIES: Final = 30
MAX_ISSUERS: Final = 10  # Issuers' certificates in the bundle.
_WHERE: Final = "group"
# Letters and signs that are drawn as nothing (Unicode: Default_Ignorable_Code_Point), and Braille's blank.
_BLANK: Final = "\u115f\u1160\u3164\uffa0\u2800"
_MAX_CERTIFICATE_BYTES: Final = 16_384
_OVERHEAD_BYTES: Final = 12 + 16  # The nonce and the tag of AES-GCM.


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMember:
    """A member: the address at the key server, and the certificate for which the group's key is encrypted."""

    user: str
    certificate: Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupContent:
    """The content of a group's bundle. The owner is a member too.

    `identities` begin with the newest and include the earlier ones, which decrypt old mail. `removed` has the addresses
    of former members who know all keys of `identities`.
    """

    name: str
    members: tuple[GroupMember, ...]
    removed: tuple[str, ...] = ()
    identities: tuple[Identity, ...] = field(repr=False)

    def __post_init__(self) -> None:
        check_group_name(self.name)
        check_limit("members of a group", len(self.members), MAX_MEMBERS)
        check_limit("people who were removed from a group", len(self.removed), MAX_MEMBERS)
        check_limit("identities of a group", len(self.identities), MAX_IDENTITIES)
        users = [*(member.user for member in self.members), *self.removed]
        if len(set(users)) != len(users):
            raise MalformedMessage("a member appears twice", where=_WHERE)
        for user in users:
            check_readable_user(user, "members")
        for person in self.members:
            if not any(is_address_of(person.user, address) for address in person.certificate.email_addresses):
                raise MalformedMessage(f"the certificate of {person.user} is not of this address", where="members")
        if not self.identities:
            raise MalformedMessage("it has no private key together with its certificate", where=_WHERE)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupVersion:
    """One version of a group, to which its bundle is bound."""

    id: str
    owner: str
    number: int


def check_group_name(name: str) -> None:
    """Check that people can read the name in one line. Raises MalformedMessage."""
    is_line = 1 <= len(name) <= MAX_GROUP_NAME_CHARACTERS and name.isprintable() and name == " ".join(name.split())
    if not is_line or not any(map(_is_visible, name)):
        raise MalformedMessage(
            f"expected 1 to {MAX_GROUP_NAME_CHARACTERS} letters in one line", where="name of a group"
        )


def _is_visible(character: str) -> bool:
    # A letter, a digit, punctuation, or a symbol such as an emoji.
    return unicodedata.category(character)[0] in "LNPS" and character not in _BLANK


def digest_of_bundle(bundle: bytes) -> str:
    """Return the SHA-256 of a bundle in hexadecimal. Each member's copy of the group's key names the bundle by it."""
    return hashlib.sha256(bundle).hexdigest()


async def seal_group(content: GroupContent, version: GroupVersion, key: bytes, provider: CryptoProvider) -> bytes:
    """Return the bundle. Raises LimitExceeded for too many or too large certificates."""
    password, identities = (
        await _password(key, provider),
        [with_own_issuers(identity) for identity in content.identities],
    )
    _check_issuers(identities)
    pkcs12 = await export_identities(identities, password, provider, BUNDLE_ITERATIONS, form=Pkcs12Form.MODERN)
    members = {
        "version": VERSION,
        "name": content.name,
        "members": [
            {"user": member.user, "certificate": to_base64(member.certificate.der)} for member in content.members
        ],
        "removed": list(content.removed),
        "identities": to_base64(pkcs12),
    }
    data = json.dumps(members, separators=(",", ":")).encode()
    # JSON may end in blanks (RFC 8259 section 2). So the size says little about the number of members.
    data += b" " * (-(len(data) + _OVERHEAD_BYTES) % STEP_BYTES)
    check_limit("group in bytes", len(data) + _OVERHEAD_BYTES, MAX_GROUP_BUNDLE_BYTES)
    nonce, content_key = provider.random_bytes(AES_256_GCM.iv_length), await _content_key(key, provider)
    return nonce + await provider.encrypt_content(AES_256_GCM, content_key, nonce, data, _aad(version))


async def open_group_bundle(bundle: bytes, version: GroupVersion, key: bytes, provider: CryptoProvider) -> GroupContent:
    """Return the content of a bundle. Raises MalformedMessage, or GroupKeyRefused if key or version do not fit."""
    nonce, ciphertext = bundle[: AES_256_GCM.iv_length], bundle[AES_256_GCM.iv_length :]
    content_key = await _content_key(key, provider)
    try:
        data = await provider.decrypt_content(AES_256_GCM, content_key, nonce, ciphertext, _aad(version))
        reader = JsonObject(data, _WHERE, max_bytes=MAX_GROUP_BUNDLE_BYTES)
        pkcs12 = reader.data("identities", MAX_GROUP_BUNDLE_BYTES)
        identities = await load_identities(pkcs12, await _password(key, provider), provider)
    except (DecryptionError, WrongPassphrase):
        # The tag does not reveal what was wrong, so the DecryptionError adds nothing as a cause.
        raise GroupKeyRefused("the group's bundle is of another key or version") from None
    content = _read_content(reader, [with_own_issuers(identity) for identity in identities])
    _check_issuers(content.identities)
    if all(member.user != version.owner for member in content.members):
        raise MalformedMessage("the owner is not among the members", where=_WHERE)
    return content


def _check_issuers(identities: Sequence[Identity]) -> None:
    # The limits are checked here, because members add these certificates to their accounts.
    issuers = {issuer.der for identity in identities for issuer in identity.chain}
    check_limit("certificates above those of a group", len(issuers), MAX_ISSUERS)


def _read_content(reader: JsonObject, identities: Sequence[Identity]) -> GroupContent:
    if reader.short_text("version") != VERSION:
        raise MalformedMessage(f"this is not of version {VERSION}", where=_WHERE)
    return reader.whole(
        GroupContent(
            name=reader.short_text("name"),
            members=tuple(_read_member(member) for member in reader.objects("members", MAX_MEMBERS)),
            removed=reader.short_texts("removed", MAX_MEMBERS),
            identities=tuple(identities),
        )
    )


def _read_member(reader: JsonObject) -> GroupMember:
    certificate = parse_certificate(reader.data("certificate", _MAX_CERTIFICATE_BYTES))
    return reader.whole(GroupMember(user=reader.short_text("user"), certificate=certificate))


async def _password(key: bytes, provider: CryptoProvider) -> bytes:
    return base64.urlsafe_b64encode(await expand(key, "group identities password", KEY_BYTES, provider))


async def _content_key(key: bytes, provider: CryptoProvider) -> bytes:
    return await expand(key, "group content key", AES_256_GCM.key_length, provider)


def _aad(version: GroupVersion) -> bytes:
    return encode_fields("group content", KEY_FORM, version.owner, version.id, version.number)
