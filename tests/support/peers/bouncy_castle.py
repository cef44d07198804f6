"""Bouncy Castle, driven by a Java program that is compiled at its start from the two sources in peers/programs/."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.support.peers.line_peer import LinePeer
from tests.support.peers.peer import MAKES, READS, Gaps, gap
from tests.support.peers.rows import KEK_ID, EncryptingRow, SigningRow

_SOURCES: Final = [
    Path(__file__).parent / "programs" / f"{name}.java" for name in ("BouncyCastlePeer", "BouncyCastleMail")
]
_JARS: Final = [
    Path("/usr/share/java") / f"{name}.jar"
    for name in ("bcmail", "bcpkix", "bcprov", "bcutil", "javax.activation", "javax.mail")
]
CLASS_PATH: Final = ":".join(map(str, _JARS))


class BouncyCastle:
    gaps: Gaps = (
        gap("puts ChaCha20-Poly1305 inside EnvelopedData (1.72)", "ChaCha20-Poly1305", directions=[MAKES])
        | gap("no key agreement of RFC 8418 (1.72)", "X25519", "X448")
        | gap("opens AuthEnvelopedData only for RSA keys (1.72)", "ECDH P-256, AES-256-GCM", directions=[READS])
    )

    def __init__(self, people: Path, folder: Path) -> None:
        folder.mkdir()
        command = ["javac", "-nowarn", "-Xlint:none", "-cp", CLASS_PATH, "-d", str(folder), *map(str, _SOURCES)]
        subprocess.run(command, check=True, capture_output=True)
        # The program runs for a short time only. These options make it start fast.
        java = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{CLASS_PATH}:{folder}"]
        self._process = LinePeer([*java, _SOURCES[0].stem, str(people)], log=folder / "errors.txt")
        self.ask = self._process.ask

    @staticmethod
    def absence() -> str | None:
        """Why this peer cannot be started here, or None."""
        if not shutil.which("javac"):
            return "javac is not installed"
        missing = [jar.name for jar in _JARS if not jar.exists()]
        return f"{', '.join(missing)}: not installed" if missing else None

    def sign(self, content: bytes, row: SigningRow) -> bytes:
        return self.ask(
            "sign",
            content,
            signers=",".join(row.signers),
            hash=row.hash_name,
            pss=_flag(row.is_pss),
            detached=_flag(row.is_detached),
            bare=_flag(not row.has_attributes),
            keyid=_flag(row.by_key_id),
        )[0]

    def verify(self, cms: bytes, content: bytes | None) -> None:
        self.ask("verify", cms, content=None if content is None else content.hex())

    def encrypt(self, content: bytes, row: EncryptingRow) -> bytes:
        return self.ask(
            "envelop",
            content,
            recipients=",".join(row.recipients),
            cipher=row.cipher.oid,
            bits=str(row.cipher.key_length * 8),
            oaep=row.transport.hash_name if row.transport.label.startswith("RSA-OAEP") else None,
            agreement=row.agreement.oid,
            wrap=row.wrap.oid,
            keyid=_flag(row.by_key_id),
            password=row.password,
            kek=None if row.kek is None else row.kek.hex(),
            kekid=KEK_ID.hex(),
        )[0]

    def open(self, cms: bytes, row: EncryptingRow, reader: str) -> bytes:
        if not reader:
            kind = "password" if row.password else "secret"
        else:
            kind = "rsa" if reader.startswith("rsa") else "agreement"
        return self.ask(
            "open",
            cms,
            kind=f"{kind}-auth" if row.cipher.is_authenticated else kind,
            reader=reader or None,
            password=row.password,
            kek=None if row.kek is None else row.kek.hex(),
        )[0]

    def close(self) -> None:
        self._process.close()


def _flag(is_set: bool) -> str | None:
    return "yes" if is_set else None
