"""The recipients of an encrypted layer, and its cipher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from smime_core.algorithms import ContentCipher, KeyTransport
from smime_core.cms.recipients.kekri import KeyEncryptionKey
from smime_core.cms.recipients.pwri import PasswordKey
from smime_core.x509.certificate import Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Encrypting:
    """The recipients of encrypted content: owners of certificates, people with a password, holders of a shared key.

    `passwords` are UTF-8; `password_keys` are keys that were already derived from passwords. `cipher` None means the
    default of the operation: AES-256-CBC, which every mail program supports (RFC 8551 section 2.7), or AES-256-GCM for
    content of our own types. `transport` None means RSA v1.5 for a CBC cipher, and OAEP with SHA-256 for an AEAD
    cipher.
    """

    recipients: Sequence[Certificate] = ()
    passwords: Sequence[bytes] = field(default=(), repr=False)
    password_keys: Sequence[PasswordKey] = field(default=(), repr=False)
    keks: Sequence[KeyEncryptionKey] = field(default=(), repr=False)
    cipher: ContentCipher | None = None
    transport: KeyTransport | None = None

    def __bool__(self) -> bool:
        return bool(self.recipients or self.passwords or self.password_keys or self.keks)
