"""Certification paths of an authority of OpenSSL: its responder, its CRLs, and services that never finish an answer."""

from __future__ import annotations

import contextlib
import datetime
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sealwax.lookups.answers import REVOCATION_KINDS, AnswerSource
from sealwax.lookups.cache import AnswerCache
from sealwax.lookups.fetch import FetchPolicy
from sealwax.lookups.paths import PathAnswers, look_up_paths
from smime_core.pkix import TrustStore
from smime_core.providers.native import NativeProvider
from smime_core.x509.certificate import Certificate, parse_certificate
from smime_core.x509.ocsp import CertificateStatus, parse_ocsp_response
from smime_core.x509.revocation_list import parse_revocation_list
from tests.support.servers.ports import free_port
from tests.support.servers.web_servers import reply_with, run_raw_server, run_web_server

pytestmark = pytest.mark.server

_CONFIGURATION = """
[ca]
default_ca = mail
[mail]
database = index.txt
new_certs_dir = .
serial = serial
crlnumber = crlnumber
certificate = root.pem
private_key = root.key
default_md = sha256
default_days = 30
default_crl_days = 7
policy = anything
unique_subject = no
[anything]
commonName = supplied
[person]
keyUsage = critical, digitalSignature
extendedKeyUsage = emailProtection
subjectAltName = email:person@example.test
authorityInfoAccess = OCSP;URI:http://127.0.0.1:{ocsp}/
crlDistributionPoints = URI:http://127.0.0.1:{lists}/root.crl
"""


@dataclass
class OpensslAuthority:
    """`openssl ca` in a folder. Its responder listens on the port `ocsp`. A test must serve its CRL on `lists`."""

    folder: Path
    ocsp: int
    lists: int
    hosts: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.hosts = frozenset(f"127.0.0.1:{port}" for port in (self.ocsp, self.lists))
        (self.folder / "openssl.cnf").write_text(_CONFIGURATION.format(ocsp=self.ocsp, lists=self.lists))
        (self.folder / "index.txt").write_text("")
        for name in ("serial", "crlnumber"):
            (self.folder / name).write_text("1000\n")
        self.run("req -x509 -newkey rsa:2048 -nodes -days 60 -subj /CN=Root -keyout root.key -out root.pem")

    def run(self, command: str) -> bytes:
        done = subprocess.run(
            ["openssl", *command.split()], cwd=self.folder, capture_output=True, timeout=60, check=True
        )
        return done.stdout

    def issue(self, name: str) -> list[Certificate]:
        """Certify a new person. Returns the path from the person to the root."""
        self.run(f"req -newkey rsa:2048 -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr")
        self.run(f"ca -config openssl.cnf -batch -notext -extensions person -in {name}.csr -out {name}.pem")
        return [parse_certificate((self.folder / f"{stem}.pem").read_bytes()) for stem in (name, "root")]

    def revoke(self, name: str) -> None:
        self.run(f"ca -config openssl.cnf -revoke {name}.pem -crl_reason keyCompromise")

    def revocation_list(self) -> bytes:
        self.run("ca -config openssl.cnf -gencrl -out root.crl")
        return self.run("crl -in root.crl -outform DER")

    @contextlib.contextmanager
    def responder(self) -> Iterator[None]:
        command = (
            f"openssl ocsp -index index.txt -port {self.ocsp} -CA root.pem -rsigner root.pem -rkey root.key -nmin 10"
        )
        process = subprocess.Popen(
            command.split(), cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None
        try:
            # openssl prints this line when it listens. Its later output fits into the pipe, so it need not be read.
            while "waiting for OCSP client connections" not in (line := process.stderr.readline()):
                assert line, "openssl ocsp did not start"
            yield
        finally:
            process.terminate()
            process.wait(timeout=10)
            process.stderr.close()


def look_up(path: Sequence[Certificate], hosts: frozenset[str], *, timeout_seconds: float = 30) -> PathAnswers:
    cache = AnswerCache(None)
    source = AnswerSource(
        cache=cache,
        clock=lambda: datetime.datetime.now(datetime.UTC),
        kinds=REVOCATION_KINDS,
        policy=FetchPolicy(allowed_hosts=hosts, timeout_seconds=timeout_seconds),
    )
    (answers,) = look_up_paths(
        [path],
        trust_store=TrustStore.of(path[-1]),
        at=datetime.datetime.now(datetime.UTC),
        source=source,
        provider=NativeProvider(),
    )
    cache.close()
    return answers


def statuses(answers: PathAnswers) -> list[CertificateStatus]:
    return [single.status for response in answers.ocsp_responses for single in parse_ocsp_response(response).responses]


def test_openssls_responder_says_good_and_revoked(tmp_path: Path) -> None:
    authority = OpensslAuthority(tmp_path, ocsp=free_port(), lists=free_port())
    good, revoked = authority.issue("good"), authority.issue("revoked")
    authority.revoke("revoked")
    with authority.responder():
        of_good, of_revoked = look_up(good, authority.hosts), look_up(revoked, authority.hosts)
    assert (statuses(of_good), of_good.problems) == ([CertificateStatus.GOOD], ())
    assert (statuses(of_revoked), of_revoked.problems) == ([CertificateStatus.REVOKED], ())
    assert of_good.revocation_lists == of_revoked.revocation_lists == ()


def test_openssls_list_is_asked_where_its_responder_does_not_know_or_is_down(tmp_path: Path) -> None:
    authority: OpensslAuthority
    with run_web_server(lambda handler: reply_with(authority.revocation_list())(handler)) as server:
        authority = OpensslAuthority(tmp_path, ocsp=free_port(), lists=server.port)
        revoked = authority.issue("revoked")
        index = (tmp_path / "index.txt").read_text()
        (tmp_path / "index.txt").write_text("")
        with authority.responder():
            unknown = look_up(revoked, authority.hosts)
        (tmp_path / "index.txt").write_text(index)
        authority.revoke("revoked")
        down = look_up(revoked, authority.hosts)
    assert statuses(unknown) == [CertificateStatus.UNKNOWN]
    assert len(unknown.revocation_lists) == 1
    assert [problem.code for problem in down.problems] == ["unreachable"]
    (only,) = (parse_revocation_list(encoded) for encoded in down.revocation_lists)
    assert list(only.find_entries(revoked[0].serial_number))


def hang(_connection: socket.socket, over: threading.Event) -> None:
    over.wait()


def drip(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not over.wait(0.01):
        connection.sendall(b"0")


@pytest.mark.parametrize("talk", [hang, drip])
def test_a_service_that_never_finishes_leaves_it_unknown(
    tmp_path: Path, talk: Callable[[socket.socket, threading.Event], None]
) -> None:
    with run_raw_server(talk) as server:
        authority = OpensslAuthority(tmp_path, ocsp=server.port, lists=server.port)
        answers = look_up(authority.issue("person"), authority.hosts, timeout_seconds=0.3)
    assert (answers.ocsp_responses, answers.revocation_lists) == ((), ())
    assert {problem.code for problem in answers.problems} == {"timeout"}
