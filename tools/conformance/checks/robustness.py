"""Tasks for arbitrary bytes: the core parses them or raises SmimeError, in bounded time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from smime_core.cms.layers import find_layer, parse_message
from smime_core.describe.message import describe_message
from smime_core.errors import SmimeError
from smime_core.identity.identity import load_identities
from smime_core.keys import parse_private_key, parse_public_key
from smime_core.provider import CryptoProvider
from smime_core.x509.certificate import parse_certificates
from smime_core.x509.revocation_list import parse_revocation_list
from tools.conformance.case import Disproved, task
from tools.conformance.checks.facts import claim

MAX_SECONDS: Final = 2.0  # for one file; the largest has 1 MB


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class Parse:
    """A file can be parsed. With `may_refuse` it may also be refused with an SmimeError, and with no other error.

    `kind` is certificate, crl, cms, message, pkcs8, spki or pkcs12. `members`, if given, is the number of certificates,
    entries of a crl, or identities of a pkcs12 file.
    """

    octets: bytes
    kind: str
    may_refuse: bool = False
    members: int | None = None

    async def run(self, provider: CryptoProvider) -> int:
        start = time.monotonic()
        members = 1
        try:
            members = await _parse(self.octets, self.kind, provider)
        except SmimeError:
            if not self.may_refuse:
                raise
        seconds = time.monotonic() - start
        facts = 1 + claim(seconds < MAX_SECONDS, f"{seconds:.1f} s, expected less than {MAX_SECONDS:.0f} s")
        if self.members is not None:
            facts += claim(members == self.members, f"{members} members, expected {self.members}")
        return facts


async def _parse(octets: bytes, kind: str, provider: CryptoProvider) -> int:
    # Names are decoded only when they are used, so they are used here: a damaged name must not raise another error.
    if kind == "certificate":
        certificates = parse_certificates(octets)
        for certificate in certificates:
            _ = (certificate.subject, certificate.issuer, certificate.email_addresses, certificate.common_name)
        return len(certificates)
    if kind == "crl":
        return len(parse_revocation_list(octets).revoked)
    if kind == "cms":
        describe_message(octets)
        find_layer(parse_message(octets), detached_content=None)
    elif kind == "message":
        describe_message(octets)
    elif kind == "pkcs8":
        parse_private_key(octets)
    elif kind == "spki":
        parse_public_key(octets)
    elif kind == "pkcs12":
        return len(await load_identities(octets, b"", provider=provider))
    else:
        raise Disproved(f"the runner does not know the kind {kind!r}")
    return 1
