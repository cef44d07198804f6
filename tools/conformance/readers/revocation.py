"""Sets with verdicts on revocation lists and OCSP responses."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.conformance.case import Case, Skip
from tools.conformance.checks.revocation import RevocationVerdict

_PEM: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----")
_RFC: Final = "https://www.rfc-editor.org/rfc/rfc5280#section-"

_LISTS_AT: Final = "2017-03-09T00:00:00+00:00"
_LIST_STATES: Final = {"good": "good", "revoked": "revoked", "bad": "unknown", "invalid": "unknown"}
_LIST_SKIPS: Final = {
    "bad_crldp_has_crlissuer": Skip(
        reason="the certificate points to another issuer's list, and its own issuer's full one is at hand and counts",
        link=_RFC + "6.3.3",
    ),
    "bad_idp_indirectcrl": Skip(
        reason="indirect lists are read here, and this one is by the certificate's issuer", link=_RFC + "5.2.5"
    ),
    "bad_thisupdate_too_old": Skip(
        reason="the list is older than a week and its nextUpdate is months away, which is for its issuer to say",
        link=_RFC + "5.1.2.5",
    ),
    "invalid_revoked_empty_sequence": Skip(
        reason="no entries written as an empty list of them, which nobody should write and some CAs do",
        link=_RFC + "5.1.2.6",
    ),
    "invalid_idp_onlycontainsusercerts_v1_leaf": Skip(
        reason="a certificate of version 1 has no basicConstraints with cA, which is all that RFC 5280 asks",
        link=_RFC + "6.3.3",
    ),
}

_RESPONSES_AT: Final = "2017-03-05T00:00:00+00:00"
_RESPONSE_STATES: Final = {
    "good": (
        "good_response", "good_response_invalid_serial", "good_response_next_update", "good_response_sha256",
        "has_extension", "has_single_extension", "has_version", "multiple_response", "ocsp_extra_certs",
        "ocsp_sign_direct", "ocsp_sign_indirect", "responder_id", "responder_name",
    ),
    "revoked": ("multiple_response_good_revoked", "revoke_response", "revoke_response_reason"),
    "unknown": (
        "bad_ocsp_type", "bad_signature", "bad_status", "future_response", "has_critical_ct_extension",
        "has_critical_response_extension", "has_critical_single_extension", "invalid_response",
        "invalid_response_data", "malformed_request", "missing_response", "no_response", "ocsp_sign_bad_indirect",
        "ocsp_sign_indirect_missing", "old_response", "other_response", "produced_early_response",
        "produced_late_response", "stale_response", "unknown_response",
    ),
}  # fmt: skip


def read_boringssl_lists(folder: Path) -> Iterator[Case]:
    """Each file is a list with the certificates around it, and its name begins with the verdict."""
    for path in sorted((folder / "crl_unittest").glob("*.pem")):
        blocks = _blocks(path)
        task = RevocationVerdict(
            certificate=blocks["CERTIFICATE"],
            issuer=blocks["CA CERTIFICATE"],
            list_signers=tuple(octets for label, octets in blocks.items() if label == "CA CERTIFICATE 2"),
            revocation_lists=(blocks["CRL"],),
            at=_LISTS_AT,
            states=(_LIST_STATES[path.stem.partition("_")[0]],),
        )
        yield Case(set=folder.name, name=f"list {path.stem}", task=task, skip=_LIST_SKIPS.get(path.stem))


def read_boringssl_responses(folder: Path) -> Iterator[Case]:
    """Each file is a response with the certificates around it; its name and first line state the fault."""
    for state, names in _RESPONSE_STATES.items():
        for name in names:
            blocks = _blocks(folder / "ocsp_unittest" / f"{name}.pem")
            task = RevocationVerdict(
                certificate=blocks["CERTIFICATE"],
                issuer=blocks["CA CERTIFICATE"],
                ocsp_responses=(blocks["OCSP RESPONSE"],),
                at=_RESPONSES_AT,
                states=(state,),
            )
            yield Case(set=folder.name, name=f"OCSP {name}", task=task)


def read_openssl_responses(folder: Path) -> Iterator[Case]:
    """The verdicts of `openssl ocsp` on responses, at the time that each was made."""
    document, files = folder / "ocsp-expected.json", folder / "ocsp-tests"
    for number, entry in enumerate(json.loads(document.read_text(encoding="utf-8")), 1):
        kind = Path(entry["response"]).stem.rpartition("_")[2]
        (certificate,) = files.glob(f"{kind}_Cert_*.pem")
        task = RevocationVerdict(
            certificate=certificate.read_bytes(),
            # The issuer is the intermediate certificate if the test has one, otherwise the root.
            issuer=_first_certificate(files / (entry["untrusted"] or entry["ca"])),
            ocsp_responses=(base64.b64decode((files / entry["response"]).read_bytes()),),
            at="",
            states=("good", "revoked") if entry["verify"] == "ok" else ("unknown",),
        )
        yield Case(
            set=folder.name, name=f"OCSP {number} {entry['response']} {entry['ca']}", task=task, source=entry["title"]
        )


def _first_certificate(path: Path) -> bytes:
    # The certificates of its authorities follow in the same file.
    return next(base64.b64decode(text) for label, text in _PEM.findall(path.read_bytes()) if label == b"CERTIFICATE")


def _blocks(path: Path) -> dict[str, bytes]:
    return {label.decode(): base64.b64decode(text) for label, text in _PEM.findall(path.read_bytes())}
