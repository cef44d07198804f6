"""The runner itself: cases that pass, fail and are skipped, and cases packed for a browser."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from smime_core.blocking import run
from smime_core.errors import MalformedMessage, UnsupportedByProvider
from smime_core.provider import CryptoProvider
from smime_core.providers.native import NativeProvider
from tools.conformance import skips
from tools.conformance.__main__ import main
from tools.conformance.case import Case, Disproved, Outcome, Skip, Status, outcomes_from_json, pack_cases, unpack_cases
from tools.conformance.checks.encrypted import Decrypt, Key
from tools.conformance.generated import write_generated
from tools.conformance.readers.described import describe_operations, read_described
from tools.conformance.readers.sets import SETS
from tools.conformance.run import run_case, run_packed

PROVIDER = NativeProvider()
SKIP = Skip(reason="it cannot", link="https://example.test/why")


@dataclass(frozen=True, kw_only=True)
class Raising:
    error: Exception | None = None

    async def run(self, provider: CryptoProvider) -> int:
        if self.error is not None:
            raise self.error
        return 3


def outcome_of(error: Exception | None = None, skip: Skip | None = None) -> Outcome:
    return run(run_case(Case(set="set", name="name", task=Raising(error=error), skip=skip), PROVIDER))


def described(folder: Path, *cases: dict[str, Any]) -> list[Case]:
    (folder / "cases.json").write_text(json.dumps({"cases": cases}), encoding="utf-8")
    return list(read_described("own", folder, folder / "cases.json"))


def test_a_claim_that_holds_passes_with_its_facts() -> None:
    outcome = outcome_of()
    assert (outcome.status, outcome.facts) == (Status.PASSED, 3)


@pytest.mark.parametrize("error", [Disproved("no"), MalformedMessage("no"), ValueError("no")])
def test_anything_that_goes_wrong_fails(error: Exception) -> None:
    outcome = outcome_of(error)
    assert outcome.status is Status.FAILED
    assert "no" in outcome.why


def test_an_impossible_case_is_skipped_with_its_reason() -> None:
    outcome = outcome_of(MalformedMessage("no"), SKIP)
    assert (outcome.status, outcome.why, outcome.link) == (Status.SKIPPED, SKIP.reason, SKIP.link)


def test_an_impossible_case_that_passes_is_a_failure() -> None:
    assert outcome_of(None, SKIP).status is Status.FAILED


def test_no_list_excuses_an_error_that_is_not_the_cores() -> None:
    assert outcome_of(ValueError("no"), SKIP).status is Status.FAILED


def test_a_gap_of_a_provider_is_skipped_only_if_the_table_allows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    error = UnsupportedByProvider("verify", "no Ed448 here")
    assert outcome_of(error).status is Status.FAILED
    allowed = skips.Allowed(provider="native", text="no Ed448", skip=SKIP)
    monkeypatch.setattr(skips, "ALLOWED", (allowed,))
    assert outcome_of(error).status is Status.SKIPPED
    other = skips.Allowed(provider="webcrypto", text="no Ed448", skip=SKIP)
    monkeypatch.setattr(skips, "ALLOWED", (other,))
    assert outcome_of(error).status is Status.FAILED


def test_cases_survive_packing(tmp_path: Path) -> None:
    write_generated(tmp_path)
    cases = list(SETS["cms"](tmp_path))
    assert unpack_cases(pack_cases(cases)) == cases


def test_packed_cases_give_the_same_outcomes(tmp_path: Path) -> None:
    write_generated(tmp_path)
    cases = list(SETS["cms"](tmp_path))
    direct = [run(run_case(case, PROVIDER)) for case in cases]
    assert outcomes_from_json(run(run_packed(pack_cases(cases), PROVIDER))) == direct


def test_a_description_names_files_texts_and_hexadecimal(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\x01")
    key = {"certificate": {"text": "c"}, "pkcs8": {"hex": "0203"}}
    case = {"name": "one", "operation": "decrypt", "message": "a.bin", "keys": [key], "content": {"base64": "BA=="}}
    [described_case] = described(tmp_path, case)
    assert described_case.task == Decrypt(
        message=b"\x01", keys=(Key(certificate=b"c", pkcs8=b"\x02\x03"),), content=b"\x04"
    )


def test_a_description_is_repeated_for_each_file(tmp_path: Path) -> None:
    for name in ("a.eml", "b.eml"):
        (tmp_path / name).write_bytes(b"Subject: x\r\n\r\n")
    case = {"name": "mail", "operation": "round-trip", "for_each": "*.eml", "message": "$file"}
    assert [described_case.name for described_case in described(tmp_path, case)] == ["mail: a.eml", "mail: b.eml"]


@pytest.mark.parametrize(
    ("case", "error"),
    [
        ({"name": "x", "operation": "round-trip", "message": "../outside"}, ValueError),
        ({"name": "x", "operation": "round-trip", "message": "absent"}, OSError),
        ({"name": "x", "operation": "round-trip", "message": {"text": ""}, "typo": 1}, ValueError),
        ({"name": "x", "operation": "unheard-of"}, ValueError),
        ({"name": "x", "operation": "round-trip"}, ValueError),
        ({"name": "x", "operation": "round-trip", "message": "$file", "for_each": "*.none"}, ValueError),
        ({"name": "x", "operation": "certificates-only", "message": {"text": ""}, "certificates": "2"}, ValueError),
    ],
)
def test_refuses_a_wrong_description(tmp_path: Path, case: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        described(tmp_path, case)


def test_the_command_ends_with_the_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_generated(tmp_path)
    assert main(["cms", str(tmp_path), "--page", str(tmp_path / "page.md")]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.endswith(" passed, 0 failed, 0 skipped")
    assert tmp_path.name in (tmp_path / "page.md").read_text(encoding="utf-8")


def test_the_command_exits_with_1_when_a_case_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = {"name": "x", "operation": "digested-data", "message": {"text": "no CMS"}, "content": {"text": ""}}
    described(tmp_path, case)
    assert main(["cms", str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 1 failed, 0 skipped"


def test_the_command_exits_with_2_when_the_folder_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cms", str(tmp_path)]) == 2
    assert "cases.json" in capsys.readouterr().err


def test_every_operation_is_described() -> None:
    text = describe_operations()
    assert "verify: Every SignerInfo" in text
    assert "detached_content: octets (optional)" in text
    assert "keys: list of keys (optional)" in text
    assert "tuple[" not in text
