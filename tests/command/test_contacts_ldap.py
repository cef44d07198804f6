"""`sealwax contacts` with a real OpenLDAP: the output of `ldapsearch` is taken, and `ldapadd` reads our LDIF."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from smime_core import blocking
from smime_core.cms.certificates_only import build_certificates_only
from smime_core.cms.signing import Signing
from smime_core.trust import parse_contacts
from tests.support import path_pki
from tests.support.command.lab import QuickLab
from tests.support.people import NOW, PROVIDER, person
from tests.support.servers.directory_servers import BASE, BIND_NAME, PASSWORD, SLAPADD, SLAPD, Entry, run_slapd
from webbridge.demo.tls import write_tls_files

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        None in (SLAPD, SLAPADD, shutil.which("ldapadd"), shutil.which("ldapsearch")),
        reason="needs slapd and ldap-utils",
    ),
]

ALICE, BOB = person("alice"), person("bob").certificate
BELOW = path_pki.root("Directory root").issue("Directory authority")
CAROL = BELOW.certify("carol@example.test")


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A directory with a signed message, a certificate and a certs-only message as the values of three people."""
    folder = tmp_path / "slapd"
    folder.mkdir()
    write_tls_files(tmp_path, at=NOW)
    signed = blocking.sign_bytes(b"x", Signing(identities=[ALICE], signing_time=NOW), provider=PROVIDER)
    chain = build_certificates_only([CAROL, BELOW.certificate])
    entries = [
        Entry(name="Älice", mail="alice@example.test", attributes=(("userSMIMECertificate", signed),)),
        Entry(name="Bob", mail="bob@example.test", attributes=(("userCertificate;binary", BOB.der),)),
        Entry(name="Carol", mail="carol@example.test", attributes=(("userSMIMECertificate", chain),)),
        Entry(name="Dora", mail="dora@example.test"),
    ]
    with run_slapd(entries, folder=folder, tls_folder=tmp_path) as server:
        yield server.plain_url.rsplit("/", 1)[0]


def test_the_output_of_ldapsearch_is_taken_and_ldapadd_reads_ours(url: str, tmp_path: Path) -> None:
    lab = QuickLab(tmp_path)
    search = ["ldapsearch", "-x", "-H", url, "-b", BASE, "(mail=*)"]
    lab.write("found.ldif", subprocess.run(search, capture_output=True, check=True, timeout=30).stdout)
    result = lab.sealwax("contacts", "import", "found.ldif", "--contacts", "contacts.json")
    assert (result.code, result.stderr) == (0, "")
    assert result.stdout.decode().endswith("; entries without a certificate: 1\n")
    certificates = {
        contact.address: contact.certificates[0] for contact in parse_contacts(lab.read("contacts.json")).people
    }
    assert {address: known.certificate for address, known in certificates.items()} == {
        "alice@example.test": ALICE.certificate,
        "bob@example.test": BOB,
        "carol@example.test": CAROL,
    }
    assert certificates["carol@example.test"].intermediates == (BELOW.certificate,)

    lab.made("contacts", "export", "--ldif", "-o", "ours.ldif", "--contacts", "contacts.json")
    # With -n, ldapadd parses each entry and adds none.
    adding = ["ldapadd", "-n", "-v", "-x", "-H", url, "-D", BIND_NAME, "-w", PASSWORD, "-f", "ours.ldif"]
    read = subprocess.run(adding, cwd=tmp_path, capture_output=True, check=True, timeout=30).stdout.decode()
    assert read.count("adding new entry") == 3
    assert read.count("add userCertificate;binary:") == 3
