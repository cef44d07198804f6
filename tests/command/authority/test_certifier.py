"""The signing service of a small CA: hostile requests, bounds that hold without the bridge, and the process."""

from __future__ import annotations

import base64
import datetime
import http.client
import json
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from flask.testing import FlaskClient

from sealwax.authority.certifying import AutomaticCertifier, Reason, RequestRefused, Terms
from sealwax.authority.folder import AuthorityFolder, Role
from smime_core.blocking import run
from smime_core.ca.certification_request import build_certification_request
from smime_core.ca.profile_checks import check_profile
from smime_core.provider import NewKey, PrivateKey
from smime_core.providers.native import NativeProvider
from smime_core.x509 import parse_certificate
from tests.support.authority_folders import AT, PARAMETERS, found, issue, open_role, revoke
from tests.support.servers.certifier import certified, socket_path
from webbridge.certifier.app import MAX_BODY_BYTES, create_certifier_app

PROVIDER = NativeProvider()
CERTIFY = "import sys; from webbridge.certifier.command import certify; certify()"
ADDRESS = "ann@example.test"
EVERYWHERE = Terms(domains=frozenset({"*"}))


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new CA. It is made only once, because the derivation of the keys from the passphrase is slow on purpose."""
    return found(tmp_path_factory.mktemp("founded") / "ca").path


@pytest.fixture
def folder(founded: Path, tmp_path: Path) -> AuthorityFolder:
    return AuthorityFolder(Path(shutil.copytree(founded, tmp_path / "ca")))


def certifier_of(
    folder: AuthorityFolder, terms: Terms = EVERYWHERE, directory: Path | None = None
) -> AutomaticCertifier:
    folder.register.count_automatic()
    return AutomaticCertifier(folder=folder, issuing=open_role(folder, Role.ISSUING), terms=terms, directory=directory)


def new_private_key() -> PrivateKey:
    return run(PROVIDER.generate_key(NewKey.P256))


def request_for(*addresses: str, key: PrivateKey | None = None) -> bytes:
    return run(build_certification_request(key or new_private_key(), addresses, PROVIDER))


def refusal(certifier: AutomaticCertifier, address: str, request: bytes, at: datetime.datetime = AT) -> Reason:
    with pytest.raises(RequestRefused) as caught:
        certifier.certify(address, request, at=at)
    return caught.value.reason


def test_certifies_a_request_by_the_profile_of_the_authority(folder: AuthorityFolder, tmp_path: Path) -> None:
    directory = tmp_path / "directory"
    issued = certifier_of(folder, directory=directory).certify(ADDRESS, request_for(ADDRESS), at=AT)
    assert issued.certificate.email_addresses == (ADDRESS,)
    assert check_profile(issued.certificate) == ()
    assert issued.chain == (folder.certificate(Role.ISSUING), folder.certificate(Role.ROOT))
    assert [entry.certificate for entry in certified(folder)] == [issued.certificate]
    published = [parse_certificate(path.read_bytes()) for path in directory.iterdir()]
    assert published == [issued.certificate]


def test_the_same_request_again_gets_the_same_certificate(folder: AuthorityFolder) -> None:
    certifier = certifier_of(folder, Terms(domains=frozenset({"*"}), per_address=1, per_day=1))
    request = request_for(ADDRESS)
    first = certifier.certify(ADDRESS, request, at=AT)
    assert certifier.certify(ADDRESS, request, at=AT + datetime.timedelta(days=2)) == first
    assert len(certified(folder)) == 1


@pytest.mark.parametrize(
    "address",
    ["", "ann", "ann@[192.0.2.1]", "ann@other.test", "ann@boss.test", "ann@sub.example.test", "ä@example.test"],
)
def test_refuses_addresses_outside_of_its_terms(folder: AuthorityFolder, address: str) -> None:
    terms = Terms(domains=frozenset({"example.test", "boss.test"}), never=frozenset({"boss.test"}))
    assert refusal(certifier_of(folder, terms), address, request_for(ADDRESS)) is Reason.ADDRESS
    assert certified(folder) == []


def test_no_domain_is_certified_that_is_never_certified(folder: AuthorityFolder) -> None:
    terms = Terms(domains=frozenset({"*"}), never=frozenset({"boss.test"}))
    assert refusal(certifier_of(folder, terms), "ann@BOSS.test", request_for("ann@BOSS.test")) is Reason.ADDRESS


def test_a_request_counts_only_for_the_address_that_its_owner_has_signed(folder: AuthorityFolder) -> None:
    certifier = certifier_of(folder)
    assert refusal(certifier, ADDRESS, request_for("mallory@example.test")) is Reason.REQUEST
    assert refusal(certifier, ADDRESS, request_for(ADDRESS, "boss@example.test")) is Reason.REQUEST
    assert certified(folder) == []


def test_refuses_a_request_without_proof_of_its_key(folder: AuthorityFolder) -> None:
    request = bytearray(request_for(ADDRESS))
    request[-1] ^= 1
    assert refusal(certifier_of(folder), ADDRESS, bytes(request)) is Reason.REQUEST
    unnamed = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    from_openssl = unnamed.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    assert refusal(certifier_of(folder), ADDRESS, from_openssl.public_bytes(Encoding.DER)) is Reason.REQUEST


def test_refuses_a_key_that_has_another_certificate(folder: AuthorityFolder) -> None:
    certifier, key = certifier_of(folder), new_private_key()
    certificate = certifier.certify(ADDRESS, request_for(ADDRESS, key=key), at=AT).certificate
    assert refusal(certifier, "bob@example.test", request_for("bob@example.test", key=key)) is Reason.KEY_USED
    revoke(folder, certificate)
    assert refusal(certifier, ADDRESS, request_for(ADDRESS, key=key)) is Reason.KEY_USED


def test_refuses_the_key_of_the_authority(folder: AuthorityFolder) -> None:
    own = open_role(folder, Role.ISSUING).private_key
    assert refusal(certifier_of(folder), ADDRESS, request_for(ADDRESS, key=own)) is not None
    assert certified(folder) == []


def test_limits_the_certificates_of_a_mailbox_and_of_a_day(folder: AuthorityFolder) -> None:
    certifier = certifier_of(folder, Terms(domains=frozenset({"*"}), per_address=2, per_day=3))
    for address in (ADDRESS, "ANN+shop@example.test"):
        certifier.certify(address, request_for(address), at=AT)
    assert refusal(certifier, "ann+2@example.test", request_for("ann+2@example.test")) is Reason.ADDRESS_LIMIT
    certifier.certify("bob@example.test", request_for("bob@example.test"), at=AT)
    assert refusal(certifier, "eve@example.test", request_for("eve@example.test")) is Reason.DAY_LIMIT
    # A clock that is set back makes no room.
    earlier, later = AT - datetime.timedelta(days=3), AT + datetime.timedelta(days=1, seconds=1)
    assert refusal(certifier, "eve@example.test", request_for("eve@example.test"), earlier) is Reason.DAY_LIMIT
    certifier.certify("eve@example.test", request_for("eve@example.test"), at=later)
    assert refusal(certifier, ADDRESS, request_for(ADDRESS), later) is Reason.ADDRESS_LIMIT
    certifier.certify(ADDRESS, request_for(ADDRESS), at=AT + datetime.timedelta(days=31))


def test_certificates_that_a_person_issues_do_not_count(folder: AuthorityFolder) -> None:
    issue(folder, ADDRESS)
    certifier = certifier_of(folder, Terms(domains=frozenset({"*"}), per_address=1, per_day=1))
    certifier.certify(ADDRESS, request_for(ADDRESS), at=AT)


@pytest.fixture
def client(folder: AuthorityFolder) -> FlaskClient:
    certifier = certifier_of(folder, Terms(domains=frozenset({"example.test"})))
    return create_certifier_app(certifier, lambda: AT).test_client()


def order(address: object = ADDRESS, request: bytes | None = None) -> dict[str, object]:
    return {"address": address, "request": base64.b64encode(request or request_for(ADDRESS)).decode()}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"[" * 100_000,
        b"{}",
        b'{"address": 1, "request": ""}',
        b'{"address": "ann@example.test", "request": 1}',
        b'{"address": "ann@example.test", "request": "\xc3\xa4"}',
        b'{"address": "ann@example.test", "request": "!"}',
        json.dumps({"address": "a" * 1000 + "@example.test", "request": ""}).encode(),
        b" " * (MAX_BODY_BYTES + 1),
    ],
)
def test_hostile_bodies_get_a_refusal_and_the_next_request_an_answer(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/certificates", data=body, content_type="application/json")
    assert answer.status_code in (400, 413)
    assert set(answer.get_json()) == {"code", "message"}
    assert client.post("/certificates", json=order()).status_code == 200


@pytest.mark.parametrize("octets", [b"\x30", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"-----BEGIN", bytes(60_000)])
def test_requests_that_are_none_are_refused(client: FlaskClient, octets: bytes) -> None:
    answer = client.post("/certificates", json=order(request=octets))
    assert (answer.status_code, answer.get_json()["code"]) == (422, "request-refused")


def test_says_when_an_address_may_ask_again(client: FlaskClient) -> None:
    for _ in range(3):
        assert client.post("/certificates", json=order()).status_code == 200
    answer = client.post("/certificates", json=order())
    assert (answer.status_code, answer.get_json()["code"]) == (429, "address-limit")
    assert int(answer.headers["Retry-After"]) == 30 * 24 * 60 * 60
    assert client.get("/certificates").status_code == 405
    assert client.post("/other", json=order()).status_code == 404


def test_a_register_that_cannot_be_changed_is_said(folder: AuthorityFolder) -> None:
    client = create_certifier_app(certifier_of(folder), lambda: AT).test_client()
    (folder.path / "register.sqlite").rename(folder.path / "elsewhere")
    answer = client.post("/certificates", json=order())
    assert (answer.status_code, answer.get_json()["code"]) == (503, "register-busy")


class _Local(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=20)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(str(self._path))


@pytest.fixture
def running(folder: AuthorityFolder, tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    passphrase = tmp_path / "passphrase"
    passphrase.write_bytes(PARAMETERS.passphrase + b"\n")
    with socket_path() as path:
        arguments = [str(folder.path), "--socket", str(path), "--domain", "Example.test"]
        process = subprocess.Popen(
            [sys.executable, "-c", CERTIFY, *arguments, "--passphrase-file", str(passphrase)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert "Certifying for Example" in process.stdout.readline()
        yield path, process
        process.terminate()
        assert process.wait(20) == 0
        process.stdout.close()


@pytest.mark.server
def test_the_process_answers_at_a_socket_of_its_own_user(
    running: tuple[Path, subprocess.Popen[str]], folder: AuthorityFolder
) -> None:
    path, process = running
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with socket.socket(socket.AF_UNIX) as rude:
        rude.connect(str(path))
        rude.sendall(b"POST /certificates HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n\0")
    body = json.dumps(order())
    connection = _Local(path)
    connection.request("POST", "/certificates", body=body, headers={"Content-Type": "application/json"})
    answer = connection.getresponse()
    certificates = [base64.b64decode(text) for text in json.loads(answer.read())["certificates"]]
    connection.close()
    assert answer.status == 200
    assert [entry.certificate.der for entry in certified(folder)] == certificates[:1]
    assert process.poll() is None


def test_a_name_that_is_no_domain_is_refused(folder: AuthorityFolder, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CERTIFY, str(folder.path), "--socket", str(tmp_path / "s"), "--domain", "not a name"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "not a name is not the name of a domain" in done.stderr
