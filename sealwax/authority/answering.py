"""The public answers of a CA: OCSP responses, its latest CRLs, and the certificates of root and issuing CA."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final

from sealwax.authority.folder import AuthorityFolder, Role
from sealwax.authority.register import Issuer, Kind, PublishedList, Rows
from smime_core.asn1 import Buffer
from smime_core.blocking import run
from smime_core.ca.ocsp_requests import OcspRequest, parse_ocsp_request
from smime_core.ca.ocsp_responding import (
    GOOD,
    Good,
    Responder,
    ResponseError,
    build_ocsp_error,
    build_ocsp_response,
)
from smime_core.ca.revocation_list_building import ListTerm, RevokedCertificate
from smime_core.errors import MalformedMessage
from smime_core.identity import Identity
from smime_core.x509 import Certificate

ANSWER_HOLDS: Final = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspAnswer:
    """An OCSPResponse. If `keepable` is True, HTTP caches may return it to other clients that send the same request."""

    der: bytes
    keepable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityResponder:
    """Answers requests about a CA. Each OCSP answer reads the register again, so revocations work at once."""

    folder: AuthorityFolder
    ocsp_responder: Responder

    @classmethod
    def open(cls, folder: AuthorityFolder, passphrase: bytes) -> AuthorityResponder:
        """Open the folder with the responder's key only. Raises WrongPassphrase, MalformedMessage or OSError."""
        signer = folder.open_role(Role.RESPONDER, passphrase)
        return cls(folder=folder, ocsp_responder=Responder(issuer=folder.certificate(Role.ISSUING), signer=signer))

    @property
    def signer(self) -> Identity:
        """The identity that signs OCSP answers."""
        return self.ocsp_responder.signer

    def answer(self, data: Buffer, *, at: datetime.datetime) -> OcspAnswer:
        """The answer to an OCSPRequest. If the request cannot be read or answered, the answer is an OCSP error."""
        try:
            request = parse_ocsp_request(data)
        except MalformedMessage:
            return OcspAnswer(der=build_ocsp_error(ResponseError.MALFORMED_REQUEST), keepable=False)
        moment = at.replace(microsecond=0)
        if moment > self.signer.certificate.not_after:
            return OcspAnswer(der=build_ocsp_error(ResponseError.INTERNAL_ERROR), keepable=False)
        try:
            statuses = self._find_statuses(request)
        except OSError:  # Another command is using the register, or somebody is copying its file.
            return OcspAnswer(der=build_ocsp_error(ResponseError.TRY_LATER), keepable=False)
        response = run(
            build_ocsp_response(
                request,
                responder=self.ocsp_responder,
                find_status=statuses.get,
                term=ListTerm(
                    this_update=moment, next_update=min(moment + ANSWER_HOLDS, self.signer.certificate.not_after)
                ),
                provider=self.folder.provider,
            )
        )
        are_known = all(question.serial_number in statuses for question in request.questions)
        return OcspAnswer(der=response, keepable=are_known and request.nonce is None)

    def find_list(self, issuer: Issuer) -> PublishedList | None:
        """The latest CRL of an issuer, or None before the first one. Raises OSError."""
        with self.folder.register.read() as rows:
            return rows.find_list(issuer)

    def find_certificate(self, issuer: Issuer) -> Certificate | None:
        """The certificate of an issuer, or None if the folder has none. Raises MalformedMessage or OSError."""
        return self.folder.find_certificate(Role(issuer.value))

    def _find_statuses(self, request: OcspRequest) -> dict[int, Good | RevokedCertificate]:
        with self.folder.register.read() as rows:
            statuses = {question.serial_number: _status(rows, question.serial_number) for question in request.questions}
        return {number: status for number, status in statuses.items() if status is not None}


def _status(rows: Rows, serial_number: int) -> Good | RevokedCertificate | None:
    entry = rows.find(serial_number)
    if entry is None or entry.issuer is not Issuer.ISSUING or entry.kind is Kind.AUTHORITY:
        return None
    return GOOD if entry.revoked is None else entry.revoked
