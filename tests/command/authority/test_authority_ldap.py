"""A real OpenLDAP loads the LDIF of a small CA, also repeatedly, and then has only the certificates that are valid."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.authority.folder import AuthorityFolder
from sealwax.authority.publishing import build_ldif
from sealwax.authority.register import Kind
from tests.support.authority_folders import AT, found, issue, revoke
from tests.support.servers.directory_servers import BASE, BIND_NAME, PASSWORD, SLAPADD, SLAPD, run_slapd
from webbridge.demo.tls import write_tls_files

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        None in (SLAPD, SLAPADD, shutil.which("ldapmodify"), shutil.which("ldapsearch")),
        reason="needs slapd and ldap-utils",
    ),
]


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "slapd"
    folder.mkdir()
    write_tls_files(tmp_path, at=AT)
    with run_slapd([], folder=folder, tls_folder=tmp_path) as server:
        yield server.plain_url.rsplit("/", 1)[0]


def load(url: str, authority: AuthorityFolder) -> None:
    with authority.register.read() as rows:
        people = [entry for entry in rows.entries() if entry.kind is Kind.PERSON]
    ldif = build_ldif(people, [entry for entry in people if entry.state(AT) == "valid"], base=BASE)
    command = ["ldapmodify", "-c", "-x", "-H", url, "-D", BIND_NAME, "-w", PASSWORD]
    done = subprocess.run(command, input=ldif, capture_output=True, check=False, timeout=30)
    # 68 is "already exists", because the second time the entries are already there.
    assert done.returncode in (0, 68), done.stderr.decode()


def find(url: str, address: str) -> set[bytes]:
    command = ["ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", url, "-b", BASE, f"(mail={address})"]
    done = subprocess.run([*command, "userCertificate;binary"], capture_output=True, check=True, timeout=30)
    values = re.findall(rb"^userCertificate;binary:: (\S+)$", done.stdout, re.MULTILINE)
    return {base64.b64decode(value) for value in values}


def test_openldap_takes_what_is_published_and_forgets_what_was_revoked(url: str, tmp_path: Path) -> None:
    authority = found(tmp_path / "ca")
    first, second = issue(authority, "bob#1+x@example.test"), issue(authority, "bob#1+x@example.test")
    alice = issue(authority)
    load(url, authority)
    assert find(url, "bob#1+x@example.test") == {first.der, second.der}
    assert find(url, "alice@example.test") == {alice.der}
    revoke(authority, first)
    revoke(authority, alice)
    load(url, authority)
    assert find(url, "bob#1+x@example.test") == {second.der}
    assert find(url, "alice@example.test") == set()
