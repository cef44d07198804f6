"""The command signs by the key of the author that is valid and for mail, or it refuses and says why."""

from __future__ import annotations

import datetime
import itertools

import pytest

from sealwax.cli.options.parameters import now
from smime_core import Identity, blocking
from smime_core.asn1 import build_pem
from smime_core.ca.demo import Details, create_authority, issue_identity
from smime_core.identity import export_identities
from smime_core.provider import NewKey, PrivateKey
from smime_core.report import State
from smime_core.x509 import Certificate
from smime_core.x509.certificate import EMAIL_PROTECTION
from tests.support.command.lab import MAIL, QuickLab
from tests.support.command.reports import parsed
from tests.support.people import PROVIDER
from tests.support.short_keys import short_key

DAY = datetime.timedelta(days=1)
SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1"
PASSPHRASE = ("--passphrase-file", "secret.txt")
TRUST = ("--anchor", "ca.pem", "--no-revocation")
UNFIT = {
    "expired": "certificate-expired: The signer's certificate was not valid at this time.",
    "future": "certificate-expired: The signer's certificate was not valid at this time.",
    "bob": "sender-mismatch: The signature belongs to someone other than the sender shown. (bob@example.test)",
    "server": "path-error: The signer's certificate is not valid. (this certificate is not for e-mail)",
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> QuickLab:
    """A folder with a file for each key: alice's that fits, and those that do not. `X+Y.p12` has two of them."""
    lab, at = QuickLab(tmp_path_factory.mktemp("signers")), now()
    authority = blocking.run(create_authority("Test CA", PROVIDER, at=at, key=NewKey.P256))

    def issue(
        address: str, begin: int, end: int, usage: str = EMAIL_PROTECTION, key: NewKey | PrivateKey = NewKey.P256
    ) -> Identity:
        details = Details(not_before=at + begin * DAY, not_after=at + end * DAY, extended_key_usage=(usage,))
        return blocking.run(issue_identity(authority, address, PROVIDER, at=at, key=key, details=details))

    keys = {
        "alice": issue("alice@example.test", -1, 700),
        "expired": issue("alice@example.test", -700, -1),
        "future": issue("alice@example.test", 1, 700),
        "bob": issue("bob@example.test", -1, 700),
        "server": issue("alice@example.test", -1, 700, SERVER_AUTHENTICATION),
        "weak": issue("alice@example.test", -1, 700, key=short_key(1024)),
    }
    for name, identity in keys.items():
        write(lab, f"{name}.p12", identity)
        lab.write(f"{name}.pem", pem(identity.certificate))
    for key_name, other in itertools.permutations(keys, 2):
        write(lab, f"{key_name}+{other}.p12", keys[key_name], keys[other])
    lab.write("secret.txt", b"secret\n")
    lab.write("ca.pem", pem(authority.identity.certificate))
    lab.write("mail.eml", MAIL)
    lab.write("page.html", b"<p>Supper</p>\n")
    lab.made("sign", "mail.eml", "--identity", "alice.p12", *PASSPHRASE, "--ask-receipt", "-o", "signed.eml")
    return lab


def write(lab: QuickLab, name: str, *identities: Identity) -> None:
    lab.write(name, blocking.run(export_identities(identities, b"secret", PROVIDER, 1)))


def pem(certificate: Certificate) -> bytes:
    return build_pem("CERTIFICATE", certificate.der)


def state_of(lab: QuickLab, name: str) -> str:
    return str(parsed(lab.sealwax("verify", name, *TRUST, "--json"))["state"])


@pytest.mark.parametrize("other", UNFIT)
@pytest.mark.parametrize("order", ["{0}+alice", "alice+{0}"])
def test_of_a_file_with_two_keys_the_one_that_readers_verify_signs(lab: QuickLab, other: str, order: str) -> None:
    signer = ("--identity", f"{order.format(other)}.p12", *PASSPHRASE)
    lab.made("sign", "mail.eml", *signer, "-o", "chosen.eml")
    assert state_of(lab, "chosen.eml") == State.VERIFIED
    lab.made("encrypt", "mail.eml", *signer, "--to", "bob.pem", "-o", "encrypted.eml")
    opened = lab.sealwax("decrypt", "encrypted.eml", "--identity", "bob.p12", *PASSPHRASE, *TRUST, "-o", "opened.eml")
    assert (opened.code, "verified" in opened.stderr) == (0, True)


@pytest.mark.parametrize("name", UNFIT)
@pytest.mark.parametrize("verb", [("sign",), ("encrypt", "--to", "bob.pem")], ids=lambda verb: verb[0])
def test_a_key_that_readers_would_doubt_signs_no_mail(lab: QuickLab, verb: tuple[str, ...], name: str) -> None:
    refused = lab.sealwax(*verb, "mail.eml", "--identity", f"{name}.p12", *PASSPHRASE, "-o", "never.eml")
    assert refused.code == 1
    assert f"nothing was signed: {UNFIT[name]}" in refused.line
    assert not (lab.folder / "never.eml").exists()


@pytest.mark.parametrize("name", ["expired", "future", "server"])
@pytest.mark.parametrize(
    "verb",
    [
        ("add-signer", "signed.eml"),
        ("countersign", "signed.eml"),
        ("page", "sign", "page.html"),
        ("page", "encrypt", "page.html", "--to", "bob.pem"),
        ("receipt", "make", "signed.eml"),
        ("sign", "page.html", "--raw"),
        ("trust", "publish", "--name", "Example", "--anchor", "ca.pem"),
    ],
    ids=" ".join,
)
def test_a_key_that_readers_would_doubt_signs_nothing_else(lab: QuickLab, verb: tuple[str, ...], name: str) -> None:
    refused = lab.sealwax(*verb, "--identity", f"{name}.p12", *PASSPHRASE, "-o", "never.out")
    reason = "receipt-not-recipient" if verb[0] == "receipt" else UNFIT[name]
    assert (refused.code, f"nothing was signed: {reason}" in refused.line) == (1, True)
    assert not (lab.folder / "never.out").exists()


def test_an_expired_key_signs_when_that_is_asked_for(lab: QuickLab) -> None:
    signer = ("--identity", "expired.p12", *PASSPHRASE)
    assert "give --allow-expired" in lab.sealwax("sign", "mail.eml", *signer).line
    for verb in (("sign",), ("encrypt", "--to", "bob.pem")):
        result = lab.sealwax(*verb, "mail.eml", *signer, "--allow-expired", "-o", "expired.eml")
        assert (result.code, "expired on" in result.line) == (0, True)


def test_a_weak_key_signs_and_receives_only_when_that_is_asked_for(lab: QuickLab) -> None:
    signer = ("--identity", "weak.p12", *PASSPHRASE)
    for verb in (("sign", *signer), ("encrypt", "--to", "bob.pem", *signer), ("encrypt", "--to", "weak.pem")):
        refused = lab.sealwax(*verb, "mail.eml", "-o", "never.eml")
        assert (refused.code, "(RSA 1024)" in refused.line) == (1, True)
        assert not (lab.folder / "never.eml").exists()
    for verb in (("sign", *signer), ("encrypt", "--to", "bob.pem", *signer)):
        allowed = lab.sealwax(*verb, "mail.eml", "--allow-weak", "-o", "weak.eml")
        assert (allowed.code, "is short (RSA 1024), and signs all the same" in allowed.line) == (0, True)
    lab.write("to_alice.eml", MAIL.replace(b"To: bob", b"To: alice"))
    allowed = lab.sealwax("encrypt", "--to", "weak.pem", "to_alice.eml", "--allow-weak", "-o", "weak.eml")
    assert (allowed.code, "the key is short and is used all the same" in allowed.line) == (0, True)
    lab.made("sign", "mail.eml", "--identity", "weak+alice.p12", *PASSPHRASE, "-o", "chosen.eml")
    assert state_of(lab, "chosen.eml") == State.VERIFIED


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("expired", "The certificate has expired."),
        ("future", "The certificate is not valid yet."),
        ("bob", "This certificate is for another address."),
        ("server", "The certificate does not allow encryption."),
        ("weak", "The key is so short that others could read the mail."),
        ("ca", "This is the certificate of an authority"),
    ],
)
def test_replies_are_asked_for_only_by_a_certificate_that_receives(lab: QuickLab, name: str, reason: str) -> None:
    signer = ("--identity", "alice.p12", *PASSPHRASE)
    refused = lab.sealwax("sign", "mail.eml", *signer, "--prefer", f"{name}.pem", "-o", "never.eml")
    assert (refused.code, reason in refused.line) == (1, True)
    assert not (lab.folder / "never.eml").exists()
    for allowance in {"expired": ["--allow-expired"], "weak": ["--allow-weak"]}.get(name, []):
        result = lab.sealwax("sign", "mail.eml", *signer, "--prefer", f"{name}.pem", allowance, "-o", "preferring.eml")
        assert (result.code, "is used all the same" in result.line) == (0, True)


def test_somebody_elses_key_signs_when_that_is_asked_for(lab: QuickLab) -> None:
    signer = ("--identity", "alice+bob.p12", *PASSPHRASE)
    lab.made("sign", "mail.eml", *signer, "--as", "bob@example.test", "-o", "by_bob.eml")
    report = parsed(lab.sealwax("verify", "by_bob.eml", *TRUST, "--json"))
    assert report["reasons"][0]["code"] == "sender-mismatch"
    assert "sender-mismatch" in lab.sealwax("sign", "mail.eml", *signer, "--as", "carol@example.test").line


def test_others_sign_beside_the_author(lab: QuickLab) -> None:
    bob, alice = ("--identity", "bob.p12"), ("--identity", "alice.p12")
    lab.made("sign", "mail.eml", *bob, *alice, *PASSPHRASE, "-o", "both.eml")
    lab.made("add-signer", "signed.eml", *bob, *PASSPHRASE, "-o", "added.eml")
    assert state_of(lab, "both.eml") == state_of(lab, "added.eml") == State.VERIFIED
    lab.made("sign", "mail.eml", *bob, "--as", "bob@example.test", *PASSPHRASE, "-o", "by_bob.eml")
    assert "sender-mismatch" in lab.sealwax("add-signer", "by_bob.eml", *bob, *PASSPHRASE).line


def test_the_author_who_signs_later_stands_first(lab: QuickLab) -> None:
    """Thunderbird reads only the first signer."""
    bob, alice = ("--identity", "bob.p12"), ("--identity", "alice.p12")
    lab.made("sign", "mail.eml", *bob, "--as", "bob@example.test", *PASSPHRASE, "-o", "by_bob.eml")
    lab.made("add-signer", "by_bob.eml", *alice, *PASSPHRASE, "-o", "alice_too.eml")
    lab.made("add-signer", "signed.eml", *bob, *PASSPHRASE, "-o", "bob_too.eml")
    for name in ("alice_too.eml", "bob_too.eml"):
        assert state_of(lab, name) == State.VERIFIED
        signers = parsed(lab.sealwax("verify", name, *TRUST, "--json"))["signers"]
        assert [signer["addresses"] for signer in signers] == [["alice@example.test"], ["bob@example.test"]]


@pytest.mark.parametrize(
    ("date", "is_old"),
    [("{:%a, %d %b %Y %H:%M:%S +0000}", False), ("Mon, 1 Jun 2026 12:00:00 +0000", True), ("", False)],
)
def test_a_date_that_is_far_from_the_signing_time_is_said(lab: QuickLab, date: str, is_old: bool) -> None:
    """Thunderbird compares the two, and calls the signature not valid."""
    field = f"Date: {date.format(now())}\r\n".encode() if date else b""
    lab.write("dated.eml", field + b"".join(line for line in MAIL.splitlines(True) if not line.startswith(b"Date:")))
    signer = ("--identity", "alice.p12", *PASSPHRASE)
    for verb in (("sign",), ("encrypt", "--to", "bob.pem")):
        result = lab.sealwax(*verb, "dated.eml", *signer, "-o", "never_mind.eml")
        assert (result.code, "Thunderbird will call its signature invalid" in result.stderr) == (0, is_old)
    assert "Thunderbird" not in lab.sealwax("sign", "dated.eml", *signer, "--no-attributes", "-o", "bare.eml").stderr


@pytest.mark.parametrize("letter", [b"To: bob@example.test\nSubject: Supper\n\nHi\n", b"At eight.\n"])
def test_a_mail_without_an_author_is_signed_with_a_warning(lab: QuickLab, letter: bytes) -> None:
    name, signer = lab.write("nobody.eml", letter), ("--identity", "alice.p12", *PASSPHRASE)
    for verb in (("sign",), ("encrypt", "--to", "bob.pem")):
        result = lab.sealwax(*verb, name, *signer, "-o", "by_alice.eml")
        assert (result.code, "the mail has no From" in result.line) == (0, True)
    lab.made("sign", name, *signer, "--raw", "-o", "by_alice.p7s")


def test_a_receipt_is_signed_by_the_recipient_whichever_key_comes_first(lab: QuickLab) -> None:
    made = lab.sealwax("receipt", "make", "signed.eml", "--identity", "alice+bob.p12", *PASSPHRASE, "-o", "receipt.eml")
    assert (made.code, "the receipt goes to alice@example.test" in made.line) == (0, True)
    arguments = ("receipt.eml", "--original", "signed.eml", "--from", "bob@example.test", *TRUST)
    assert lab.sealwax("receipt", "verify", *arguments).code == 0


def test_the_list_says_which_keys_are_not_valid_now(lab: QuickLab) -> None:
    lines = (
        lab.sealwax("identity", "list", "expired+future.p12", "server.p12", *PASSPHRASE).stdout.decode().splitlines()
    )
    assert ["expired on " in lines[0], "not valid before " in lines[1]] == [True, True]
    assert "neither signs nor receives, until " in lines[2]


def test_people_for_whom_no_certificate_was_given_are_named(lab: QuickLab) -> None:
    more = MAIL.replace(
        b"To: bob@example.test", b"To: BOB@example.test, Carol <carol@example.test>\r\nCc: dan@example.test"
    )
    lab.write("more.eml", more)
    result = lab.sealwax("encrypt", "more.eml", "--to", "bob.pem", "-o", "more_encrypted.eml")
    assert (result.code, "carol@example.test, dan@example.test: no certificate was given" in result.line) == (0, True)
    lab.made("encrypt", "mail.eml", "--to", "bob.pem", "-o", "encrypted.eml")
    both = ("--to", "bob.pem", "--password-file", "secret.txt", "--allow-mixed")
    lab.made("encrypt", "more.eml", *both, "-o", "more_encrypted.eml")
