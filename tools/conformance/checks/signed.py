"""Tasks for SignedData.

Everything is read by policy ARCHIVE, because most published examples are older than their algorithms' retirement.
`tests/core` tests which algorithms the policies forbid.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from smime_core.asn1 import der
from smime_core.cms.certificate_id import CertificateId
from smime_core.cms.countersignature import find_countersignatures, verify_countersignature
from smime_core.cms.layers import SignedLayer, find_layer, parse_message
from smime_core.cms.signed_content import OctetsContent
from smime_core.cms.signed_data import find_certificate
from smime_core.cms.signer_info import SignerInfo, verify_signer
from smime_core.errors import SmimeError
from smime_core.pkix.dsa_parameters import complete_dsa_key
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.x509.certificate import Certificate, parse_certificate
from tools.conformance.case import Disproved, task
from tools.conformance.checks.facts import altered, claim, compare, expect_code, refuses


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifySignatures:
    """Every SignerInfo of the outermost layer verifies: digest, attributes and signature, each with its certificate.

    With one bit of the signature or the content inverted, the signature does not verify. `certificates` are
    certificates that the message lacks. `content` and the numbers of `signers` and `countersigners` are compared if
    given.
    """

    message: bytes
    detached_content: bytes | None = None
    certificates: tuple[bytes, ...] = ()
    signers: int | None = None
    countersigners: int | None = None
    content: bytes | None = None

    async def run(self, provider: CryptoProvider) -> int:
        layer, known = read_layer(self.message, self.detached_content, self.certificates)
        infos = layer.signed_data.signer_infos
        facts = claim(bool(infos), "nobody signed")
        if self.signers is not None:
            facts += claim(len(infos) == self.signers, f"{len(infos)} signers, expected {self.signers}")
        if self.content is not None:
            facts += compare(bytes(layer.content or b""), self.content)
        countersigners = 0
        for info in infos:
            signer = await verify_one(info, layer, known, provider)
            facts += 1 + await _refuse_altered(signer, layer, known, provider)
            countersigners += await verify_countersigners(signer, known, provider)
        if self.countersigners is not None:
            text = f"{countersigners} countersigners, expected {self.countersigners}"
            facts += claim(countersigners == self.countersigners, text)
        return facts + countersigners


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseSignatures:
    """No SignerInfo verifies, or the whole structure is refused.

    `codes`, if given, are the allowed codes of the error.
    """

    message: bytes
    detached_content: bytes | None = None
    certificates: tuple[bytes, ...] = ()
    codes: tuple[str, ...] = ()

    async def run(self, provider: CryptoProvider) -> int:
        try:
            layer, known = read_layer(self.message, self.detached_content, self.certificates)
        except SmimeError as error:
            return expect_code(error, self.codes)
        facts = claim(bool(layer.signed_data.signer_infos), "nobody signed, and that is not refused")
        for info in layer.signed_data.signer_infos:
            try:
                await verify_one(info, layer, known, provider)
            except SmimeError as error:
                facts += expect_code(error, self.codes)
            else:
                raise Disproved("the signature verifies, expected a refusal")
        return facts


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatesOnly:
    """SignedData without signers and with this number of certificates (RFC 8551 section 3.8)."""

    message: bytes
    certificates: int

    async def run(self, provider: CryptoProvider) -> int:
        signed_data = read_layer(self.message, None, ())[0].signed_data
        count = len(signed_data.certificates)
        return claim(not signed_data.signer_infos, "somebody signed") + claim(
            count == self.certificates, f"{count} certificates, expected {self.certificates}"
        )


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp:
    """The token of a TimeStampResp (RFC 3161 section 2.4.2) verifies."""

    message: bytes

    async def run(self, provider: CryptoProvider) -> int:
        fields = der.read_sequence(self.message)
        claim(len(fields) == 2, "there is no token")
        return await VerifySignatures(message=bytes(fields[1].encoded), signers=1).run(provider)


def read_layer(
    message: bytes, detached_content: bytes | None, certificates: Sequence[bytes]
) -> tuple[SignedLayer, tuple[Certificate, ...]]:
    """The outermost layer, which must be signed, and all known certificates. Raises Disproved or SmimeError."""
    layer = find_layer(parse_message(message), detached_content=detached_content)
    if not isinstance(layer, SignedLayer):
        raise Disproved("the outermost layer is not signed")
    return layer, (*layer.signed_data.certificates, *map(parse_certificate, certificates))


async def verify_one(
    info: SignerInfo | SmimeError, layer: SignedLayer, known: Sequence[Certificate], provider: CryptoProvider
) -> SignerInfo:
    """The SignerInfo, after it was verified. Raises Disproved if certificate or content is missing, or SmimeError."""
    if isinstance(info, SmimeError):
        raise info
    if layer.content is None:
        raise Disproved("the content is missing")
    await verify_signer(
        info,
        OctetsContent(layer.content, provider=provider),
        content_type=layer.signed_data.e_content_type,
        certificate=await certificate_of(info.sid, known, provider),
        provider=provider,
        policy=Policy.ARCHIVE,
    )
    return info


async def _refuse_altered(
    signer: SignerInfo, layer: SignedLayer, known: Sequence[Certificate], provider: CryptoProvider
) -> int:
    forged = dataclasses.replace(signer, signature=altered(signer.signature))
    other = dataclasses.replace(layer, content=altered(bytes(layer.content or b"")))
    facts = await refuses(verify_one(forged, layer, known, provider), "a signature with one bit turned verifies too")
    return facts + await refuses(verify_one(signer, other, known, provider), "other content verifies too")


async def verify_countersigners(signer: SignerInfo, known: Sequence[Certificate], provider: CryptoProvider) -> int:
    """The number of countersignatures, all of which were verified. Raises Disproved or SmimeError."""
    countersignatures = find_countersignatures(signer)
    for countersignature in countersignatures:
        info = countersignature.signer
        if isinstance(info, SmimeError):
            raise info
        certificate = await certificate_of(info.sid, known, provider)
        await verify_countersignature(
            countersignature, certificate=certificate, provider=provider, policy=Policy.ARCHIVE
        )
    return len(countersignatures)


async def certificate_of(sid: CertificateId, known: Sequence[Certificate], provider: CryptoProvider) -> Certificate:
    """The signer's certificate. A DSA key without parameters inherits those of its issuer. Raises Disproved."""
    certificate = find_certificate(sid, known)
    if certificate is None:
        raise Disproved(f"the certificate of {sid} is missing")
    return await complete_dsa_key(certificate, known, provider=provider)
