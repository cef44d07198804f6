"""`sealwax timestamp` and `sealwax sign --timestamp` with real services: OpenSSL's and certomancer's."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from smime_core.asn1 import der
from tests.support.code_blocks import examples
from tests.support.command.lab import SIGNER, Lab
from tests.support.command.timestamp_services import POLICY, OpensslService, certomancer, make_openssl_service, serve
from tests.support.project import ROOT

PAGE = ROOT / "docs" / "lasting_signatures.md"


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> OpensslService:
    return make_openssl_service(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module")
def url(clock: OpensslService) -> Iterator[str]:
    with serve(clock.answer) as url:
        yield url


def anchor(clock: OpensslService) -> tuple[str, str]:
    return ("--timestamp-anchor", str(clock.folder / "clock_root.pem"))


def openssl_verifies(clock: OpensslService, *arguments: str) -> bool:
    try:
        return b"Verification: OK" in clock.run("ts", "-verify", "-CAfile", "clock_root.pem", *arguments)
    except subprocess.CalledProcessError:
        return False


def test_openssl_reads_our_request_and_we_its_answer(lab: Lab, clock: OpensslService) -> None:
    lab.made("timestamp", "request", "mail.eml", "--policy", POLICY, "-o", "mail.tsq")
    shown = lab.openssl("ts", "-query", "-in", "mail.tsq", "-text").decode()
    assert "sha256" in shown
    assert POLICY in shown
    assert "Certificate required: yes" in shown
    lab.write("mail.tsr", clock.answer(lab.read("mail.tsq")))
    result = lab.sealwax("timestamp", "check", "mail.tsr", "--content", "mail.eml", *anchor(clock))
    assert (result.code, result.stderr) == (0, "")
    assert result.stdout.endswith(b"within 1.5 s, by Clock\n")


def test_openssl_verifies_what_we_obtain(lab: Lab, clock: OpensslService, url: str) -> None:
    lab.made("timestamp", "obtain", "mail.eml", "--url", url, "--hash", "sha512", "-o", "obtained.tsr")
    reply = ("-in", str(lab.folder / "obtained.tsr"))
    assert openssl_verifies(clock, "-data", str(lab.folder / "mail.eml"), *reply)
    assert not openssl_verifies(clock, "-data", str(lab.folder / "entity.txt"), *reply)


def test_a_file_that_is_not_held_in_memory_is_timestamped_too(lab: Lab, clock: OpensslService, url: str) -> None:
    name = lab.write("large.bin", bytes(5_000_000))
    lab.made("timestamp", "obtain", name, "--url", url, "-o", "large.tsr")
    result = lab.sealwax("timestamp", "check", "large.tsr", "--content", name, *anchor(clock))
    assert result.code == 0


def test_a_timestamp_of_another_file_is_refused(lab: Lab, clock: OpensslService, url: str) -> None:
    lab.made("timestamp", "obtain", "mail.eml", "--url", url, "-o", "obtained.tsr")
    result = lab.sealwax("timestamp", "check", "obtained.tsr", "--content", "entity.txt", *anchor(clock))
    assert (result.code, result.stdout) == (1, b"")
    assert "timestamp-mismatch" in result.line


def test_a_service_that_nobody_trusts_is_refused(lab: Lab, url: str) -> None:
    lab.made("timestamp", "obtain", "mail.eml", "--url", url, "-o", "obtained.tsr")
    stranger = ("--timestamp-anchor", "ids/ca.pem")
    result = lab.sealwax("timestamp", "check", "obtained.tsr", "--content", "mail.eml", *stranger)
    assert result.code == 1
    assert "untrusted-anchor" in result.line


def test_a_token_without_its_certificate_needs_it_beside(lab: Lab, clock: OpensslService) -> None:
    mail = str(lab.folder / "mail.eml")
    clock.run("ts", "-query", "-data", mail, "-sha256", "-no_nonce", "-out", "bare.tsq")
    lab.write("bare.tsr", clock.answer((clock.folder / "bare.tsq").read_bytes()))
    check = ("timestamp", "check", "bare.tsr", "--content", "mail.eml", *anchor(clock))
    result = lab.sealwax(*check)
    assert result.code == 1
    assert "is not here" in result.line
    assert lab.sealwax(*check, "--certificates", str(clock.folder / "clock.pem")).code == 0


def test_a_bare_token_is_read_as_well_as_an_answer(lab: Lab, clock: OpensslService) -> None:
    clock.run("ts", "-query", "-data", str(lab.folder / "mail.eml"), "-sha256", "-cert", "-out", "token.tsq")
    clock.run(
        "ts",
        "-reply",
        "-config",
        "tsa.cnf",
        "-queryfile",
        "token.tsq",
        "-token_out",
        "-out",
        "token.der",
        *clock.signer,
    )
    lab.write("token.der", (clock.folder / "token.der").read_bytes())
    assert lab.sealwax("timestamp", "check", "token.der", "--content", "mail.eml", *anchor(clock)).code == 0


@pytest.mark.thorough
@pytest.mark.server
def test_certomancers_timestamps_hold(lab: Lab, clock: OpensslService) -> None:
    with certomancer(clock.folder) as url:
        lab.made("timestamp", "obtain", "mail.eml", "--url", url, "-o", "other.tsr")
        lab.made("sign", "mail.eml", *SIGNER, "--timestamp", url, "-o", "other.eml")
    trust = ("--timestamp-anchor", str(clock.folder / "certomancer_root.pem"))
    assert lab.sealwax("timestamp", "check", "other.tsr", "--content", "mail.eml", *trust).code == 0
    stranger = ("--timestamp-anchor", "ids/ca.pem")
    assert lab.sealwax("timestamp", "check", "other.tsr", "--content", "mail.eml", *stranger).code == 1


# On signatures.


def signature_timestamp(lab: Lab, name: str) -> bytes:
    """The token in the CMS file, as openssl finds it."""
    shown = lab.openssl("asn1parse", "-inform", "DER", "-in", name).decode().splitlines()
    (number,) = [n for n, line in enumerate(shown) if "id-smime-aa-timeStampToken" in line]
    offset = int(shown[number + 2].partition(":")[0])
    return bytes(der.read_tlv(lab.read(name), offset)[0].encoded)


@pytest.mark.parametrize("options", [("--raw", "--der"), ("--raw", "--der", "--opaque")])
def test_a_signature_is_timestamped_while_it_is_made(
    lab: Lab, clock: OpensslService, url: str, options: tuple[str, ...]
) -> None:
    lab.made("sign", "entity.txt", *SIGNER, "--timestamp", url, *options, "-o", "stamped.der")
    lab.write("stamp.der", signature_timestamp(lab, "stamped.der"))
    fields = lab.openssl("asn1parse", "-inform", "DER", "-in", "stamped.der").decode()
    assert fields.count("id-smime-aa-timeStampToken") == 1
    value = ("-inform", "DER", "-in", "stamped.der", "-content", "entity.txt", "-CAfile", "ids/ca.pem", "-binary")
    assert lab.openssl_or_none("cms", "-verify", "-cades", *value) is not None
    lab.write("value.bin", signature_value_of(lab, "stamped.der"))
    token = ("-token_in", "-in", str(lab.folder / "stamp.der"))
    assert openssl_verifies(clock, "-data", str(lab.folder / "value.bin"), *token)


def signature_value_of(lab: Lab, name: str) -> bytes:
    """The bytes of the first signature of a CMS file of ours: the OCTET STRING before the unsigned attributes."""
    content = der.read_one(lab.read(name))
    signed_data = der.read_one(der.read_children(content)[1].content)
    signer = der.read_children(der.read_children(signed_data)[-1])[0]
    fields = der.read_children(signer)
    return bytes(next(f for f in reversed(fields) if f.tag == der.OCTET_STRING).content)


def test_a_large_file_is_signed_with_a_timestamp_too(lab: Lab, clock: OpensslService, url: str) -> None:
    name = lab.write("large.bin", bytes(5_000_000))
    lab.made("sign", name, *SIGNER, "--timestamp", url, "--raw", "--der", "-o", "large.p7s")
    assert b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0e" in lab.read("large.p7s")


def test_a_timestamp_is_added_to_a_mail_of_before(lab: Lab, clock: OpensslService, url: str) -> None:
    lab.made("timestamp", "add", "signed.eml", "--url", url, "-o", "added.eml")
    assert lab.sealwax("verify", "added.eml", "--anchor", "ids/ca.pem", "--no-revocation").code == 0
    twice = lab.sealwax("timestamp", "add", "signed.eml", "--url", url, "--signer", "2")
    assert (twice.code, "there is no signer" in twice.line) == (2, True)


def test_openssl_and_we_read_the_same_cades(lab: Lab) -> None:
    """Level B-B: what openssl signs with -cades we verify, and what we sign it verifies with -cades."""
    signer = ("-signer", "ids/alice.pem", "-inkey", "ids/alice.key")
    lab.openssl(
        "cms", "-sign", "-cades", "-binary", "-in", "entity.txt", *signer, "-outform", "DER", "-out", "cades.der"
    )
    trust = ("--anchor", "ids/ca.pem", "--no-revocation", "--from", "alice@example.test")
    assert lab.sealwax("verify", "cades.der", "--content", "entity.txt", *trust).code == 0
    lab.made("sign", "entity.txt", *SIGNER, "--raw", "--der", "-o", "ours.der")
    check = ("cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "ours.der", "-CAfile", "ids/ca.pem")
    assert lab.openssl_or_none(*check, "-content", "entity.txt") is not None
    assert lab.openssl_or_none(*check, "-content", "mail.eml") is None


# Services that fail or lie: nothing is signed without its timestamp.


def refused(lab: Lab, url: str) -> str:
    result = lab.sealwax("sign", "mail.eml", *SIGNER, "--timestamp", url, "-o", "never.eml")
    assert result.code in (1, 2)
    assert not (lab.folder / "never.eml").exists()
    return result.line


def test_a_service_that_replays_an_answer_is_found_out(lab: Lab, clock: OpensslService) -> None:
    clock.run("ts", "-query", "-data", "clock.pem", "-sha256", "-cert", "-out", "old.tsq")
    old = clock.answer((clock.folder / "old.tsq").read_bytes())
    with serve(lambda _: old) as url:
        assert "timestamp of something else" in refused(lab, url)


def test_a_service_that_drops_the_nonce_is_found_out(lab: Lab, clock: OpensslService) -> None:
    def without_nonce(request: bytes) -> bytes:
        fields = der.read_sequence(request)
        return clock.answer(der.sequence(fields[0].encoded, fields[1].encoded, b"\x01\x01\xff"))

    with serve(without_nonce) as url:
        assert "its nonce differs" in refused(lab, url)


def test_a_refusal_is_told(lab: Lab) -> None:
    refusal = der.sequence(der.sequence(der.integer(2), der.element(0x03, b"\x05\x00\x00\x00\x40"[:2])))
    with serve(lambda _: refusal) as url:
        assert "gives no timestamp: it refused" in refused(lab, url)


@pytest.mark.parametrize(
    ("status", "text"), [(500, "HTTP status 500"), (404, "HTTP status 404"), (302, "sends elsewhere")]
)
def test_an_http_error_of_the_authority_is_reported(lab: Lab, status: int, text: str) -> None:
    with serve(lambda _: b"", status=status, location="http://127.0.0.1:1/") as url:
        assert text in refused(lab, url)


def test_an_answer_of_any_octets_is_refused(lab: Lab) -> None:
    with serve(lambda _: b"<html>") as url:
        assert "TimeStampResp" in refused(lab, url)
    with serve(lambda _: bytes(2_000_000)) as url:
        assert "more than 1048576 bytes" in refused(lab, url)


def test_an_address_where_nobody_listens_is_told(lab: Lab, tmp_path: Path) -> None:
    with serve(lambda _: b"") as url:
        pass
    assert "cannot be reached" in refused(lab, url)
    assert "no http or https URL" in refused(lab, "ftp://127.0.0.1/tsa")


@pytest.mark.thorough
def test_the_examples_of_the_page_run(lab: Lab, clock: OpensslService, url: str, tmp_path: Path) -> None:
    shown = examples(PAGE.read_text(), "sh")
    shutil.copytree(lab.folder / "ids", tmp_path / "keys")
    shutil.copy(clock.folder / "clock_root.pem", tmp_path / "tsa_root.pem")
    (tmp_path / "letter.eml").write_bytes(lab.read("mail.eml"))
    here = Lab(tmp_path)
    lines = "\n".join(shown).replace("\\\n", " ").replace("https://tsa.example.test/", url).splitlines()
    for line in filter(None, lines):
        program, *arguments = shlex.split(line)
        assert program == "sealwax"
        result = here.sealwax(*arguments)
        assert (result.code, result.stderr) == (0, ""), line


def test_inspect_shows_level_and_timestamps(lab: Lab, clock: OpensslService, url: str) -> None:
    lab.made("sign", "mail.eml", *SIGNER, "--timestamp", url, "-o", "stamped.eml")
    shown = lab.sealwax("inspect", "stamped.eml").stdout.decode()
    assert ", CAdES B-T" in shown
    assert "unsigned: timestamp of the signature: 20" in shown
    assert "within 1.5 s, by CN=Clock root" in shown
    lab.made("timestamp", "obtain", "mail.eml", "--url", url, "-o", "obtained.tsr")
    assert "content type timestamp" in lab.sealwax("inspect", "obtained.tsr").stdout.decode()
