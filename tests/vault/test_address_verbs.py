"""The vault's verbs that read mail addresses, and the people of an answer in the reply to `message.verify`."""

from __future__ import annotations

import pytest

from smime_core.errors import LimitExceeded
from smime_core.limits import MAX_TYPED_ADDRESSES_CHARACTERS
from tests.support.people import MESSAGE
from tests.support.vault.verbs import call, trust

BOB, CAROL = {"name": "", "address": "bob@example.test"}, {"name": "", "address": "carol@example.test"}


@pytest.mark.parametrize(
    ("text", "mailboxes"),
    [
        ("bob@example.test", [BOB]),
        ("bob@example.test, carol@example.test", [BOB, CAROL]),
        ("bob@example.test\ncarol@example.test", [BOB, CAROL]),
        ("bob@example.test; carol@example.test;", [BOB, CAROL]),
        ('"Brown, Bob <carol@example.test>" <bob@example.test>', [{**BOB, "name": "Brown, Bob <carol@example.test>"}]),
        ("bob at example", [{"name": "bob at example", "address": ""}]),
        ("", []),
    ],
)
def test_a_typed_text_is_read_as_a_header_field(text: str, mailboxes: list[dict[str, str]]) -> None:
    assert call("addresses.read", texts=[text, ""]) == {"mailboxes": [mailboxes, []]}


@pytest.mark.parametrize(
    ("text", "mailboxes"),
    [
        ("Bob bob@example.test ×", [BOB]),
        ('"Bob <carol@example.test>" <bob@example.test>', [{**BOB, "name": "Bob <carol@example.test>"}]),
        ("Bob Brown (bob@example.test) carol@example.test bob@example.test", [BOB, CAROL]),
        ("no address @ all", []),
    ],
)
def test_addresses_are_found_among_the_words_of_a_page(text: str, mailboxes: list[dict[str, str]]) -> None:
    assert call("addresses.find", texts=[text]) == {"mailboxes": [mailboxes]}


@pytest.mark.parametrize("verb", ["addresses.read", "addresses.find"])
def test_more_text_than_anybody_types_is_refused(verb: str) -> None:
    half = "a" * (MAX_TYPED_ADDRESSES_CHARACTERS // 2)
    call(verb, texts=[half, half])
    with pytest.raises(LimitExceeded):
        call(verb, texts=[half, half, "a"])


def test_a_message_comes_with_the_people_whom_an_answer_may_address() -> None:
    opened = call("message.verify", message=MESSAGE, identities=[], **trust())
    assert opened["reply"]["people"] == {
        "senders": [{"name": "Alice", "address": "alice@example.test", "isSure": True}],
        "replyTo": [],
        "to": [{"name": "Bob", "address": "bob@example.test", "isSure": True}],
        "cc": [],
        "count": 1,
        "isWhole": True,
    }
    assert opened["report"]["people"]["from"]["mailboxes"] == [
        {"name": "Alice", "address": "alice@example.test", "protection": "unprotected"}
    ]
