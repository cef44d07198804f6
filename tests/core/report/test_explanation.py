"""Verdicts in words: the sentence, the tree from the anchor down to the signer, and both as JSON."""

from __future__ import annotations

import dataclasses
import datetime
import json
from pathlib import Path

import jsonschema
import pytest

import smime_core
from smime_core import State, TrustAnchor, blocking, report_to_json
from smime_core.cms.signing import Signing
from smime_core.pkix import Lookup, LookupKind, Outcome, PathTrail, RevocationState, RevocationStatus, Step, TrustSource
from smime_core.report.path_tree import (
    Mark,
    NodeRole,
    draw_tree,
    explain_path,
    explain_signer,
    revocation_text,
    trust_text,
)
from smime_core.report.report import MessageReport, Reason, SignerReport
from smime_core.trust.judging import Judging
from tests.support.people import MESSAGE, NOW, PROVIDER, anchor, person, trust

ALICE = person("alice")
LEAF, ROOT = ALICE.certificate, anchor()
SCHEMA = json.loads((Path(smime_core.__file__).parent / "report" / "report.schema.json").read_text())
GOOD = RevocationStatus(certificate=LEAF, state=RevocationState.GOOD, source="ocsp", this_update=NOW)
MOZILLA = TrustAnchor(certificate=ROOT, source=TrustSource.MOZILLA)


def trail(found: TrustAnchor | None = MOZILLA, *, steps: tuple[Step, ...] = (),
          revocation: tuple[RevocationStatus, ...] = (GOOD,)) -> PathTrail:  # fmt: skip
    certificates = (LEAF, ROOT) if found else (LEAF,)
    return PathTrail(certificates=certificates, anchor=found, steps=steps, revocation=revocation)


def signer(followed: PathTrail | None, *, state: State = State.VERIFIED, sentence: str = "") -> SignerReport:
    return SignerReport(
        state=state,
        reasons=(Reason(code="some-reason", sentence=sentence),) if sentence else (),
        sid="sid",
        algorithm="RSA",
        certificate=LEAF,
        path=followed.certificates if followed else (),
        signing_time=None,
        trail=followed,
        addresses=LEAF.email_addresses,
    )


def test_a_good_verdict_says_who_vouches_for_whom_until_when_and_checked_how() -> None:
    assert explain_signer(signer(trail())).sentence == (
        "Test CA, trusted by Mozilla for e-mail, vouches for alice@example.test until 2028-05-31; "
        "not revoked, by its authority's response of 2026-06-01."
    )


def test_a_good_verdict_without_revocation_says_so() -> None:
    assert explain_signer(signer(trail(revocation=()))).sentence.endswith(
        "the revocation of the certificate was not checked."
    )


def test_a_certificate_that_was_accepted_itself_says_since_when_and_for_whom() -> None:
    own = TrustAnchor(certificate=LEAF, source=TrustSource.USER, is_exact=True, accepted_at=NOW,
                      addresses=("alice@example.test",))  # fmt: skip
    followed = PathTrail(certificates=(LEAF,), anchor=own)
    explanation = explain_signer(signer(followed))
    assert explanation.sentence == (
        "The certificate of alice@example.test itself counts: accepted by you on 2026-06-01 for alice@example.test."
    )
    assert [(node.role, node.mark, node.trust) for node in explanation.tree] == [
        (NodeRole.HOLDER, Mark.GOOD, "accepted by you on 2026-06-01 for alice@example.test")
    ]


@pytest.mark.parametrize("state", [State.SIGNED_UNVERIFIED, State.INVALID])
def test_no_verdict_but_a_good_one_ever_says_that_somebody_vouches(state: State) -> None:
    assert explain_signer(signer(trail(), state=state, sentence="Because.")).sentence == "Because."


def test_the_tree_runs_from_the_anchor_down_to_the_person() -> None:
    tree = explain_path(trail(), LEAF)
    assert [(node.role, node.mark, node.name) for node in tree] == [
        (NodeRole.ANCHOR, Mark.GOOD, "Test CA"),
        (NodeRole.HOLDER, Mark.GOOD, "alice@example.test"),
    ]
    assert draw_tree(tree) == [
        "✓ Test CA",
        "│  trusted by Mozilla for e-mail",
        "│  valid from 2026-05-31 to 2036-05-29",
        "└─ ✓ alice@example.test",
        "      valid from 2026-05-31 to 2028-05-31",
        "      not revoked, by its authority's response of 2026-06-01",
    ]


def test_a_path_that_ends_before_an_anchor_names_whom_nobody_vouches_for() -> None:
    tree = explain_path(trail(None), LEAF)
    assert [(node.role, node.mark, node.name) for node in tree] == [
        (NodeRole.MISSING, Mark.BAD, "CN=Test CA"),
        (NodeRole.HOLDER, Mark.OPEN, "alice@example.test"),
    ]
    assert tree[0].problems == ("no authority that you trust vouches for it",)


def test_nobody_stands_above_a_root_that_nobody_trusts() -> None:
    step = Step(
        label="6.1.1 (d)", position=1, outcome=Outcome.FAILED, text="no authority that you trust vouches for it"
    )
    followed = PathTrail(certificates=(LEAF, ROOT), steps=(step,))
    assert [(node.role, node.mark, node.problems) for node in explain_path(followed, LEAF)] == [
        (NodeRole.AUTHORITY, Mark.BAD, ("no authority that you trust vouches for it",)),
        (NodeRole.HOLDER, Mark.OPEN, ()),
    ]


def test_a_revocation_is_told_once() -> None:
    status = RevocationStatus(certificate=LEAF, state=RevocationState.REVOKED, revoked_at=NOW)
    step = Step(label="6.1.3 (a)(3)", position=0, outcome=Outcome.FAILED, text="it was revoked on 2026-06-01")
    assert explain_path(trail(steps=(step,), revocation=(status,)), LEAF)[-1].problems == ()
    unasked = dataclasses.replace(step, outcome=Outcome.NOTED, text="its revocation was not checked")
    assert explain_path(trail(steps=(unasked,), revocation=()), LEAF)[-1].problems == (unasked.text,)


@pytest.mark.parametrize(("outcome", "mark"), [(Outcome.FAILED, Mark.BAD), (Outcome.NOTED, Mark.OPEN)])
def test_a_step_that_failed_stands_at_its_certificate(outcome: Outcome, mark: Mark) -> None:
    passed = Step(label="6.1.3 (a)(1)", position=1, outcome=Outcome.PASSED, text="the signature fits")
    step = Step(label="6.1.3 (a)(2)", position=1, outcome=outcome, text="expired on 2026-01-01")
    top, bottom = explain_path(trail(steps=(passed, step)), LEAF)
    assert (top.mark, top.problems) == (mark, ("expired on 2026-01-01",))
    assert (bottom.mark, bottom.problems) == (Mark.GOOD, ())


def test_steps_that_passed_leave_a_certificate_good() -> None:
    passed = Step(label="6.1.3 (a)(1)", position=0, outcome=Outcome.PASSED, text="the signature fits")
    assert [node.mark for node in explain_path(trail(steps=(passed,)), LEAF)] == [Mark.GOOD, Mark.GOOD]


def test_a_path_that_fails_because_nobody_knows_speaks_against_no_certificate() -> None:
    status = RevocationStatus(certificate=LEAF, state=RevocationState.UNKNOWN, why="not-asked")
    failed = Step(label="6.1.3 (a)(3)", position=0, outcome=Outcome.FAILED, text="whether it was revoked is unknown")
    assert [node.mark for node in explain_path(trail(steps=(failed,), revocation=(status,)), LEAF)][-1] is Mark.OPEN
    revoked = RevocationStatus(certificate=LEAF, state=RevocationState.REVOKED)
    assert [node.mark for node in explain_path(trail(steps=(failed,), revocation=(revoked,)), LEAF)][-1] is Mark.BAD


@pytest.mark.parametrize(("state", "mark"), [(RevocationState.REVOKED, Mark.BAD), (RevocationState.UNKNOWN, Mark.OPEN)])
def test_a_certificate_that_is_not_known_to_be_good_is_never_drawn_as_good(state: RevocationState, mark: Mark) -> None:
    status = RevocationStatus(certificate=LEAF, state=state)
    assert [node.mark for node in explain_path(trail(revocation=(status,)), LEAF)] == [Mark.GOOD, mark]


def test_a_signer_without_a_path_stands_alone_and_open() -> None:
    (node,) = explain_path(None, LEAF)
    assert (node.role, node.mark) == (NodeRole.HOLDER, Mark.OPEN)
    assert explain_path(None, None) == ()


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (dataclasses.replace(GOOD, source="crl"), "not revoked, by its authority's list of 2026-06-01"),
        (dataclasses.replace(GOOD, source=""), "not revoked"),
        (
            RevocationStatus(certificate=LEAF, state=RevocationState.REVOKED, revoked_at=NOW, reason="keyCompromise"),
            "revoked on 2026-06-01: its key may be in the hands of others",
        ),
        (RevocationStatus(certificate=LEAF, state=RevocationState.REVOKED, reason="unspecified"), "revoked"),
        (RevocationStatus(certificate=LEAF, state=RevocationState.UNKNOWN), "no authority said whether it was revoked"),
        (
            RevocationStatus(certificate=LEAF, state=RevocationState.UNKNOWN, why="stale"),
            "the evidence about its revocation is too old",
        ),
    ],
)
def test_revocation_in_words(status: RevocationStatus, text: str) -> None:
    assert revocation_text(status) == text


def test_the_reach_of_an_anchor_in_words() -> None:
    distrusted = dataclasses.replace(MOZILLA, distrust_after=datetime.datetime(2025, 4, 15, tzinfo=datetime.UTC))
    assert trust_text(distrusted) == "trusted by Mozilla for e-mail, not for what it issues after 2025-04-15"
    operator = TrustAnchor(certificate=ROOT, source=TrustSource.OPERATOR, addresses=("@a.test", "b@b.test"))
    assert trust_text(operator) == "trusted by your organisation for @a.test, b@b.test"
    exact = TrustAnchor(certificate=ROOT, is_exact=True)
    assert trust_text(exact) == "given as trusted, but not the certificates that it issues"


def test_the_json_of_a_report_is_by_the_schema_and_names_every_certificate() -> None:
    message = blocking.sign_message(MESSAGE, Signing(identities=[ALICE], signing_time=NOW), provider=PROVIDER)
    report = blocking.examine_message(message, Judging(trust_store=trust(), at=NOW), provider=PROVIDER)
    other = person("bob").certificate
    lookup = Lookup(kind=LookupKind.OCSP, url="http://ocsp.example.test/", certificate=other, path=(other, ROOT))
    status = RevocationStatus(certificate=LEAF, state=RevocationState.UNKNOWN, why="nobody-to-ask")
    step = Step(label="6.1.3 (a)(3)", position=0, outcome=Outcome.NOTED, text="not known")
    own = TrustAnchor(
        certificate=ROOT, source=TrustSource.USER, accepted_at=NOW, distrust_after=NOW, addresses=("@a.test",)
    )
    followed = dataclasses.replace(trail(own, steps=(step,), revocation=(status,)), lookups=(lookup,))
    value = report_to_json(with_trail(report, followed))
    jsonschema.validate(value, SCHEMA)
    (shown,) = value["signers"]
    assert shown["trail"]["anchor"]["source"] == "user"
    assert shown["tree"][0]["name"] == "Test CA"
    named = {LEAF.fingerprint, ROOT.fingerprint, other.fingerprint}
    assert {certificate["fingerprint"] for certificate in value["certificates"]} == named


def with_trail(report: MessageReport, followed: PathTrail) -> MessageReport:
    (layer,) = report.layers
    signers = tuple(dataclasses.replace(signer_report, trail=followed) for signer_report in layer.signers)
    return dataclasses.replace(report, layers=(dataclasses.replace(layer, signers=signers),))
