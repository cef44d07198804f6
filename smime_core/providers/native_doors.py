"""Where the library's exceptions become the core's: `operation` for all but decryption, `decryption` for that."""

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
    """Raise UnsupportedByProvider or ProviderError for what goes wrong inside.

    The library's texts name sizes and types, never values.
    """
    try:
        yield
    except exceptions.UnsupportedAlgorithm as error:
        raise UnsupportedByProvider(name, "the library lacks this algorithm") from error
    except REFUSALS as error:
        raise ProviderError(name) from error


@contextlib.contextmanager
def decryption() -> Iterator[None]:
    """Raise DecryptionError, without a cause, for what goes wrong inside: nothing tells which check failed.

    Raises UnsupportedByProvider where the library lacks the algorithm, which is no secret.
    """
    try:
        yield
    except exceptions.UnsupportedAlgorithm as error:
        raise UnsupportedByProvider("decrypt", "the library lacks this algorithm") from error
    except (exceptions.InvalidTag, InvalidUnwrap, *REFUSALS):
        raise DecryptionError from None
