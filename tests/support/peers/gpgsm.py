"""gpgsm of GnuPG, with a separate home folder.

The PKCS#12 reader of gpgsm 2.2.40 crashes on EC keys. So private keys are written for its agent as unprotected
S-expressions, which also makes passphrases unnecessary.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.support.peers.peer import MAKES, READS, Gaps, Refused, gap
from tests.support.peers.people import address
from tests.support.peers.rows import ENCRYPTIONS, READ_ONLY_ENCRYPTIONS, EncryptingRow, SigningRow, has_agreement

PEOPLE: Final = ("rsa", "rsa2", "p256", "p384", "p521", "brainpool")
_CURVES: Final = {
    "secp256r1": "NIST P-256",
    "secp384r1": "NIST P-384",
    "secp521r1": "NIST P-521",
    "brainpoolP256r1": "brainpoolP256r1",
}


class Gpgsm:
    """One home folder with its agent, which runs until `close`."""

    gaps: Gaps = (
        gap("signs no PSS", "RSA-PSS", "RSA-PSS with SHA-512", directions=[MAKES])
        | gap(
            "always with signed attributes",
            "no signed attributes",
            "no signed attributes, detached",
            directions=[MAKES],
        )
        | gap("no key identifiers (libksba 1.6)", "signer by key identifier", "recipient by key identifier")
        | gap("signs with SHA-256 on every curve", "ECDSA P-384", "ECDSA P-521", directions=[MAKES])
        | gap("wants a hash as long as the curve", "ECDSA P-521", directions=[READS])
        | gap("no EdDSA (2.2)", "Ed25519", "Ed448")
        | gap(
            "no AuthEnvelopedData (2.2)",
            "AES-128-GCM",
            "AES-192-GCM",
            "AES-256-GCM",
            "AES-256-CCM",
            "ChaCha20-Poly1305",
        )
        | gap("no OAEP (2.2)", "OAEP with SHA-1", "OAEP with SHA-256", "OAEP with SHA-512")
        | gap("no ECDH (2.2)", *(row.name for row in ENCRYPTIONS + READ_ONLY_ENCRYPTIONS if has_agreement(row)))
        | gap("no KEKRecipientInfo", "KEK", "KEK and certificate")
        | gap("encrypts only for certificates", "password", "password and certificate", directions=[MAKES])
        | gap("neither DES nor RC2", "DES", "RC2-40", "RC2-128")
    )

    def __init__(self, people: Path, folder: Path) -> None:
        self._home = folder
        folder.mkdir(mode=0o700)
        (folder / "gpgsm.conf").write_text("disable-crl-checks\ndisable-dirmngr\nbatch\nno-tty\nquiet\n")
        (folder / "gpg-agent.conf").write_text("allow-loopback-pinentry\n")
        root = x509.load_pem_x509_certificate((people / "ca.pem").read_bytes())
        # GnuPG identifies a trusted root by its SHA-1 fingerprint.
        fingerprint = root.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303
        (folder / "trustlist.txt").write_text(f"{fingerprint} S relax\n")
        keys = folder / "private-keys-v1.d"
        keys.mkdir(mode=0o700)
        self.run("--import", str(people / "ca.pem"))
        for name in PEOPLE:
            self.run("--import", str(people / f"{name}.pem"))
            (keys / f"{self._keygrip(name)}.key").write_bytes(_key_expression(people / f"{name}.key"))

    @staticmethod
    def absence() -> str | None:
        """Why this peer cannot be started here, or None."""
        return None if shutil.which("gpgsm") else "gpgsm is not installed"

    def run(self, *arguments: str, data: bytes = b"") -> bytes:
        """Run gpgsm and return its output. Raises Refused."""
        done = subprocess.run(
            ["gpgsm", *arguments], input=data, capture_output=True, check=False,
            env={**os.environ, "GNUPGHOME": str(self._home), "LC_ALL": "C"},
        )  # fmt: skip
        if done.returncode:
            raise Refused(done.stderr.decode(errors="replace"))
        return done.stdout

    def sign(self, content: bytes, row: SigningRow) -> bytes:
        signers = [option for name in row.signers for option in ("-u", address(name))]
        verb = "--detach-sign" if row.is_detached else "--sign"
        return self.run(verb, *signers, "--digest-algo", row.hash_name, data=content)

    def verify(self, cms: bytes, content: bytes | None) -> None:
        signature, detached = self._home / "signature", self._home / "content"
        signature.write_bytes(cms)
        detached.write_bytes(content or b"")
        self.run("--verify", str(signature), *([str(detached)] if content is not None else []))

    def encrypt(self, content: bytes, row: EncryptingRow) -> bytes:
        recipients = [option for name in row.recipients for option in ("-r", address(name))]
        cipher = row.cipher.name.removesuffix("-CBC").replace("AES-", "AES").replace("Triple-DES", "3DES")
        return self.run("--encrypt", *recipients, "--cipher-algo", cipher, data=content)

    def open(self, cms: bytes, row: EncryptingRow, reader: str) -> bytes:
        """Decrypt the content. `reader` is ignored: gpgsm uses the first recipient whose key it has."""
        encrypted = self._home / "encrypted"
        encrypted.write_bytes(cms)
        passphrase = ("--pinentry-mode", "loopback", "--passphrase-fd", "0")
        return self.run(*passphrase, "--decrypt", str(encrypted), data=(row.password or "").encode())

    def close(self) -> None:
        subprocess.run(["gpgconf", "--homedir", str(self._home), "--kill", "gpg-agent"], check=False)

    def _keygrip(self, name: str) -> str:
        listing = self.run("--with-colons", "--with-keygrip", "-k", address(name)).decode()
        return next(line.split(":")[9] for line in listing.splitlines() if line.startswith("grp:"))


def _key_expression(key_file: Path) -> bytes:
    # The key as libgcrypt's S-expression in canonical form: "(11:private-key(3:rsa...))".
    key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        p, q = sorted((numbers.p, numbers.q))
        values = {"n": numbers.public_numbers.n, "e": numbers.public_numbers.e, "d": numbers.d, "p": p, "q": q}
        fields = [(name, _unsigned(value)) for name, value in {**values, "u": pow(p, -1, q)}.items()]
        return b"(11:private-key(3:rsa" + b"".join(_field(name, value) for name, value in fields) + b"))"
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    secret = _unsigned(key.private_numbers().private_value)
    curve = _CURVES[key.curve.name].encode()
    return b"(11:private-key(3:ecc" + _field("curve", curve) + _field("q", point) + _field("d", secret) + b"))"


def _field(name: str, value: bytes) -> bytes:
    return b"(%d:%s%d:%s)" % (len(name), name.encode(), len(value), value)


def _unsigned(number: int) -> bytes:
    # With a leading zero bit, because libgcrypt would read a leading one as the sign.
    return number.to_bytes(number.bit_length() // 8 + 1, "big")
