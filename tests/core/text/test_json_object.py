"""The one reader of JSON objects: a member of another kind, an unknown one and one that is missing are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import pytest

from smime_core.errors import LimitExceeded, MalformedMessage
from smime_core.text import JsonObject


class Colour(StrEnum):
    RED = "red"


Read = Callable[[JsonObject], object]

# Each way to read a member, with a value that it takes, and how that is read.
WAYS: dict[str, tuple[Read, Any, object]] = {
    "text": (lambda reader: reader.text("x"), "", ""),
    "short text": (lambda reader: reader.short_text("x"), "a" * 2_048, "a" * 2_048),
    "text or null": (lambda reader: reader.text_or_null("x"), None, None),
    "texts": (lambda reader: reader.texts("x", 2), ["a", ""], ("a", "")),
    "short texts": (lambda reader: reader.short_texts("x", 2), ["a", "b"], ("a", "b")),
    "id": (lambda reader: reader.id("x"), "a1", "a1"),
    "ids": (lambda reader: reader.ids("x", 2), ["a1", "b"], ("a1", "b")),
    "fingerprints": (lambda reader: reader.fingerprints("x"), ["0f" * 32], ("0f" * 32,)),
    "choice": (lambda reader: reader.choice("x", Colour), "red", Colour.RED),
    "boolean": (lambda reader: reader.boolean("x"), False, False),
    "number": (lambda reader: reader.number("x", 3, 5), 5, 5),
    "numbers": (lambda reader: reader.numbers("x", 2), [0, 2**53 - 1], (0, 2**53 - 1)),
    "seconds": (lambda reader: reader.seconds("x"), 253_402_300_799, 253_402_300_799),
    "time": (lambda reader: reader.time("x").year, "2026-01-31T12:00:00Z", 2026),
    "data": (lambda reader: reader.data("x", 3), "AAEC", b"\x00\x01\x02"),
    "data_list": (lambda reader: reader.data_list("x", 2, 3), ["AAEC", ""], (b"\x00\x01\x02", b"")),
    "exactly": (lambda reader: reader.exactly("x", 3), "AAEC", b"\x00\x01\x02"),
    "nothing or": (lambda reader: reader.nothing_or("x", 3), "", None),
    "nested": (lambda reader: reader.nested("x").text("y"), {"y": "z"}, "z"),
    "objects": (lambda reader: [part.text("y") for part in reader.objects("x", 2)], [{"y": "z"}], ["z"]),
    "values": (lambda reader: reader.values("x", 2), [None, 1], [None, 1]),
}
# Values of every kind, of which no way reads those that are not its own.
OTHERS: list[Any] = [
    None, True, 0, -1, 2**53, 1.5, "no text of any kind: \n", "AAE", "AAECAw==", "2026-01-31T12:00:00+00:00",
    "2026-02-31T12:00:00Z", "0F" * 32, "A" * 2_049, [], [None], [True], ["a", "b", "c"], [[]], {}, {"y": 1},
]  # fmt: skip


def read_from(value: Any, way: Read) -> object:
    return way(JsonObject(json.dumps({"x": value}).encode(), "test", max_bytes=10_000))


@pytest.mark.parametrize("name", WAYS)
def test_each_way_reads_its_own(name: str) -> None:
    way, value, expected = WAYS[name]
    assert read_from(value, way) == expected
    with pytest.raises(MalformedMessage, match="test: x"):
        way(JsonObject({}, "test"))


@pytest.mark.parametrize("name", WAYS)
def test_another_value_is_of_its_kind_or_refused(name: str) -> None:
    way, _, expected = WAYS[name]
    kinds = {"text or null": {str, type(None)}, "nothing or": {bytes, type(None)}}.get(name, {type(expected)})
    refusals = []
    for other in OTHERS:
        try:
            assert type(read_from(other, way)) in kinds
        except MalformedMessage as error:
            refusals.append(str(error))
    assert len(refusals) >= 10
    assert all(refusal.startswith("test: x") for refusal in refusals)


@pytest.mark.parametrize(
    ("name", "value"),
    [("texts", ["a"] * 3), ("ids", ["a"] * 3), ("values", [1] * 3), ("data", "AAECAw=="), ("data_list", ["AAECAw=="])],
)
def test_what_is_too_long_names_its_place(name: str, value: Any) -> None:
    with pytest.raises(LimitExceeded, match="test: x"):
        read_from(value, WAYS[name][0])


def test_members_that_nobody_has_read_are_counted() -> None:
    members = JsonObject({"x": "a", "y": "b", "z": "c"}, "test")
    assert members.text("x") == members.text("x") == "a"
    with pytest.raises(MalformedMessage, match="test: 2 unknown members"):
        members.check_finished()
    members.text("y")
    members.text("z")
    members.check_finished()


@pytest.mark.parametrize("value", [{}, {"x": 1}, {"x": 1, "y": 2, "z": 3}, [], None, "x"])
def test_an_object_has_exactly_the_named_members(value: object) -> None:
    with pytest.raises(MalformedMessage, match="expected an object with the members x, y"):
        JsonObject.of(value, ("x", "y"), "test")


@pytest.mark.parametrize("data", [b"[]", b'"x"', b"1", b'{"x": 1, "x": 2}', b"{", b"\xff"])
def test_only_an_object_is_read(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        JsonObject(data, "test")


def test_a_secret_is_in_no_error_and_no_repr() -> None:
    members = JsonObject({"x": "secret!"}, "test")
    with pytest.raises(MalformedMessage) as caught:
        members.data("x", 100)
    assert "secret" not in f"{caught.value}{caught.value.__cause__}{members!r}"
