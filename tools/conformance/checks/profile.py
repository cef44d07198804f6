"""Tasks for the profile of certificates that a CA issues."""

from __future__ import annotations

from dataclasses import dataclass

from smime_core.ca.profile_checks import check_profile, rule_names
from smime_core.provider import CryptoProvider
from smime_core.x509.certificate import parse_certificate
from tools.conformance.case import task
from tools.conformance.checks.facts import claim


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class CheckProfile:
    """A rule of the profile finds a fault in a certificate, or finds none."""

    certificate: bytes
    rule: str
    finds: bool

    async def run(self, provider: CryptoProvider) -> int:
        rules = {finding.rule for finding in check_profile(parse_certificate(self.certificate))}
        return claim(self.rule in rule_names(), "a rule that is not checked") + claim(
            (self.rule in rules) == self.finds, f"found {', '.join(sorted(rules)) or 'nothing'}"
        )
