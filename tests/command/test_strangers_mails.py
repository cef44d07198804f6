"""The command says of no name in a certificate that an authority vouches for it as an address."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from smime_core.blocking import sign_entity
from smime_core.cms.signing import Signing
from tests.support.nameless_certificates import without_address
from tests.support.people import NOW, PROVIDER, anchor

CEO = "ceo@bank.test"


@pytest.mark.parametrize("name", [CEO, f"Boss <{CEO}>"])
def test_the_command_names_no_address_that_only_a_common_name_has(name: str, tmp_path: Path) -> None:
    head = f"From: {CEO}\r\nTo: alice@example.test\r\nSubject: Pay\r\n".encode()
    signing = Signing(identities=[without_address(name)], signing_time=NOW)
    message, root = tmp_path / "mail.eml", tmp_path / "ca.pem"
    message.write_bytes(head + sign_entity(b"Content-Type: text/plain\r\n\r\nHi\r\n", signing, provider=PROVIDER))
    root.write_bytes(x509.load_der_x509_certificate(anchor().der).public_bytes(Encoding.PEM))
    options = ["--explain", "--anchor", str(root), "--revocation", "not-checked"]
    command = [str(Path(sys.executable).with_name("sealwax")), "verify", str(message), *options]
    done = subprocess.run(command, capture_output=True, check=False)
    text = (done.stdout + done.stderr).decode()
    assert "no-address-in-certificate" in text, text
    for vouched in text.split("vouches for ")[1:]:
        assert "@" not in vouched.split(";")[0].splitlines()[0], text
    # No line names it as a person: the message's own From is in none of them.
    assert CEO not in text, text
