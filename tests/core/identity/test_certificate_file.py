"""Certificates are taken out of any file, also out of PKCS#12 with and without keys."""

from __future__ import annotations

import pytest

from smime_core import blocking
from smime_core.blocking import run
from smime_core.cms.certificates_only import build_certificates_only
from smime_core.describe import KeysAndCertificates, inspect_file
from smime_core.errors import MalformedMessage, SmimeError, WrongPassphrase
from smime_core.identity import load_carried
from smime_core.identity.pkcs12 import Pkcs12Certificate, Pkcs12Contents, build_pkcs12
from tests.support.file_forms import FORMS
from tests.support.people import MESSAGE, PROVIDER, anchor, person

PASSPHRASE = "Grüße".encode()


def store(*encodings: bytes) -> bytes:
    """PKCS#12 without a key, as Java's keytool writes the certificates that it trusts."""
    certificates = tuple(Pkcs12Certificate(certificate_der=encoding) for encoding in encodings)
    return run(build_pkcs12(Pkcs12Contents(keys=(), certificates=certificates), PASSPHRASE, PROVIDER, 2))


def never() -> bytes:
    raise AssertionError("nothing is encrypted")


@pytest.mark.parametrize("form", FORMS)
def test_certificates_are_taken_out_of_pkcs12_in_every_form(form: str) -> None:
    alice = person("alice")
    for file, expected in (
        (store(anchor().der, alice.certificate.der), (anchor(), alice.certificate)),
        (blocking.export_identity(alice, PASSPHRASE, provider=PROVIDER, iterations=2), (alice.certificate,)),
    ):
        carried = run(load_carried(FORMS[form](file), lambda: PASSPHRASE, PROVIDER))
        assert carried.certificates[: len(expected)] == expected
        assert carried.crls == ()


def test_only_pkcs12_asks_for_its_passphrase() -> None:
    for file in (anchor().der, build_certificates_only([anchor()])):
        assert run(load_carried(file, never, PROVIDER)).certificates == (anchor(),)
    with pytest.raises(WrongPassphrase):
        run(load_carried(store(anchor().der), lambda: b"another", PROVIDER))


def test_files_without_certificates_are_refused() -> None:
    with pytest.raises(MalformedMessage, match="no certificates"):
        run(load_carried(store(), lambda: PASSPHRASE, PROVIDER))
    with pytest.raises(MalformedMessage, match="not signed"):
        run(load_carried(MESSAGE, never, PROVIDER))
    with pytest.raises(SmimeError):
        run(load_carried(store(anchor().der[:-9]), lambda: PASSPHRASE, PROVIDER))


def test_inspection_shows_certificates_that_belong_to_no_key() -> None:
    contents = run(
        inspect_file(store(anchor().der, person("bob").certificate.der), PROVIDER, passphrase=lambda: PASSPHRASE)
    )
    assert isinstance(contents, KeysAndCertificates)
    assert (contents.keys, contents.certificates) == ((), (anchor(), person("bob").certificate))
