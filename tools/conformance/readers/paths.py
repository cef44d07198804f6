"""Sets with verdicts on certification paths."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from smime_core.asn1 import der
from smime_core.asn1.pem import find_pem_blocks
from tools.conformance.case import Case
from tools.conformance.checks.paths import PathVerdict
from tools.conformance.readers.path_skips import limbo_skip, openssl_skip

_PKITS_AT: Final = "2011-04-15T00:00:00+00:00"
_PKITS_POLICIES: Final = "2.16.840.1.101.3.2.1.48."
_ANY_POLICY: Final = "2.5.29.32.0"
_OPENSSL_AT: Final = "2026-06-01T00:00:00+00:00"
_OPENSSL_USAGES: Final = {
    "sslserver": "1.3.6.1.5.5.7.3.1",
    "sslclient": "1.3.6.1.5.5.7.3.2",
    "codesign": "1.3.6.1.5.5.7.3.3",
}
_OPENSSL_POLICY: Final = "1.3.6.1.4.1.16604.998855.1"
_ROOT: Final = "root-cert.pem"
# Tests that share one entry of the set's list, as title, verdict, certificate, anchor, intermediates.
_OPENSSL_FURTHER: Final[tuple[tuple[Any, ...], ...]] = (
    ("Name Constraints everything permitted", True, "alt1-cert.pem", _ROOT, "ncca1-cert.pem"),
    ("Name Constraints nothing excluded", True, "alt2-cert.pem", _ROOT, "ncca2-cert.pem"),
    ("Name Constraints nested all permitted", True, "alt3-cert.pem", _ROOT, "ncca1-cert.pem", "ncca3-cert.pem"),
    ("Name Constraints CNs permitted", True, "goodcn1-cert.pem", _ROOT, "ncca1-cert.pem"),
    ("Name Constraints CNs permitted - no SAN extension", True, "goodcn2-cert.pem", _ROOT, "ncca1-cert.pem"),
    ("Name Constraints CNs not permitted", False, "badcn1-cert.pem", _ROOT, "ncca1-cert.pem"),
    ("Name Constraints hostname not permitted", False, "badalt1-cert.pem", _ROOT, "ncca1-cert.pem"),
    ("Name Constraints hostname excluded", False, "badalt2-cert.pem", _ROOT, "ncca2-cert.pem"),
    ("Name Constraints email address not permitted", False, "badalt3-cert.pem", _ROOT, "ncca1-cert.pem"),
    ("Name Constraints subject email not permitted", False, "badalt4-cert.pem", _ROOT, "ncca1-cert.pem"),
    ("Name Constraints IP address not permitted", False, "badalt5-cert.pem", _ROOT, "ncca1-cert.pem"),
    ("Name Constraints CN hostname not permitted", False, "badalt6-cert.pem", _ROOT, "ncca1-cert.pem"),
    ("Name Constraints CN BMPSTRING hostname", False, "badalt7-cert.pem", _ROOT, "ncca1-cert.pem"),
    ("Name constraints nested DNS name 1", False, "badalt8-cert.pem", _ROOT, "ncca1-cert.pem", "ncca3-cert.pem"),
    ("Name constraints nested DNS name 2", False, "badalt9-cert.pem", _ROOT, "ncca1-cert.pem", "ncca3-cert.pem"),
    ("Name constraints nested DNS excluded", False, "badalt10-cert.pem", _ROOT, "ncca1-cert.pem", "ncca3-cert.pem"),
    ("CVE-2022-4203 type confusion test", False, "bad-othername-cert.pem", _ROOT, "nccaothername-cert.pem"),
    ("Name constraints URI with userinfo", True, "nc-uri-cert.pem", _ROOT, "ncca4-cert.pem"),
    ("Name constraints bad othername", False, "bad-othername-namec.pem", "bad-othername-namec-inter.pem"),
    ("PSS signature using SHA256", True, "ee-pss-sha256-cert.pem", _ROOT, "ca-cert.pem"),
    ("CA PSS signature", True, "ee-pss-cert.pem", _ROOT, "ca-pss-cert.pem"),
    ("PKCS#1 v1.5 signature with a PSS key", False, "ee-pss-wrong1.5-cert.pem", _ROOT, "ca-pss-cert.pem"),
    ("Too many names and constraints 1", False, "many-names1.pem", "many-constraints.pem"),
    ("Too many names and constraints 2", False, "many-names2.pem", "many-constraints.pem"),
    ("Too many names and constraints 3", False, "many-names3.pem", "many-constraints.pem"),
    ("Not too many names and constraints 1", True, "some-names1.pem", "many-constraints.pem"),
    ("Not too many names and constraints 2", True, "some-names2.pem", "many-constraints.pem"),
    ("Not too many names and constraints 3", True, "some-names3.pem", "many-constraints.pem"),
    ("Public Key Algorithm rsa instead of rsaEncryption", True, "root-cert-rsa2.pem", "root-cert-rsa2.pem"),
    ("EC and SHA3-224", True, "ee-cert-ec-sha3-224.pem", _ROOT, "ca-cert-ec-named.pem"),
    ("EC and SHA3-256", True, "ee-cert-ec-sha3-256.pem", _ROOT, "ca-cert-ec-named.pem"),
    ("EC and SHA3-384", True, "ee-cert-ec-sha3-384.pem", _ROOT, "ca-cert-ec-named.pem"),
    ("EC and SHA3-512", True, "ee-cert-ec-sha3-512.pem", _ROOT, "ca-cert-ec-named.pem"),
)
_USAGES: Final = {"serverAuth": "1.3.6.1.5.5.7.3.1", "clientAuth": "1.3.6.1.5.5.7.3.2"}


def read_pkits_paths(folder: Path) -> Iterator[Case]:
    """Each test with each of its settings, and again with each of its mails, whose signatures all verify."""
    document = folder / "expected.json"
    for entry in json.loads(document.read_text(encoding="utf-8")) if document.is_file() else ():
        name = f"path {entry['test']} {entry['title']}"
        yield Case(set="pkits", name=name, task=_pkits_task(folder, entry), source="expected.json")
        for mail in entry["smime"]:
            task = _pkits_task(folder, entry, message=(folder / "smime" / mail).read_bytes())
            yield Case(set="pkits", name=f"{name}, {mail}", task=task, source="expected.json")


def _pkits_task(folder: Path, entry: dict[str, Any], *, message: bytes | None = None) -> PathVerdict:
    *intermediates, certificate = ((folder / "certs" / name).read_bytes() for name in entry["path"])
    # For a refused path, the set states the policies that an accepted path would have. They are not compared.
    policies = tuple(map(_pkits_policy, entry["user_constrained_policy_set"])) if entry["should_validate"] else None
    return PathVerdict(
        certificate=certificate,
        anchors=((folder / "certs" / entry["trust_anchor"]).read_bytes(),),
        intermediates=tuple(intermediates),
        revocation_lists=tuple((folder / "crls" / name).read_bytes() for name in entry["crls"]),
        at=_PKITS_AT,
        is_accepted=entry["should_validate"],
        is_archived=True,
        is_revocation_required=True,
        purpose="sign" if message else "",
        initial_policies=tuple(map(_pkits_policy, entry["initial_policy_set"])),
        explicit_policy=entry["initial_explicit_policy"],
        inhibit_mapping=entry["initial_policy_mapping_inhibit"],
        inhibit_any_policy=entry["initial_inhibit_any_policy"],
        policies=policies,
        message=message,
    )


def _pkits_policy(name: str) -> str:
    return _ANY_POLICY if name == "anyPolicy" else _PKITS_POLICIES + name.rpartition("-")[2]


def read_limbo_paths(folder: Path) -> Iterator[Case]:
    """The verdict on each testcase. Names of servers are not compared, because path validation does not check them."""
    for document in sorted(folder.glob("*limbo.json")):
        for entry in json.loads(document.read_text(encoding="utf-8"))["testcases"]:
            usages = entry["extended_key_usage"] or (["serverAuth"] if entry["validation_kind"] == "SERVER" else [])
            task = PathVerdict(
                certificate=entry["peer_certificate"].encode(),
                anchors=tuple(pem.encode() for pem in entry["trusted_certs"]),
                intermediates=tuple(pem.encode() for pem in entry["untrusted_intermediates"]),
                revocation_lists=tuple(pem.encode() for pem in entry.get("crls", [])),
                at=entry["validation_time"] or "2024-01-01T00:00:00+00:00",
                is_accepted=entry["expected_result"] == "SUCCESS",
                is_revocation_required=bool(entry.get("crls")),
                usages=tuple(_USAGES[usage] for usage in usages),
            )
            skip = limbo_skip(entry["id"])
            yield Case(set="limbo", name=f"path {entry['id']}", task=task, source="limbo.json", skip=skip)


def read_openssl_paths(folder: Path) -> Iterator[Case]:
    """The verdicts of `openssl verify`."""
    document = folder / "expected.json"
    if not document.is_file():
        return
    entries = [entry for entry in json.loads(document.read_text(encoding="utf-8")) if _is_whole(entry)]
    for number, entry in enumerate(entries, 1):
        usage = _OPENSSL_USAGES.get(entry["purpose"])
        task = _openssl_task(
            folder,
            entry["cert"],
            entry["trusted"],
            entry["untrusted"],
            is_accepted=entry["expect"] == "ok",
            purpose="timestamp" if entry["purpose"] == "timestampsign" else "",
            usages=(usage,) if usage else (),
            at=_openssl_time(entry["openssl_opts"]),
            is_archived=entry["openssl_opts"][-2:] == ["-auth_level", "0"],
            policies=(_OPENSSL_POLICY,) if "-explicit_policy" in entry["openssl_opts"] else (),
        )
        name = f"path {number} {entry['name']}"
        skip = openssl_skip(entry["name"], number)
        yield Case(set="openssl-verify", name=name, task=task, source="expected.json", skip=skip)
    for title, is_accepted, certificate, anchor, *intermediates in _OPENSSL_FURTHER:
        task = _openssl_task(folder, certificate, [anchor], intermediates, is_accepted=is_accepted)
        skip = openssl_skip(title)
        yield Case(set="openssl-verify", name=f"path {title}", task=task, source="25-test_verify.t", skip=skip)


def _openssl_time(options: list[str]) -> str:
    if "-attime" not in options:
        return _OPENSSL_AT
    seconds = int(options[options.index("-attime") + 1])
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC).isoformat()


def _is_whole(entry: dict[str, Any]) -> bool:
    # An entry that joins several tests is left out. These tests are in _OPENSSL_FURTHER.
    return not any(" " in name for name in entry["untrusted"])


def _openssl_task(
    folder: Path,
    certificate: str,
    trusted: list[str],
    untrusted: list[str],
    *,
    is_accepted: bool,
    at: str = _OPENSSL_AT,
    is_archived: bool = False,
    purpose: str = "",
    usages: tuple[str, ...] = (),
    policies: tuple[str, ...] = (),
) -> PathVerdict:
    return PathVerdict(
        certificate=_openssl_file(folder, certificate),
        anchors=tuple(_openssl_file(folder, name) for name in trusted),
        intermediates=tuple(_openssl_file(folder, name) for name in untrusted),
        at=at,
        is_archived=is_archived,
        is_accepted=is_accepted,
        purpose=purpose,
        usages=usages,
        initial_policies=policies,
        explicit_policy=bool(policies),
    )


def _openssl_file(folder: Path, name: str) -> bytes:
    # Returns only the certificate. In a TRUSTED CERTIFICATE, OpenSSL's own settings follow the certificate.
    path = folder / "certs" / name
    return bytes(der.read_tlv(find_pem_blocks(path.read_bytes())[0].octets)[0].encoded) if path.is_file() else b""
