"""Context managers that turn exceptions of pyca/cryptography into the core's: `decryption` and `operation`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

from cryptography import exceptions
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap

from smime_core.errors import DecryptionError, ProviderError, UnsupportedByProvider

REFUSALS: Final = (ValueError, TypeError, OverflowError, MemoryError)


@contextlib.contextmanager
def operation(name: str) -> Iterator[None]:
    """Raise UnsupportedByProvider or ProviderError for exceptions of pyca/cryptography in the `with` block.

    The exception stays attached as the cause, because its text names sizes and types, never values.
    """
    try:
        yield
    except exceptions.UnsupportedAlgorithm as error:
        raise UnsupportedByProvider(name, "the library lacks this algorithm") from error
    except REFUSALS as error:
        raise ProviderError(name) from error


@contextlib.contextmanager
def decryption() -> Iterator[None]:
    """Raise DecryptionError for exceptions of pyca/cryptography in the `with` block.

    The error has no cause, so that it does not reveal which check failed.

    UnsupportedByProvider is raised if the library lacks the algorithm, which is no secret.
    """
    try:
        yield
    except exceptions.UnsupportedAlgorithm as error:
        raise UnsupportedByProvider("decrypt", "the library lacks this algorithm") from error
    except (exceptions.InvalidTag, InvalidUnwrap, *REFUSALS):
        raise DecryptionError from None
