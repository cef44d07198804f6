"""The options that name the keys of a reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sealwax.cli.options.identities import load_all_identities
from sealwax.cli.options.parameters import IDENTITIES
from sealwax.cli.options.passphrases import PASSWORDS, PassphraseSource, load_passwords
from sealwax.cli.options.request import given_by
from sealwax.cli.options.shared_keys import SHARED_KEYS, load_shared_keys
from smime_core.cms import Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderKeys:
    """The keys of a recipient, and content keys for EncryptedData, which has no recipients."""

    keys: Keys
    content_keys: Sequence[bytes] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOptions:
    """Files of identities, of passwords and of shared keys."""

    identity_files: tuple[str, ...] = given_by(IDENTITIES)
    password_files: tuple[str, ...] = given_by(PASSWORDS)
    shared_keys: tuple[str, ...] = given_by(SHARED_KEYS)

    @property
    def are_given(self) -> bool:
        """Whether an option names any file."""
        return bool(self.identity_files or self.password_files or self.shared_keys)

    def load(self, passphrases: PassphraseSource) -> ReaderKeys:
        """The keys in the files. Raises OSError, MalformedMessage or WrongPassphrase."""
        identities = load_all_identities(self.identity_files, passphrases)
        # Each file is read only once, because it may be a pipe.
        shared = load_shared_keys(self.shared_keys)
        return ReaderKeys(
            keys=Keys(identities=identities, passwords=load_passwords(self.password_files), keks=shared.named),
            content_keys=shared.nameless,
        )
