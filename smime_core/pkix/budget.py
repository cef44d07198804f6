"""What one examination may spend on signers and paths: up to a hundred in each of dozens of parts, over one pool."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Final

from smime_core.limits import (
    MAX_MESSAGE_PATH_BYTES,
    MAX_MESSAGE_PATH_SIGNATURES,
    MAX_MESSAGE_PATH_STATES,
    MAX_MESSAGE_PATHS,
    MAX_MESSAGE_SIGNATURES,
    check_limit,
)
from smime_core.provider import KeyType

if TYPE_CHECKING:
    from smime_core.certificate import Certificate
    from smime_core.pkix.path_building import CertificatePool
    from smime_core.pkix.trust import TrustStore
    from smime_core.provider import PublicKey

_USUAL_RSA_BITS: Final = 4_096


class PathBudget:
    """The counts of all searches of one examination, and which signatures on certificates were found to hold.

    `holding` tells by the issuer's key and the certificate, as DER, whether that signature holds: it is checked once.
    What went beyond a limit stays beyond it. `last_pool` is what the last search found issuers in, and what it was made
    of: certificates, store, moment.
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
        """One more signature on content is checked, by this key where it is known. Raises LimitExceeded."""
        self._signers += 1 if key is None else _weight(key)
        check_limit("the number of signatures to check in the message", self._signers, MAX_MESSAGE_SIGNATURES)

    def count_signature(self, key: PublicKey) -> None:
        """One more signature is checked, on a certificate or about its revocation. Raises LimitExceeded."""
        self._signatures += _weight(key)
        self.check()

    def count_state(self) -> None:
        """One more issuer is weighed. Raises LimitExceeded."""
        self._states += 1
        self.check()

    def count_path(self, size: int) -> None:
        """One more complete path is judged, whose certificates have `size` bytes together. Raises LimitExceeded.

        Policies and name constraints are read anew on each path, in time linear in their size.
        """
        self._paths += 1
        self._bytes += size
        self.check()

    def count_certificate(self, size: int) -> None:
        """What a signer's certificate of `size` bytes names is read, before any path is there. Raises LimitExceeded."""
        self._bytes += size
        self.check()

    def check(self) -> None:
        """Raise LimitExceeded when too much was spent already."""
        check_limit("the number of signatures to check for all paths", self._signatures, MAX_MESSAGE_PATH_SIGNATURES)
        check_limit("the number of issuers to weigh for all paths", self._states, MAX_MESSAGE_PATH_STATES)
        check_limit("the number of paths to judge for all signers", self._paths, MAX_MESSAGE_PATHS)
        check_limit("the bytes of the certificates of all signers and paths", self._bytes, MAX_MESSAGE_PATH_BYTES)


def _weight(key: PublicKey) -> int:
    # RSA keys that are larger than people's: one signature of 16,384 bits takes up to five milliseconds.
    return max(1, key.bits // _USUAL_RSA_BITS) ** 2 if key.key_type is KeyType.RSA else 1
