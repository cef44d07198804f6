"""The rules about settings and recipes of another device: which take effect at once, and which are asked about."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from tests.support.project import ROOT

# Merges the texts of the first argument one after the other. After each, the answer of the person, or a change here.
DEVICE = """
import { offersOf, settle, textsForMerge } from "./wasm_build/vault/roaming_settings.js";
const { here, steps } = JSON.parse(await new Response(process.stdin).text());
const isKnown = (name, text) => text !== '"unknown"';
let held = {};
const shown = [];
for (const { account, decline = "", change = {} } of steps) {
  const result = settle(account, held, here, isKnown);
  held = result.held;
  Object.assign(here, result.taken);
  for (const name of result.removed) delete here[name];
  const offers = offersOf(held, here).map(({ name, text }) => [name, text]);
  if (decline) held[decline].state = "declined";
  Object.assign(here, change);
  shown.push({ here: { ...here }, offers, texts: textsForMerge(here, held, here, ["setting", "recipe"]) });
}
console.log(JSON.stringify(shown));
"""
STRICT, RECIPE = "setting:strict", "recipe:https://mail.example.test"
WEAKER = [
    ("strict", True, False),
    ("harvest", False, True),
    ("mozilla", False, True),
    ("revocation", "required", "if-known"),
    ("revocation", "if-known", "not-checked"),
    ("timestampService", "", "https://time.example.test"),
]
NOT_WEAKER = [
    *((name, there, here) for name, here, there in WEAKER),
    ("labelPolicy", None, {"policy": "1.2.3"}),
    ("signsWith:alice@example.test", "aa", "bb"),
]

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")


def run_device(here: dict[str, str], *steps: dict[str, Any]) -> list[dict[str, Any]]:
    command = ["node", "--input-type=module", "-e", DEVICE]
    given = json.dumps({"here": here, "steps": steps})
    done = subprocess.run(command, cwd=ROOT, input=given, check=True, capture_output=True, text=True)
    shown: list[dict[str, Any]] = json.loads(done.stdout)
    return shown


def settings(**texts: str) -> dict[str, Any]:
    return {"account": {"setting": texts, "recipe": {}}}


def recipe(text: str) -> dict[str, Any]:
    return {"account": {"setting": {}, "recipe": {"https://mail.example.test": text}}}


@pytest.mark.parametrize(("name", "here", "there"), WEAKER)
def test_a_weaker_setting_waits_for_an_answer(name: str, here: object, there: object) -> None:
    entry = f"setting:{name}"
    (shown,) = run_device({entry: json.dumps(here)}, settings(**{name: json.dumps(there)}))
    assert shown["here"] == {entry: json.dumps(here)}
    assert shown["offers"] == [[entry, json.dumps(there)]]
    # The account keeps what it has meanwhile.
    assert shown["texts"]["setting"] == {name: json.dumps(there)}


@pytest.mark.parametrize(("name", "here", "there"), NOT_WEAKER)
def test_another_setting_takes_effect_at_once(name: str, here: object, there: object) -> None:
    entry = f"setting:{name}"
    (shown,) = run_device({entry: json.dumps(here)}, settings(**{name: json.dumps(there)}))
    assert (shown["here"], shown["offers"]) == ({entry: json.dumps(there)}, [])


def test_a_declined_setting_is_not_asked_about_again_until_another_comes() -> None:
    weaker = settings(revocation='"if-known"')
    steps = [weaker | {"decline": "setting:revocation"}, weaker, settings(revocation='"not-checked"')]
    shown = run_device({"setting:revocation": '"required"'}, *steps)
    assert [len(one["offers"]) for one in shown] == [1, 0, 1]
    assert {one["here"]["setting:revocation"] for one in shown} == {'"required"'}
    assert shown[1]["texts"]["setting"] == {"revocation": '"if-known"'}


def test_what_the_person_chooses_here_counts_more_than_what_is_held() -> None:
    offered = settings(revocation='"not-checked"')
    (shown,) = run_device(
        {"setting:revocation": '"required"'}, offered | {"change": {"setting:revocation": '"if-known"'}}
    )
    assert shown["texts"]["setting"] == {"revocation": '"if-known"'}


def test_a_new_or_changed_recipe_waits_for_an_answer_and_a_removed_one_goes() -> None:
    shown = run_device({RECIPE: '"mine"'}, recipe('"other"'), recipe('"mine"'), settings())
    assert [one["here"] for one in shown] == [{RECIPE: '"mine"'}, {RECIPE: '"mine"'}, {}]
    assert [len(one["offers"]) for one in shown] == [1, 0, 0]
    (fresh,) = run_device({}, recipe('"other"'))
    assert (fresh["here"], fresh["offers"]) == ({}, [[RECIPE, '"other"']])


def test_an_unknown_value_is_held_for_others_without_a_question() -> None:
    shown = run_device({STRICT: "false"}, settings(strict='"unknown"'), recipe('"unknown"'))
    assert [(one["here"], one["offers"]) for one in shown] == [({STRICT: "false"}, [])] * 2
    assert shown[0]["texts"]["setting"] == {"strict": '"unknown"'}
    assert shown[1]["texts"]["recipe"] == {"https://mail.example.test": '"unknown"'}


def test_a_removed_setting_changes_nothing() -> None:
    (shown,) = run_device({STRICT: "true"}, settings())
    assert shown["here"] == {STRICT: "true"}
