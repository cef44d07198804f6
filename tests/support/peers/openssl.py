"""`openssl cms` (3.0 and later), one process for each operation."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from smime_core.algorithms import CipherFamily, ContentCipher, TransportScheme
from tests.support.peers.peer import Gaps, Refused, gap
from tests.support.peers.rows import KEK_ID, EncryptingRow, SigningRow

_DER: Final = ("-binary", "-outform", "DER")
_LEGACY: Final = ("-provider", "legacy", "-provider", "default")


class OpenSsl:
    gaps: Gaps = (
        gap("no EdDSA SignerInfo (3.0)", "Ed25519", "Ed448")
        | gap("no key agreement of RFC 8418 (3.0)", "X25519", "X448")
        | gap("AuthEnvelopedData only with GCM", "AES-256-CCM", "ChaCha20-Poly1305")
    )

    def __init__(self, people: Path, folder: Path) -> None:
        folder.mkdir()
        self._people, self._folder = people, folder

    @staticmethod
    def absence() -> str | None:
        """Why this peer cannot be started here, or None."""
        return None if shutil.which("openssl") else "openssl is not installed"

    def run(self, *arguments: str, data: bytes = b"") -> bytes:
        """Run `openssl cms` in the people's folder and return its output. Raises Refused."""
        command = ["openssl", "cms", *arguments]
        done = subprocess.run(command, cwd=self._people, input=data, capture_output=True, check=False)
        if done.returncode:
            raise Refused(done.stderr.decode(errors="replace"))
        return done.stdout

    def sign(self, content: bytes, row: SigningRow) -> bytes:
        options = ["-md", row.hash_name]
        for name in row.signers:
            options += ["-signer", f"{name}.pem", "-inkey", f"{name}.key"]
            if row.is_pss:
                options += ["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:digest"]
        options += [] if row.is_detached else ["-nodetach"]
        options += [] if row.has_attributes else ["-noattr"]
        options += ["-keyid"] if row.by_key_id else []
        return self.run("-sign", *_DER, *options, data=content)

    def verify(self, cms: bytes, content: bytes | None) -> None:
        options = []
        if content is not None:
            detached = self._folder / "content"
            detached.write_bytes(content)
            options = ["-content", str(detached)]
        self.run("-verify", "-inform", "DER", "-binary", "-CAfile", "ca.pem", "-out", "/dev/null", *options, data=cms)

    def encrypt(self, content: bytes, row: EncryptingRow) -> bytes:
        options = [_cipher_option(row.cipher)]
        for name in row.recipients:
            options += ["-recip", f"{name}.pem", *_key_options(row, is_rsa=name.startswith("rsa"))]
        options += [f"-aes{row.wrap.kek_length * 8}-wrap"] if row.wrap.name.startswith("AES") else ["-des3-wrap"]
        options += ["-keyid"] if row.by_key_id else []
        options += ["-pwri_password", row.password] if row.password else []
        options += ["-secretkey", row.kek.hex(), "-secretkeyid", KEK_ID.hex()] if row.kek else []
        if row.cipher.family in (CipherFamily.DES, CipherFamily.RC2):
            options += _LEGACY
        return self.run("-encrypt", *_DER, *options, data=content)

    def open(self, cms: bytes, row: EncryptingRow, reader: str) -> bytes:
        options: Sequence[str] = ["-recip", f"{reader}.pem", "-inkey", f"{reader}.key"]
        if not reader and row.password:
            options = ["-pwri_password", row.password]
        elif not reader and row.kek:
            options = ["-secretkey", row.kek.hex(), "-secretkeyid", KEK_ID.hex()]
        return self.run("-decrypt", "-inform", "DER", "-binary", *options, data=cms)

    def close(self) -> None:
        """Do nothing: openssl does not run between operations."""


def _key_options(row: EncryptingRow, *, is_rsa: bool) -> list[str]:
    if is_rsa and row.transport.scheme is TransportScheme.RSA_OAEP:
        return ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", f"rsa_oaep_md:{row.transport.hash_name}"]
    if is_rsa:
        return []
    cofactor = ["-keyopt", "ecdh_cofactor_mode:1"] if row.agreement.oid.startswith("1.3.132.1.14.") else []
    return ["-keyopt", f"ecdh_kdf_md:{row.agreement.kdf_hash}", *cofactor]


def _cipher_option(cipher: ContentCipher) -> str:
    if cipher.family is CipherFamily.AES:
        return f"-{cipher.name.lower()}"
    return {"Triple-DES-CBC": "-des3", "DES-CBC": "-des", "RC2-40-CBC": "-rc2-40-cbc", "RC2-128-CBC": "-rc2-128"}[
        cipher.name
    ]
