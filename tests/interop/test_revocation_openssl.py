"""CRLs of `openssl ca`, and responses of `openssl ocsp` to requests that we make."""

from __future__ import annotations

import datetime
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from smime_core.blocking import run
from smime_core.pkix import (
    NO_EVIDENCE,
    Evidence,
    LookupKind,
    RevocationQuestion,
    RevocationState,
    RevocationStatus,
    add_answer,
    check_revocation,
    find_lookups,
    parse_evidence,
)
from smime_core.providers.native import NativeProvider
from smime_core.x509.certificate import Certificate, parse_certificate

PROVIDER: Final = NativeProvider()
LISTS, RESPONDER = "http://127.0.0.1:1/list.crl", "http://127.0.0.1:1/ocsp"
CONFIGURATION: Final = f"""
[ca]
default_ca = own
[own]
dir = .
database = index.txt
new_certs_dir = .
serial = serial.txt
crlnumber = crlnumber.txt
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 30
default_crl_days = 7
policy = anything
unique_subject = no
[anything]
commonName = supplied
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[person]
basicConstraints = CA:FALSE
authorityKeyIdentifier = keyid
crlDistributionPoints = URI:{LISTS}
authorityInfoAccess = OCSP;URI:{RESPONDER}
[delegate]
keyUsage = critical,digitalSignature
extendedKeyUsage = OCSPSigning
noCheck = ignored
[list]
authorityKeyIdentifier = keyid
[scoped]
authorityKeyIdentifier = keyid
issuingDistributionPoint = critical,@scope
[scope]
fullname = URI:{LISTS}
onlyuser = TRUE
[authorities]
issuingDistributionPoint = critical,@authorities_scope
[authorities_scope]
onlyCA = TRUE
"""


@dataclass(frozen=True)
class Lab:
    """A folder with an authority of OpenSSL, and the certificates of Alice and of the authority's OCSP responder."""

    folder: Path

    def openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, check=True)

    def certificate(self, name: str) -> Certificate:
        return parse_certificate((self.folder / f"{name}.pem").read_bytes())

    def issue(self, name: str, extensions: str) -> None:
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key")
        self.openssl("req", "-new", *key, "-subj", f"/CN={name}", "-config", "ca.cnf", "-out", f"{name}.csr")
        signing = ("-config", "ca.cnf", "-extensions", extensions, "-notext", "-batch")
        self.openssl("ca", *signing, "-in", f"{name}.csr", "-out", f"{name}.pem")

    def list_der(self, extensions: str = "list") -> bytes:
        self.openssl("ca", "-config", "ca.cnf", "-gencrl", "-crlexts", extensions, "-out", "list.pem")
        self.openssl("crl", "-in", "list.pem", "-outform", "DER", "-out", "list.der")
        return (self.folder / "list.der").read_bytes()

    def answer(self, body: bytes, *, signer: str, options: tuple[str, ...] = ()) -> bytes:
        (self.folder / "request.der").write_bytes(body)
        signing = ("-rsigner", f"{signer}.pem", "-rkey", f"{signer}.key", "-ndays", "1", *options)
        files = ("-index", "index.txt", "-CA", "ca.pem", "-reqin", "request.der", "-respout", "response.der")
        self.openssl("ocsp", *files, *signing)
        return (self.folder / "response.der").read_bytes()

    def revoke(self, name: str, reason: str) -> None:
        self.openssl("ca", "-config", "ca.cnf", "-revoke", f"{name}.pem", "-crl_reason", reason)

    def status(self, evidence: Evidence, name: str = "alice") -> RevocationStatus:
        async def nobody(_candidate: Certificate) -> bool:
            return False

        authority = self.certificate("ca")
        return run(
            check_revocation(
                RevocationQuestion(
                    certificate=self.certificate(name),
                    issuer=authority,
                    anchor=authority,
                    evidence=evidence,
                    at=datetime.datetime.now(datetime.UTC),
                    provider=PROVIDER,
                    is_valid_crl_issuer=nobody,
                )
            )
        )

    def ask(self, evidence: Evidence, *, signer: str, options: tuple[str, ...] = ()) -> Evidence:
        """The evidence with the response of `openssl ocsp` to our request."""
        path = (self.certificate("alice"), self.certificate("ca"))
        (lookup,) = find_lookups(path, statuses=[self.status(evidence)], evidence=evidence, provider=PROVIDER)
        assert (lookup.kind, lookup.url) == (LookupKind.OCSP, RESPONDER)
        return add_answer(evidence, lookup, self.answer(lookup.body, signer=signer, options=options))


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    lab = Lab(tmp_path)
    (tmp_path / "ca.cnf").write_text(
        "[req]\ndistinguished_name = names\nx509_extensions = authority\n[names]\n" + CONFIGURATION
    )
    (tmp_path / "index.txt").touch()
    for name in ("serial.txt", "crlnumber.txt"):
        (tmp_path / name).write_text("1000\n")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key")
    lab.openssl("req", "-x509", *key, "-subj", "/CN=Authority", "-days", "60", "-config", "ca.cnf", "-out", "ca.pem")
    lab.issue("alice", "person")
    lab.issue("responder", "delegate")
    return lab


@pytest.mark.parametrize("extensions", ["list", "scoped"])
def test_a_list_says_good_until_it_says_revoked(lab: Lab, extensions: str) -> None:
    before = parse_evidence(revocation_lists=[lab.list_der(extensions)])
    assert lab.status(before).state is RevocationState.GOOD
    lab.revoke("alice", "keyCompromise")
    after = parse_evidence(revocation_lists=[lab.list_der(extensions)])
    status = lab.status(after)
    assert (status.state, status.reason) == (RevocationState.REVOKED, "keyCompromise")
    assert lab.status(before.merged_with(after)).state is RevocationState.REVOKED


def test_a_list_of_authorities_says_nothing_about_people(lab: Lab) -> None:
    status = lab.status(parse_evidence(revocation_lists=[lab.list_der("authorities")]))
    assert (status.state, status.why) == (RevocationState.UNKNOWN, "not-asked")


@pytest.mark.parametrize(
    ("signer", "options"), [("ca", ()), ("responder", ()), ("responder", ("-resp_key_id",)), ("ca", ("-resp_key_id",))]
)
def test_a_responder_answers_our_question_with_our_nonce(lab: Lab, signer: str, options: tuple[str, ...]) -> None:
    good = lab.ask(NO_EVIDENCE, signer=signer, options=options)
    assert good.ocsp_responses[0].nonce is not None
    assert lab.status(good).state is RevocationState.GOOD
    lab.revoke("alice", "superseded")
    status = lab.status(lab.ask(NO_EVIDENCE, signer=signer, options=options))
    assert (status.state, status.reason, status.source) == (RevocationState.REVOKED, "superseded", "ocsp")


def test_somebody_who_is_no_delegate_does_not_count(lab: Lab) -> None:
    lab.issue("mallory", "person")
    status = lab.status(lab.ask(NO_EVIDENCE, signer="mallory"))
    assert (status.state, status.why) == (RevocationState.UNKNOWN, "not-authorised")


def test_a_certificate_that_the_responder_does_not_have_is_unknown(lab: Lab) -> None:
    index = lab.folder / "index.txt"
    index.write_text("".join(line for line in index.read_text().splitlines(keepends=True) if "CN=alice" not in line))
    status = lab.status(lab.ask(NO_EVIDENCE, signer="ca"))
    assert (status.state, status.why) == (RevocationState.UNKNOWN, "responder-does-not-know")
