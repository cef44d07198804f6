"""`sealwax verify` and `decrypt` with a real authority: the requests, its answers, and the answers in the cache."""

from __future__ import annotations

import datetime
import json
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sealwax.lookups.cache import default_cache_file
from smime_core.limits import FAILURE_KEPT_MINUTES
from tests.support.servers import pretended_public
from tests.support.servers.certomancer_authority import Authority, make_services, run_authority
from tests.support.servers.web_servers import reply_with, run_web_server

pytestmark = pytest.mark.server

LONG_AGO = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=40)


@dataclass(frozen=True)
class Done:
    code: int
    text: str


@dataclass(frozen=True)
class VerdictLab:
    """A folder with signed mails, in which the command runs with a cache of its own."""

    authority: Authority
    folder: Path
    program: tuple[str, ...] = ("-m", "sealwax.cli")

    @property
    def fetching(self) -> tuple[str, ...]:
        return ("--fetch", "--fetch-host", self.authority.host)

    def sealwax(self, *arguments: str, stdin: bytes = b"") -> Done:
        command = [sys.executable, "-W", "error", *self.program, *arguments]
        done = subprocess.run(command, cwd=self.folder, input=stdin, capture_output=True, timeout=60, check=False)
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        assert len(done.stderr.splitlines()) <= 1
        return Done(done.returncode, (done.stdout + done.stderr).decode())

    def verify(self, name: str, *options: str) -> Done:
        return self.sealwax("verify", f"{name}.eml", "--anchor", str(self.authority.anchor), *options)

    def sign(self, name: str, identity: Path) -> str:
        mail = f"From: {name}@example.test\r\nSubject: Supper\r\n\r\nAt eight.\r\n".encode()
        signed = self.sealwax("sign", "--identity", str(identity), "-o", f"{name}.eml", stdin=mail)
        assert (signed.code, signed.text) == (0, "")
        return f"{name}.eml"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with run_authority(tmp_path_factory.mktemp("authority")) as authority:
        yield authority


@pytest.fixture(scope="module")
def mails(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> VerdictLab:
    lab = VerdictLab(authority, tmp_path_factory.mktemp("mails"))
    for name in ("alice", "bob", "carol", "dave", "erin"):
        lab.sign(name, authority.identity(name))
    return lab


@pytest.fixture
def lab(mails: VerdictLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VerdictLab]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    mails.authority.asked.clear()
    good = mails.authority.app
    yield mails
    mails.authority.app = good


def test_a_good_certificate_verifies_once_the_authority_was_asked(lab: VerdictLab) -> None:
    done = lab.verify("alice", *lab.fetching)
    assert (done.code, "verified: signed by CN=Alice" in done.text) == (0, True)
    assert sorted(lab.authority.asked) == ["GET /mail/crls/root-list/latest.crl", "POST /mail/ocsp/inter"]


def test_nobody_is_asked_unless_that_is_asked_for(lab: VerdictLab) -> None:
    done = lab.verify("alice")
    assert done.code == 1
    assert "revocation-unknown" in done.text
    assert "--fetch would ask 127.0.0.1" in done.text
    assert lab.authority.asked == []


def test_kept_answers_are_used_again_and_offline(lab: VerdictLab) -> None:
    assert lab.verify("alice", *lab.fetching).code == 0
    requests = list(lab.authority.asked)
    assert lab.verify("alice", *lab.fetching).code == 0
    assert lab.verify("alice", "--offline").code == 0
    assert lab.authority.asked == requests


@pytest.mark.parametrize(("name", "place"), [("bob", "POST /mail/ocsp/inter"), ("dave", "GET /mail/crls/inter-list")])
def test_a_revoked_certificate_is_told_with_its_date(lab: VerdictLab, name: str, place: str) -> None:
    done = lab.verify(name, *lab.fetching)
    assert done.code == 1
    assert "certificate-revoked" in done.text
    revoked_on = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=10)
    assert f"{revoked_on:%Y-%m-%d}" in done.text
    assert any(request.startswith(place) for request in lab.authority.asked)


def test_a_list_alone_is_enough(lab: VerdictLab) -> None:
    assert lab.verify("carol", *lab.fetching).code == 0


def test_a_certificate_that_names_nobody_stays_unknown(lab: VerdictLab) -> None:
    done = lab.verify("erin", *lab.fetching)
    assert done.code == 1
    assert "revocation-unknown" in done.text


def test_a_revocation_is_told_in_json_too(lab: VerdictLab) -> None:
    report = json.loads(lab.verify("bob", "--json", *lab.fetching).text.partition("\nsealwax: ")[0])
    assert report["state"] == "signed-unverified"
    assert "certificate-revoked" in [reason["code"] for reason in report["reasons"]]


def refuse(_environ: object, start_response: object) -> list[bytes]:
    start_response("503 Service Unavailable", [("Content-Length", "0")])  # type: ignore[operator]
    return []


def test_a_service_that_is_down_leaves_it_unknown_and_is_named(lab: VerdictLab) -> None:
    lab.authority.app = refuse
    done = lab.verify("alice", *lab.fetching)
    assert done.code == 1
    assert "revocation-unknown" in done.text
    assert "lookup-failed: 127.0.0.1 answered with HTTP status 503" in done.text


def test_a_service_that_is_down_is_not_asked_again_at_once(lab: VerdictLab) -> None:
    lab.authority.app = refuse
    lab.verify("alice", *lab.fetching)
    requests = list(lab.authority.asked)
    assert "a few minutes ago" in lab.verify("alice", *lab.fetching).text
    assert lab.authority.asked == requests


def test_a_soft_policy_verifies_what_nobody_could_say(lab: VerdictLab) -> None:
    lab.authority.app = refuse
    assert lab.verify("alice", "--revocation", "if-known", *lab.fetching).code == 0


def test_the_list_is_asked_where_the_responder_is_down(lab: VerdictLab) -> None:
    good = lab.authority.app

    def without_responder(environ: dict[str, object], start_response: object) -> object:
        return (refuse if "/ocsp/" in str(environ["PATH_INFO"]) else good)(environ, start_response)  # type: ignore[arg-type]

    lab.authority.app = without_responder  # type: ignore[assignment]
    assert lab.verify("alice", *lab.fetching).code == 0
    assert lab.verify("bob", *lab.fetching).code == 1
    assert "GET /mail/crls/inter-list/latest.crl" in lab.authority.asked


def test_stale_answers_are_no_answers(lab: VerdictLab) -> None:
    lab.authority.app = make_services(lab.authority.folder, lab.authority.port, at=LONG_AGO)
    done = lab.verify("alice", *lab.fetching)
    assert done.code == 1
    assert "revocation-unknown" in done.text


def test_answers_that_decided_nothing_are_not_kept_for_as_long_as_they_say(lab: VerdictLab) -> None:
    """Anybody on the network path to the authority could have sent these answers."""
    other = lab.folder / "other"
    other.mkdir()
    lab.authority.app = make_services(other, lab.authority.port)
    done = lab.verify("alice", *lab.fetching)
    assert done.code == 1
    assert "revocation-unknown" in done.text
    database = sqlite3.connect(default_cache_file())
    (longest,) = database.execute("SELECT max(kept_until) FROM answer").fetchone()
    database.close()
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=FAILURE_KEPT_MINUTES)
    assert longest <= soon.timestamp()


def test_a_list_of_fifty_megabytes_is_refused(lab: VerdictLab) -> None:
    good = lab.authority.app

    def pour(environ: dict[str, object], start_response: object) -> object:
        if "/crls/" not in str(environ["PATH_INFO"]):
            return good(environ, start_response)  # type: ignore[arg-type]
        start_response("200 OK", [("Content-Length", "50000000")])  # type: ignore[operator]
        return (bytes(1_000_000) for _ in range(50))

    lab.authority.app = pour  # type: ignore[assignment]
    done = lab.verify("carol", *lab.fetching)
    assert done.code == 1
    assert "answers with more than 20000000 bytes" in done.text


def test_a_private_address_is_not_asked_unless_it_is_listed(lab: VerdictLab) -> None:
    done = lab.verify("alice", "--fetch")
    assert done.code == 1
    assert "is neither 80 nor 443" in done.text
    assert lab.authority.asked == []


def test_redirects_are_not_followed(lab: VerdictLab) -> None:
    with run_web_server(reply_with(b"")) as elsewhere:

        def redirect(_environ: object, start_response: object) -> list[bytes]:
            start_response("302 Found", [("Location", elsewhere.url()), ("Content-Length", "0")])  # type: ignore[operator]
            return []

        lab.authority.app = redirect
        done = lab.verify("alice", *lab.fetching, "--fetch-host", elsewhere.host)
    assert done.code == 1
    assert "sends elsewhere, which is not followed" in done.text
    assert elsewhere.asked == []


def test_lists_and_responses_come_from_files_too(lab: VerdictLab) -> None:
    folder = lab.authority.folder
    for name in ("root", "inter"):
        url = f"http://{lab.authority.host}/mail/crls/{name}-list/latest.crl"
        with urllib.request.urlopen(url) as answer:
            (folder / f"{name}.crl").write_bytes(answer.read())
    responder = f"http://{lab.authority.host}/mail/ocsp/inter"
    subprocess.run(
        f"openssl ocsp -issuer inter.pem -cert alice.pem -respout alice.ors -noverify -url {responder}".split(),
        cwd=folder,
        check=True,
        capture_output=True,
    )
    lists = [part for name in ("root", "inter") for part in ("--crl", str(folder / f"{name}.crl"))]
    assert lab.verify("carol", *lists).code == 0
    assert lab.verify("alice", *lists[:2], "--ocsp", str(folder / "alice.ors")).code == 0
    assert "certificate-revoked" in lab.verify("dave", *lists).text
    assert lab.verify("alice", "--crl", str(folder / "alice.ors")).code == 2
    assert lab.verify("alice", "--ocsp", str(folder / "root.crl")).code == 2


def test_a_missing_issuer_is_fetched_only_when_that_is_asked_for(lab: VerdictLab, tmp_path: Path) -> None:
    alone = tmp_path / "alone.pem"
    whole = lab.authority.identity("alice").read_bytes()
    alone.write_bytes(whole[: whole.index(b"-----END CERTIFICATE-----") + len(b"-----END CERTIFICATE-----\n")])
    other = VerdictLab(lab.authority, tmp_path)
    other.sign("alice", alone)
    done = other.verify("alice", *lab.fetching)
    assert done.code == 1
    assert "--fetch-issuers would ask 127.0.0.1" in done.text
    assert lab.authority.asked == []
    # --fetch-host does not allow this URL, because the author of the message chose it.
    done = other.verify("alice", "--fetch-issuers", *lab.fetching)
    assert (done.code, "is neither 80 nor 443" in done.text) == (1, True)
    assert lab.authority.asked == []
    public = replace(other, program=(pretended_public.__file__, lab.authority.host))
    assert public.verify("alice", "--fetch-issuers", *lab.fetching).code == 0
    assert "GET /mail/certs/inter/ca.crt" in lab.authority.asked


def test_decrypt_asks_about_the_signer_inside(lab: VerdictLab) -> None:
    password = lab.folder / "password.txt"
    password.write_text("correct horse battery staple\n")
    lab.sealwax("encrypt", "bob.eml", "--password-file", "password.txt", "-o", "encrypted.eml")
    options = ("--password-file", "password.txt", "-o", "opened.eml", "--anchor", str(lab.authority.anchor))
    done = lab.sealwax("decrypt", "encrypted.eml", *options)
    assert done.code == 0
    assert "--fetch would ask" in done.text
    done = lab.sealwax("decrypt", "encrypted.eml", *options, *lab.fetching)
    assert done.code == 0
    assert "certificate-revoked" in done.text
