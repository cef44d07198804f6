"""Mozilla's roots: the committed store is what the generator makes, and what an independent reading finds."""

from __future__ import annotations

import datetime
import hashlib
import re
import subprocess
from pathlib import Path

import pytest

from smime_core.errors import MalformedMessage
from smime_core.pkix import TrustSource
from smime_core.roots import certdata, mozilla, mozilla_anchors, mozilla_labels
from tests.unit.people import anchor
from tests.vectors_folder import vectors


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


def test_the_committed_store_is_what_the_generator_makes() -> None:
    text = (vectors("nss-certdata") / "certdata.txt").read_text("utf-8")
    made = certdata.build_store(certdata.parse_certdata(text), source=mozilla.SOURCE)
    assert Path(mozilla.__file__).read_text("utf-8") == made


def test_the_source_and_its_licence_are_named() -> None:
    assert re.search(r"@[0-9a-f]{40} ", mozilla.SOURCE)
    assert "Mozilla Public License, v. 2.0" in (mozilla.__doc__ or "")


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
    assert {one.certificate.fingerprint for one in mozilla_anchors()} == expected


def test_openssl_reads_every_root() -> None:
    pem = b"".join(
        b"-----BEGIN CERTIFICATE-----\n" + encoded.encode() + b"\n-----END CERTIFICATE-----\n"
        for _, _, encoded in certdata.split_store(mozilla.ROOTS)
    )
    command = ["openssl", "storeutl", "-noout", "-certs", "/dev/stdin"]
    done = subprocess.run(command, input=pem, capture_output=True, timeout=60, check=True)
    assert b"Total found: 90" in done.stdout


def test_every_anchor_says_that_it_is_mozillas_and_is_a_ca_for_everybody() -> None:
    for one in mozilla_anchors():
        assert one.source is TrustSource.MOZILLA
        assert one.certificate.is_ca or not one.certificate.extensions
        assert not one.addresses
        assert not one.is_exact
    assert len(mozilla_labels()) == 90


def test_a_root_is_read_with_its_label_and_value() -> None:
    (root,) = certdata.parse_certdata(build_certdata())
    assert (root.label, root.certificate_der, root.distrust_after) == ("Test CA, G1", anchor().der, "")


@pytest.mark.parametrize("trust", ["CKT_NSS_MUST_VERIFY_TRUST", "CKT_NSS_NOT_TRUSTED", "CKT_NSS_TRUSTED"])
def test_what_is_not_trusted_for_email_is_left_out(trust: str) -> None:
    assert certdata.parse_certdata(build_certdata(trust=trust)) == ()


def test_a_time_of_distrust_is_kept() -> None:
    (root,) = certdata.parse_certdata(build_certdata(distrust=octal(b"260415235959Z")))
    ((_, distrust_after, encoded),) = certdata.split_store(
        certdata.build_store([root], source="x").partition('"""\\\n')[2][:-4]
    )
    assert datetime.datetime.fromisoformat(distrust_after) == datetime.datetime(
        2026, 4, 15, 23, 59, 59, tzinfo=datetime.UTC
    )
    assert encoded
    assert hashlib.sha256(root.certificate_der).hexdigest() == anchor().fingerprint


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
        certdata.parse_certdata(text)
