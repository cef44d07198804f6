"""Sets of mail: PKITS's signed messages, the spoofs of Johnny, protected headers, and MIME corpora."""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tools.conformance.case import Case, Skip
from tools.conformance.checks.encrypted import Key
from tools.conformance.checks.keys import OpenPkcs12
from tools.conformance.checks.mail import Leaf, RoundTrip, Structure, Verdict
from tools.conformance.checks.robustness import Parse
from tools.conformance.checks.signed import VerifySignatures

_DSA_KEY: Final = Skip(
    reason="a private DSA key: DSA signatures are verified, and none is made",
    link="https://www.rfc-editor.org/rfc/rfc8551#appendix-B",
)
_UTF_7: Final = Skip(
    reason="UTF-7 is not decoded: no mail program writes it, and text in it can hide markup",
    link="https://html.spec.whatwg.org/multipage/parsing.html#character-encodings",
)
_UUENCODED: Final = Skip(
    reason="x-uuencode is decoded here, and left alone by the other parser",
    link="https://www.rfc-editor.org/rfc/rfc2045#section-6.3",
)
_NO_HEADER: Final = Skip(
    reason="text without any header field is a body here, and headers for the other parser",
    link="https://www.rfc-editor.org/rfc/rfc5322#section-3.5",
)
_LONG_BOUNDARY: Final = Skip(
    reason="a boundary of more than 300 characters, where 70 are allowed",
    link="https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1",
)
_OF_OUTLOOK: Final = Skip(
    reason="a file of Outlook is no mail: it is refused by its name, with the way to save it as one",
    link="https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxmsg",
)
_OTHERWISE: Final = {
    "legacy/001.eml": _UTF_7,
    "legacy/005.eml": _UTF_7,
    "legacy/017.eml": _UUENCODED,
    "legacy/026.eml": _UUENCODED,
    "thirdparty/002.eml": Skip(
        reason="characters behind the end of base64 are dropped here, and decoded by the other parser",
        link="https://www.rfc-editor.org/rfc/rfc2045#section-6.8",
    ),
    "thirdparty/005.eml": Skip(
        reason="a boundary that does not start its line is text here, and an end for the other parser",
        link="https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1",
    ),
    "thirdparty/015.eml": Skip(
        reason="an outer boundary ends here the message inside, whose own never comes; the other parser goes on",
        link="https://www.rfc-editor.org/rfc/rfc2046#section-5.1.2",
    ),
    "testmsgs/malformedHeader-noheader.msg": _NO_HEADER,
    "testmsgs/malformedHeaderStartsBody-noheader.msg": _NO_HEADER,
    "testmsgs/malformedHeaderStartsBody-nocrlfcrlf.msg": Skip(
        reason="a line among the fields that is no field is passed over here, and starts the body for the other parser",
        link="https://www.rfc-editor.org/rfc/rfc5322#section-2.1",
    ),
    "testmsgs/ending-boundaries.msg": Skip(
        reason="a boundary with more than blanks behind it is text here, lest a shorter one ends a longer one",
        link="https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1",
    ),
    "testmsgs/very-long-boundary.msg": _LONG_BOUNDARY,
    "testmsgs/very-very-long-boundary.msg": _LONG_BOUNDARY,
}
_COMPOUND_FILE: Final = bytes.fromhex("d0cf11e0a1b11ae1")  # MS-CFB section 2.2
_NOT_MAIL: Final = {".md", ".json", ".xml", ".out", ".bin", ".txt", ".p12", ".crt", ".pem", ".key", ".asc", ""}
_NOT_VERIFIED: Final = ("signed-unverified", "invalid", "plain", "encrypted-only")
_ANGLE_ADDRESS: Final = re.compile(r"<([^<>]*)>\s*$")
_HEADERS_AT: Final = "2024-01-15T00:00:00+00:00"
_JOHNNY_AT: Final = "2019-06-01T00:00:00+00:00"
_DECODED: Final = re.compile(r'<(?:text|binary)-body name="([^"]+)"/>')


def read_pkits(folder: Path) -> Iterator[Case]:
    """The signed mails verify, certificates and revocation lists parse, PKCS#12 files open with "password"."""
    source = "README: the CMS signature verifies"
    for path in sorted(folder.glob("smime/*.eml")):
        # Test 5 of section 4.1 inherits its DSA parameters from the authority's certificate.
        above = ("DSACACert.crt", "DSAParametersInheritedCACert.crt") if "DSAParameterInheritance" in path.name else ()
        files = [folder / "certs" / name for name in above]
        certificates = tuple(file.read_bytes() for file in files if file.is_file())
        task = VerifySignatures(message=path.read_bytes(), certificates=certificates, signers=1)
        yield Case(set="pkits", name=path.name, task=task, source=source)
    for path in sorted(folder.glob("certs/*.crt")):
        yield Case(set="pkits", name=path.name, task=Parse(octets=path.read_bytes(), kind="certificate", members=1))
    for path in sorted(folder.glob("crls/*.crl")):
        yield Case(set="pkits", name=path.name, task=Parse(octets=path.read_bytes(), kind="crl"))
    for path in sorted(folder.glob("pkcs12/*.p12")):
        # The core does not support private DSA keys, so it opens such a file and leaves the key out.
        skip = _DSA_KEY if "DSA" in path.name else None
        task12 = OpenPkcs12(pkcs12=path.read_bytes(), password=b"password", identities=1)
        yield Case(set="pkits", name=path.name, task=task12, source='README: password "password"', skip=skip)


def read_johnny(folder: Path) -> Iterator[Case]:
    """Only messages that the README calls valid are `verified`: those signed by the one address in From.

    If openssl found a valid signature at the top level, the report must name the same signer.
    """
    anchors = ((folder / "assets/certificates/intermediate_ca.crt").read_bytes(),)
    openssl = folder / "openssl-observed.json"
    observed = json.loads(openssl.read_text(encoding="utf-8")) if openssl.is_file() else {}
    for path in sorted(folder.glob("**/*.eml")):
        name = path.relative_to(folder).as_posix()
        seen = observed.get(name, {})
        signer = seen.get("signer_email") if seen.get("top_level_signature") == "valid" else None
        is_valid = _is_valid_by_name(name) or (signer is not None and _from_addresses(path) == [signer])
        task = Verdict(
            message=path.read_bytes(),
            states=("verified",) if is_valid else _NOT_VERIFIED,
            anchors=anchors,
            at=_JOHNNY_AT,
            signers=(signer,) if signer else None,
            may_refuse=not is_valid,
        )
        yield Case(set="johnny", name=name, task=task, source="README")


def _is_valid_by_name(name: str) -> bool:
    return "valid-signed" in name or name.endswith("valid_email_from_manager.eml")


def _from_addresses(path: Path) -> list[str]:
    # The core must not parse what it is compared with. An address is the text in angle brackets at the end, or else the
    # whole text.
    fields = email.message_from_bytes(path.read_bytes()).get_all("From", [])
    texts = [text for field in fields for text in str(field).split(",")]
    return [(_ANGLE_ADDRESS.search(text) or [text, text])[1].strip() for text in texts]


def read_notmuch_headers(folder: Path) -> Iterator[Case]:
    """OpenPGP mails show only their outer Subject, even if they claim to protect it; S/MIME mails verify and open."""
    set_name = "protected-headers-notmuch"
    anchors = ((folder / "smime/ca.crt").read_bytes(),)
    bob = Key(pkcs12=(folder / "smime/bob.p12").read_bytes())
    for path in sorted(path for path in folder.glob("corpora/**/*") if path.is_file()):
        octets = path.read_bytes()
        name = path.relative_to(folder).as_posix()
        yield Case(set=set_name, name=f"{name}, round trip", task=RoundTrip(message=octets))
        if b"pkcs7" not in octets.lower():
            outer = email.message_from_bytes(octets, policy=email.policy.default)["Subject"]
            headers = (("Subject", str(outer)),) if outer is not None else ()
            task = Verdict(message=octets, states=("plain",), at=_HEADERS_AT, headers=headers)
            yield Case(set=set_name, name=name, task=task, source="README: to be ignored")
            continue
        task = Verdict(
            message=octets,
            states=("verified",) if "sign" in path.name else ("encrypted-only",),
            anchors=anchors,
            keys=(bob,) if "enc" in path.name else (),
            at=_HEADERS_AT,
            policy="ARCHIVE",
            signers=("alice@smime.example",) if "sign" in path.name else (),
        )
        yield Case(set=set_name, name=name, task=task, source="the file's name")
        if "signed.eml" in path.name:
            signed = VerifySignatures(message=octets, signers=1)
            yield Case(set=set_name, name=f"{name}, signature", task=signed, source="the file's name")


def read_mime(folder: Path) -> Iterator[Case]:
    """Every mail of a folder is parsed and rebuilt unchanged. The folder's results of other parsers are compared."""
    for path in sorted(folder.glob("**/*")):
        if not path.is_file() or not _is_mail(path):
            continue
        octets = path.read_bytes()
        name = path.relative_to(folder).as_posix()
        skip = _OF_OUTLOOK if octets.startswith(_COMPOUND_FILE) else None
        yield Case(set=folder.name, name=name, task=RoundTrip(message=octets), source="README", skip=skip)
        yield from _read_structures(folder.name, name, path, octets)


def _read_structures(set_name: str, name: str, path: Path, octets: bytes) -> Iterator[Case]:
    # stalwart's results are in two files, for LF and for CRLF line ends. mime4j's results are the decoded bodies.
    lf = octets.replace(b"\r\n", b"\n")
    for suffix, message in ((".json", lf), (".crlf.json", lf.replace(b"\n", b"\r\n"))):
        file = path.with_suffix(suffix)
        document = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
        if isinstance(document, dict) and "parts" in document:
            task = Structure(message=message, leaves=_stalwart_leaves(document))
            yield Case(set=set_name, name=f"{name}, structure", task=task, source=file.name, skip=_OTHERWISE.get(name))
    decoded = path.with_name(f"{path.stem}_decoded.xml")
    if decoded.is_file():
        names = _DECODED.findall(decoded.read_text(encoding="utf-8", errors="replace"))
        leaves = tuple(Leaf(octets=decoded.with_name(file_name).read_bytes()) for file_name in names)
        task = Structure(message=octets, leaves=leaves, enters_messages=True)
        yield Case(set=set_name, name=f"{name}, structure", task=task, source=decoded.name, skip=_OTHERWISE.get(name))


def _is_mail(path: Path) -> bool:
    if path.name.startswith(("LICENSE", "COPYING", "NOTICE", "README")) or "LICENSES" in path.parts:
        return False
    if path.name.startswith(("msg_", "mail_")) or path.suffix in (".eml", ".msg"):
        return True
    # Files in a Maildir have no suffix. SpamAssassin's samples end in .txt, as mime4j's decoded bodies do.
    return "_decoded_" not in path.name and (path.suffix not in _NOT_MAIL or path.suffix in ("", ".txt"))


def _stalwart_leaves(document: dict[str, Any]) -> tuple[Leaf, ...]:
    parts = document["parts"]

    def leaves(index: int) -> Iterator[Leaf]:
        part = parts[index]
        kind, body = next(iter(part["body"].items()))
        if kind == "Multipart":
            for child in body:
                yield from leaves(child)
            return
        media_type = _media_type(part, default="message/rfc822" if kind == "Message" else "text/plain")
        # Damaged text is not compared, because each parser replaces it in its own way.
        is_text = kind in ("Text", "Html") and not part["is_encoding_problem"]
        octets = bytes(body) if kind in ("Binary", "InlineBinary") and isinstance(body, list) else None
        yield Leaf(media_type=media_type, text=body if is_text else None, octets=octets)

    return tuple(leaves(0))


def _media_type(part: dict[str, Any], *, default: str) -> str:
    for header in part["headers"]:
        if header["name"] == "content_type" and isinstance(header["value"], dict):
            value = header["value"].get("ContentType")
            if value and value["c_subtype"]:
                return f"{value['c_type']}/{value['c_subtype']}".lower()
    return default
