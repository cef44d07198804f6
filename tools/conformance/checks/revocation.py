"""Tasks for revocation lists and OCSP responses (RFC 5280 section 6.3, RFC 6960): good, revoked, or unknown."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from smime_core.errors import SmimeError
from smime_core.pkix import RevocationQuestion, check_revocation, parse_evidence
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.x509.certificate import Certificate, parse_certificate
from smime_core.x509.ocsp import parse_ocsp_response
from tools.conformance.case import task
from tools.conformance.checks.facts import claim


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationVerdict:
    """The status of a certificate by lists and responses at a time (ISO 8601; empty for the time of the response).

    `states` are the states that the set accepts. Policy ARCHIVE is used, because many examples use SHA-1.
    `list_signers` are other certificates with a path to the issuer's anchor, which may therefore sign lists.
    """

    certificate: bytes
    issuer: bytes
    at: str
    states: tuple[str, ...]
    list_signers: tuple[bytes, ...] = ()
    revocation_lists: tuple[bytes, ...] = ()
    ocsp_responses: tuple[bytes, ...] = ()

    async def run(self, provider: CryptoProvider) -> int:
        issuer = parse_certificate(self.issuer)
        list_signers = tuple(map(parse_certificate, self.list_signers))

        async def is_valid_crl_issuer(candidate: Certificate) -> bool:
            return candidate in list_signers

        evidence = parse_evidence(revocation_lists=self.revocation_lists, ocsp_responses=self.ocsp_responses)
        status = await check_revocation(
            RevocationQuestion(
                certificate=parse_certificate(self.certificate),
                issuer=issuer,
                anchor=issuer,
                evidence=evidence,
                at=self._moment(),
                provider=provider,
                is_valid_crl_issuer=is_valid_crl_issuer,
                candidates=list_signers,
                policy=Policy.ARCHIVE,
            )
        )
        why = f" ({status.why})" if status.why else ""
        return claim(status.state in self.states, f"{status.state}{why}, expected {' or '.join(self.states)}")

    def _moment(self) -> datetime.datetime:
        if self.at:
            return datetime.datetime.fromisoformat(self.at)
        try:
            return parse_ocsp_response(self.ocsp_responses[0]).produced_at
        except SmimeError:
            # A response that cannot be read gives the same status at any time.
            return parse_certificate(self.certificate).not_before
