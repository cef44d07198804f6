"""A mail for a password or an ML-KEM key beside other certificates is written only if an option or a person says so."""

from __future__ import annotations

import itertools

import pytest

from sealwax.cli.options.parameters import now
from smime_core import blocking
from smime_core.asn1 import build_pem
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.identity import export_identities
from smime_core.provider import NewKey
from tests.support.command.lab import QuickLab
from tests.support.people import PROVIDER

KEYS = {"rsa": NewKey.RSA_2048, "ec": NewKey.P256, "kem": NewKey.ML_KEM_768, "kem2": NewKey.ML_KEM_1024}
WAYS = {**{name: ("--to", f"{name}.pem") for name in KEYS}, "password": ("--password-file", "password.txt")}
CLOSING = {"kem", "kem2", "password"}
READER = ("--identity", "rsa.p12", "--passphrase-file", "secret.txt")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> QuickLab:
    lab, at = QuickLab(tmp_path_factory.mktemp("mixed")), now()
    authority = blocking.run(create_authority("Test CA", PROVIDER, at=at, key=NewKey.P256))
    for name, key in KEYS.items():
        identity = blocking.run(issue_identity(authority, f"{name}@example.test", PROVIDER, at=at, key=key))
        lab.write(f"{name}.pem", build_pem("CERTIFICATE", identity.certificate.der))
        lab.write(f"{name}.p12", blocking.run(export_identities([identity], b"secret", PROVIDER)))
    lab.write("mail.eml", b"From: alice@example.test\r\nSubject: Supper\r\n\r\nAt eight.\r\n")
    lab.write("secret.txt", b"secret\n")
    lab.write("password.txt", b"correct horse\n")
    return lab


@pytest.mark.parametrize("ways", [pair for count in (1, 2, 3) for pair in itertools.combinations(WAYS, count)])
def test_a_mix_that_thunderbird_cannot_open_is_refused_without_an_answer(lab: QuickLab, ways: tuple[str, ...]) -> None:
    options = tuple(option for way in ways for option in WAYS[way])
    result = lab.sealwax("encrypt", "mail.eml", *options, "-o", "out.eml")
    if 0 < len(CLOSING & set(ways)) < len(ways) and {"rsa", "ec"} & set(ways):
        assert (result.code, "--allow-mixed" in result.line) == (2, True)
        assert "Thunderbird" in result.line
        assert lab.sealwax("encrypt", "mail.eml", *options, "--allow-mixed", "-o", "out.eml").code == 0
    else:
        assert result.code == 0, result.stderr
    (lab.folder / "out.eml").unlink(missing_ok=True)


def test_a_refused_mix_writes_nothing(lab: QuickLab) -> None:
    lab.sealwax("encrypt", "mail.eml", *WAYS["rsa"], *WAYS["password"], "-o", "never.eml")
    assert not (lab.folder / "never.eml").exists()


def test_bare_cms_is_not_asked_about(lab: QuickLab) -> None:
    assert lab.sealwax("encrypt", "mail.eml", *WAYS["rsa"], *WAYS["password"], "--raw", "-o", "raw.p7m").code == 0


@pytest.mark.parametrize(
    ("before", "added", "is_mixed"),
    [
        ("rsa", ("--new-password-file", "password.txt"), True),
        ("rsa", ("--to", "kem.pem"), True),
        ("rsa", ("--to", "ec.pem"), False),
        ("password", ("--to", "rsa.pem"), True),
        ("password", ("--to", "kem.pem"), False),
    ],
)
def test_recipients_are_added_to_a_mix_only_if_somebody_says_so(
    lab: QuickLab, before: str, added: tuple[str, ...], is_mixed: bool
) -> None:
    lab.made("encrypt", "mail.eml", *WAYS[before], "-o", "before.eml")
    keys = READER if before == "rsa" else WAYS["password"]
    result = lab.sealwax("add-recipients", "before.eml", *added, *keys, "-o", "after.eml")
    assert result.code == (2 if is_mixed else 0), result.stderr
    if is_mixed:
        assert "--allow-mixed" in result.line
        assert not (lab.folder / "after.eml").exists()
        lab.made("add-recipients", "before.eml", *added, *keys, "--allow-mixed", "-o", "after.eml")
    (lab.folder / "after.eml").unlink()


def test_a_message_that_is_mixed_already_may_get_more_readers(lab: QuickLab) -> None:
    lab.made("encrypt", "mail.eml", *WAYS["rsa"], *WAYS["password"], "--allow-mixed", "-o", "mixed.eml")
    lab.made("add-recipients", "mixed.eml", "--to", "ec.pem", *READER, "-o", "more.eml")
