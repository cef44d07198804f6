"""The verbs about a backup. A backup is everything that the extension keeps, in one file encrypted under a passphrase.

The file is AuthEnvelopedData with a password recipient (RFC 5083, RFC 5652 section 6.2.4). Its content is encrypted
with AES-256-GCM. The key is derived with PBKDF2-HMAC-SHA-256 in 600,000 iterations. Backups have a separate content
type, so that no other encrypted file is accepted as a backup. A backup with one altered byte is refused as a whole.
"""

from __future__ import annotations

from smime_core.algorithms import AES_256_GCM
from smime_core.cms import BACKUP, Encrypting, Keys
from smime_core.errors import WrongPassphrase
from smime_core.message import decrypt_bytes, encrypt_bytes
from smime_core.provider import CryptoProvider
from wasm_build.vault.python.requests import Reply, Secret, request_class


@request_class
class SealBackup:
    content: bytes
    passphrase: Secret


@request_class
class OpenBackup:
    backup: bytes
    passphrase: Secret


async def seal_backup(request: SealBackup, provider: CryptoProvider) -> Reply:
    """Returns `{backup}`, the encrypted file. Raises WrongPassphrase without a passphrase."""
    if not request.passphrase:
        raise WrongPassphrase()
    sealed = await encrypt_bytes(
        request.content,
        Encrypting(recipients=(), passwords=[request.passphrase], cipher=AES_256_GCM),
        provider,
        content_type=BACKUP,
    )
    return {"backup": sealed}


async def open_backup(request: OpenBackup, provider: CryptoProvider) -> Reply:
    """Returns `{content}`, the decrypted content of the backup.

    Raises DecryptionError or NoMatchingRecipient for another passphrase or an altered file, ContentTypeMismatch or
    MalformedMessage for a file that is no backup.
    """
    keys = Keys(identities=(), passwords=[request.passphrase])
    return {"content": (await decrypt_bytes(request.backup, keys, provider, content_type=BACKUP)).content}
