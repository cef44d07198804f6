"""Limits on the signatures, issuers and paths that one examination may check.

Without limits, a hostile message could cause endless work. Such a message can have dozens of parts with a hundred
signers each, and the path of every signer may use every certificate in the message.
"""

from __future__ import annotations

import datetime
from typing import Final

from smime_core.limits import (
    MAX_MESSAGE_PATH_BYTES,
    MAX_MESSAGE_PATH_SIGNATURES,
    MAX_MESSAGE_PATH_STATES,
    MAX_MESSAGE_PATHS,
    MAX_MESSAGE_SIGNATURES,
    check_limit,
)
from smime_core.pkix.certificate_pool import CertificatePool
from smime_core.pkix.trust import TrustStore
from smime_core.provider import KeyType, PublicKey
from smime_core.x509.certificate import Certificate

_USUAL_RSA_BITS: Final = 4_096


class PathBudget:
    """The counts for all path searches of one examination, and the certificate signatures that were checked.

    `holding` has the result of each signature check, so that none is repeated. The key is (the issuer's key, the
    certificate), both as DER. The value is True if the signature verifies. Counts never go down. After a count has
    passed its limit, every later call raises LimitExceeded again. `last_pool` is (certificates, store, moment, pool):
    the pool of the last search, and the three values that it was made from.
    """

    def __init__(self) -> None:
        self.holding: dict[tuple[bytes, bytes], bool] = {}
        self.last_pool: tuple[tuple[Certificate, ...], TrustStore, datetime.datetime, CertificatePool] | None = None
        self._signers = 0
        self._signatures = 0
        self._states = 0
        self._paths = 0
        self._bytes = 0

    def count_signer(self, key: PublicKey | None = None) -> None:
        """Count one more signature on content, made by `key` if that is known. Raises LimitExceeded."""
        self._signers += 1 if key is None else _weight(key)
        check_limit("the number of signatures to check in the message", self._signers, MAX_MESSAGE_SIGNATURES)

    def count_signature(self, key: PublicKey) -> None:
        """Count one more signature on a certificate or on a revocation statement. Raises LimitExceeded."""
        self._signatures += _weight(key)
        self.check()

    def count_state(self) -> None:
        """Count one more issuer that a path search considers. Raises LimitExceeded."""
        self._states += 1
        self.check()

    def count_path(self, size: int) -> None:
        """Count one more complete path, whose certificates have `size` bytes together. Raises LimitExceeded.

        The policies and name constraints are read again for each path, which takes time in proportion to their size.
        """
        self._paths += 1
        self._bytes += size
        self.check()

    def count_certificate(self, size: int) -> None:
        """Count a signer's certificate of `size` bytes, which is read before there is a path. Raises LimitExceeded."""
        self._bytes += size
        self.check()

    def check(self) -> None:
        """Raise LimitExceeded if a limit was passed already."""
        check_limit("the number of signatures to check for all paths", self._signatures, MAX_MESSAGE_PATH_SIGNATURES)
        check_limit("the number of issuers to weigh for all paths", self._states, MAX_MESSAGE_PATH_STATES)
        check_limit("the number of paths to judge for all signers", self._paths, MAX_MESSAGE_PATHS)
        check_limit("the bytes of the certificates of all signers and paths", self._bytes, MAX_MESSAGE_PATH_BYTES)


def _weight(key: PublicKey) -> int:
    # A signature by a very large RSA key counts as several signatures, because with 16,384 bits one check takes up to
    # five milliseconds.
    return max(1, key.bits // _USUAL_RSA_BITS) ** 2 if key.key_type is KeyType.RSA else 1
