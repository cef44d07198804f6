"""Certificate policies along a path, as a graph (RFC 9618).

RFC 5280 sections 4.2.1.4, 4.2.1.5, 4.2.1.11, 4.2.1.14 and 6.1.

In the tree of RFC 5280, the nodes multiply with each mapping. RFC 9618 merges the nodes of one policy at one depth,
with the same result. A level then has at most one node for each policy that a certificate names. Each step takes time
in proportion to the number of these policies. Only the form of qualifiers is checked, because they are text for people
and decide nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_POLICIES, check_limit
from smime_core.pkix.extensions import (
    CERTIFICATE_POLICIES,
    INHIBIT_ANY_POLICY,
    POLICY_CONSTRAINTS,
    POLICY_MAPPINGS,
    find_extension,
)
from smime_core.pkix.trust import ANY_POLICY, PolicyRequirements
from smime_core.x509.certificate import Certificate

_CPS: Final = "1.3.6.1.5.5.7.2.1"
_USER_NOTICE: Final = "1.3.6.1.5.5.7.2.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyConstraints:
    """The number of certificates after which each constraint applies, or None (RFC 5280 section 4.2.1.11)."""

    require_explicit_policy: int | None
    inhibit_policy_mapping: int | None


def parse_certificate_policies(value: bytes, *, critical: bool) -> frozenset[str]:
    """Parse the policies of a certificate (RFC 5280 section 4.2.1.4).

    The RFC defines two kinds of qualifier. Other kinds are refused in a critical extension and with anyPolicy, where
    the RFC demands that they are understood. Raises MalformedMessage or LimitExceeded.
    """
    where = "certificatePolicies"
    policies: set[str] = set()
    children = der.read_sequence(value, where)
    check_limit("certificate policies", len(children), MAX_POLICIES)
    for child in children:
        fields = der.read_fields(child, where)
        if len(fields) not in (1, 2):
            raise MalformedMessage(f"a policy of {len(fields)} fields", where)
        policy = der.parse_oid(fields[0], where)
        if policy in policies:
            raise MalformedMessage("a policy appears twice", where)
        if len(fields) == 2:
            _check_qualifiers(fields[1], is_known_alone=critical or policy == ANY_POLICY)
        policies.add(policy)
    if not policies:
        raise MalformedMessage("no policy", where)
    return frozenset(policies)


def _check_qualifiers(qualifiers: Tlv, *, is_known_alone: bool) -> None:
    where = "policyQualifiers"
    children = der.read_fields(qualifiers, where)
    if not children:
        raise MalformedMessage("an empty list", where)
    for child in children:
        fields = der.read_fields(child, where, 2)
        if der.parse_oid(fields[0], where) not in (_CPS, _USER_NOTICE) and is_known_alone:
            raise MalformedMessage("a qualifier that is not understood", where)


def parse_policy_mappings(value: bytes) -> Mapping[str, frozenset[str]]:
    """Parse policyMappings: each policy of the issuer, with the subject's policies for it (RFC 5280 section 4.2.1.5).

    Raises MalformedMessage or LimitExceeded.
    """
    where = "policyMappings"
    mappings: dict[str, set[str]] = {}
    children = der.read_sequence(value, where)
    check_limit("policy mappings", len(children), MAX_POLICIES)
    for child in children:
        fields = der.read_fields(child, where)
        if len(fields) != 2:
            raise MalformedMessage(f"a mapping of {len(fields)} policies", where)
        issuer_policy, subject_policy = (der.parse_oid(policy, where) for policy in fields)
        mappings.setdefault(issuer_policy, set()).add(subject_policy)
    if not mappings:
        raise MalformedMessage("no mapping", where)
    return {issuer_policy: frozenset(policies) for issuer_policy, policies in mappings.items()}


def parse_policy_constraints(value: bytes) -> PolicyConstraints:
    """Parse policyConstraints (RFC 5280 section 4.2.1.11). Raises MalformedMessage."""
    where = "policyConstraints"
    fields = der.read_sequence(value, where)
    if not fields or [field.tag for field in fields] not in ([0x80], [0x81], [0x80, 0x81]):
        raise MalformedMessage("neither of its two fields, or others", where)
    numbers = {field.tag: _parse_skip_certs(field.content, where) for field in fields}
    return PolicyConstraints(require_explicit_policy=numbers.get(0x80), inhibit_policy_mapping=numbers.get(0x81))


def parse_inhibit_any_policy(value: bytes) -> int:
    """Parse inhibitAnyPolicy: the number of certificates after which anyPolicy no longer counts (section 4.2.1.14).

    Raises MalformedMessage.
    """
    where = "inhibitAnyPolicy"
    return _parse_skip_certs(der.expect(der.read_one(value, where), der.INTEGER, where).content, where)


def _parse_skip_certs(content: memoryview, where: str) -> int:
    number = int.from_bytes(content, "big", signed=True)
    if not len(content) or number < 0:
        raise MalformedMessage("a number below 0", where)
    return number


@dataclass(slots=True)
class _Node:
    # `expected` is the RFC's expected_policy_set. `parents` are policies of the level above; the root has none.
    expected: frozenset[str]
    parents: set[str]


@dataclass(slots=True)
class PolicyState:
    """The state variables of section 6.1.2 that concern policies: (a), (d), (e) and (f).

    `levels` is the valid_policy_graph: the root, then for each certificate its nodes by policy. Only the last level is
    pruned. An empty last level corresponds to NULL in the RFC.
    """

    requirements: PolicyRequirements
    explicit_policy: int
    policy_mapping: int
    inhibit_any_policy: int
    levels: list[dict[str, _Node]] = field(default_factory=list)

    @classmethod
    def initial(cls, requirements: PolicyRequirements, path_length: int) -> PolicyState:
        """The state after 6.1.2 (a), (d), (e), (f) for a path of `path_length` certificates below the anchor."""
        later = path_length + 1
        return cls(
            requirements=requirements,
            explicit_policy=0 if requirements.require_explicit_policy else later,
            policy_mapping=0 if requirements.inhibit_policy_mapping else later,
            inhibit_any_policy=0 if requirements.inhibit_any_policy else later,
            levels=[{ANY_POLICY: _Node(frozenset({ANY_POLICY}), set())}],
        )

    @property
    def is_null(self) -> bool:
        """Whether no policy is left for the path so far."""
        return not self.levels[-1]

    @property
    def is_satisfied(self) -> bool:
        """Whether the condition of 6.1.3 (f) is met: a policy is left, or none is demanded yet."""
        return self.explicit_policy > 0 or not self.is_null

    def take_policies(self, certificate: Certificate, *, is_last: bool) -> None:
        """Process a certificate's policies, 6.1.3 (d) and (e). Raises MalformedMessage or LimitExceeded."""
        extension = find_extension(certificate, CERTIFICATE_POLICIES)
        level: dict[str, _Node] = {}
        if extension is not None:
            policies = parse_certificate_policies(extension.value, critical=extension.critical)
            level = self._next_level(policies - {ANY_POLICY})
            # 6.1.3 (d)(2): anyPolicy.
            is_any_allowed = self.inhibit_any_policy > 0 or (not is_last and certificate.is_self_issued)
            if ANY_POLICY in policies and is_any_allowed:
                for policy, parents in self._expected().items():
                    level.setdefault(policy, _Node(frozenset({policy}), parents))
        self.levels.append(level)

    def _next_level(self, policies: frozenset[str]) -> dict[str, _Node]:
        # 6.1.3 (d)(1)(i) and (ii): the other policies.
        expected = self._expected()
        level: dict[str, _Node] = {}
        for policy in policies:
            parents = expected.get(policy) or ({ANY_POLICY} if ANY_POLICY in self.levels[-1] else None)
            if parents:
                level[policy] = _Node(frozenset({policy}), parents)
        return level

    def _expected(self) -> dict[str, set[str]]:
        # Returns, for each policy, the nodes of the last level that expect it.
        nodes: dict[str, set[str]] = {}
        for policy, node in self.levels[-1].items():
            for expected in node.expected:
                nodes.setdefault(expected, set()).add(policy)
        return nodes

    def take_mappings(self, certificate: Certificate) -> None:
        """Process a certificate's policy mappings, 6.1.4 (a) and (b). Raises MalformedMessage or LimitExceeded."""
        extension = find_extension(certificate, POLICY_MAPPINGS)
        if extension is None:
            return
        mappings = parse_policy_mappings(extension.value)
        if ANY_POLICY in mappings or any(ANY_POLICY in policies for policies in mappings.values()):
            raise MalformedMessage("anyPolicy is mapped", where="policyMappings")
        level = self.levels[-1]
        for issuer_policy, subject_policies in mappings.items():
            if self.policy_mapping == 0:
                level.pop(issuer_policy, None)
            elif issuer_policy in level:
                level[issuer_policy].expected = subject_policies
            elif ANY_POLICY in level:
                level[issuer_policy] = _Node(subject_policies, {ANY_POLICY})

    def take_constraints(self, certificate: Certificate) -> None:
        """Process a certificate's policy constraints, 6.1.4 (h), (i) and (j). Raises MalformedMessage."""
        if not certificate.is_self_issued:
            self.explicit_policy = max(0, self.explicit_policy - 1)
            self.policy_mapping = max(0, self.policy_mapping - 1)
            self.inhibit_any_policy = max(0, self.inhibit_any_policy - 1)
        constraints = self._find_constraints(certificate)
        if constraints is not None:
            if constraints.require_explicit_policy is not None:
                self.explicit_policy = min(self.explicit_policy, constraints.require_explicit_policy)
            if constraints.inhibit_policy_mapping is not None:
                self.policy_mapping = min(self.policy_mapping, constraints.inhibit_policy_mapping)
        extension = find_extension(certificate, INHIBIT_ANY_POLICY)
        if extension is not None:
            self.inhibit_any_policy = min(self.inhibit_any_policy, parse_inhibit_any_policy(extension.value))

    def finish(self, certificate: Certificate) -> frozenset[str] | None:
        """The user-constrained-policy-set of 6.1.5 (a), (b) and (g), or None if a policy is demanded and none is left.

        anyPolicy in the set means every policy. Raises MalformedMessage or LimitExceeded.
        """
        self.explicit_policy = max(0, self.explicit_policy - 1)
        constraints = self._find_constraints(certificate)
        if constraints is not None and constraints.require_explicit_policy == 0:
            self.explicit_policy = 0
        policies = self._user_constrained(self._authority_constrained())
        return policies if policies or self.explicit_policy > 0 else None

    @staticmethod
    def _find_constraints(certificate: Certificate) -> PolicyConstraints | None:
        extension = find_extension(certificate, POLICY_CONSTRAINTS)
        return None if extension is None else parse_policy_constraints(extension.value)

    def _authority_constrained(self) -> frozenset[str]:
        # Returns the policies by their names before any mapping: the nodes with the parent anyPolicy and a descendant
        # in the last level.
        policies: set[str] = set()
        reached = set(self.levels[-1])
        if ANY_POLICY in reached:
            policies.add(ANY_POLICY)
        for depth in range(len(self.levels) - 1, 0, -1):
            level = self.levels[depth]
            policies.update(
                policy for policy in reached if policy != ANY_POLICY and ANY_POLICY in level[policy].parents
            )
            reached = {parent for policy in reached for parent in level[policy].parents}
        return frozenset(policies)

    def _user_constrained(self, policies: frozenset[str]) -> frozenset[str]:
        initial_policies = self.requirements.initial_policies
        if ANY_POLICY in initial_policies:
            return policies
        return initial_policies if ANY_POLICY in policies else policies & initial_policies
