"""Mail with a certificate for one month is verified five years later, by timestamps and kept evidence of revocation."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from smime_core import blocking
from smime_core.asn1.pem import build_pem
from smime_core.blocking import run
from smime_core.ca.demo import Details, create_authority, issue_identity
from smime_core.providers.native import NativeProvider
from tests.support.command.lab import MAIL, Lab
from tests.support.command.timestamp_services import OpensslService, make_openssl_service, serve
from tests.support.timestamp_service import build_list

PROVIDER = NativeProvider()
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
DAY = datetime.timedelta(days=1)
LATER = ("--at", f"{NOW + 5 * 365 * DAY:%Y-%m-%dT%H:%M:%SZ}")


@dataclass(frozen=True)
class Office:
    """A lab with Alice's certificate for one month, her CA, a timestamp service (`clock`), and the CRLs of both CAs."""

    lab: Lab
    clock: OpensslService
    url: str

    @property
    def sign(self) -> tuple[str, ...]:
        return ("sign", "mail.eml", "--identity", "alice.pem")

    @property
    def trust(self) -> tuple[str, ...]:
        return ("--anchor", "ca.pem", "--timestamp-anchor", "clock_root.pem")


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    lab, files = Lab(tmp_path), dict[str, bytes]()
    lab.write("mail.eml", MAIL)
    with serve(lambda request: clock.answer(request), files=files) as url:
        base = url.removesuffix("/tsa")
        clock = make_openssl_service(tmp_path, crl_url=f"{base}/clock.crl")
        authority = run(create_authority("Office CA", provider=PROVIDER, at=NOW))
        alice = run(
            issue_identity(
                authority,
                "alice@example.test",
                provider=PROVIDER,
                at=NOW,
                details=Details(crl_urls=(f"{base}/office.crl",), not_after=NOW + 30 * DAY),
            )
        )
        (clock_root,) = blocking.load_identities(
            lab.read("clock_root.key") + lab.read("clock_root.pem"), None, provider=PROVIDER
        )
        files["/office.crl"] = build_list(authority.identity, NOW - DAY / 24)
        files["/clock.crl"] = build_list(clock_root, NOW - DAY / 24)
        for name, octets in files.items():
            lab.write(name.strip("/"), octets)
        lab.write("ca.pem", build_pem("CERTIFICATE", authority.identity.certificate.der))
        lab.write(
            "alice.pem",
            build_pem("PRIVATE KEY", alice.private_key.pkcs8_der) + build_pem("CERTIFICATE", alice.certificate.der),
        )
        yield Office(lab, clock, url)


def test_five_years_later_a_timestamp_makes_the_difference(office: Office) -> None:
    lab = office.lab
    lab.made(*office.sign, "-o", "bare.eml")
    lab.made(*office.sign, "--timestamp", office.url, "-o", "stamped.eml")
    for name in ("bare.eml", "stamped.eml"):
        assert lab.sealwax("verify", name, *office.trust, "--no-revocation").code == 0
    bare = lab.sealwax("verify", "bare.eml", *office.trust, "--no-revocation", *LATER)
    assert (bare.code, "certificate-expired-since" in bare.line) == (1, True)
    stamped = lab.sealwax("verify", "stamped.eml", *office.trust, "--no-revocation", *LATER)
    assert (stamped.code, stamped.stderr) == (0, "")
    assert b"proved-by-timestamp" in stamped.stdout
    # The timestamp counts only if its service is trusted, and only until the service's certificate expires.
    assert lab.sealwax("verify", "stamped.eml", "--anchor", "ca.pem", "--no-revocation", *LATER).code == 1
    too_late = ("--at", f"{NOW + 25 * 365 * DAY:%Y-%m-%dT%H:%M:%SZ}")
    assert lab.sealwax("verify", "stamped.eml", *office.trust, "--no-revocation", *too_late).code == 1


def test_a_message_with_its_crls_is_verified_later_without_requests(office: Office) -> None:
    """Level B-LT with CRLs from files: verification demands revocation status, and sends no request to the CAs."""
    lab = office.lab
    lab.made(*office.sign, "--timestamp", office.url, "-o", "stamped.eml")
    assert lab.sealwax("verify", "stamped.eml", *office.trust, *LATER).code == 1
    lists = ("--crl", "office.crl", "--crl", "clock.crl")
    lab.made("timestamp", "extend", "stamped.eml", *office.trust, *lists, "-o", "lasting.eml")
    result = lab.sealwax("verify", "lasting.eml", *office.trust, *LATER)
    assert (result.code, result.stderr) == (0, "")
    assert b"proved-by-timestamp" in result.stdout


def test_extending_fetches_the_crls_of_both_authorities(office: Office) -> None:
    lab = office.lab
    lab.made(*office.sign, "--timestamp", office.url, "--opaque", "-o", "stamped.eml")
    host = office.url.split("/")[2]
    lab.made("timestamp", "extend", "stamped.eml", *office.trust, "--fetch", "--fetch-host", host, "-o", "lasting.eml")
    shown = lab.sealwax("inspect", "lasting.eml").stdout.decode()
    assert shown.count("certificate revocation list: ") == 2
    # Without the cache, only the message has the evidence.
    (lab.folder / "cache").rename(lab.folder / "gone")
    assert lab.sealwax("verify", "lasting.eml", *office.trust, *LATER).code == 0


def test_an_unverified_message_is_not_extended(office: Office) -> None:
    lab = office.lab
    lists = ("--crl", "office.crl", "--crl", "clock.crl")
    lab.made(*office.sign, "-o", "bare.eml")
    lab.made(*office.sign, "--timestamp", office.url, "-o", "stamped.eml")
    for name, options in (
        ("bare.eml", (*office.trust, *lists)),
        ("stamped.eml", ("--anchor", "ca.pem", *lists)),
        ("stamped.eml", office.trust),
        ("stamped.eml", (*office.trust, "--crl", "office.crl")),
    ):
        result = lab.sealwax("timestamp", "extend", name, *options, "-o", "never.eml")
        assert (result.code, (lab.folder / "never.eml").exists()) == (1, False)
        assert "only what is verified and timestamped today can last" in result.line
