"""A verdict on a signer in words: one sentence, and the path from the trust anchor down to the person.

The command, the pages and the extension show the same. Nothing is judged here: what is said stands in the report.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from smime_core.certificate import Certificate
from smime_core.pkix import Outcome, PathTrail, RevocationState, RevocationStatus, Step, TrustAnchor, TrustSource
from smime_core.pkix.revocation import UNKNOWN_REASONS
from smime_core.report import SignerReport, State

SOURCES: Final = {
    TrustSource.GIVEN: "given as trusted",
    TrustSource.MOZILLA: "trusted by Mozilla for e-mail",
    TrustSource.OPERATOR: "trusted by your organisation",
    TrustSource.USER: "accepted by you",
}
# The words of RFC 5280 section 5.3.1.
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
_REVOCATION_STEP: Final = "6.1.3 (a)(3)"
_ASKED: Final = {"ocsp": "its authority's answer", "crl": "its authority's list"}


class NodeRole(StrEnum):
    """What a certificate is in a path."""

    ANCHOR = "anchor"
    """Where trust begins."""
    AUTHORITY = "authority"
    """Vouches for the one below."""
    HOLDER = "holder"
    """The person or service that the path is about; with `TrustAnchor.is_exact` trust begins there."""
    MISSING = "missing"
    """An issuer whose certificate is not here, or that nobody trusts: the path ends below it."""


class Mark(StrEnum):
    """How a node is drawn."""

    GOOD = "good"
    BAD = "bad"
    OPEN = "open"
    """Nobody could say, or nobody asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeNode:
    """One node of the path, `certificate` None for MISSING.

    `trust` says where the trust of an anchor comes from, `revocation` whether the certificate was revoked, `problems`
    what is wrong with it or unknown of it: words for people, empty where there is nothing to say.
    """

    role: NodeRole
    mark: Mark
    name: str
    certificate: Certificate | None = None
    trust: str = ""
    revocation: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The verdict in one sentence, and the path from its top to the signer; no nodes where the signer is unknown."""

    sentence: str
    tree: tuple[TreeNode, ...]


def explain_signer(signer: SignerReport) -> Explanation:
    """The verdict on one signer in words."""
    return Explanation(sentence=_sentence(signer), tree=explain_path(signer.trail, signer.certificate))


def explain_path(trail: PathTrail | None, certificate: Certificate | None) -> tuple[TreeNode, ...]:
    """The path as nodes, from the top down to `certificate`, which stands alone where no path was followed."""
    if trail is None:
        return (_holder(certificate, PathTrail(certificates=(certificate,))),) if certificate is not None else ()
    nodes = [_node(trail, position) for position in range(len(trail.certificates))]
    # Nobody stands above a root: that nobody trusts it is told at itself.
    if trail.anchor is None and trail.certificates and not trail.certificates[-1].is_self_issued:
        nodes.append(_missing(trail.certificates[-1]))
    return tuple(reversed(nodes))


def draw_tree(tree: Sequence[TreeNode]) -> list[str]:
    """The path as lines of text, each level indented below the one that vouches for it."""
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
    addresses = node.certificate.email_addresses if node.certificate else ()
    shown = f" <{', '.join(addresses)}>" if addresses and node.role is NodeRole.HOLDER else ""
    return f"{mark} {node.name}{shown}"


def node_details(node: TreeNode) -> list[str]:
    """What else is to be said about a node, a line for each."""
    lines = [node.trust] if node.trust else []
    if node.certificate is not None:
        lines.append(f"valid from {_day(node.certificate.not_before)} to {_day(node.certificate.not_after)}")
    return [*lines, *filter(None, [node.revocation]), *node.problems]


def trust_text(anchor: TrustAnchor) -> str:
    """Where the trust in an anchor comes from, and how far it reaches: "accepted by you on 2026-06-01 for ..."."""
    text = SOURCES[anchor.source]
    if anchor.accepted_at is not None:
        text += f" on {_day(anchor.accepted_at)}"
    if anchor.addresses:
        text += f" for {', '.join(anchor.addresses)}"
    if anchor.distrust_after is not None:
        text += f", not for what it issues after {_day(anchor.distrust_after)}"
    return f"{text}, and nothing that it issues" if anchor.is_exact and anchor.certificate.is_ca else text


def revocation_text(status: RevocationStatus) -> str:
    """Whether a certificate was revoked, and how that is known."""
    if status.state is RevocationState.REVOKED:
        why = REVOCATION_REASONS.get(status.reason)
        day = f" on {_day(status.revoked_at)}" if status.revoked_at else ""
        return f"revoked{day}: {why}" if why else f"revoked{day}"
    if status.state is RevocationState.UNKNOWN:
        return UNKNOWN_REASONS.get(status.why, "nobody could say whether it was revoked")
    by = _ASKED.get(status.source, "")
    return f"not revoked, by {by} of {_day(status.this_update)}" if by and status.this_update else "not revoked"


def _sentence(signer: SignerReport) -> str:
    if signer.state is not State.VERIFIED or signer.trail is None or signer.trail.anchor is None:
        return signer.reasons[0].sentence if signer.reasons else "Nothing is known about the signer."
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
    return revocation_text(status) if status else "whether the certificate was revoked was not checked"


def _node(trail: PathTrail, position: int) -> TreeNode:
    certificate = trail.certificates[position]
    if position == 0:
        return _holder(certificate, trail)
    is_anchor = trail.anchor is not None and position == len(trail.certificates) - 1
    role = NodeRole.ANCHOR if is_anchor else NodeRole.AUTHORITY
    return _build_node(certificate, trail, role=role, position=position)


def _holder(certificate: Certificate, trail: PathTrail) -> TreeNode:
    return _build_node(certificate, trail, role=NodeRole.HOLDER, position=0)


def _build_node(certificate: Certificate, trail: PathTrail, *, role: NodeRole, position: int) -> TreeNode:
    status = _status(trail, certificate)
    steps = [step for step in trail.steps if step.position == position]
    # That nobody knows fails a path and speaks against no certificate.
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
    # What the status says need not be said twice.
    told = [step for step in steps if step.outcome is not Outcome.PASSED]
    if status is not None:
        told = [step for step in told if step.label != _REVOCATION_STEP]
    return tuple(dict.fromkeys(step.text for step in told))


def _missing(certificate: Certificate) -> TreeNode:
    name = certificate.issuer
    return TreeNode(role=NodeRole.MISSING, mark=Mark.BAD, name=name, problems=("nobody you trust vouches for it",))


def _status(trail: PathTrail, certificate: Certificate) -> RevocationStatus | None:
    return next((status for status in trail.revocation if status.certificate == certificate), None)


def _day(time: datetime.datetime) -> str:
    return f"{time:%Y-%m-%d}"
