"""The certificates for judging the signers of one layer: from the message, and known ones that the message lacks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from smime_core.cms.signer_info import SignerInfo
from smime_core.errors import SmimeError
from smime_core.trust.judging import Judging
from smime_core.x509.certificate import Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerCertificates:
    """The certificates in a message (`carried`), known certificates of its `signers`, and `all` that paths may use."""

    carried: tuple[Certificate, ...]
    signers: tuple[Certificate, ...]
    all: tuple[Certificate, ...]


def complete_certificates(
    carried: tuple[Certificate, ...], infos: Iterable[SignerInfo | SmimeError], judging: Judging
) -> LayerCertificates:
    """The certificates of a message, and the known certificates that its signers and their paths may need."""
    index = judging.known_certificates
    if index.is_empty:
        return LayerCertificates(carried=carried, signers=(), all=carried)
    named = (
        certificate for info in infos if isinstance(info, SignerInfo) for certificate in index.find_named(info.sid)
    )
    signers = tuple(dict.fromkeys(certificate for certificate in named if certificate not in carried))
    above = index.find_above((*carried, *signers))
    return LayerCertificates(carried=carried, signers=signers, all=tuple(dict.fromkeys((*carried, *signers, *above))))
