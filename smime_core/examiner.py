"""What an examination works with: keys, trust, and the time at which it judges."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field

from smime_core.contacts import NO_CONTACTS, Contacts
from smime_core.content_info import ID_DATA
from smime_core.kekri import KeyEncryptionKey
from smime_core.key_management import KeyHolder
from smime_core.pkix import PathBudget, TrustStore
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class Opener:
    """What encrypted layers are opened with, and what content types may stand inside them."""

    provider: CryptoProvider
    identities: Sequence[KeyHolder] = ()
    passwords: Sequence[bytes] = ()
    keks: Sequence[KeyEncryptionKey] = ()
    policy: Policy = Policy.RECEIVE
    sealed_types: tuple[str, ...] = (ID_DATA,)

    @property
    def has_keys(self) -> bool:
        """Whether there is anything to open an encrypted layer with."""
        return bool(self.identities or self.passwords or self.keks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examiner(Opener):
    """What one examination works with.

    `signed_types` are the content types that signatures may cover. `contacts` are the people known from before: a
    changed certificate of one of them is told. `follows_paths` ends when one search for a path went beyond the limits;
    all searches of the examination share `budget`.
    """

    signed_types: tuple[str, ...] = (ID_DATA,)
    trust_store: TrustStore
    at: datetime.datetime
    contacts: Contacts = NO_CONTACTS
    follows_paths: bool = True
    budget: PathBudget = field(default_factory=PathBudget)
