"""The keys of a reader, for decrypting a layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from smime_core.cms.key_holder import KeyHolder
from smime_core.cms.recipients.kekri import KeyEncryptionKey
from smime_core.cms.recipients.pwri import PasswordKey
from smime_core.limits import MAX_GUESSED_KEYS
from smime_core.x509.certificate import Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys that may decrypt a layer, tried in the order of its recipients, passwords last.

    `passwords` are UTF-8. `password_keys` were already derived from passwords. Each is tried only on recipients with
    the same key derivation. `keks` are shared key-encryption keys (RFC 5652 section 6.2.3). `originators` are
    certificates of senders for static key agreement (RFC 5753 section 3.1.1), in addition to those in a message.
    `most_guesses` is the number of keys tried on recipients that do not name them, in one layer.
    """

    identities: Sequence[KeyHolder] = ()
    passwords: Sequence[bytes] = field(default=(), repr=False)
    password_keys: Sequence[PasswordKey] = field(default=(), repr=False)
    keks: Sequence[KeyEncryptionKey] = field(default=(), repr=False)
    originators: Sequence[Certificate] = ()
    most_guesses: int = MAX_GUESSED_KEYS

    def __bool__(self) -> bool:
        return bool(self.identities or self.passwords or self.password_keys or self.keks)


NO_KEYS: Final = Keys()
