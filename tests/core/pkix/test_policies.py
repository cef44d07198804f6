"""Certificate policies (RFC 5280 section 6.1, RFC 9618, MUSTS 38): a path's policies, and a graph that stays small."""

from __future__ import annotations

from typing import Final

import pytest

from smime_core import blocking
from smime_core.asn1 import der
from smime_core.ca.extensions import build_certificate_policies
from smime_core.errors import LimitExceeded, MalformedMessage, PathError
from smime_core.limits import MAX_POLICIES
from smime_core.pkix import CertificateUse, PathRules, PolicyRequirements, RevocationPolicy, TrustAnchor, TrustStore
from smime_core.pkix.policies import (
    PolicyState,
    parse_certificate_policies,
    parse_inhibit_any_policy,
    parse_policy_constraints,
    parse_policy_mappings,
)
from smime_core.pkix.trust import ANY_POLICY
from smime_core.x509.certificate import Certificate, Extension
from tests.support.path_pki import Rig, issue, root
from tests.support.people import NOW, PROVIDER

GOLD: Final = "1.2.3.1"
SILVER: Final = "1.2.3.2"
ROOT: Final = root()
ANY_USE: Final = CertificateUse(name="anything")


def policies(*oids: str) -> Extension:
    return build_certificate_policies(oids)


def mappings(*pairs: tuple[str, str]) -> Extension:
    value = der.sequence(*(der.sequence(der.oid(issuer), der.oid(subject)) for issuer, subject in pairs))
    return Extension(oid="2.5.29.33", critical=True, value=value)


def constraint(*, explicit: int | None = None, mapping: int | None = None) -> Extension:
    numbers = ((0x80, explicit), (0x81, mapping))
    fields = (der.element(tag, bytes([number])) for tag, number in numbers if number is not None)
    return Extension(oid="2.5.29.36", critical=True, value=der.sequence(*fields))


def inhibit_any(number: int) -> Extension:
    return Extension(oid="2.5.29.54", critical=True, value=der.integer(number))


def demand(*oids: str, **settings: bool) -> PolicyRequirements:
    return PolicyRequirements(
        initial_policies=frozenset(oids or {ANY_POLICY}),
        require_explicit_policy=settings.get("explicit", True),
        inhibit_policy_mapping=settings.get("mapping", False),
        inhibit_any_policy=settings.get("any_policy", False),
    )


def found(*path: Rig | Certificate, requirements: PolicyRequirements) -> frozenset[str] | str:
    """The policies of a path, or the label of the step that refuses it. The path is given from below the root down."""
    certificates = [link.certificate if isinstance(link, Rig) else link for link in path]
    try:
        return blocking.validate_path(
            certificates[-1],
            ANY_USE,
            PathRules(
                TrustStore(
                    anchors=(TrustAnchor(certificate=ROOT.certificate),),
                    revocation=RevocationPolicy.NOT_CHECKED,
                    requirements=requirements,
                ),
                NOW,
                known=certificates[:-1],
            ),
            PROVIDER,
        ).policies
    except PathError as error:
        return error.rfc5280_step


def test_the_policies_of_all_certificates_are_what_holds() -> None:
    middle = ROOT.issue("Middle", policies(GOLD, SILVER))
    assert found(middle, middle.issue("End", policies(GOLD)), requirements=demand()) == frozenset({GOLD})
    assert found(middle, middle.issue("End", policies("2.9.9")), requirements=demand()) == "6.1.3 (f)"
    assert found(middle, middle.issue("End", policies("2.9.9")), requirements=demand(explicit=False)) == frozenset()
    assert found(middle, middle.issue("End", policies(GOLD)), requirements=demand(SILVER)) == "6.1.5 (g)"
    assert found(middle, middle.issue("End", policies(GOLD)), requirements=demand(SILVER, GOLD)) == frozenset({GOLD})


def test_any_policy_stands_for_each_until_it_is_inhibited() -> None:
    middle = ROOT.issue("Middle", policies(ANY_POLICY))
    end = middle.issue("End", policies(GOLD))
    assert found(middle, end, requirements=demand()) == frozenset({GOLD})
    assert found(middle, middle.issue("End", policies(ANY_POLICY)), requirements=demand(GOLD)) == frozenset({GOLD})
    assert found(middle, end, requirements=demand(any_policy=True)) == "6.1.3 (f)"
    until = ROOT.issue("Until", policies(ANY_POLICY), inhibit_any(0))
    assert found(until, until.issue("End", policies(ANY_POLICY)), requirements=demand()) == "6.1.3 (f)"
    assert found(until, until.issue("End", policies(GOLD)), requirements=demand()) == frozenset({GOLD})


def test_a_self_issued_authority_may_say_any_policy_although_it_is_inhibited() -> None:
    until = ROOT.issue("Until", policies(GOLD), inhibit_any(0))
    renewed_certificate = issue(
        "Until", "Until's next key", until, (*until.certificate.extensions[2:4], policies(ANY_POLICY))
    )
    renewed = Rig(name="Until", certificate=renewed_certificate, key_name="Until's next key")
    assert found(until, renewed, renewed.issue("End", policies(GOLD)), requirements=demand()) == frozenset({GOLD})


def test_a_mapping_answers_in_the_words_of_the_anchor() -> None:
    middle = ROOT.issue("Middle", policies(GOLD), mappings((GOLD, SILVER)))
    end = middle.issue("End", policies(SILVER))
    assert found(middle, end, requirements=demand()) == frozenset({GOLD})
    assert found(middle, end, requirements=demand(GOLD)) == frozenset({GOLD})
    assert found(middle, end, requirements=demand(SILVER)) == "6.1.5 (g)"
    assert found(middle, middle.issue("End", policies(GOLD)), requirements=demand()) == "6.1.3 (f)"
    assert found(middle, end, requirements=demand(mapping=True)) == "6.1.3 (f)"


def test_a_mapping_works_below_any_policy_and_not_when_an_authority_inhibits_it() -> None:
    middle = ROOT.issue("Middle", policies(ANY_POLICY), mappings((GOLD, SILVER)))
    assert found(middle, middle.issue("End", policies(SILVER)), requirements=demand(GOLD)) == frozenset({GOLD})
    upper = ROOT.issue("Upper", policies(GOLD), constraint(mapping=0))
    lower = upper.issue("Lower", policies(GOLD), mappings((GOLD, SILVER)))
    assert found(upper, lower, lower.issue("End", policies(SILVER)), requirements=demand()) == "6.1.3 (f)"


def test_any_policy_is_never_mapped() -> None:
    for pair in ((ANY_POLICY, SILVER), (GOLD, ANY_POLICY)):
        middle = ROOT.issue("Middle", policies(GOLD), mappings(pair))
        assert found(middle, middle.issue("End", policies(SILVER)), requirements=demand(explicit=False)) == "4.2"


def test_an_explicit_policy_is_demanded_as_many_certificates_later_as_said() -> None:
    for number, label in ((0, "6.1.3 (f)"), (1, "6.1.3 (f)"), (2, "6.1.5 (g)"), (3, frozenset())):
        upper = ROOT.issue("Upper", constraint(explicit=number))
        lower = upper.issue("Lower")
        assert found(upper, lower, lower.issue("End"), requirements=demand(explicit=False)) == label


def test_the_last_certificate_can_demand_a_policy_itself() -> None:
    middle = ROOT.issue("Middle", policies(GOLD))
    for own, result in (((), "6.1.5 (g)"), ((policies(GOLD),), frozenset({GOLD}))):
        end = middle.issue("End", *own, constraint(explicit=0))
        assert found(middle, end, requirements=demand(explicit=False)) == result


def test_mappings_that_fan_out_and_in_again_stay_within_the_policies_named() -> None:
    """The tree of RFC 5280 would have 30 to the power of 8 nodes."""
    names = [f"1.2.3.{number}" for number in range(30)]
    fan = mappings(*((name, other) for name in names for other in names))
    state = PolicyState.initial(PolicyRequirements(require_explicit_policy=True), 8)
    rig = ROOT.issue("Fan", policies(*names), fan)
    for _ in range(8):
        state.take_policies(rig.certificate, is_last=False)
        state.take_mappings(rig.certificate)
        assert len(state.levels[-1]) == len(names)
    assert state.finish(rig.certificate) == frozenset(names)


@pytest.mark.parametrize(
    "value",
    [
        der.sequence(),
        der.sequence(der.element(0x82, b"\0")),
        der.sequence(der.element(0x81, b"\0"), der.element(0x80, b"\0")),
    ],
)
def test_damaged_policy_constraints_are_refused(value: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_policy_constraints(value)


def test_damaged_numbers_are_refused() -> None:
    for value in (der.integer(-1), der.element(0x02), der.sequence()):
        with pytest.raises(MalformedMessage):
            parse_inhibit_any_policy(value)


def test_the_number_of_policies_and_mappings_is_bounded() -> None:
    names = [f"1.2.{number}" for number in range(MAX_POLICIES + 1)]
    with pytest.raises(LimitExceeded, match="certificate policies"):
        parse_certificate_policies(policies(*names).value, critical=False)
    with pytest.raises(LimitExceeded, match="policy mappings"):
        parse_policy_mappings(mappings(*((name, name) for name in names)).value)
