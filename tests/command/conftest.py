"""Fixture of the command's tests: a folder with identities and signed mails, in which the command runs as a process."""

from __future__ import annotations

import pytest

from tests.support.command.lab import ENTITY, MAIL, SIGNER, Lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    lab = Lab(tmp_path_factory.mktemp("cli"))
    for folder, key in (("ids", "rsa-2048"), ("ec", "p-256")):
        addresses = ("--address", "alice@example.test", "--address", "bob@example.test")
        assert lab.sealwax("identity", "demo", folder, *addresses, "--key", key).code == 0
        for name in ("alice", "bob"):
            lab.write(f"{folder}/{name}.key", _key_pem(lab, f"{folder}/{name}.p12", f"{folder}/passphrase.txt"))
    lab.write("mail.eml", MAIL)
    lab.write("entity.txt", ENTITY)
    lab.made("sign", "mail.eml", *SIGNER, "-o", "signed.eml")
    lab.made("sign", "mail.eml", *SIGNER, "--opaque", "-o", "opaque.eml")
    lab.made("encrypt", "signed.eml", "--to", "ids/bob.pem", "-o", "encrypted.eml")
    return lab


def _key_pem(lab: Lab, p12: str, passphrase_file: str) -> bytes:
    return lab.openssl("pkcs12", "-in", p12, "-nocerts", "-nodes", "-passin", f"file:{passphrase_file}")
