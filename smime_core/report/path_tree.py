"""The verdict on a signer in words: one sentence, and the path from the trust anchor down to the signer.

The command, the pages and the extension show the same words. Nothing is judged here; all facts are from the report.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from smime_core.pkix import Outcome, PathTrail, RevocationState, RevocationStatus, Step, TrustAnchor, TrustSource
from smime_core.pkix.revocation import UNKNOWN_REASONS
from smime_core.report.report import SignerReport, State
from smime_core.text import clean_name, looks_like_address, write_proved
from smime_core.x509.certificate import Certificate

SOURCES: Final = {
    TrustSource.GIVEN: "given as trusted",
    TrustSource.MOZILLA: "trusted by Mozilla for e-mail",
    TrustSource.OPERATOR: "trusted by your organisation",
    TrustSource.USER: "accepted by you",
}
# The CRLReasons of RFC 5280 section 5.3.1 in words for people.
REVOCATION_REASONS: Final = {
    "keyCompromise": "its key may be in the hands of others",
    "cACompromise": "the key of its authority may be in the hands of others",
    "affiliationChanged": "its owner's name or organisation has changed",
    "superseded": "another certificate has taken its place",
    "cessationOfOperation": "it is no longer used",
    "certificateHold": "it is on hold",
    "privilegeWithdrawn": "its owner may no longer use it",
    "aACompromise": "the key of its authority may be in the hands of others",
}
_NO_ANCHOR: Final = "no authority that you trust vouches for it"
_REVOCATION_STEP: Final = "6.1.3 (a)(3)"
_ASKED: Final = {"ocsp": "its authority's response", "crl": "its authority's list"}


class NodeRole(StrEnum):
    """The role of a certificate in a path."""

    ANCHOR = "anchor"
    """The trust anchor at the top of the path."""
    AUTHORITY = "authority"
    """An authority that vouches for the certificate below it."""
    HOLDER = "holder"
    """The person or service at the end of the path. With `TrustAnchor.is_exact` its certificate is also the anchor."""
    MISSING = "missing"
    """The issuer above the topmost certificate. Its own certificate is missing or not trusted."""


class Mark(StrEnum):
    """The mark in front of a node: ✓, ✗ or ?."""

    GOOD = "good"
    BAD = "bad"
    OPEN = "open"
    """A fact is unknown, such as the revocation status, or no anchor was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeNode:
    """One node of the path. `certificate` is None for the role MISSING. `addresses` are set for the role HOLDER.

    `trust` is the source of the trust in an anchor, `revocation` the revocation status, `problems` are faults and
    unknown facts. These three are words for people, and may be empty.
    """

    role: NodeRole
    mark: Mark
    name: str
    certificate: Certificate | None = None
    addresses: tuple[str, ...] = ()
    trust: str = ""
    revocation: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The verdict in one sentence, and the path from its top to the signer. `tree` is empty for an unknown signer."""

    sentence: str
    tree: tuple[TreeNode, ...]


def explain_signer(signer: SignerReport) -> Explanation:
    """The verdict on one signer in words."""
    tree = explain_path(signer.trail, signer.certificate, signer.addresses)
    return Explanation(sentence=_sentence(signer), tree=tree)


def explain_path(
    trail: PathTrail | None, certificate: Certificate | None, proved: tuple[str, ...] = ()
) -> tuple[TreeNode, ...]:
    """The path as nodes, from the top down to `certificate`. Without a trail, `certificate` is the only node.

    If there are `proved` addresses, the holder's node names no other addresses of the certificate.
    """
    if trail is None:
        alone = (certificate,) if certificate is not None else ()
        return tuple(_holder(holder, PathTrail(certificates=alone), proved) for holder in alone)
    nodes = [_node(trail, position, proved) for position in range(len(trail.certificates))]
    # A root has no issuer above it. The root's own node says that it is not trusted.
    if trail.anchor is None and trail.certificates and not trail.certificates[-1].is_self_issued:
        nodes.append(_missing(trail.certificates[-1]))
    return tuple(reversed(nodes))


def draw_tree(tree: Sequence[TreeNode]) -> list[str]:
    """The path as lines of text. Each certificate is indented below its issuer's."""
    lines = []
    for depth, node in enumerate(tree):
        indent = "   " * (depth - 1) + "└─ " if depth else ""
        below = "   " * depth + ("│  " if depth + 1 < len(tree) else "   ")
        lines.append(f"{indent}{node_title(node)}")
        lines += [f"{below}{detail}" for detail in node_details(node)]
    return lines


def node_title(node: TreeNode) -> str:
    """A node's mark, name and addresses in one line."""
    mark = {Mark.GOOD: "✓", Mark.BAD: "✗", Mark.OPEN: "?"}[node.mark]
    return f"{mark} {write_proved(node.name, ', '.join(node.addresses))}"


def node_details(node: TreeNode) -> list[str]:
    """The details of a node, one line each."""
    lines = [node.trust] if node.trust else []
    if node.certificate is not None:
        lines.append(f"valid from {_day(node.certificate.not_before)} to {_day(node.certificate.not_after)}")
    return [*lines, *filter(None, [node.revocation]), *node.problems]


def trust_text(anchor: TrustAnchor) -> str:
    """The source of the trust in an anchor, and its limits, such as "accepted by you on 2026-06-01 for ..."."""
    text = SOURCES[anchor.source]
    if anchor.accepted_at is not None:
        text += f" on {_day(anchor.accepted_at)}"
    if anchor.addresses:
        text += f" for {', '.join(anchor.addresses)}"
    if anchor.distrust_after is not None:
        text += f", not for what it issues after {_day(anchor.distrust_after)}"
    return f"{text}, but not the certificates that it issues" if anchor.is_exact and anchor.certificate.is_ca else text


def revocation_text(status: RevocationStatus) -> str:
    """The revocation status of a certificate, and its source."""
    if status.state is RevocationState.REVOKED:
        why = REVOCATION_REASONS.get(status.reason)
        day = f" on {_day(status.revoked_at)}" if status.revoked_at else ""
        return f"revoked{day}: {why}" if why else f"revoked{day}"
    if status.state is RevocationState.UNKNOWN:
        return UNKNOWN_REASONS.get(status.why, "no authority said whether it was revoked")
    by = _ASKED.get(status.source, "")
    return f"not revoked, by {by} of {_day(status.this_update)}" if by and status.this_update else "not revoked"


def _sentence(signer: SignerReport) -> str:
    if signer.state is not State.VERIFIED or signer.trail is None or signer.trail.anchor is None:
        return signer.reasons[0].sentence if signer.reasons else "The signer is not known."
    anchor = signer.trail.anchor
    who = ", ".join(signer.addresses) or signer.trail.certificates[0].common_name
    revocation = _own_revocation(signer.trail)
    if anchor.certificate == signer.trail.certificates[0]:
        return f"The certificate of {who} itself counts: {trust_text(anchor)}."
    name = anchor.certificate.common_name
    until = _day(signer.trail.certificates[0].not_after)
    proof = next((why.sentence for why in signer.reasons if why.code == "proved-by-timestamp"), "")
    verb = "vouched" if proof else "vouches"
    return f"{name}, {trust_text(anchor)}, {verb} for {who} until {until}; {revocation}. {proof}".rstrip()


def _own_revocation(trail: PathTrail) -> str:
    status = _status(trail, trail.certificates[0])
    return revocation_text(status) if status else "the revocation of the certificate was not checked"


def _node(trail: PathTrail, position: int, proved: tuple[str, ...]) -> TreeNode:
    certificate = trail.certificates[position]
    if position == 0:
        return _holder(certificate, trail, proved)
    is_anchor = trail.anchor is not None and position == len(trail.certificates) - 1
    role = NodeRole.ANCHOR if is_anchor else NodeRole.AUTHORITY
    return _build_node(certificate, trail, role, position)


def _holder(certificate: Certificate, trail: PathTrail, proved: tuple[str, ...]) -> TreeNode:
    addresses = proved or certificate.email_addresses
    name = certificate.common_name
    # A name that looks like an address may be an address that nobody vouches for.
    shown = ", ".join(proved) if proved and looks_like_address(name) else name
    return replace(_build_node(certificate, trail, NodeRole.HOLDER, 0), name=shown, addresses=addresses)


def _build_node(certificate: Certificate, trail: PathTrail, role: NodeRole, position: int) -> TreeNode:
    status = _status(trail, certificate)
    steps = [step for step in trail.steps if step.position == position]
    # An unknown revocation status may fail the path. Even then the certificate's node is OPEN, not BAD.
    is_open = any(step.outcome is Outcome.NOTED for step in steps) or (
        status is not None and status.state is RevocationState.UNKNOWN
    )
    failed = {step.label for step in steps if step.outcome is Outcome.FAILED}
    is_bad = bool(failed - {_REVOCATION_STEP} if is_open else failed) or (
        status is not None and status.state is RevocationState.REVOKED
    )
    is_trusted = trail.anchor is not None and trail.anchor.certificate == certificate
    return TreeNode(
        role=role,
        mark=Mark.BAD if is_bad else Mark.OPEN if is_open or trail.anchor is None else Mark.GOOD,
        name=certificate.common_name,
        certificate=certificate,
        trust=trust_text(trail.anchor) if trail.anchor is not None and is_trusted else "",
        revocation=revocation_text(status) if status else "",
        problems=_problems(steps, status),
    )


def _problems(steps: Sequence[Step], status: RevocationStatus | None) -> tuple[str, ...]:
    # The steps about revocation are left out if the node has a revocation status, which says the same.
    problems = [step for step in steps if step.outcome is not Outcome.PASSED]
    if status is not None:
        problems = [step for step in problems if step.label != _REVOCATION_STEP]
    return tuple(dict.fromkeys(step.text for step in problems))


def _missing(certificate: Certificate) -> TreeNode:
    name = clean_name(certificate.issuer)
    return TreeNode(role=NodeRole.MISSING, mark=Mark.BAD, name=name, problems=(_NO_ANCHOR,))


def _status(trail: PathTrail, certificate: Certificate) -> RevocationStatus | None:
    return next((status for status in trail.revocation if status.certificate == certificate), None)


def _day(time: datetime.datetime) -> str:
    return f"{time:%Y-%m-%d}"
