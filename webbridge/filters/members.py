"""Filters as members of a JSON object, for requests and for the comment of the script. Reading is strict and bounded.

The two differ only in folders: requests have the ids of folders, and the comment has their names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any, Final

from smime_core.text import JsonObject
from webbridge.filters.model import (
    Bound,
    Condition,
    Field,
    Filters,
    Match,
    Rule,
    SizeCondition,
    TextCondition,
    Vacation,
)
from webbridge.gateway.door import check_address

# All bounds are our own.
MAX_RULES: Final = 100
MAX_CONDITIONS: Final = 20
MAX_ADDRESSES: Final = 20
MAX_TEXT_CHARACTERS: Final = 200
MAX_VACATION_CHARACTERS: Final = 4_000
MAX_SCRIPT_NAME_CHARACTERS: Final = 128  # RFC 5804 section 1.6 demands that servers take as many.
MAX_KILOBYTES: Final = 1024 * 1024
MAX_DAYS: Final = 30  # RFC 5230 section 4.1: servers take at least 7, and more than 30 if they like.

_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CONTROLS_BUT_LINE_ENDS: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

FolderReader = Callable[[str], str]


def read_filters(members: JsonObject, folder_of: FolderReader) -> Filters:
    """Return the filters of an object. Raises SmimeError, GatewayError, or what `folder_of` raises."""
    include = members.text_or_null("include")
    filters = Filters(
        rules=tuple(_read_rule(rule, folder_of) for rule in members.objects("rules", MAX_RULES)),
        vacation=None if members.value("vacation") is None else _read_vacation(members.nested("vacation")),
        include=None if include is None else _text(members, "include", MAX_SCRIPT_NAME_CHARACTERS, lowest=1),
    )
    return members.whole(filters)


def render_filters(filters: Filters, text_of: Callable[[str], str]) -> dict[str, Any]:
    """Return filters for JSON. `text_of` returns the text of a folder."""
    return {
        "rules": [_render_rule(rule, text_of) for rule in filters.rules],
        "vacation": None if filters.vacation is None else _render_vacation(filters.vacation),
        "include": filters.include,
    }


def _read_rule(members: JsonObject, folder_of: FolderReader) -> Rule:
    rule = Rule(
        name=_text(members, "name", MAX_TEXT_CHARACTERS),
        is_on=members.boolean("on"),
        meets_all=members.boolean("all"),
        conditions=tuple(map(_read_condition, members.objects("conditions", MAX_CONDITIONS))),
        move_to=_folder(members, "moveTo", folder_of),
        copy_to=_folder(members, "copyTo", folder_of),
        marks_read=members.boolean("read"),
        marks_flagged=members.boolean("flagged"),
        stops=members.boolean("stop"),
    )
    if not rule.conditions:
        raise members.wrong("conditions", "at least one condition")
    if not rule.has_action:
        raise members.wrong("", "a rule with an action")
    return members.whole(rule)


def _render_rule(rule: Rule, text_of: Callable[[str], str]) -> dict[str, Any]:
    return {
        "name": rule.name,
        "on": rule.is_on,
        "all": rule.meets_all,
        "conditions": [_render_condition(condition) for condition in rule.conditions],
        "moveTo": None if rule.move_to is None else text_of(rule.move_to),
        "copyTo": None if rule.copy_to is None else text_of(rule.copy_to),
        "read": rule.marks_read,
        "flagged": rule.marks_flagged,
        "stop": rule.stops,
    }


def _read_condition(members: JsonObject) -> Condition:
    if members.text("field") == "size":
        return members.whole(
            SizeCondition(bound=members.choice("match", Bound), kilobytes=members.number("kilobytes", 1, MAX_KILOBYTES))
        )
    return members.whole(
        TextCondition(
            field=members.choice("field", Field),
            match=members.choice("match", Match),
            text=_text(members, "text", MAX_TEXT_CHARACTERS, lowest=1),
        )
    )


def _render_condition(condition: Condition) -> dict[str, Any]:
    if isinstance(condition, SizeCondition):
        return {"field": "size", "match": condition.bound, "kilobytes": condition.kilobytes}
    return {"field": condition.field, "match": condition.match, "text": condition.text}


def _read_vacation(members: JsonObject) -> Vacation:
    vacation = Vacation(
        is_on=members.boolean("on"),
        subject=_text(members, "subject", MAX_TEXT_CHARACTERS),
        text=_vacation_text(members),
        days=members.number("days", 1, MAX_DAYS),
        first=_date(members, "first"),
        last=_date(members, "last"),
        addresses=tuple(map(check_address, members.texts("addresses", MAX_ADDRESSES))),
    )
    if vacation.first is not None and vacation.last is not None and vacation.first > vacation.last:
        raise members.wrong("last", "no day before the first day")
    return members.whole(vacation)


def _vacation_text(members: JsonObject) -> str:
    text = members.text("text")
    if len(text) > MAX_VACATION_CHARACTERS or not text.strip() or _CONTROLS_BUT_LINE_ENDS.search(text):
        raise members.wrong("text", f"a text of 1 to {MAX_VACATION_CHARACTERS} characters without control characters")
    return text


def _render_vacation(vacation: Vacation) -> dict[str, Any]:
    return {
        "on": vacation.is_on,
        "subject": vacation.subject,
        "text": vacation.text,
        "days": vacation.days,
        "first": None if vacation.first is None else vacation.first.isoformat(),
        "last": None if vacation.last is None else vacation.last.isoformat(),
        "addresses": list(vacation.addresses),
    }


def _text(members: JsonObject, name: str, most: int, *, lowest: int = 0) -> str:
    """Return a text of one line."""
    text = members.text(name)
    if not lowest <= len(text) <= most or _CONTROLS.search(text):
        raise members.wrong(name, f"a text of {lowest} to {most} characters without control characters")
    return text


def _folder(members: JsonObject, name: str, folder_of: FolderReader) -> str | None:
    text = members.text_or_null(name)
    return None if text is None else folder_of(text)


def _date(members: JsonObject, name: str) -> date | None:
    text = members.text_or_null(name)
    if text is None:
        return None
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise members.wrong(name, "a day such as 2026-01-31")
