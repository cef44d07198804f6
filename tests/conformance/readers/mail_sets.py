"""Sets of mail: PKITS's signed messages, the spoofs of Johnny, protected headers, and MIME corpora."""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.conformance.case import Case, Skip
from tests.conformance.checks.signed import VerifySignatures
from tests.conformance.checks.keys import OpenPkcs12
from tests.conformance.checks.mail import Leaf, RoundTrip, Structure, Verdict
from tests.conformance.checks.robustness import Parse

_DSA_KEY: Final = Skip(
    reason="a private DSA key: DSA signatures are verified, and none is made",
    link="https://www.rfc-editor.org/rfc/rfc8551#appendix-B",
)
_NOT_MAIL: Final = {".md", ".json", ".xml", ".out", ".bin", ".txt", ".p12", ".crt", ".pem", ".key", ".asc", ""}
_NOT_VERIFIED: Final = ("signed-unverified", "invalid", "plain", "encrypted-only")
_JOHNNY_AT: Final = "2019-06-01T00:00:00+00:00"
_EVE_ALONE: Final = ("i2-from-contains-signer-smime.eml", "i2-from-is-sender-signer-a-smime.eml")
_DECODED: Final = re.compile(r'<(?:text|binary)-body name="([^"]+)"/>')


def read_pkits(folder: Path) -> Iterator[Case]:
    """The signed mails verify, certificates and revocation lists parse, PKCS#12 files open with "password"."""
    source = "README: the CMS signature verifies"
    for path in sorted(folder.glob("smime/*.eml")):
        # Test 5 of section 4.1 inherits its DSA parameters from the authority's certificate.
        above = ("DSACACert.crt", "DSAParametersInheritedCACert.crt") if "DSAParameterInheritance" in path.name else ()
        certificates = tuple((folder / "certs" / name).read_bytes() for name in above)
        task = VerifySignatures(message=path.read_bytes(), certificates=certificates, signers=1)
        yield Case(set="pkits", name=path.name, task=task, source=source)
    for path in sorted(folder.glob("certs/*.crt")):
        yield Case(set="pkits", name=path.name, task=Parse(octets=path.read_bytes(), kind="certificate", members=1))
    for path in sorted(folder.glob("crls/*.crl")):
        yield Case(set="pkits", name=path.name, task=Parse(octets=path.read_bytes(), kind="crl"))
    for path in sorted(folder.glob("pkcs12/*.p12")):
        # DSA keys are public only: such a file opens and its key is left alone.
        skip = _DSA_KEY if "DSA" in path.name else None
        task12 = OpenPkcs12(pkcs12=path.read_bytes(), password=b"password", identities=1)
        yield Case(set="pkits", name=path.name, task=task12, source='README: password "password"', skip=skip)


def read_johnny(folder: Path) -> Iterator[Case]:
    """Nothing is `verified` but what the README calls valid, and there the signer is the one that openssl saw."""
    anchors = ((folder / "assets/certificates/intermediate_ca.crt").read_bytes(),)
    observed = json.loads((folder / "openssl-observed.json").read_text(encoding="utf-8"))
    for path in sorted(folder.glob("**/*.eml")):
        name = path.relative_to(folder).as_posix()
        is_valid = "valid-signed" in name or path.name == "valid_email_from_manager.eml" or path.name in _EVE_ALONE
        signer = observed.get(name, {}).get("signer_email")
        seen = observed.get(name, {}).get("top_level_signature") == "valid"
        task = Verdict(
            message=path.read_bytes(),
            states=("verified",) if is_valid else _NOT_VERIFIED,
            anchors=anchors,
            at=_JOHNNY_AT,
            signers=(signer,) if seen and signer else None,
            may_refuse=not is_valid,
        )
        yield Case(set="johnny", name=name, task=task, source="README")


def read_notmuch_headers(folder: Path) -> Iterator[Case]:
    """OpenPGP mails show their outer Subject alone, whatever they claim to protect; the S/MIME ones verify and open."""
    for path in sorted(folder.glob("corpora/**/*")):
        if not path.is_file():
            continue
        octets = path.read_bytes()
        name = path.relative_to(folder).as_posix()
        yield Case(set="protected-headers-notmuch", name=f"{name}, round trip", task=RoundTrip(message=octets))
        if b"pkcs7" in octets.lower():
            task: Verdict | VerifySignatures
            if "signed.eml" in path.name:
                task = VerifySignatures(message=octets, signers=1)
                yield Case(set="protected-headers-notmuch", name=name, task=task, source="the file's name")
            continue
        outer = email.message_from_bytes(octets, policy=email.policy.default)["Subject"]
        headers = (("Subject", str(outer)),) if outer is not None else ()
        task = Verdict(message=octets, states=("plain",), at="2024-01-01T00:00:00+00:00", headers=headers)
        yield Case(set="protected-headers-notmuch", name=name, task=task, source="README: to be ignored")


def read_mime(folder: Path) -> Iterator[Case]:
    """Every mail of a folder makes its round trip; where other parsers wrote down what they found, that is compared."""
    for path in sorted(folder.glob("**/*")):
        if not path.is_file() or not _is_mail(path):
            continue
        octets = path.read_bytes()
        name = path.relative_to(folder).as_posix()
        yield Case(set=folder.name, name=name, task=RoundTrip(message=octets), source="README")
        stalwart = path.with_suffix(".json")
        if stalwart.is_file():
            leaves = _stalwart_leaves(json.loads(stalwart.read_text(encoding="utf-8")))
            task = Structure(message=octets, leaves=leaves)
            yield Case(set=folder.name, name=f"{name}, structure", task=task, source=stalwart.name)


def _is_mail(path: Path) -> bool:
    if path.name.startswith(("LICENSE", "COPYING", "NOTICE", "README")) or "LICENSES" in path.parts:
        return False
    if path.name.startswith(("msg_", "mail_")) or path.suffix in (".eml", ".msg"):
        return True
    # Maildirs have no suffix; SpamAssassin's samples are plain .txt, mime4j's .txt are decoded bodies.
    return "_decoded_" not in path.name and (path.suffix not in _NOT_MAIL or path.suffix in ("", ".txt"))


def _stalwart_leaves(document: dict[str, Any]) -> tuple[Leaf, ...]:
    parts = document["parts"]

    def leaves(index: int) -> Iterator[Leaf]:
        part = parts[index]
        kind, body = next(iter(part["body"].items()))
        if kind == "Multipart" and body:
            for child in body:
                yield from leaves(child)
            return
        media_type = _media_type(part)
        is_text = kind in ("Text", "Html")
        octets = bytes(body) if kind in ("Binary", "InlineBinary") and isinstance(body, list) else None
        yield Leaf(media_type=media_type, text=body if is_text else None, octets=octets)

    return tuple(leaves(0))


def _media_type(part: dict[str, Any]) -> str:
    for header in part["headers"]:
        if header["name"] == "content_type" and isinstance(header["value"], dict):
            value = header["value"].get("ContentType")
            if value and value["c_subtype"]:
                return f"{value['c_type']}/{value['c_subtype']}".lower()
    return "text/plain"
