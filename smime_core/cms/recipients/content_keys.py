"""Find the content-encryption key (CEK) through the recipients. The caller handles the content, in memory or streamed.

`try_content_keys` unwraps with every key of ours that a recipient names. It passes each CEK to `use`, which decrypts or
checks a MAC, until `use` accepts one. Only `use` can recognise the right CEK: RSA v1.5 gives a random CEK for bad
padding (RFC 3218), and in CBC a wrong CEK shows only in the padding of the content. This module also chooses the error
for a failure, so that the error reveals nothing about the keys.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from smime_core.cms.recipients.decryption_budget import DecryptionBudget
from smime_core.cms.recipients.guessed_keys import find_attempts, guess_content_key
from smime_core.cms.recipients.kekri import KekRecipient, unwrap_kekri
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.recipients.pwri import PasswordRecipient, password_work, unwrap_pwri, unwrap_pwri_under
from smime_core.cms.recipients.recipient_info import RecipientInfo
from smime_core.cms.recipients.unwrapping import HeldRecipient, Unwrap, is_recipient, unwrap_with
from smime_core.errors import (
    DecryptionError,
    NoMatchingRecipient,
    ProviderError,
    SmimeError,
    UnsupportedByProvider,
    WrongPassphrase,
)
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider

_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decrypted(Generic[_T_co]):
    """The content of an encrypted layer, and the recipient whose key decrypted it.

    `garbled` is the error for content that turns out to be garbled, the same as for a layer that no key decrypts.
    """

    content: _T_co = field(repr=False)
    recipient: RecipientInfo
    garbled: SmimeError = field(default_factory=DecryptionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class CekUse(Generic[_T]):
    """The use of a CEK of `cek_length` bytes for one content. `use` raises DecryptionError for a wrong CEK.

    `is_plausible` says whether to accept a result of `use` for a key that no recipient names. Without `is_plausible`,
    no such key is tried.
    """

    use: Callable[[bytes], Awaitable[_T]]
    cek_length: int
    is_plausible: Callable[[_T], Awaitable[bool]] | None = None


async def try_content_keys(
    recipients: Sequence[RecipientInfo],
    cek_use: CekUse[_T],
    keys: Keys,
    provider: CryptoProvider,
    *,
    policy: Policy = Policy.RECEIVE,
    budget: DecryptionBudget | None = None,
) -> Decrypted[_T]:
    """The result of `cek_use.use` for the first CEK that it accepts.

    All layers of one message share `budget`; without one, the limits apply to this layer. After the keys that a
    recipient names, other keys of the same type are tried (`guessed_keys`), if `cek_use` can say whether a result is
    plausible.

    If a recipient names no key of ours, or unwrapping fails, the next recipient is tried. Renewed certificates may
    share a name, and one broken identity must not prevent decryption with another. If all keys fail, one
    DecryptionError is raised, whatever step failed, or WrongPassphrase if only passwords were tried. Faults of the
    message itself, such as an algorithm that is unknown or forbidden by `policy`, are raised only if every attempt
    ended with such a fault.

    Raises NoMatchingRecipient, DecryptionError, UnsupportedAlgorithm, MalformedMessage, LimitExceeded or
    UnsupportedByProvider.
    """
    budget = budget or DecryptionBudget()
    trial = _Trial(cek_use=cek_use, provider=provider, budget=budget)
    # Passwords are tried last, because deriving a key from a password takes about a second.
    opened = (
        await trial.try_unwraps(_find_unwraps(recipients, keys, policy))
        or await trial.try_guesses(recipients, keys, policy)
        or await trial.try_unwraps(_find_password_unwraps(recipients, keys, policy, budget))
    )
    if opened is not None:
        return opened
    raise _joint_failure(trial.failures, recipients)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial(Generic[_T]):
    """One search for the CEK, and the failures so far."""

    cek_use: CekUse[_T]
    provider: CryptoProvider
    budget: DecryptionBudget
    failures: list[SmimeError] = field(default_factory=list)

    async def try_unwraps(self, unwraps: Iterable[tuple[RecipientInfo, Unwrap]]) -> Decrypted[_T] | None:
        for recipient, unwrap in unwraps:
            self.budget.count_key()
            try:
                cek = await unwrap(cek_length=self.cek_use.cek_length, provider=self.provider)
            except SmimeError as error:
                self.failures.append(error)
                continue
            try:
                return Decrypted(content=await self.cek_use.use(cek), recipient=recipient)
            except DecryptionError as error:
                self.failures.append(error)
        return None

    async def try_guesses(
        self, recipients: Sequence[RecipientInfo], keys: Keys, policy: Policy
    ) -> Decrypted[_T] | None:
        is_plausible = self.cek_use.is_plausible
        # A failed guess is not counted as a failure, so the error is the same as without the guess (MUSTS 23).
        attempts = find_attempts(recipients, keys) if is_plausible is not None else []
        attempts = attempts[: self.budget.count_guesses(len(attempts))]
        guessed = await guess_content_key(attempts, keys, self.provider, self.cek_use.cek_length, policy)
        if guessed is None or is_plausible is None:
            return None
        recipient, cek = guessed
        try:
            content = await self.cek_use.use(cek)
            if not await is_plausible(content):
                return None
        except DecryptionError:
            return None
        garbled = _joint_failure(self.failures, recipients)
        return Decrypted(content=content, recipient=recipient, garbled=garbled)


def is_single_try(recipients: Sequence[RecipientInfo], keys: Keys) -> bool:
    """Whether `try_content_keys` calls `use` at most once. False with passwords, because it may try several."""
    named = len(list(itertools.islice(_find_unwraps(recipients, keys, Policy.ARCHIVE), 2)))
    return not keys.passwords and named + bool(find_attempts(recipients, keys)) < 2


def _find_unwraps(
    recipients: Sequence[RecipientInfo], keys: Keys, policy: Policy
) -> Iterator[tuple[RecipientInfo, Unwrap]]:
    # After a renewal several of our certificates may have the same name (MUSTS 31).
    for recipient in recipients:
        if isinstance(recipient, KekRecipient):
            for kek in keys.keks:
                if recipient.names(kek):
                    yield recipient, functools.partial(unwrap_kekri, recipient, kek, policy=policy)
        elif isinstance(recipient, PasswordRecipient):
            for key in keys.password_keys:
                if recipient.is_derived_as(key):
                    yield recipient, functools.partial(unwrap_pwri_under, recipient, key, policy=policy)
        elif isinstance(recipient, HeldRecipient):
            for holder in keys.identities:
                if is_recipient(recipient.rid, holder.certificate):
                    yield recipient, unwrap_with(recipient, holder, keys.originators, policy)


def _find_password_unwraps(
    recipients: Sequence[RecipientInfo], keys: Keys, policy: Policy, budget: DecryptionBudget
) -> Iterator[tuple[RecipientInfo, Unwrap]]:
    for recipient in recipients:
        if isinstance(recipient, PasswordRecipient):
            for password in keys.passwords:
                yield recipient, functools.partial(_unwrap_by_password, recipient, password, budget, policy=policy)


async def _unwrap_by_password(
    recipient: PasswordRecipient,
    password: bytes,
    budget: DecryptionBudget,
    *,
    provider: CryptoProvider,
    cek_length: int,
    policy: Policy,
) -> bytes:
    budget.count_password(password_work(recipient))
    return await unwrap_pwri(recipient, password, provider, cek_length=cek_length, policy=policy)


def _joint_failure(failures: Sequence[SmimeError], recipients: Sequence[RecipientInfo]) -> SmimeError:
    if not failures:
        return NoMatchingRecipient(tuple(str(recipient.rid) for recipient in recipients))
    if all(isinstance(failure, WrongPassphrase) for failure in failures):
        return WrongPassphrase()
    said_by_message = [
        failure
        for failure in failures
        if not isinstance(failure, DecryptionError | ProviderError) or isinstance(failure, UnsupportedByProvider)
    ]
    return said_by_message[0] if len(said_by_message) == len(failures) else DecryptionError()
