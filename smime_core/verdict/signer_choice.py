"""The choice of the signers among a person's keys, by the rules that readers of the signatures apply.

The choice depends on the author of the mail (RFC 8550 section 3), on key usage and extended key usage (section 4.4),
and on validity at the time of signing. If no key fits, nothing is signed, because every reader would doubt the
signature. Leaves out certification paths and revocation, because the anchors of the readers are not known here.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from smime_core.algorithms import SignatureScheme
from smime_core.cms.key_holder import KeyHolder, choose_holder_algorithm
from smime_core.errors import MalformedMessage, NoUsableSigner, PathError, UnsupportedAlgorithm
from smime_core.mime import Headers, addresses, parse_entity
from smime_core.pkix import Purpose, check_end_entity, find_validity_fault
from smime_core.policy import find_weakness
from smime_core.provider import KeyType
from smime_core.report.reasons import reason
from smime_core.report.report import NO_VALUES, Reason
from smime_core.text import addresses_match
from smime_core.text.times import utc_text
from smime_core.verdict.authors import Authors, find_mismatch, names_somebody, read_authors
from smime_core.x509.certificate import Certificate

Holder = TypeVar("Holder", bound=KeyHolder)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerRules:
    """The time of signing, and the author who is to sign.

    With `claimed` None the content names no author, and anybody may sign. A receipt has no author; one of its
    `recipients` signs. `holder` is an address, or for a certificate without addresses its subject or common name.
    `holder` overrules `claimed` and `recipients`, and then readers may doubt the signature. A key that can sign with
    `scheme` is preferred. `allows_expired` permits a certificate that is not valid at the time, and `allows_weak` a key
    that is too short.
    """

    at: datetime.datetime
    claimed: Authors | None = None
    recipients: tuple[str, ...] = ()
    holder: str | None = None
    scheme: SignatureScheme | None = None
    allows_expired: bool = False
    allows_weak: bool = False

    @classmethod
    def for_message(cls, message: bytes, at: datetime.datetime) -> SignerRules:
        """The rules for a mail: From names its author. Raises MalformedMessage or LimitExceeded."""
        return cls(at=at, claimed=read_claim(parse_entity(message).headers))


def read_claim(headers: Headers) -> Authors | None:
    """The author whom readers compare with the signer, or None if the header names nobody."""
    return read_authors(headers, given=None) if names_somebody(headers) else None


def claim_of(author: str) -> Authors:
    """The claim that `author` has signed: `Name <address>` or only an address, as in From."""
    return Authors(authors=tuple(mailbox.address for mailbox in addresses(author)))


def choose_signer(holders: Sequence[Holder], rules: SignerRules) -> Holder:
    """The one of `holders` (certificates with their keys) that signs. Raises the errors of `choose_signers`."""
    return choose_signers([holders], rules)[0]


def choose_signers(
    groups: Sequence[Sequence[Holder]], rules: SignerRules, *, beside: Sequence[Certificate] = ()
) -> tuple[Holder, ...]:
    """One signer from each group, such as the keys of one file. One of them is the claimed author, who comes first.

    `beside` are the certificates of people who have already signed the same content. If the author is one of them,
    anybody may sign too. Within a group the author comes first, then valid certificates, then keys that are not weak,
    then keys that can sign with the scheme. Equally good keys keep their order. Of the chosen signers, the author with
    an RSA or ECDSA key comes first, because Thunderbird reads only the first SignerInfo and knows only these two kinds
    of keys. Raises NoUsableSigner, and MalformedMessage for a group without any key.
    """
    certificates = [holder.certificate for group in groups for holder in group]
    everybody = [*beside, *certificates]
    chosen = tuple(_choose(group, rules, everybody) for group in groups)
    mismatch = _find_mismatch([*beside, *(holder.certificate for holder in chosen)], rules)
    if mismatch is None:
        return tuple(sorted(chosen, key=lambda holder: _sort_key(holder.certificate, rules)))
    # A key of the author that was not chosen is unfit. The reasons against this key help the user most.
    raise _refuse(_faults_of_authors(certificates, rules) or [mismatch])


def goes_before(holder: Holder, other: Certificate | None, rules: SignerRules) -> bool:
    """Whether the signature of `holder` goes before the signature of `other`; None is an unknown signer.

    Returns False if the rules have no claimed author. See `choose_signers`.
    """
    if rules.claimed is None:
        return False
    (is_foreign, kind), unknown = _sort_key(holder.certificate, rules), (True, True)
    return (is_foreign, kind) < (unknown if other is None else _sort_key(other, rules))


def _find_own_faults(certificate: Certificate, rules: SignerRules) -> tuple[Reason, ...]:
    """The reasons against signing with this certificate that do not depend on the author."""
    # Readers see the faults in this order.
    faults = []
    weakness = None if rules.allows_weak else find_weakness(certificate.public_key)
    if weakness is not None:
        faults.append(reason("weak-key", {"key": weakness}))
    text = None if rules.allows_expired else find_validity_fault(certificate, rules.at)
    if text is not None:
        begin, end = utc_text(certificate.not_before), utc_text(certificate.not_after)
        values = {"name": certificate.common_name, "from": begin, "until": end}
        faults.append(reason("certificate-expired", values, text))
    try:
        check_end_entity(certificate, Purpose.SIGN)
    except PathError as error:
        faults.append(reason(error.code, {"text": str(error)}))
    return tuple(faults)


def _choose(group: Sequence[Holder], rules: SignerRules, everybody: Sequence[Certificate]) -> Holder:
    if not group:
        raise MalformedMessage("there is no private key together with its certificate", where="signers")
    fitting = [holder for holder in group if not _find_own_faults(holder.certificate, rules)]
    if fitting:
        return min(fitting, key=lambda holder: _rank(holder, rules))
    mismatch, certificates = _find_mismatch(everybody, rules), [holder.certificate for holder in group]
    faults = _faults_of_authors(certificates, rules) or [
        fault for certificate in certificates for fault in _find_own_faults(certificate, rules)
    ]
    raise _refuse([*([] if mismatch is None else [mismatch]), *faults])


def _rank(holder: KeyHolder, rules: SignerRules) -> tuple[bool, bool, bool, bool]:
    # The lowest rank is the best. Of equal ranks, `min` returns the first.
    is_foreign = _find_mismatch([holder.certificate], rules) is not None
    is_outside = find_validity_fault(holder.certificate, rules.at) is not None
    is_weak = find_weakness(holder.certificate.public_key) is not None
    return is_foreign, is_outside, is_weak, not _can_sign(holder, rules.scheme)


def _sort_key(certificate: Certificate, rules: SignerRules) -> tuple[bool, bool]:
    is_foreign = _find_mismatch([certificate], rules) is not None
    return is_foreign, certificate.public_key.key_type not in (KeyType.RSA, KeyType.EC)


def _can_sign(holder: KeyHolder, scheme: SignatureScheme | None) -> bool:
    try:
        choose_holder_algorithm(holder, scheme)
    except UnsupportedAlgorithm:
        return False
    return True


def _faults_of_authors(certificates: Sequence[Certificate], rules: SignerRules) -> list[Reason]:
    authors = [certificate for certificate in certificates if _find_mismatch([certificate], rules) is None]
    return [fault for author in authors for fault in _find_own_faults(author, rules)]


def _refuse(reasons: Sequence[Reason]) -> NoUsableSigner:
    once = tuple(dict.fromkeys(reasons))
    text = "; ".join(f"{fault.code}: {fault.sentence}" for fault in once)
    return NoUsableSigner(f"nothing was signed: {text}", codes=tuple(dict.fromkeys(fault.code for fault in once)))


def _find_mismatch(certificates: Sequence[Certificate], rules: SignerRules) -> Reason | None:
    named = list(dict.fromkeys(address for certificate in certificates for address in certificate.email_addresses))
    if rules.holder is not None:
        if any(_is_named(certificate, rules.holder) for certificate in certificates):
            return None
        return reason("sender-mismatch", {"addresses": ", ".join(named)} if named else NO_VALUES)
    if rules.recipients:
        is_recipient = any(
            addresses_match(named_address, other) for named_address in named for other in rules.recipients
        )
        return None if is_recipient else reason("receipt-not-recipient")
    return None if rules.claimed is None else find_mismatch(rules.claimed, named)


def _is_named(certificate: Certificate, holder: str) -> bool:
    if certificate.email_addresses:
        return any(addresses_match(address, holder) for address in certificate.email_addresses)
    return holder in (certificate.subject, certificate.common_name)
