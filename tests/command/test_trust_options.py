"""The options by which `verify` and `decrypt` judge: whom to trust, and what an unknown revocation status means."""

from __future__ import annotations

import pytest

from tests.support.command.lab import READER, SIGNER, TRUST, Lab

ANCHOR = ("--anchor", "ids/ca.pem")


def test_an_unknown_revocation_verifies_nothing_by_itself(lab: Lab) -> None:
    for options in ((), ("--revocation", "required")):
        result = lab.sealwax("verify", "signed.eml", *ANCHOR, *options)
        assert result.code == 1
        assert "signed, not verified: revocation-unknown" in result.line


@pytest.mark.parametrize(
    "options", [("--no-revocation",), ("--revocation", "not-checked"), ("--revocation", "if-known")]
)
def test_a_softer_policy_is_asked_for_by_name(lab: Lab, options: tuple[str, ...]) -> None:
    result = lab.sealwax("verify", "signed.eml", *ANCHOR, *options)
    assert (result.code, result.stderr) == (0, "")


def test_contradicting_options_are_refused(lab: Lab) -> None:
    result = lab.sealwax("verify", "signed.eml", *TRUST, "--revocation", "required")
    assert result.code == 2
    assert "contradict" in result.line
    assert lab.sealwax("verify", "signed.eml", *TRUST, "--revocation", "not-checked").code == 0


def test_another_policy_is_a_usage_error(lab: Lab) -> None:
    assert lab.sealwax("verify", "signed.eml", *ANCHOR, "--revocation", "never").code == 2


def test_mozillas_roots_do_not_vouch_for_a_stranger(lab: Lab) -> None:
    result = lab.sealwax("verify", "signed.eml", "--mozilla", "--no-revocation")
    assert result.code == 1
    assert "untrusted-anchor" in result.line


def test_mozillas_roots_stand_beside_other_anchors(lab: Lab) -> None:
    assert lab.sealwax("verify", "signed.eml", "--mozilla", *TRUST).code == 0


@pytest.mark.parametrize("options", [("--mozilla",), ("--revocation", "if-known"), ANCHOR])
def test_decrypt_reports_when_any_of_them_is_given(lab: Lab, options: tuple[str, ...]) -> None:
    lab.made("encrypt", "mail.eml", *SIGNER, "--to", "ids/bob.pem", "-o", "inside.eml")
    result = lab.sealwax("decrypt", "inside.eml", *READER, *options, "-o", "opened.eml")
    assert result.code == 0
    assert "signed, not verified" in result.line or "verified: signed by" in result.line


def test_explain_draws_the_path_from_the_anchor_to_the_signer(lab: Lab) -> None:
    result = lab.sealwax("verify", "signed.eml", *TRUST, "--explain")
    assert result.code == 0
    verdict, sentence, *tree = result.stdout.decode().splitlines()
    assert verdict.startswith("verified: ")
    assert "vouches for alice@example.test" in sentence
    assert tree[0] == "✓ Sealwax Demonstration CA"
    assert any(line.startswith("└─ ") and "alice@example.test" in line for line in tree)


def test_explain_says_what_is_missing(lab: Lab) -> None:
    result = lab.sealwax("verify", "signed.eml", "--explain")
    assert result.code == 1
    assert "no authority that you trust vouches" in result.stdout.decode()


@pytest.mark.parametrize("other", [("--json",), ("-o", "-")])
def test_explain_shares_standard_output_with_nothing(lab: Lab, other: tuple[str, ...]) -> None:
    assert lab.sealwax("verify", "signed.eml", *TRUST, "--explain", *other).code == 2
