"""`sealwax find`, encrypting for addresses, and the contacts that `verify --remember` stores, as a person uses them."""

from __future__ import annotations

import datetime
import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sealwax.cli.options.directories import parse_resolver
from sealwax.lookups.smimea import owner_name
from smime_core import Identity, blocking, describe_message
from smime_core.asn1.pem import build_pem
from smime_core.blocking import run
from smime_core.ca.demo import Authority, Details, create_authority, issue_identity
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider
from smime_core.trust.contacts_json import parse_contacts
from tests.support.command.lab import MAIL, Lab, Result
from tests.support.servers.directory_servers import HOST, Zone, run_dns, smimea
from tests.support.servers.web_servers import reply_with, run_web_server

pytestmark = pytest.mark.thorough

PROVIDER = NativeProvider()
DAY = datetime.timedelta(days=1)
ALICE, BOB = "alice@example.test", "bob@example.test"
TRUST = ("--anchor", "ca.pem", "--no-revocation")
CONTACTS = ("--contacts", "contacts.json")
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def ca() -> Authority:
    return run(create_authority("Test CA", provider=PROVIDER, at=NOW - 60 * DAY, key=NewKey.P256))


@pytest.fixture(scope="module")
def bob(ca: Authority) -> Identity:
    return issue(ca, BOB)


@pytest.fixture
def lab(tmp_path: Path, ca: Authority, bob: Identity) -> Lab:
    lab = Lab(tmp_path)
    lab.write("ca.pem", build_pem("CERTIFICATE", ca.identity.certificate.der))
    lab.write("bob.pem", build_pem("CERTIFICATE", bob.certificate.der))
    lab.write("mail.eml", MAIL)
    return lab


def issue(ca: Authority, address: str, *, days: float = 700, key: NewKey = NewKey.P256) -> Identity:
    return run(
        issue_identity(
            ca,
            address,
            provider=PROVIDER,
            at=NOW,
            key=key,
            details=Details(not_before=NOW - 30 * DAY, not_after=NOW + days * DAY),
        )
    )


def write_mail(lab: Lab, signer: Identity) -> str:
    signed = blocking.sign_message(MAIL, Signing(identities=[signer], signing_time=NOW), provider=PROVIDER)
    return lab.write("signed.eml", signed)


def remember(lab: Lab, *options: str) -> Result:
    return lab.sealwax("verify", "signed.eml", *TRUST, *CONTACTS, "--remember", *options)


def find(lab: Lab, address: str, *options: str) -> Result:
    return lab.sealwax("find", address, *TRUST, *CONTACTS, *options)


def cipher_of(lab: Lab, name: str) -> str:
    (layer,) = describe_message(lab.read(name)).layers
    return layer.algorithm


def test_a_contact_from_verified_mail_is_found_and_encrypted_for(lab: Lab, ca: Authority) -> None:
    alice = issue(ca, ALICE)
    write_mail(lab, alice)
    result = remember(lab)
    assert (result.code, result.stderr) == (0, "")
    assert stat.S_IMODE((lab.folder / "contacts.json").stat().st_mode) == 0o600

    search = find(lab, "Alice@Example.test", "-o", "found.pem", "--json")
    assert search.code == 0
    report = json.loads(search.stdout)
    assert report["chosen"] == alice.certificate.fingerprint
    assert [(candidate["source"], candidate["usable"]) for candidate in report["certificates"]] == [("harvest", True)]
    assert lab.read("found.pem") == build_pem("CERTIFICATE", alice.certificate.der)

    lab.write("to_her.eml", MAIL.replace(b"To: bob@", b"To: alice@"))
    lab.made("encrypt", "to_her.eml", "--to", ALICE, *TRUST, *CONTACTS, "-o", "encrypted.eml")
    assert blocking.decrypt_message(lab.read("encrypted.eml"), Keys(identities=[alice]), provider=PROVIDER)
    assert cipher_of(lab, "encrypted.eml") == "AES-256-GCM", "she has said that she reads it"
    for beside in (("--compatible",), ("--to", "bob.pem")):
        lab.made("encrypt", "to_her.eml", "--to", ALICE, *beside, *TRUST, *CONTACTS, "-o", "encrypted.eml")
        assert cipher_of(lab, "encrypted.eml") == "AES-256-CBC"


def test_encrypted_mail_teaches_too_once_it_is_open(lab: Lab, ca: Authority, bob: Identity) -> None:
    alice = issue(ca, ALICE)
    signed = blocking.sign_message(MAIL, Signing(identities=[alice], signing_time=NOW), provider=PROVIDER)
    lab.write(
        "encrypted.eml", blocking.encrypt_message(signed, Encrypting(recipients=[bob.certificate]), provider=PROVIDER)
    )
    lab.write("bob.p12", blocking.export_identity(bob, b"passphrase", provider=PROVIDER))
    lab.write("passphrase.txt", b"passphrase\n")
    keys = ("--identity", "bob.p12", "--passphrase-file", "passphrase.txt")
    result = lab.sealwax("decrypt", "encrypted.eml", *keys, *TRUST, *CONTACTS, "--remember", "-o", "opened.eml")
    assert result.code == 0
    (contact,) = parse_contacts(lab.read("contacts.json")).people
    assert [known.certificate for known in contact.certificates] == [alice.certificate]


def test_mail_that_is_not_verified_teaches_nothing(lab: Lab, ca: Authority) -> None:
    write_mail(lab, issue(ca, ALICE))
    result = lab.sealwax("verify", "signed.eml", "--no-revocation", *CONTACTS, "--remember")
    assert result.code == 1
    assert not (lab.folder / "contacts.json").exists()


def test_without_remember_nothing_is_kept(lab: Lab, ca: Authority) -> None:
    write_mail(lab, issue(ca, ALICE))
    lab.made("verify", "signed.eml", *TRUST, *CONTACTS)
    assert not (lab.folder / "contacts.json").exists()


@pytest.mark.thorough(False)
def test_a_changed_certificate_is_told_and_kept_only_when_accepted(lab: Lab, ca: Authority) -> None:
    write_mail(lab, issue(ca, ALICE))
    assert remember(lab).code == 0
    before = lab.read("contacts.json")
    write_mail(lab, issue(ca, ALICE))
    result = remember(lab)
    assert result.code == 0
    assert "another certificate than before, not remembered" in result.line
    assert b"certificate-changed" in result.stdout
    assert lab.read("contacts.json") == before

    assert result.stdout == lab.sealwax("verify", "signed.eml", *TRUST, *CONTACTS).stdout, "told without --remember too"

    assert remember(lab, "--accept-change").line.endswith("than before, remembered")
    (contact,) = parse_contacts(lab.read("contacts.json")).people
    assert len(contact.certificates) == 2
    assert remember(lab).stderr == ""


def test_a_damaged_contacts_file_is_said_and_left_alone(lab: Lab, ca: Authority) -> None:
    write_mail(lab, issue(ca, ALICE))
    lab.write("contacts.json", b"{")
    assert remember(lab).code == 2
    assert lab.read("contacts.json") == b"{"


def test_every_candidate_is_listed_with_source_and_reasons(lab: Lab, ca: Authority, bob: Identity) -> None:
    stranger = run(create_authority("Stranger CA", provider=PROVIDER, at=NOW, key=NewKey.P256))
    records = [issue(stranger, BOB), issue(ca, ALICE), issue(ca, BOB, days=-1)]
    zone = Zone(records={owner_name(BOB): [smimea(3, 0, 0, record.certificate.der) for record in records]})
    with run_dns(zone), run_web_server(reply_with(bob.certificate.der)) as web:
        server = ("--dns-server", f"{HOST}:{zone.port}")
        result = find(lab, BOB, *server, "--url", web.url("/bob.cer"), "--fetch-host", web.host)
        nobody = find(lab, BOB, *server)
    assert result.code == 0
    lines = result.stdout.decode().splitlines()
    assert len(lines) == 4
    assert all("from DNS (example.test, signed)" in line for line in lines[:3])
    reasons = " ".join(lines[:3])
    assert reasons.count("not usable:") == 3
    assert "No authority that you trust vouches for this certificate." in reasons
    assert f"This certificate is for another address. ({ALICE})" in reasons
    assert "The certificate has expired." in reasons
    assert lines[3].startswith("use: ")
    assert f"from web ({web.url('/bob.cer')}, not the one that the signed DNS names)" in lines[3]
    assert nobody.code == 1
    assert "none of them may be used" in nobody.line


def test_an_unusable_source_is_reported(lab: Lab) -> None:
    result = find(lab, BOB, "--url", "http://127.0.0.1/bob.cer", "--ldap", "ldaps://127.0.0.1:1/dc=example")
    assert result.code == 1
    assert len(result.stderr.splitlines()) == 3
    assert "no public address" in result.stderr
    assert "no certificate was found" in result.stderr
    for wrong in ("ldap://user@host/dc=x", "http://host", "ldaps:///dc=x", "ldaps://host/dc=x?mail"):
        assert find(lab, BOB, "--ldap", wrong).code == 1
    assert find(lab, BOB, "--dns-server", "resolver.example").code == 1
    assert find(lab, BOB, "--dns-server", "127.0.0.1:x").code == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1", ("127.0.0.1", 53)),
        ("127.0.0.1:5353", ("127.0.0.1", 5353)),
        ("::1", ("::1", 53)),
        ("[::1]", ("::1", 53)),
        ("[::1]:5353", ("::1", 5353)),
    ],
)
def test_a_resolver_is_an_address_with_or_without_a_port(text: str, expected: tuple[str, int]) -> None:
    assert parse_resolver(text) == expected


def test_nothing_is_encrypted_for_an_address_without_a_certificate(lab: Lab) -> None:
    result = lab.sealwax("encrypt", "mail.eml", "--to", BOB, *TRUST, *CONTACTS, "-o", "encrypted.eml")
    assert (result.code, result.line) == (1, f"sealwax: {BOB}: no certificate was found")
    assert not (lab.folder / "encrypted.eml").exists()


def test_for_an_address_somebody_has_to_be_trusted(lab: Lab) -> None:
    result = lab.sealwax("encrypt", "mail.eml", "--to", BOB, *CONTACTS, "-o", "encrypted.eml")
    assert result.code == 2
    assert "--anchor or --mozilla" in result.line


def test_directories_are_asked_only_when_contacts_do_not_do(lab: Lab, bob: Identity) -> None:
    zone = Zone(records={owner_name(BOB): [smimea(3, 0, 0, bob.certificate.der)]})
    with run_dns(zone):
        encrypt = ("encrypt", "mail.eml", "--to", BOB, *TRUST, *CONTACTS, "-o", "encrypted.eml")
        lab.made(*encrypt, "--dns-server", f"{HOST}:{zone.port}")
        assert zone.asked
        zone.asked.clear()
        lab.write("mail.eml", MAIL.replace(b"Alice <alice@example.test>", b"bob@example.test"))
        lab.write(
            "signed.eml",
            blocking.sign_message(lab.read("mail.eml"), Signing(identities=[bob], signing_time=NOW), provider=PROVIDER),
        )
        assert remember(lab).code == 0
        lab.made(*encrypt, "--dns-server", f"{HOST}:{zone.port}")
        assert not zone.asked
    assert blocking.decrypt_message(lab.read("encrypted.eml"), Keys(identities=[bob]), provider=PROVIDER)


@pytest.mark.parametrize("trust", [(), TRUST], ids=["nobody trusted", "anchor"])
def test_an_expired_certificate_is_refused_before_it_is_used(lab: Lab, ca: Authority, trust: tuple[str, ...]) -> None:
    lab.write("old.pem", build_pem("CERTIFICATE", issue(ca, BOB, days=-3).certificate.der))
    encrypt = ("encrypt", "mail.eml", "--to", "old.pem", *trust, "-o", "encrypted.eml")
    result = lab.sealwax(*encrypt)
    assert result.code == 1
    assert result.line.startswith("sealwax: old.pem: The certificate has expired.")
    assert not (lab.folder / "encrypted.eml").exists()

    allowed = lab.sealwax(*encrypt, "--allow-expired")
    assert allowed.code == 0
    assert "has expired" in allowed.stderr
    assert (lab.folder / "encrypted.eml").exists()


def test_a_certificate_that_expires_soon_is_reported(lab: Lab, ca: Authority) -> None:
    lab.write("soon.pem", build_pem("CERTIFICATE", issue(ca, BOB, days=10).certificate.der))
    result = lab.sealwax("encrypt", "mail.eml", "--to", "soon.pem", "-o", "encrypted.eml")
    assert result.code == 0
    assert result.line.startswith("sealwax: soon.pem: The certificate expires soon.")


def test_with_anchors_a_given_certificate_is_validated_too(lab: Lab) -> None:
    stranger = run(create_authority("Stranger CA", provider=PROVIDER, at=NOW, key=NewKey.P256))
    lab.write("stranger.pem", build_pem("CERTIFICATE", issue(stranger, BOB).certificate.der))
    lab.made("encrypt", "mail.eml", "--to", "bob.pem", *TRUST, "-o", "encrypted.eml")
    lab.made("encrypt", "mail.eml", "--to", "stranger.pem", "-o", "encrypted.eml")
    result = lab.sealwax("encrypt", "mail.eml", "--to", "stranger.pem", *TRUST, "-o", "encrypted.eml")
    assert result.code == 1
    assert "No authority that you trust vouches" in result.line
    result = lab.sealwax("encrypt", "mail.eml", "--to", "ca.pem", "-o", "encrypted.eml")
    assert "certificate of an authority" in result.line


def test_a_revoked_certificate_is_refused(lab: Lab, ca: Authority, bob: Identity) -> None:
    key = serialization.load_der_private_key(ca.identity.private_key.pkcs8_der, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    issuer = x509.load_der_x509_certificate(ca.identity.certificate.der)
    revoked = x509.RevokedCertificateBuilder(bob.certificate.serial_number, NOW - DAY).build()
    crl = (
        x509.CertificateRevocationListBuilder(issuer.subject, NOW - DAY / 2, NOW + DAY)
        .add_revoked_certificate(revoked)
        .sign(key, hashes.SHA256())
    )
    lab.write("ca.crl", crl.public_bytes(serialization.Encoding.DER))
    trust = ("--anchor", "ca.pem", "--crl", "ca.crl")
    result = lab.sealwax("encrypt", "mail.eml", "--to", "bob.pem", *trust, "-o", "encrypted.eml")
    assert result.code == 1
    assert result.line.startswith("sealwax: bob.pem: The certificate was revoked.")
    assert not (lab.folder / "encrypted.eml").exists()


def test_two_processes_keep_both_of_what_they_learned(lab: Lab, ca: Authority) -> None:
    names = [f"person{number}@example.test" for number in range(4)]
    for number, name in enumerate(names):
        signer = issue(ca, name)
        mail = MAIL.replace(b"alice@example.test", name.encode())
        signed = blocking.sign_message(mail, Signing(identities=[signer], signing_time=NOW), provider=PROVIDER)
        lab.write(f"signed{number}.eml", signed)
    command = [sys.executable, "-m", "sealwax.cli", "verify", *TRUST, *CONTACTS, "--remember"]
    running = [
        subprocess.Popen([*command, f"signed{number}.eml"], cwd=lab.folder, stdout=subprocess.DEVNULL)
        for number in range(len(names))
    ]
    assert [process.wait() for process in running] == [0] * len(names)
    assert {contact.address for contact in parse_contacts(lab.read("contacts.json")).people} == set(names)
