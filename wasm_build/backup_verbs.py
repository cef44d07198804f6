"""The verbs about a backup: everything that the extension keeps, as one file under a passphrase.

AuthEnvelopedData with a password recipient (RFC 5083, RFC 5652 section 6.2.4): AES-256-GCM, and PBKDF2-HMAC-SHA-256
with 600,000 iterations. Its content type is its own: no mail and no parcel passes as a backup, and one octet that was
altered refuses the whole.
"""

from __future__ import annotations

from typing import Any

from smime_core.algorithms import AES_256_GCM
from smime_core.content_info import BACKUP
from smime_core.errors import WrongPassphrase
from smime_core.message import open_bytes, seal_bytes
from smime_core.provider import CryptoProvider


async def seal_backup(args: dict[str, Any], provider: CryptoProvider) -> dict[str, Any]:
    """`{backup}`. Raises WrongPassphrase without a passphrase."""
    passphrase = args["passphrase"]
    if not passphrase:
        raise WrongPassphrase()
    sealed = await seal_bytes(
        args["content"],
        recipients=(),
        passwords=[bytes(passphrase)],
        content_type=BACKUP,
        cipher=AES_256_GCM,
        provider=provider,
    )
    return {"backup": sealed}


async def open_backup(args: dict[str, Any], provider: CryptoProvider) -> dict[str, Any]:
    """`{content}`. Raises DecryptionError or NoMatchingRecipient for another passphrase or an altered file.

    Raises ContentTypeMismatch or MalformedMessage for what is no backup.
    """
    opened = await open_bytes(
        args["backup"],
        identities=(),
        passwords=[bytes(args["passphrase"])],
        content_type=BACKUP,
        provider=provider,
    )
    return {"content": opened.content}
