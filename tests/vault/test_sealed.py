"""Sealed identities: what AES-GCM gives back is masked, so that the browser's copies of it have nothing of the key."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from smime_core.blocking import run
from smime_core.errors import DecryptionError
from smime_core.provider import NewKey
from tests.support.browser.residue.finder import Finder
from tests.support.browser.residue.private_keys import private_key_needles
from tests.support.people import PROVIDER, person
from wasm_build.vault.python.sealed import seal_identity, seal_secret, unseal_identities, unseal_secret

SEAL_KEY = bytes(range(32))
PURPOSE = b"sealwax sealed identity 3"


@pytest.mark.parametrize("kind", [NewKey.RSA_2048, NewKey.P256])
def test_the_browser_decrypts_nothing_of_the_key_and_the_certificate(kind: NewKey) -> None:
    bob = person("bob", kind)
    sealed = run(seal_identity(bob, SEAL_KEY, PROVIDER))
    masked = AESGCM(SEAL_KEY).decrypt(sealed[:12], sealed[12:], PURPOSE)
    assert not list(Finder(private_key_needles("key", bob.private_key)).find(masked))
    assert bob.certificate.der[100:116] not in masked
    (opened,) = run(unseal_identities([sealed], SEAL_KEY, PROVIDER))
    assert opened.private_key.pkcs8_der == bob.private_key.pkcs8_der
    assert opened.certificate.der == bob.certificate.der


@pytest.mark.parametrize("plain", [b"", b"\0", b"\0\0secret", bytes(5000), b"\xff" * 33])
def test_a_secret_of_any_length_comes_back(plain: bytes) -> None:
    sealed = run(seal_secret(plain, b"purpose", SEAL_KEY, PROVIDER))
    assert run(unseal_secret(sealed, b"purpose", SEAL_KEY, PROVIDER)) == plain
    with pytest.raises(DecryptionError):
        run(unseal_secret(sealed, b"another", SEAL_KEY, PROVIDER))
    with pytest.raises(InvalidTag):
        AESGCM(SEAL_KEY).decrypt(sealed[:12], sealed[12:-1] + bytes([sealed[-1] ^ 1]), b"purpose")


def test_each_sealing_has_its_own_mask() -> None:
    sealed = [run(seal_secret(bytes(64), b"purpose", SEAL_KEY, PROVIDER)) for _ in range(2)]
    masked = [AESGCM(SEAL_KEY).decrypt(octets[:12], octets[12:], b"purpose") for octets in sealed]
    assert masked[0] != masked[1]
    assert bytes(16) not in masked[0]
