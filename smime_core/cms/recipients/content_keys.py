"""Find the content-encryption key (CEK) through the recipients. The caller handles the content, in memory or streamed.

`try_content_keys` unwraps with every key of ours that a recipient names. It passes each CEK to `use`, which decrypts or
checks a MAC, until `use` accepts one. Only `use` can recognise the right CEK: RSA v1.5 gives a random CEK for bad
padding (RFC 3218), and in CBC a wrong CEK shows only in the padding of the content. This module also chooses the error
for a failure, so that it reveals nothing about the keys.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from smime_core.cms.key_holder import KeyHolder
from smime_core.cms.recipients.decryption_budget import DecryptionBudget
from smime_core.cms.recipients.kari import KeyAgreeRecipient, unwrap_kari
from smime_core.cms.recipients.kekri import KekRecipient, unwrap_kekri
from smime_core.cms.recipients.kemri import KemRecipient, unwrap_kemri
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.recipients.ktri import KeyTransRecipient, unwrap_ktri
from smime_core.cms.recipients.pwri import PasswordRecipient, password_work, unwrap_pwri, unwrap_pwri_under
from smime_core.cms.recipients.recipient_info import RecipientInfo
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
from smime_core.x509.certificate import Certificate

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decrypted(Generic[_T]):
    """The content of an encrypted layer, and the recipient whose key decrypted it."""

    content: _T = field(repr=False)
    recipient: RecipientInfo


async def try_content_keys(
    recipients: Sequence[RecipientInfo],
    use: Callable[[bytes], Awaitable[_T]],
    keys: Keys,
    provider: CryptoProvider,
    cek_length: int,
    policy: Policy = Policy.RECEIVE,
    budget: DecryptionBudget | None = None,
) -> Decrypted[_T]:
    """The result of `use` for the first CEK that it accepts. `use` raises DecryptionError for a wrong CEK.

    All layers of one message share `budget`; without one, the limits apply to this layer.

    If a recipient names no key of ours, or unwrapping fails, the next recipient is tried: renewed certificates share a
    name, and a broken identity must not stop the others. If all keys fail, one DecryptionError is raised, however far
    each key got, or WrongPassphrase if only passwords were tried. Faults of the message itself, such as an algorithm
    that is unknown or forbidden by `policy`, are raised only if every attempt ended with one.

    Raises NoMatchingRecipient, DecryptionError, UnsupportedAlgorithm, MalformedMessage, LimitExceeded or
    UnsupportedByProvider.
    """
    ways = _find_unwraps(recipients, keys, policy)
    # Passwords are tried last, because deriving a key from one takes about a second.
    failures: list[SmimeError] = []
    budget = budget or DecryptionBudget()
    for recipient, unwrap in itertools.chain(ways, _find_password_unwraps(recipients, keys, policy, budget)):
        budget.count_key()
        try:
            cek = await unwrap(cek_length=cek_length, provider=provider)
        except SmimeError as error:
            failures.append(error)
            continue
        try:
            return Decrypted(content=await use(cek), recipient=recipient)
        except DecryptionError as error:
            failures.append(error)
    if not failures:
        raise NoMatchingRecipient(tuple(str(recipient.rid) for recipient in recipients))
    raise _joint_failure(failures)


def is_single_try(recipients: Sequence[RecipientInfo], keys: Keys) -> bool:
    """Whether `try_content_keys` calls `use` at most once. False with passwords, because it may try several."""
    return not keys.passwords and len(list(itertools.islice(_find_unwraps(recipients, keys, Policy.ARCHIVE), 2))) < 2


_Unwrap = Callable[..., Awaitable[bytes]]


def _find_unwraps(
    recipients: Sequence[RecipientInfo], keys: Keys, policy: Policy
) -> Iterator[tuple[RecipientInfo, _Unwrap]]:
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
        elif isinstance(recipient, KeyTransRecipient | KeyAgreeRecipient | KemRecipient):
            for holder in keys.identities:
                if recipient.rid.matches(holder.certificate):
                    yield recipient, _unwrap_of(recipient, holder, keys.originators, policy)


def _unwrap_of(
    recipient: KeyTransRecipient | KeyAgreeRecipient | KemRecipient,
    holder: KeyHolder,
    originators: Sequence[Certificate],
    policy: Policy,
) -> _Unwrap:
    match recipient:
        case KeyTransRecipient():
            return functools.partial(unwrap_ktri, recipient, holder.private_key)
        case KeyAgreeRecipient():
            return functools.partial(unwrap_kari, recipient, holder.private_key, originators=originators, policy=policy)
        case KemRecipient():
            return functools.partial(unwrap_kemri, recipient, holder.private_key, policy=policy)


def _find_password_unwraps(
    recipients: Sequence[RecipientInfo], keys: Keys, policy: Policy, budget: DecryptionBudget
) -> Iterator[tuple[RecipientInfo, _Unwrap]]:
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


def _joint_failure(failures: Sequence[SmimeError]) -> SmimeError:
    if all(isinstance(failure, WrongPassphrase) for failure in failures):
        return WrongPassphrase()
    said_by_message = [
        failure
        for failure in failures
        if not isinstance(failure, DecryptionError | ProviderError) or isinstance(failure, UnsupportedByProvider)
    ]
    return said_by_message[0] if len(said_by_message) == len(failures) else DecryptionError()
