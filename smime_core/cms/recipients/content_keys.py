"""From recipients to the content key, apart from the content: in memory, in a stream or for another recipient alike.

`try_content_keys` unwraps with every key that a recipient names and hands each CEK to `use`, which decrypts or checks a
MAC, until one is the right one. That only `use` can tell: RSA v1.5 gives a random CEK for a bad padding (RFC 3218), and
in CBC a wrong CEK shows at the padding of the content. What a failure says to the outside is decided here, once.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from smime_core.certificate import Certificate
from smime_core.errors import (
    DecryptionError,
    NoMatchingRecipient,
    ProviderError,
    SmimeError,
    UnsupportedByProvider,
    WrongPassphrase,
)
from smime_core.kari import KeyAgreeRecipient, unwrap_kari
from smime_core.kekri import KekRecipient, KeyEncryptionKey, unwrap_kekri
from smime_core.kemri import KemRecipient, unwrap_kemri
from smime_core.key_management import KeyHolder
from smime_core.ktri import KeyTransRecipient, unwrap_ktri
from smime_core.limits import MAX_KEY_ATTEMPTS, MAX_PBKDF2_ITERATIONS, check_limit
from smime_core.password_recipient import PasswordRecipient, password_iterations, unwrap_with_password
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.recipient_info import RecipientInfo

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedWith(Generic[_T]):
    """What `use` gave for the right content key, and which recipient that key came from."""

    result: _T
    recipient: RecipientInfo


async def try_content_keys(
    recipients: Sequence[RecipientInfo],
    use: Callable[[bytes], Awaitable[_T]],
    *,
    cek_length: int,
    holders: Sequence[KeyHolder],
    provider: CryptoProvider,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
    originators: Sequence[Certificate] = (),
    policy: Policy = Policy.RECEIVE,
) -> OpenedWith[_T]:
    """What `use` gives for the first CEK that it takes; it raises DecryptionError for a wrong one.

    "Not mine" goes on to the next recipient, and so does mine when it fails: renewed certificates share a name, and a
    broken identity never stops the others. When every one of mine has failed, that is one DecryptionError, however far
    each got (WrongPassphrase where there was nothing but passwords). What can be told from the message alone, as an
    algorithm that is unknown or forbidden by `policy`, is said only when no key was touched.

    Raises NoMatchingRecipient, DecryptionError, UnsupportedAlgorithm, MalformedMessage, LimitExceeded or
    UnsupportedByProvider.
    """
    ways = _find_unwraps(recipients, holders=holders, keks=keks, originators=originators, policy=policy)
    # Passwords last, because deriving a key takes a second.
    failures: list[SmimeError] = []
    iterations = 0
    for recipient, unwrap in itertools.chain(ways, _find_password_unwraps(recipients, passwords, policy)):
        check_limit("keys tried", len(failures) + 1, MAX_KEY_ATTEMPTS)
        try:
            if isinstance(recipient, PasswordRecipient):
                iterations += password_iterations(recipient)
                check_limit("PBKDF2 iterations of all passwords", iterations, MAX_PBKDF2_ITERATIONS)
            cek = await unwrap(cek_length=cek_length, provider=provider)
        except SmimeError as error:
            failures.append(error)
            continue
        try:
            return OpenedWith(result=await use(cek), recipient=recipient)
        except DecryptionError as error:
            failures.append(error)
    if not failures:
        raise NoMatchingRecipient(tuple(str(recipient.rid) for recipient in recipients))
    raise _joint_failure(failures)


def is_single_try(
    recipients: Sequence[RecipientInfo], *, holders: Sequence[KeyHolder], keks: Sequence[KeyEncryptionKey] = ()
) -> bool:
    """Whether `try_content_keys` calls `use` once at most, when there are no passwords."""
    ways = _find_unwraps(recipients, holders=holders, keks=keks, originators=(), policy=Policy.ARCHIVE)
    return len(list(itertools.islice(ways, 2))) < 2


_Unwrap = Callable[..., Awaitable[bytes]]


def _find_unwraps(
    recipients: Sequence[RecipientInfo],
    *,
    holders: Sequence[KeyHolder],
    keks: Sequence[KeyEncryptionKey],
    originators: Sequence[Certificate],
    policy: Policy,
) -> Iterator[tuple[RecipientInfo, _Unwrap]]:
    # Several holders may answer to one name after a renewal (MUSTS 31).
    for recipient in recipients:
        if isinstance(recipient, KekRecipient):
            for kek in keks:
                if recipient.names(kek):
                    yield recipient, functools.partial(unwrap_kekri, recipient, kek, policy=policy)
        elif isinstance(recipient, KeyTransRecipient | KeyAgreeRecipient | KemRecipient):
            for holder in holders:
                if recipient.rid.matches(holder.certificate):
                    yield recipient, _unwrap_of(recipient, holder, originators, policy)


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
    recipients: Sequence[RecipientInfo], passwords: Sequence[bytes], policy: Policy
) -> Iterator[tuple[RecipientInfo, _Unwrap]]:
    for recipient in recipients:
        if isinstance(recipient, PasswordRecipient):
            for password in passwords:
                yield recipient, functools.partial(unwrap_with_password, recipient, password, policy=policy)


def _joint_failure(failures: Sequence[SmimeError]) -> SmimeError:
    if all(isinstance(failure, WrongPassphrase) for failure in failures):
        return WrongPassphrase()
    said_by_message = [
        failure
        for failure in failures
        if not isinstance(failure, DecryptionError | ProviderError) or isinstance(failure, UnsupportedByProvider)
    ]
    return said_by_message[0] if len(said_by_message) == len(failures) else DecryptionError()
