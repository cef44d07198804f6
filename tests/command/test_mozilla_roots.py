"""Mozilla's roots: the list in the source is what the generator makes, and what an independent reading finds."""

from __future__ import annotations

import datetime
import re
import subprocess

import pytest

from sealwax.roots import MOZILLA_PEM, mozilla_anchors
from sealwax.roots.certdata import NamedRoot, build_list, parse_certdata
from smime_core.errors import MalformedMessage
from smime_core.pkix import TrustSource
from smime_core.trust import Root, parse_roots
from tests.support.people import anchor
from tests.support.project import ROOT
from tests.support.vectors import vectors
from wasm_build.bundle.mozilla_roots import find_roots_source


def octal(data: bytes) -> str:
    return "MULTILINE_OCTAL\n" + "".join(f"\\{octet:03o}" for octet in data) + "\nEND"


def build_certdata(*, trust: str = "CKT_NSS_TRUSTED_DELEGATOR", distrust: str = "CK_BBOOL CK_FALSE") -> str:
    """A certdata.txt with the test authority."""
    name, serial = octal(anchor().issuer_der), octal(b"\x02\x01\x05")
    return f"""# a comment
BEGINDATA
CKA_CLASS CK_OBJECT_CLASS CKO_NSS_BUILTIN_ROOT_LIST
CKA_LABEL UTF8 "Mozilla Builtin Roots"

# Certificate
CKA_CLASS CK_OBJECT_CLASS CKO_CERTIFICATE
CKA_LABEL UTF8 "Test CA, G1"
CKA_ISSUER {name}
CKA_SERIAL_NUMBER {serial}
CKA_VALUE {octal(anchor().der)}
CKA_NSS_EMAIL_DISTRUST_AFTER {distrust}

CKA_CLASS CK_OBJECT_CLASS CKO_NSS_TRUST
CKA_LABEL UTF8 "Test CA, G1"
CKA_ISSUER {name}
CKA_SERIAL_NUMBER {serial}
CKA_TRUST_EMAIL_PROTECTION CK_TRUST {trust}
"""


def test_the_list_in_the_source_is_what_the_generator_makes() -> None:
    text = (vectors("nss-certdata") / "certdata.txt").read_text("utf-8")
    assert MOZILLA_PEM.read_bytes() == build_list(parse_certdata(text), source=find_roots_source(ROOT))


def test_the_source_and_its_licence_are_named() -> None:
    assert re.search(r"@[0-9a-f]{40} ", find_roots_source(ROOT))
    assert "Mozilla Public License, v. 2.0" in MOZILLA_PEM.read_text("utf-8")


def test_the_fingerprints_are_those_that_mozilla_wrote_beside_the_roots() -> None:
    """The comments of certdata.txt, which the generator never reads, name the same certificates."""
    text = (vectors("nss-certdata") / "certdata.txt").read_text("utf-8")
    expected = {
        match[1].replace(":", "").lower()
        for block in text.split("\n#\n# Certificate ")[1:]
        if "CKA_TRUST_EMAIL_PROTECTION CK_TRUST CKT_NSS_TRUSTED_DELEGATOR" in block
        and (match := re.search(r"Fingerprint \(SHA-256\): ([0-9A-F:]{95})", block))
    }
    assert len(expected) == 90
    assert {root.certificate.fingerprint for root in mozilla_anchors()} == expected


def test_openssl_reads_every_root() -> None:
    command = ["openssl", "storeutl", "-noout", "-certs", str(MOZILLA_PEM)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    assert b"Total found: 90" in done.stdout


def test_every_anchor_says_that_it_is_mozillas_and_is_a_ca_for_everybody() -> None:
    for root in mozilla_anchors():
        assert root.source is TrustSource.MOZILLA
        assert root.certificate.is_ca or not root.certificate.extensions
        assert not root.addresses
        assert not root.is_exact


def test_a_root_is_read_with_its_name_and_value() -> None:
    assert parse_certdata(build_certdata()) == (
        NamedRoot(name="Test CA, G1", root=Root(certificate_der=anchor().der, distrust_after=None)),
    )


@pytest.mark.parametrize("trust", ["CKT_NSS_MUST_VERIFY_TRUST", "CKT_NSS_NOT_TRUSTED", "CKT_NSS_TRUSTED"])
def test_roots_that_are_not_trusted_for_email_are_left_out(trust: str) -> None:
    assert parse_certdata(build_certdata(trust=trust)) == ()


def test_a_time_of_distrust_is_kept() -> None:
    roots = parse_certdata(build_certdata(distrust=octal(b"260415235959Z")))
    time = datetime.datetime(2026, 4, 15, 23, 59, 59, tzinfo=datetime.UTC)
    assert parse_roots(build_list(roots, source="x")) == (Root(certificate_der=anchor().der, distrust_after=time),)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("# nothing\n", "no objects"),
        (build_certdata().replace("END", "AND"), "no octal digits"),
        (build_certdata().rpartition("\nEND\n")[0], "without an end"),
        (build_certdata(distrust=octal(b"26041523595Z")), "no time of distrust"),
        (build_certdata(distrust="CK_BBOOL CK_TRUE"), "no time of distrust"),
        (build_certdata().replace('"Test CA, G1"', '"""'), "without label"),
    ],
)
def test_a_file_of_another_form_is_refused(text: str, match: str) -> None:
    with pytest.raises(MalformedMessage, match=match):
        parse_certdata(text)
