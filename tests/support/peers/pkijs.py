"""PKI.js, run by Node from this project's development packages."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from smime_core.algorithms import CipherMode, TransportScheme
from tests.support.peers.line_peer import LinePeer
from tests.support.peers.peer import MAKES, READS, Gaps, gap
from tests.support.peers.rows import KEK_ID, EncryptingRow, SigningRow
from tests.support.project import ROOT

_SCRIPT: Final = Path(__file__).parent / "programs" / "pkijs_peer.mjs"
_PACKAGE: Final = ROOT / "node_modules" / "pkijs"
_CIPHERS: Final = {CipherMode.CBC: "AES-CBC", CipherMode.GCM: "AES-GCM"}


class PkiJs:
    gaps: Gaps = (
        gap("WebCrypto has no brainpool curves", "ECDSA brainpoolP256r1", "ECDH brainpoolP256r1")
        | gap("no EdDSA (4.0)", "Ed25519", "Ed448")
        | gap("no key agreement of RFC 8418 (4.0)", "X25519", "X448")
        | gap("puts GCM inside EnvelopedData, which RFC 8551 forbids; it knows no AuthEnvelopedData (4.0)",
              "AES-128-GCM", "AES-192-GCM", "AES-256-GCM", "ECDH P-256, AES-256-GCM", "AES-256-CCM",
              "ChaCha20-Poly1305")
        | gap("WebCrypto has neither DES nor RC2", "DES", "Triple-DES", "RC2-40", "RC2-128",
              "ECDH P-256, Triple-DES and its wrap")
        | gap("signs by issuer and serial number (4.0)", "signer by key identifier", directions=[MAKES])
        | gap("takes a key identifier for the SHA-1 of the key, also when the certificate has another (4.0)",
              "signer by key identifier", directions=[READS])
        | gap("WebCrypto has no RSA v1.5 encryption", "AES-128-CBC", "AES-192-CBC", "AES-256-CBC", "several recipients",
              "two RSA recipients",
              "password and certificate", "KEK and certificate", "recipient by key identifier")
        | gap("wraps under a password by AES key wrap and not by RFC 3211 (4.0)", "password")
        | gap("opens no kari without ukm (4.0)", "ECDH P-256", "ECDH P-384", "ECDH P-521", directions=[READS])
        | gap("names recipients by issuer and serial number (4.0)", "ECDH P-256 by key identifier", directions=[MAKES])
        | gap("wraps by AES-256 with standard ECDH", "ECDH P-256 with SHA-1 and AES-128 wrap", "cofactor ECDH P-256",
              directions=[MAKES])
    )  # fmt: skip

    def __init__(self, people: Path, folder: Path) -> None:
        folder.mkdir()
        self._process = LinePeer(["node", str(_SCRIPT), str(people)], log=folder / "errors.txt")
        self.ask = self._process.ask

    @staticmethod
    def absence() -> str | None:
        """Why this peer cannot be started here, or None."""
        if not shutil.which("node"):
            return "node is not installed"
        return None if _PACKAGE.is_dir() else "the npm package pkijs is not installed"

    def sign(self, content: bytes, row: SigningRow) -> bytes:
        return self.ask(
            "sign",
            content,
            signers=",".join(row.signers),
            hash=row.hash_name,
            pss="yes" if row.is_pss else None,
            detached="yes" if row.is_detached else None,
            bare=None if row.has_attributes else "yes",
        )[0]

    def verify(self, cms: bytes, content: bytes | None) -> None:
        self.ask("verify", cms, content=None if content is None else content.hex())

    def encrypt(self, content: bytes, row: EncryptingRow) -> bytes:
        is_oaep = row.transport.scheme is TransportScheme.RSA_OAEP
        return self.ask(
            "encrypt",
            content,
            recipients=",".join(row.recipients),
            cipher=_CIPHERS.get(row.cipher.mode),
            keybits=str(row.cipher.key_length * 8),
            oaep=row.transport.hash_name if is_oaep else None,
            kdf=row.agreement.kdf_hash,
            password=row.password,
            kek=row.kek.hex() if row.kek else None,
            kekid=KEK_ID.hex(),
        )[0]

    def open(self, cms: bytes, row: EncryptingRow, reader: str) -> bytes:
        return self.ask(
            "open",
            cms,
            reader=reader or None,
            index=str(row.recipients.index(reader) if reader else len(row.recipients)),
            password=row.password,
            kek=row.kek.hex() if row.kek else None,
        )[0]

    def close(self) -> None:
        self._process.close()
