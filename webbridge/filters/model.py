"""The filters of a person: rules, the vacation answer, and the script of another program that they include."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Field(StrEnum):
    """The part of a message in which a condition looks for a text."""

    FROM = "from"
    TO = "to"
    """The fields To and Cc."""
    SUBJECT = "subject"


class Match(StrEnum):
    """The way in which a text is compared, without regard to the case of ASCII letters."""

    CONTAINS = "contains"
    IS = "is"


class Bound(StrEnum):
    """The side of a size on which a message is."""

    OVER = "over"
    UNDER = "under"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextCondition:
    """The condition that a part of the message has this text, or is it."""

    field: Field
    match: Match
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeCondition:
    """The condition that the message is larger or smaller than so many kilobytes of 1,024 bytes."""

    bound: Bound
    kilobytes: int


Condition = TextCondition | SizeCondition


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The actions for messages that meet all conditions, or any of them. A rule that is off does nothing.

    A mark also holds for the rules that follow. With `stops`, none of them is asked.
    """

    name: str
    is_on: bool
    meets_all: bool
    conditions: tuple[Condition, ...]
    move_to: str | None
    copy_to: str | None
    marks_read: bool
    marks_flagged: bool
    stops: bool

    @property
    def has_action(self) -> bool:
        """Whether the rule does anything."""
        return any((self.move_to, self.copy_to, self.marks_read, self.marks_flagged, self.stops))


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacation:
    """The answer to each sender, at most once in so many days, from the day `first` to the day `last`.

    `addresses` are the person's further addresses. A message is answered only if it is to one of the addresses.
    """

    is_on: bool
    subject: str
    text: str
    days: int
    first: date | None
    last: date | None
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """All filters of a person. `include` is the name of another program's script, which runs after the rules."""

    rules: tuple[Rule, ...] = ()
    vacation: Vacation | None = None
    include: str | None = None
