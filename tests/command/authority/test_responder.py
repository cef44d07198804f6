"""The responder of a small CA: as a Flask application, and as a process to which OpenSSL sends requests."""

from __future__ import annotations

import base64
import datetime
import logging
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from flask.testing import FlaskClient

from sealwax.authority.answering import AuthorityResponder
from sealwax.authority.folder import AuthorityFolder, Role
from sealwax.authority.issuing import Order, issue_certificate, issuing_crl_issuer, revoke_certificate
from smime_core import parse_certificate
from smime_core.asn1.pem import build_pem
from smime_core.blocking import run
from smime_core.ca.ocsp_responding import Responder
from smime_core.ca.profile import Generation
from smime_core.identity.identity import Identity
from smime_core.keys import public_key_of
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider
from smime_core.x509.certificate import Certificate
from tests.support.authority_folders import AT, PARAMETERS, found, open_role
from webbridge.responder.app import create_authority_app

PROVIDER = NativeProvider()
RESPOND = "import sys; from webbridge.responder.command import respond; respond()"


class Rig:
    """A CA in a folder, with two people."""

    def __init__(self, path: Path) -> None:
        self.folder = AuthorityFolder(path)
        self.issuing: Identity = open_role(self.folder, Role.ISSUING)
        self.alice, self.bob = self.issue("alice@example.test"), self.issue("bob@example.test")

    def issue(self, address: str) -> Certificate:
        key = public_key_of(run(PROVIDER.generate_key(NewKey.P256)))
        order = Order(public_key=key, addresses=(address,), generation=Generation.STRICT, days=800)
        return issue_certificate(self.folder, order, issuing=self.issuing, at=AT)

    def revoke(self, certificate: Certificate) -> None:
        crl_issuer = issuing_crl_issuer(self.folder, self.issuing)
        revoke_certificate(self.folder, certificate.serial_number, "keyCompromise", crl_issuer=crl_issuer, at=AT)


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new CA. It is made only once, because the derivation of the keys from the passphrase is slow on purpose."""
    return found(tmp_path_factory.mktemp("founded") / "ca").path


@pytest.fixture
def rig(founded: Path, tmp_path: Path) -> Rig:
    return Rig(Path(shutil.copytree(founded, tmp_path / "ca")))


@pytest.fixture
def client(rig: Rig) -> FlaskClient:
    return browser(rig, AT)


def browser(rig: Rig, at: datetime.datetime) -> FlaskClient:
    ocsp_responder = Responder(issuer=rig.issuing.certificate, signer=open_role(rig.folder, Role.RESPONDER))
    authority_responder = AuthorityResponder(folder=rig.folder, ocsp_responder=ocsp_responder)
    return create_authority_app(authority_responder, lambda: at).test_client()


def question(rig: Rig, certificate: Certificate, *, nonce: bytes | None = None) -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        x509.load_der_x509_certificate(certificate.der),
        x509.load_der_x509_certificate(rig.issuing.certificate.der),
        hashes.SHA256(),
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def post(client: FlaskClient, data: bytes) -> ocsp.OCSPResponse:
    response = client.post("/ocsp", data=data, content_type="application/ocsp-request")
    assert response.status_code == 200
    assert response.mimetype == "application/ocsp-response"
    assert response.headers["Cache-Control"] == "no-store"
    return ocsp.load_der_ocsp_response(response.data)


def get(client: FlaskClient, data: bytes) -> tuple[ocsp.OCSPResponse, str]:
    response = client.get("/ocsp/" + quote(base64.b64encode(data).decode(), safe=""))
    assert response.status_code == 200
    return ocsp.load_der_ocsp_response(response.data), response.headers["Cache-Control"]


def test_a_certificate_is_good_until_the_moment_it_is_revoked(rig: Rig, client: FlaskClient) -> None:
    query = question(rig, rig.bob, nonce=b"n" * 32)
    before = post(client, query)
    assert before.certificate_status == ocsp.OCSPCertStatus.GOOD
    assert before.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"n" * 32
    rig.revoke(rig.bob)
    after = post(client, query)
    assert after.certificate_status == ocsp.OCSPCertStatus.REVOKED
    assert after.revocation_reason is x509.ReasonFlags.key_compromise
    assert post(client, question(rig, rig.alice)).certificate_status == ocsp.OCSPCertStatus.GOOD


def test_answers_to_get_are_for_caches_and_others_not(rig: Rig, client: FlaskClient) -> None:
    answer, caching = get(client, question(rig, rig.alice))
    assert answer.certificate_status == ocsp.OCSPCertStatus.GOOD
    assert caching == "public, max-age=3600, no-transform, must-revalidate"
    assert answer.next_update_utc == AT + datetime.timedelta(days=1)
    assert get(client, question(rig, rig.alice, nonce=b"n"))[1] == "no-store"
    answer, caching = get(client, question(rig, rig.issuing.certificate))
    assert (answer.certificate_status, caching) == (ocsp.OCSPCertStatus.UNKNOWN, "no-store")


def test_every_base64_can_be_asked_with_slashes_or_without_escapes(rig: Rig, client: FlaskClient) -> None:
    # The base64 of the first request is full of slashes, and that of one of the others is full of plus signs.
    texts = []
    for nonce in (b"\xff" * 32, b"\xfb\xef\xbe" * 10, b"\xef\xbe\xfb" * 10, b"\xbe\xfb\xef" * 10):
        encoded = base64.b64encode(question(rig, rig.alice, nonce=nonce)).decode()
        texts.append(encoded)
        for form in (encoded, quote(encoded, safe=""), quote(encoded)):
            response = client.get(f"/ocsp/{form}")
            assert response.status_code == 200
            assert ocsp.load_der_ocsp_response(response.data).certificate_status == ocsp.OCSPCertStatus.GOOD
    assert "//" in "".join(texts)
    assert "++" in "".join(texts)


@pytest.mark.parametrize("data", [b"", b"\x30\x00", b"hello", b"\x30\x80" * 100])
def test_a_malformed_request_gets_the_error_of_ocsp(client: FlaskClient, data: bytes) -> None:
    assert post(client, data).response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_text_that_is_no_base64_is_a_malformed_request(client: FlaskClient) -> None:
    for text in ("hello!", "aGVsbG8", "%00", "é"):
        response = client.get(f"/ocsp/{text}")
        assert ocsp.load_der_ocsp_response(response.data).response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_a_request_beyond_the_bounds_is_not_read(client: FlaskClient) -> None:
    large = client.post("/ocsp", data=bytes(16_385), content_type="application/ocsp-request")
    assert large.status_code == 413
    assert client.get("/ocsp/" + "A" * 22_000).status_code == 414
    assert client.post("/ocsp", data=b"\x30\x00", content_type="text/plain").status_code == 415


def test_an_expired_responder_signs_nothing(rig: Rig) -> None:
    late = browser(rig, AT + datetime.timedelta(days=400))
    assert post(late, question(rig, rig.alice)).response_status is ocsp.OCSPResponseStatus.INTERNAL_ERROR


def test_a_register_that_is_gone_is_told_and_never_good(rig: Rig, client: FlaskClient) -> None:
    (rig.folder.path / "register.sqlite").rename(rig.folder.path / "elsewhere.sqlite")
    assert post(client, question(rig, rig.alice)).response_status is ocsp.OCSPResponseStatus.TRY_LATER


def test_lists_and_certificates_are_handed_out_with_their_types(rig: Rig, client: FlaskClient) -> None:
    rig.revoke(rig.bob)
    response = client.get("/issuing.crl")
    assert (response.status_code, response.mimetype) == (200, "application/pkix-crl")
    assert response.headers["Cache-Control"].startswith("public, max-age=3600")
    read = x509.load_der_x509_crl(response.data)
    assert [entry.serial_number for entry in read] == [rig.bob.serial_number]
    again = client.get("/issuing.crl", headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert x509.load_der_x509_crl(client.get("/root.crl").data).issuer.rfc4514_string().startswith("CN=Example Root")
    for name, role in (("issuing", Role.ISSUING), ("root", Role.ROOT)):
        response = client.get(f"/{name}.cer")
        assert response.mimetype == "application/pkix-cert"
        assert parse_certificate(response.data) == rig.folder.certificate(role)


def test_a_list_that_ends_soon_is_kept_no_longer_and_one_that_ended_not_at_all(rig: Rig) -> None:
    for left, seconds in ((datetime.timedelta(minutes=10), 600), (-datetime.timedelta(minutes=10), 0)):
        response = browser(rig, AT + datetime.timedelta(days=7) - left).get("/issuing.crl")
        assert f"max-age={seconds}," in response.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["/", "/root.key", "/issuing.key", "/authority.json", "/register.sqlite", "/../root.key", "/ocsp", "/x.crl"]
)
def test_nothing_else_is_handed_out(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code in (404, 405)
    assert b"PRIVATE" not in response.data


def test_no_log_says_who_was_asked_about(rig: Rig, client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        get(client, question(rig, rig.alice))
        client.get("/ocsp/hello")
    assert caplog.records == []


@pytest.fixture
def server(rig: Rig, tmp_path: Path) -> Iterator[str]:
    """The URL of the command. It runs as a process on a free port, without the keys of the root and the issuing CA."""
    (tmp_path / "pw").write_bytes(PARAMETERS.passphrase)
    for role in (Role.ROOT, Role.ISSUING):
        (rig.folder.path / f"{role}.key").unlink()
    command = [sys.executable, "-c", RESPOND, str(rig.folder.path), "--port", "0", "--passphrase-file"]
    with subprocess.Popen([*command, str(tmp_path / "pw")], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Answering for Example at http://127.0.0.1:")
        yield line.split()[-1]
        process.terminate()
        assert process.wait(timeout=30) == 0


def test_openssl_asks_the_command_and_believes_it(rig: Rig, server: str, tmp_path: Path) -> None:
    rig.revoke(rig.bob)
    certificates = {"root": rig.folder.certificate(Role.ROOT), "issuing": rig.issuing.certificate}
    certificates |= {"alice": rig.alice, "bob": rig.bob}
    for name, certificate in certificates.items():
        (tmp_path / f"{name}.pem").write_bytes(build_pem("CERTIFICATE", certificate.der))
    (tmp_path / "chain.pem").write_bytes((tmp_path / "root.pem").read_bytes() + (tmp_path / "issuing.pem").read_bytes())
    for name, status in (("alice", "good"), ("bob", "revoked")):
        command = ["openssl", "ocsp", "-issuer", "issuing.pem", "-cert", f"{name}.pem", "-url", f"{server}/ocsp"]
        command += ["-CAfile", "chain.pem", "-no_cert_checks"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
        assert f"{name}.pem: {status}" in done.stdout, done.stderr
        assert "Response verify OK" in done.stderr


def test_a_wrong_passphrase_starts_no_server(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("wrong")
    command = [sys.executable, "-c", RESPOND, str(rig.folder.path), "--port", "0", "--passphrase-file"]
    done = subprocess.run([*command, str(tmp_path / "pw")], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert "does not open" in done.stderr
