"""The strength of new passphrases: scores, codes of warnings, and a bounded measure."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from zxcvbn import feedback

from smime_core.identity.passphrase_strength import MAX_MEASURED_CHARACTERS, WARNINGS, measure_passphrase

# zxcvbn reads each of these as a letter too. All of them in one passphrase would take it many seconds.
STAND_INS = "4@8({[<3691!|70$5+%2"


@pytest.mark.parametrize(
    ("passphrase", "score", "warning"),
    [
        ("", 0, ""),
        ("qwertyuiop", 0, "common"),
        ("mnbvcxzlkj", 1, "like-common"),
        ("abcdefghijk", 0, "sequence"),
        ("hunter2hunter2", 1, "repeat"),
        ("2026-12-01", 1, "date"),
        ("christopher", 0, "name"),
        ("correct horse battery staple", 4, ""),
        ("\N{CANDLE}" * 12, 0, "repeat"),
    ],
)
def test_a_passphrase_has_a_score_and_the_reason_of_a_low_one(passphrase: str, score: int, warning: str) -> None:
    strength = measure_passphrase(passphrase)
    assert (strength.score, strength.warning) == (score, warning)


def test_each_warning_of_zxcvbn_has_a_code() -> None:
    assert feedback.__file__ is not None
    source = Path(feedback.__file__).read_text()
    named = re.findall(r"'?warning'?(?: =|:) _\((.{1,300}?)\)(?:,|\n)", source, re.DOTALL)
    assert {ast.literal_eval(f"({text})") for text in named} == WARNINGS.keys()


def test_only_the_beginning_of_a_long_passphrase_is_measured() -> None:
    long = "correct horse battery staple " * 4_000
    assert measure_passphrase(long) == measure_passphrase(long[:MAX_MEASURED_CHARACTERS])


def test_a_passphrase_with_many_stand_ins_is_measured_up_to_the_eleventh() -> None:
    assert measure_passphrase(STAND_INS[:10] + STAND_INS[10:] * 5) == measure_passphrase(STAND_INS[:10])
    weak = "4@8({[<369"
    assert measure_passphrase(weak + "1" + "password") == measure_passphrase(weak)
