"""The text below messages: in the address book, from other tabs and devices, and in a new letter."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from tests.support.project import ROOT

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")

# Runs the steps one after the other, and shows after each the text, what goes to the account, and what the vault seals.
BOOK = """
const { AddressBook } = await import("./webbridge/pages/address_book.js");
const { cleanSignature } = await import("./webbridge/pages/letter_signature.js");
let book = new AddressBook();
const shown = [];
for (const [step, value] of JSON.parse(process.argv[1])) {
  if (step === "choose") book.keepSignature(cleanSignature(value));
  if (step === "take") book.take({ setting: value });
  if (step === "forget") book.forget();
  if (step === "reload") {
    const kept = book.bytes();
    book = new AddressBook();
    book.join(kept);
  }
  if (step === "join") {
    // At one millisecond the larger text would stay.
    await new Promise((resolve) => setTimeout(resolve, 2));
    const other = new AddressBook();
    other.keepSignature(value);
    book.join(other.bytes());
  }
  shown.push({ text: book.signature, sent: book.texts().setting, people: book.people.length });
}
console.log(JSON.stringify(shown));
"""
PROPOSED = """
const { withSignature } = await import("./webbridge/pages/letter_signature.js");
console.log(JSON.stringify(withSignature(...JSON.parse(process.argv[1])).text));
"""

ENDS = """
const { endOfWords } = await import("./webbridge/pages/letter_signature.js");
console.log(JSON.stringify(JSON.parse(process.argv[1]).map((text) => text.slice(0, endOfWords(text, "Alice")))));
"""


def run_node(script: str, given: object) -> Any:
    command = ["node", "--no-warnings", "--input-type=module", "-e", script, json.dumps(given)]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def use(*steps: tuple[str, object]) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = run_node(BOOK, steps)
    return shown


def proposed(signature: str, **proposal: object) -> str:
    return str(run_node(PROPOSED, [{"text": "", **proposal}, signature]))


def test_it_is_kept_in_the_book_and_forgotten_with_it() -> None:
    _, again, forgotten = use(("choose", "Alice\n+49 1"), ("reload", None), ("forget", None))
    assert again == {"text": "Alice\n+49 1", "sent": {"signature": '"Alice\\n+49 1"'}, "people": 0}
    assert (forgotten["text"], forgotten["sent"]) == ("", {})


def test_the_later_change_of_two_tabs_stays() -> None:
    _, joined, changed, reloaded = use(("choose", "Alice"), ("join", "Alice B."), ("choose", "A. B."), ("reload", None))
    assert (joined["text"], changed["text"], reloaded["text"]) == ("Alice B.", "A. B.", "A. B.")


def test_control_characters_empty_ends_and_what_is_too_long_are_left_out() -> None:
    (shown,) = use(("choose", "Alice\r\n\0+49\x1b 1 \n\n"))
    assert shown["text"] == "Alice\n+49 1"
    (shown,) = use(("choose", "a" * 2_001))
    assert len(shown["text"]) == 2_000


def test_the_signature_of_another_device_takes_effect() -> None:
    taken, changed = use(("take", {"signature": '"Alice"'}), ("choose", "Alice B."))
    assert (taken["text"], taken["sent"]) == ("Alice", {"signature": '"Alice"'})
    assert changed["sent"] == {"signature": '"Alice B."'}


def test_a_removed_signature_is_removed_on_other_devices() -> None:
    _, removed = use(("choose", "Alice"), ("choose", " \n"))
    assert (removed["text"], removed["sent"]) == ("", {"signature": '""'})
    _, taken = use(("choose", "Alice"), ("take", removed["sent"]))
    assert taken["text"] == ""


@pytest.mark.parametrize("value", ["7", "{", json.dumps("a" * 2_001), json.dumps("a\0")])
def test_a_value_of_a_later_program_is_kept_and_not_used(value: str) -> None:
    _, taken, reloaded, changed = use(
        ("choose", "Alice"), ("take", {"signature": value}), ("reload", None), ("choose", "Alice B.")
    )
    assert taken == reloaded
    assert (taken["text"], taken["sent"]) == ("", {"signature": value})
    assert changed["sent"] == {"signature": '"Alice B."'}


def test_an_account_without_a_signature_takes_none_away() -> None:
    _, shown = use(("choose", "Alice"), ("take", {"strict": "true"}))
    assert (shown["text"], shown["sent"]) == ("Alice", {"signature": '"Alice"'})


def test_a_new_letter_begins_with_room_above_the_signature() -> None:
    assert proposed("Alice") == "\n\n-- \nAlice"
    assert proposed("") == ""


def test_the_signature_is_above_a_quotation_and_below_other_words() -> None:
    quotation = "\n\nBob wrote:\n> Hello\n"
    assert proposed("Alice", text=quotation) == f"\n\n-- \nAlice{quotation}"
    assert proposed("Alice", text="Send it again.\n") == "Send it again.\n\n-- \nAlice"


@pytest.mark.parametrize("origin", [{"draft": {"held": {}}}, {"outboxId": "1"}])
def test_a_letter_that_is_continued_gets_no_second_signature(origin: dict[str, object]) -> None:
    assert proposed("Alice", text="Hello", **origin) == "Hello"


def test_a_continued_letter_goes_on_above_its_signature() -> None:
    texts = ["Hello\n\n-- \nAlice", "\n\n-- \nAlice", "Hello\n", "a\n\n-- \nAlice\n\n-- \nBob", "a\n-- \nBob"]
    assert run_node(ENDS, texts) == ["Hello", "", "Hello\n", "a", "a\n-- \nBob"]
