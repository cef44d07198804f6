"""Tasks for protected header fields: the fields that are shown for a message, and the protection of each."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from smime_core.cms.recipients.keys import Keys
from smime_core.mail.header_protection import unprotect_headers
from smime_core.message import examine_message
from smime_core.mime import parse_entity
from smime_core.pkix import RevocationPolicy, TrustStore
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.report.report import LayerKind
from smime_core.trust.judging import Judging
from tools.conformance.case import task
from tools.conformance.checks.encrypted import Key
from tools.conformance.checks.facts import claim

_ANY_TIME = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class ShownHeaders:
    """These (name, text) pairs are the header fields shown for a message (RFC 9788 section 4).

    `scheme` is none, hp-clear, hp-cipher, protected-headers-v1 or message-rfc822. `protection` is the same for every
    pair: unprotected, signed-only, encrypted-only or signed-and-encrypted.
    """

    message: bytes
    keys: tuple[Key, ...] = ()
    scheme: str
    protection: str
    headers: tuple[tuple[str, str], ...]

    async def run(self, provider: CryptoProvider) -> int:
        report = await examine_message(
            self.message,
            Judging(trust_store=TrustStore(anchors=(), revocation=RevocationPolicy.NOT_CHECKED), at=_ANY_TIME),
            provider=provider,
            policy=Policy.ARCHIVE,
            keys=Keys(identities=[holder for key in self.keys for holder in await key.holders(provider)]),
        )
        kinds = {layer.kind for layer in report.layers}
        shown = unprotect_headers(
            parse_entity(self.message).headers,
            parse_entity(report.content),
            signed=LayerKind.SIGNED in kinds,
            encrypted=LayerKind.ENCRYPTED in kinds,
        )
        facts = claim(shown.scheme == self.scheme, f"the scheme is {shown.scheme}, expected {self.scheme}")
        for name, text in self.headers:
            shown_fields = [
                (field.field.text, field.protection.value)
                for field in shown.fields
                if field.field.name.lower() == name.lower()
            ]
            facts += claim(
                shown_fields == [(text, self.protection)],
                f"{name} is {shown_fields}, expected {text!r}, {self.protection}",
            )
        return facts
