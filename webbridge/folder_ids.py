"""Opaque ids of folders. With them, no URL contains a folder's name, so the names are in no log of a proxy.

An id is the folder's name, encrypted with AES-SIV (RFC 5297) and a key derived from the bridge's secret, in base64url.
The account is the additional data. So ids need no table and stay the same, and every process with the same secret reads
them. An id of another account, or an invented id, is no folder.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from smime_core.text import read_base64url, write_base64url
from webbridge.gateway import GatewayCode, GatewayError

_KEY_BYTES = 64  # AES-SIV with two keys of 256 bits
_KEY_LABEL = b"sealwax bridge folder ids 1"


class FolderIds:
    """Makes and reads the ids of folders."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESSIV(HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_KEY_LABEL).derive(secret))

    def id_of(self, account: str, name: str) -> str:
        """Return the id of a folder of an account."""
        sealed = self._cipher.encrypt(name.encode(), [account.encode()])
        return write_base64url(sealed)

    def name_of(self, account: str, folder_id: str) -> str:
        """Return the name of the account's folder with this id. Raises GatewayError with NO_SUCH_FOLDER."""
        try:
            sealed = read_base64url(folder_id)
            name = self._cipher.decrypt(sealed, [account.encode()]).decode()
        except (InvalidTag, ValueError):
            raise _no_such_folder() from None
        # The decoder ignores unused bits and characters that are not base64. Only the one id that `id_of` gives is
        # accepted.
        if self.id_of(account, name) != folder_id:
            raise _no_such_folder()
        return name


def _no_such_folder() -> GatewayError:
    return GatewayError(GatewayCode.NO_SUCH_FOLDER, "There is no such folder. Load the list of folders again.")
