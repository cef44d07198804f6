"""The command `sealwax ca`, its passphrases and its plug-ins. OpenSSL checks the certificates and CRLs."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import tomllib
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import EntryPoint
from pathlib import Path

import click
import pytest

from sealwax.cli.options.authority import choose_passphrase, read_passphrase
from sealwax.cli.options.passphrases import PassphraseSource
from sealwax.cli.verbs import ca
from smime_core import parse_certificate
from smime_core.ca.profile_checks import check_profile
from tests.support.command.lab import Lab
from tests.support.project import ROOT

RESPOND = "webbridge.responder.command:respond"
PASSPHRASE = ("--passphrase-file", "pw.txt")
FOUNDING = ("--name", "Example", "--url", "http://pki.example.test", "--country", "de", "--key", "p-256")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A CA, two requests that OpenSSL made, and Alice's certificate."""
    office = Lab(tmp_path_factory.mktemp("office"))
    office.write("pw.txt", b"correct horse battery staple\n")
    office.write("wrong.txt", b"wrong horse\n")
    result = office.sealwax("ca", "create", "ca", *FOUNDING, *PASSPHRASE)
    assert (result.code, result.stderr) == (0, "")
    for name in ("alice", "bob"):
        new_request(office, name)
    issue(office, "alice", "--days", "30")
    return office


def new_request(office: Lab, name: str) -> None:
    names = ("-subj", f"/CN={name}", "-addext", f"subjectAltName=email:{name}@example.test")
    key = ("-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key")
    office.openssl("req", "-new", *key, *names, "-out", f"{name}.csr")


def issue(office: Lab, name: str, *options: str, out: str = "") -> str:
    out = out or f"{name}.pem"
    request = (f"{name}.csr", "--address", f"{name}@example.test")
    result = office.sealwax("ca", "issue", "ca", *request, *options, *PASSPHRASE, "-o", out)
    assert (result.code, result.stderr) == (0, "")
    return out


def listed(office: Lab, folder: str = "ca", *options: str) -> dict[str, dict[str, object]]:
    result = office.sealwax("ca", "list", folder, "--json", *options)
    return {entry["serial"]: entry for entry in json.loads(result.stdout)["certificates"]}


def serial_of(office: Lab, name: str) -> str:
    text = office.openssl("x509", "-in", name, "-noout", "-serial").decode()
    return text.strip().removeprefix("serial=").lower()


def verify(office: Lab, name: str, *options: str, folder: str = "ca") -> bool:
    arguments = ("-x509_strict", "-purpose", "smimesign", "-CAfile", f"{folder}/root.pem", "-untrusted", name)
    return office.openssl_or_none("verify", *arguments, *options, name) is not None


def test_a_person_is_certified_and_openssl_agrees(office: Lab) -> None:
    assert verify(office, "alice.pem")
    certificate = office.read("alice.pem").split(b"-----END CERTIFICATE-----\n")[0] + b"-----END CERTIFICATE-----\n"
    assert check_profile(parse_certificate(certificate)) == ()
    entry = listed(office)[serial_of(office, "alice.pem")]
    assert (entry["addresses"], entry["state"], entry["kind"]) == (["alice@example.test"], "valid", "person")


def test_mail_of_a_certified_person_is_verified(office: Lab) -> None:
    office.write("alice-all.pem", office.read("alice.key") + office.read("alice.pem"))
    office.write("mail.eml", b"From: alice@example.test\r\nSubject: Supper\r\n\r\nAt eight.\r\n")
    office.made("sign", "mail.eml", "--identity", "alice-all.pem", "-o", "signed.eml")
    result = office.sealwax("verify", "signed.eml", "--anchor", "ca/root.pem", "--no-revocation", "-o", "out")
    assert result.code == 0, result.stderr


def test_only_addresses_named_by_the_operator_are_certified(office: Lab) -> None:
    result = office.sealwax(
        "ca", "issue", "ca", "alice.csr", "--address", "a.liddell@example.test", *PASSPHRASE, "-o", "liddell.pem"
    )
    assert result.code == 0
    assert result.line == "sealwax: alice@example.test is in the request but was not certified"
    assert parse_one(office, "liddell.pem") == ("a.liddell@example.test",)


def parse_one(office: Lab, name: str) -> tuple[str, ...]:
    return parse_certificate(office.openssl("x509", "-in", name, "-outform", "DER")).email_addresses


def test_a_revoked_certificate_is_on_the_next_crl_and_openssl_refuses_it(office: Lab) -> None:
    issue(office, "bob")
    office.made("ca", "crl", "ca", "--root", *PASSPHRASE, "-o", "root.crl")
    office.made("ca", "crl", "ca", *PASSPHRASE, "-o", "before.crl")
    assert verify_with_lists(office, "bob.pem", "before.crl")
    result = office.sealwax("ca", "revoke", "ca", "bob.pem", "--reason", "keyCompromise", *PASSPHRASE)
    assert result.code == 0
    assert result.stdout.decode().strip().endswith("is revoked: keyCompromise")
    office.made("ca", "crl", "ca", *PASSPHRASE, "-o", "after.crl")
    assert not verify_with_lists(office, "bob.pem", "after.crl")
    entry = listed(office)[serial_of(office, "bob.pem")]
    assert (entry["state"], entry["reason"]) == ("revoked", "keyCompromise")


def verify_with_lists(office: Lab, name: str, issuing_list: str) -> bool:
    office.write("lists.pem", b"")
    pem = [
        office.openssl("crl", "-inform", "DER", "-in", file, "-outform", "PEM") for file in ("root.crl", issuing_list)
    ]
    office.write("lists.pem", b"".join(pem))
    return verify(office, name, "-crl_check_all", "-CRLfile", "lists.pem")


def test_a_certificate_is_renewed_with_the_same_or_a_new_key(office: Lab) -> None:
    new_request(office, "carol")
    first = issue(office, "carol")
    office.made("ca", "renew", "ca", first, *PASSPHRASE, "-o", "again.pem")
    assert public_key(office, "again.pem") == public_key(office, first)
    assert parse_one(office, "again.pem") == ("carol@example.test",)
    new_request(office, "carol2")
    serial = serial_of(office, "again.pem")
    office.made("ca", "renew", "ca", serial, "--request", "carol2.csr", *PASSPHRASE, "-o", "newer.pem")
    assert public_key(office, "newer.pem") != public_key(office, first)
    assert parse_one(office, "newer.pem") == ("carol@example.test",)


def public_key(office: Lab, name: str) -> bytes:
    return office.openssl("x509", "-in", name, "-noout", "-pubkey")


def test_a_revoked_certificate_is_not_renewed(office: Lab) -> None:
    new_request(office, "dave")
    issue(office, "dave")
    assert office.sealwax("ca", "revoke", "ca", "dave.pem", *PASSPHRASE).code == 0
    assert "dave.pem was revoked" in office.sealwax("ca", "renew", "ca", "dave.pem", *PASSPHRASE).line
    assert "already" in office.sealwax("ca", "revoke", "ca", "dave.pem", *PASSPHRASE).line


def test_a_wrong_passphrase_changes_nothing(office: Lab) -> None:
    before = listed(office)
    for verb in (
        ("issue", "ca", "alice.csr", "--address", "alice@example.test"),
        ("revoke", "ca", "alice.pem"),
        ("renew", "ca", "alice.pem"),
        ("crl", "ca"),
        ("responder", "ca"),
    ):
        result = office.sealwax("ca", *verb, "--passphrase-file", "wrong.txt")
        assert result.code == 1
        assert "does not open" in result.line
        assert result.stdout == b""
    assert listed(office) == before


@pytest.mark.parametrize(
    ("request_name", "text"),
    [
        ("alice.pem", "found no certification request, but a certificate"),
        ("broken.csr", "does not"),
        ("missing.csr", "No such file"),
        ("big.csr", "65536"),
    ],
)
def test_a_bad_request_is_reported_before_a_wrong_passphrase(office: Lab, request_name: str, text: str) -> None:
    office.write("broken.csr", flipped(office, "alice.csr"))
    office.write("big.csr", b"\x30" * 70_000)
    result = office.sealwax(
        "ca", "issue", "ca", request_name, "--address", "a@example.test", "--passphrase-file", "wrong.txt"
    )
    assert result.code in (1, 2)
    assert text in result.line


def flipped(office: Lab, name: str) -> bytes:
    der = bytearray(office.openssl("req", "-in", name, "-outform", "DER"))
    der[der.index(b"alice@") + 1] ^= 1
    return bytes(der)


@pytest.mark.parametrize(
    "arguments",
    [
        ("issue", "ca", "alice.csr", "--address", "not an address"),
        ("issue", "ca", "alice.csr", "--address", "a@example.test", "--days", "826"),
        ("issue", "ca", "alice.csr"),
        ("issue", "nowhere", "alice.csr", "--address", "a@example.test"),
        ("revoke", "ca", "no-number"),
        ("revoke", "ca", "77"),
        ("revoke", "ca", "77", "--reason", "because"),
        ("renew", "ca", "77"),
        ("publish", "ca"),
        ("publish", "ca", "--ldif", "x.ldif"),
        ("create", "ca", "--name", "Other", "--url", "http://a.test"),
        ("create", "other", "--name", "Other", "--url", "https://a.test"),
        ("create", "other", "--name", "Other"),
        ("accept-issuing", "ca", "alice.csr"),
        ("sign-issuing", "ca", "alice.pem"),
        ("accept-root-crl", "ca", "alice.csr"),
    ],
)
@pytest.mark.thorough
def test_an_impossible_command_prints_one_line(office: Lab, arguments: tuple[str, ...]) -> None:
    passphrase = () if arguments[0] in ("publish", "accept-root-crl") else PASSPHRASE
    result = office.sealwax("ca", *arguments, *passphrase)
    assert result.code == 2
    assert result.line
    assert not (office.folder / "other").exists()


@pytest.mark.thorough
def test_an_offline_root_signs_through_files(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.write("safe.txt", b"root passphrase\n")
    lab.write("pw.txt", b"issuing passphrase\n")
    safe = ("--passphrase-file", "safe.txt")
    assert lab.sealwax("ca", "create-root", "safe", *FOUNDING, *safe).code == 0
    lab.made("ca", "request-issuing", "online", *FOUNDING, *PASSPHRASE, "-o", "issuing.csr")
    new_request(lab, "alice")
    early = lab.sealwax("ca", "issue", "online", "alice.csr", "--address", "alice@example.test", *PASSPHRASE)
    assert "accept-issuing" in early.line
    lab.made("ca", "sign-issuing", "safe", "issuing.csr", *safe, "-o", "signed.pem")
    assert lab.sealwax("ca", "accept-issuing", "online", "signed.pem", *PASSPHRASE).code == 0
    lab.made("ca", "issue", "online", "alice.csr", "--address", "alice@example.test", *PASSPHRASE, "-o", "alice.pem")
    assert verify(lab, "alice.pem", folder="safe")
    assert not (tmp_path / "online" / "root.key").exists()
    assert "key of the root CA is not in online" in lab.sealwax("ca", "crl", "online", "--root", *PASSPHRASE).line
    lab.made("ca", "crl", "safe", "--root", *safe, "-o", "root.crl")
    assert lab.sealwax("ca", "accept-root-crl", "online", "root.crl").stdout.startswith(b"List 2 of the root")


def test_the_root_may_be_of_another_pki(office: Lab) -> None:
    office.made("ca", "request-issuing", "below", *FOUNDING, *PASSPHRASE, "-o", "below.csr")
    new_root = ("-newkey", "rsa:2048", "-nodes", "-keyout", "theirs.key", "-subj", "/CN=Their Root", "-days", "9")
    office.openssl("req", "-x509", *new_root, "-addext", "keyUsage=keyCertSign,cRLSign", "-out", "theirs.pem")
    office.write("below.ext", b"basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n")
    signing = ("-CA", "theirs.pem", "-CAkey", "theirs.key", "-extfile", "below.ext", "-set_serial", "7")
    office.openssl("x509", "-req", "-in", "below.csr", "-days", "8", *signing, "-out", "below.pem")
    office.write("both.pem", office.read("below.pem") + office.read("theirs.pem"))
    assert office.sealwax("ca", "accept-issuing", "below", "both.pem", *PASSPHRASE).code == 0
    request = ("alice.csr", "--address", "alice@example.test", *PASSPHRASE, "-o", "alice-below.pem")
    office.made("ca", "issue", "below", *request)
    assert verify(office, "alice-below.pem", folder="below")


def test_a_foreign_certificate_with_our_serial_cannot_revoke_ours(office: Lab) -> None:
    serial = serial_of(office, "alice.pem")
    other = (
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "other.key",
        "-subj",
        "/CN=Other",
        "-set_serial",
        f"0x{serial}",
    )
    office.openssl("req", "-x509", *other, "-out", "other.pem")
    assert "other.pem was not issued here" in office.sealwax("ca", "revoke", "ca", "other.pem", *PASSPHRASE).line
    assert listed(office)[serial]["state"] == "valid"


@pytest.mark.thorough
def test_commands_at_once_lose_no_entry(office: Lab) -> None:
    new_request(office, "erin")
    before = len(listed(office))
    with ThreadPoolExecutor(4) as pool:
        names = list(pool.map(lambda number: issue(office, "erin", out=f"erin{number}.pem"), range(4)))
    serials = {serial_of(office, name) for name in names}
    assert len(serials) == 4
    assert len(listed(office)) == before + 4
    assert serials <= set(listed(office))


def test_certificates_are_published_for_bridge_and_ldap(office: Lab) -> None:
    new_request(office, "frank")
    issue(office, "frank")
    serial = serial_of(office, "frank.pem")
    publishing = ("ca", "publish", "ca", "--directory", "people", "--ldif", "people.ldif", "--base", "dc=example")
    office.made(*publishing)
    assert (office.folder / "people" / f"{serial}.pem").exists()
    assert b"dn: mail=frank@example.test,dc=example\n" in office.read("people.ldif")
    assert office.sealwax("ca", "revoke", "ca", serial, *PASSPHRASE).code == 0
    office.made(*publishing)
    assert not (office.folder / "people" / f"{serial}.pem").exists()


def test_ca_list_marks_certificates_that_end_soon(office: Lab) -> None:
    new_request(office, "grace")
    issue(office, "grace", "--days", "10")
    line = next(line for line in office.sealwax("ca", "list", "ca").stdout.decode().splitlines() if "grace@" in line)
    assert line.endswith("valid, ends soon")


def test_the_help_names_the_main_verbs(office: Lab) -> None:
    text = office.sealwax("ca", "--help").stdout.decode()
    for word in ("create-root", "request-issuing", "sign-issuing", "issue", "renew", "revoke", "crl", "publish"):
        assert word in text


def test_a_keyring_entry_that_is_not_there_gets_a_new_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries: dict[tuple[str, str], str] = {}
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("keyring.get_password", lambda service, entry: entries.get((service, entry)))
    monkeypatch.setattr("keyring.set_password", lambda service, entry, text: entries.update({(service, entry): text}))
    source = PassphraseSource(file=None, descriptor=None, keyring_entry="our ca")
    passphrase = choose_passphrase(source)
    assert entries == {("sealwax", "our ca"): passphrase.decode()}
    assert len(passphrase) == 32
    assert choose_passphrase(source) == passphrase


def test_two_new_cas_at_once_get_one_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a lock, both would find no entry, and the passphrase of one CA would be overwritten."""
    entries: dict[tuple[str, str], str] = {}
    slow = threading.Event()

    def get_slowly(service: str, entry: str) -> str | None:
        secret = entries.get((service, entry))
        slow.wait(0.3)
        return secret

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("keyring.get_password", get_slowly)
    made: list[str] = []

    def keep(service: str, entry: str, text: str) -> None:
        made.append(text)
        entries[service, entry] = text

    monkeypatch.setattr("keyring.set_password", keep)
    source = PassphraseSource(file=None, descriptor=None, keyring_entry="our ca")
    threads = [threading.Thread(target=choose_passphrase, args=(source,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_the_passphrase_comes_from_the_keyring_entry_in_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sealwax.authority.folder import AuthorityFolder, Settings

    monkeypatch.setattr("keyring.get_password", lambda service, entry: f"{service} {entry}")
    folder = AuthorityFolder(tmp_path)
    folder.write_settings(Settings(name="Example", url="http://pki.example.test", keyring_entry="our ca"))
    assert (
        read_passphrase(folder, PassphraseSource(file=None, descriptor=None, keyring_entry=None)) == b"sealwax our ca"
    )


def test_an_empty_passphrase_protects_no_ca(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"\n")
    with pytest.raises(click.ClickException, match="empty"):
        choose_passphrase(PassphraseSource(file=str(tmp_path / "empty"), descriptor=None, keyring_entry=None))


def test_respond_is_a_plug_in_and_reports_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    class Missing:
        def load(self) -> click.Command:
            raise ImportError("No module named 'flask'")

    context = click.Context(ca.ca)
    monkeypatch.setattr(ca.ca, "find_plugins", lambda: {"respond": Missing()})
    assert ca.ca.list_commands(context)[-1] == "respond"
    with pytest.raises(click.ClickException, match=r"respond needs packages that are not installed: .*flask"):
        ca.ca.get_command(context, "respond")
    assert ca.ca.get_command(context, "no-such-verb") is None
    assert "not installed" in ca.ca.get_help(context)
    respond_plugin = EntryPoint("respond", RESPOND, "sealwax.ca")
    monkeypatch.setattr(ca.ca, "find_plugins", lambda: {"respond": respond_plugin})
    respond = ca.ca.get_command(context, "respond")
    assert respond is not None
    assert respond.name == "respond"


def test_the_package_declares_respond() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    assert declared["sealwax.ca"] == {"respond": RESPOND, "certify": "webbridge.certifier.command:certify"}


def test_issuing_imports_no_web_server() -> None:
    verbs = "sealwax.cli.verbs.ca_founding, sealwax.cli.verbs.ca_people"
    script = f"import sys, {verbs}; print({{'flask', 'webbridge'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "set()"


def test_an_error_is_printed_as_one_json_object(office: Lab) -> None:
    (office.folder / "broken").mkdir()
    (office.folder / "broken" / "authority.json").write_text("{")
    result = office.sealwax("ca", "list", "broken", "--json")
    assert result.code == 2
    assert json.loads(result.stdout)["error"]["code"] == "malformed-message"
