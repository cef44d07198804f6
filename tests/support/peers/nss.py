"""`cmsutil` of NSS, with a separate certificate database."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.support.peers.peer import MAKES, Gaps, Refused, gap
from tests.support.peers.people import PASSPHRASE, address
from tests.support.peers.rows import ENCRYPTIONS, READ_ONLY_ENCRYPTIONS, EncryptingRow, SigningRow, has_agreement

KEPT_BY_NSS: Final = ("rsa", "rsa2", "p256", "p384", "p521")
"""The people whose keys NSS supports."""


class Nss:
    gaps: Gaps = (
        gap("cmsutil signs RSA v1.5 and ECDSA by one signer", "RSA-PSS", "RSA-PSS with SHA-512", "two signers",
            "signer by key identifier", "no signed attributes", "no signed attributes, detached", directions=[MAKES])
        | gap("no brainpool curves", "ECDSA brainpoolP256r1", "ECDH brainpoolP256r1")
        | gap("no EdDSA in CMS (3.87)", "Ed25519", "Ed448")
        | gap("no AuthEnvelopedData (3.87)", "AES-128-GCM", "AES-192-GCM", "AES-256-GCM", "AES-256-CCM",
              "ChaCha20-Poly1305")
        | gap("no OAEP in CMS (3.87)", "OAEP with SHA-1", "OAEP with SHA-256", "OAEP with SHA-512")
        | gap("no ECDH in CMS (3.87)", *(row.name for row in ENCRYPTIONS + READ_ONLY_ENCRYPTIONS if has_agreement(row)))
        | gap("neither pwri nor kekri", "password", "password and certificate", "KEK", "KEK and certificate")
        | gap("cmsutil chooses the cipher", "AES-192-CBC", "AES-256-CBC", "Triple-DES", "DES", "RC2-40",
              "RC2-128", "recipient by key identifier", directions=[MAKES])
    )  # fmt: skip

    def __init__(self, people: Path, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        make_database(folder, people)

    @staticmethod
    def absence() -> str | None:
        """Why this peer cannot be started here, or None."""
        missing = [name for name in ("cmsutil", "certutil", "pk12util") if not shutil.which(name)]
        return f"{', '.join(missing)}: not installed" if missing else None

    def cmsutil(self, *arguments: str, data: bytes) -> bytes:
        """Run cmsutil and return its output. Raises Refused."""
        source, target = self._folder / "in", self._folder / "out"
        source.write_bytes(data)
        target.unlink(missing_ok=True)
        place = ("-d", f"sql:{self._folder}", "-p", "", "-i", str(source), "-o", str(target))
        _run("cmsutil", *arguments, *place)
        return target.read_bytes()

    def sign(self, content: bytes, row: SigningRow) -> bytes:
        options = ["-T"] if row.is_detached else []
        return self.cmsutil("-S", "-G", "-P", "-N", row.signers[0], "-H", row.hash_name.upper(), *options, data=content)

    def verify(self, cms: bytes, content: bytes | None) -> None:
        options = []
        if content is not None:
            detached = self._folder / "content"
            detached.write_bytes(content)
            options = ["-c", str(detached)]
        # With -h cmsutil only reports each signer's status. All signers must be good, and there must be at least one.
        report = self.cmsutil("-D", "-h", "0", *options, data=cms)
        verdicts = re.findall(rb"signer\d+\.status=(\w+)", report)
        if set(verdicts) != {b"GoodSignature"}:
            raise Refused(report.decode(errors="replace"))

    def encrypt(self, content: bytes, row: EncryptingRow) -> bytes:
        return self.cmsutil("-E", "-r", ",".join(map(address, row.recipients)), data=content)

    def open(self, cms: bytes, row: EncryptingRow, reader: str) -> bytes:
        return self.cmsutil("-D", data=cms)

    def close(self) -> None:
        """Do nothing: cmsutil does not run between operations."""


def make_database(folder: Path, people: Path) -> None:
    """Create a database in `folder` that trusts the authority and has the keys of the people that NSS supports."""
    database = ("-d", f"sql:{folder}")
    _run("certutil", "-N", *database, "--empty-password")
    _run("certutil", "-A", *database, "-n", "ca", "-t", ",C,", "-i", str(people / "ca.pem"))
    for name in KEPT_BY_NSS:
        _run("pk12util", "-i", str(people / f"{name}.p12"), *database, "-W", PASSPHRASE, "-K", "")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise Refused((done.stderr + done.stdout).decode(errors="replace"))
