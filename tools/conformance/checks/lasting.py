"""Tasks for long-lived signatures: their CAdES level, and the timestamps on them."""

from __future__ import annotations

from dataclasses import dataclass

from smime_core.cades import cades_level, carried_evidence
from smime_core.cms.attributes import SIGNATURE_TIME_STAMP
from smime_core.cms.content_info import parse_content_info
from smime_core.cms.signed_content import OctetsContent
from smime_core.cms.signed_data import SignedData, parse_signed_data
from smime_core.cms.signer_info import SignerInfo, verify_signer
from smime_core.errors import SmimeError
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.timestamp import check_token, parse_timestamp_token
from smime_core.x509.certificate import Certificate
from tools.conformance.case import task
from tools.conformance.checks.facts import altered, claim, refuses
from tools.conformance.checks.signed import certificate_of


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class LastingSignatures:
    """For each signer: the CAdES level, and whether the signature and its timestamps verify.

    A level is "" below B-B. `timestamps` and `signature` are "" if the timestamp or signature verifies, else the code
    of the error. `signature` is None if the content is missing. `ocsp_responses` is the number of readable responses in
    the message. Trust is not judged. If one bit of the signature is inverted, no timestamp must verify.
    """

    message: bytes
    levels: tuple[str, ...]
    timestamps: tuple[str, ...]
    signature: str | None
    ocsp_responses: int

    async def run(self, provider: CryptoProvider) -> int:
        signed_data = parse_signed_data(parse_content_info(self.message).content)
        infos = signed_data.signer_infos
        levels = tuple(_level(info, signed_data) for info in infos)
        facts = claim(levels == self.levels, f"levels {levels}, expected {self.levels}")
        responses = len(carried_evidence(signed_data).ocsp_responses)
        facts += claim(responses == self.ocsp_responses, f"{responses} responses, expected {self.ocsp_responses}")
        codes: list[str] = []
        for info in infos:
            if self.signature is not None:
                code = await _code_of_signature(info, signed_data, provider)
                facts += claim(code == self.signature, f"the signature: {code!r}, expected {self.signature!r}")
            if isinstance(info, SignerInfo):
                codes += [
                    await _code_of_timestamp(token, info.signature, signed_data.certificates, provider)
                    for token in info.unsigned_attributes.get(SIGNATURE_TIME_STAMP, ())
                ]
                facts += await _refuse_elsewhere(info, signed_data.certificates, provider)
        return facts + claim(tuple(codes) == self.timestamps, f"timestamps {codes}, expected {self.timestamps}")


def _level(info: SignerInfo | SmimeError, signed_data: SignedData) -> str:
    if isinstance(info, SmimeError):
        return ""
    has_revocation_data = bool(signed_data.crls or signed_data.ocsp_responses)
    return cades_level(info, has_revocation_data=has_revocation_data) or ""


async def _code_of_signature(info: SignerInfo | SmimeError, signed_data: SignedData, provider: CryptoProvider) -> str:
    try:
        if isinstance(info, SmimeError):
            raise info
        claim(signed_data.e_content is not None, "the content is not there")
        await verify_signer(
            info,
            OctetsContent(signed_data.e_content or b"", provider=provider),
            content_type=signed_data.e_content_type,
            certificate=await certificate_of(info.sid, signed_data.certificates, provider),
            provider=provider,
            policy=Policy.ARCHIVE,
        )
    except SmimeError as error:
        return error.code
    return ""


async def _code_of_timestamp(
    token: bytes, signature: bytes, known: tuple[Certificate, ...], provider: CryptoProvider
) -> str:
    try:
        await _check(token, signature, known, provider)
    except SmimeError as error:
        return error.code
    return ""


async def _refuse_elsewhere(info: SignerInfo, known: tuple[Certificate, ...], provider: CryptoProvider) -> int:
    tokens = info.unsigned_attributes.get(SIGNATURE_TIME_STAMP, ())
    elsewhere = altered(info.signature)
    text = "a timestamp holds for another signature too"
    return sum([await refuses(_check(token, elsewhere, known, provider), text) for token in tokens])


async def _check(token: bytes, signature: bytes, known: tuple[Certificate, ...], provider: CryptoProvider) -> None:
    imprinted = OctetsContent(signature, provider=provider)
    await check_token(parse_timestamp_token(token), imprinted, provider=provider, known=known, policy=Policy.ARCHIVE)
