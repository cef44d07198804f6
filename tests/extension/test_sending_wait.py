"""A click on Send waits for look-ups and files. The letter stays if it has changed, or has something new to read."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from tests.support.project import ROOT

# The look-up and the reading last until what the letter shows has changed. Two clicks on Send come before that.
CLICKED = """
import { SendingWait } from "./wasm_build/ui/sending_wait.js";
const seen = [];
const found = JSON.parse(process.argv[1]);
const letter = { content: "written", obstacles: found.before, warnings: ["known"] };
let [lookedUp, wasRead] = [() => {}, () => {}];
const line = { read: async () => undefined, lookedUp: () => new Promise((resolve) => { lookedUp = resolve; }) };
const files = { changes: 0, read: () => new Promise((resolve) => { wasRead = resolve; }) };
const wait = new SendingWait({
  lines: [line],
  files,
  content: () => letter.content,
  obstacles: () => letter.obstacles.map((code) => ({ code })),
  warnings: () => letter.warnings,
  explain: () => seen.push("explained"),
});
const clicks = [wait.meet(() => seen.push("sent")), wait.meet(() => seen.push("sent"))];
// The typed texts of the lines are read first.
await new Promise((resolve) => setTimeout(resolve));
Object.assign(letter, { obstacles: [] }, found.meanwhile);
if (found.discarded) wait.end();
if (found.chosen) files.changes += 1;
lookedUp();
wasRead(!found.unreadable);
await Promise.all(clicks);
console.log(JSON.stringify(seen));
"""

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")


def click_twice(**letter: object) -> list[str]:
    """Return what came of two clicks on Send."""
    command = ["node", "--no-warnings", "--input-type=module", "-e", CLICKED, json.dumps(letter)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    seen: list[str] = json.loads(done.stdout)
    return seen


@pytest.mark.parametrize("people", [1, 2])
def test_a_letter_leaves_once_when_its_look_ups_have_ended(people: int) -> None:
    assert click_twice(before=["looking-up"] * people) == ["sent"]


@pytest.mark.parametrize(
    "meanwhile",
    [{"obstacles": ["certificate-none"]}, {"obstacles": ["looking-up", "locked"]}, {"warnings": ["known", "new"]}],
    ids=str,
)
def test_a_letter_with_something_new_to_read_stays(meanwhile: dict[str, list[str]]) -> None:
    assert click_twice(before=["looking-up"], meanwhile=meanwhile) == ["explained"]


def test_a_letter_that_was_changed_meanwhile_stays() -> None:
    assert click_twice(before=["looking-up"], meanwhile={"content": "changed"}) == []


def test_a_letter_that_was_discarded_meanwhile_stays() -> None:
    assert click_twice(before=["looking-up"], discarded=True) == []


def test_other_obstacles_are_explained_at_each_click() -> None:
    assert click_twice(before=["looking-up", "locked"]) == ["explained", "explained"]


def test_a_letter_leaves_once_when_its_files_are_read() -> None:
    assert click_twice(before=["reading", "looking-up"]) == ["sent"]


@pytest.mark.parametrize("change", ["unreadable", "chosen"])
def test_a_letter_stays_if_a_file_is_missing_or_was_chosen_meanwhile(change: str) -> None:
    assert click_twice(before=["reading"], **{change: True}) == []
