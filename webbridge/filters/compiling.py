"""Filters as Sieve (RFC 5228) with fileinto, copy (RFC 3894), imap4flags (RFC 5232), vacation (RFC 5230), currentdate
(RFC 5260) and include (RFC 6609).

The result depends only on the filters. Neither `variables` nor `encoded-character` is required, so in a string only the
quotation mark and the backslash have a meaning (RFC 5228 section 2.4.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from webbridge.filters.model import Condition, Field, Filters, Match, Rule, SizeCondition, TextCondition, Vacation

_FIELDS: Final = {Field.FROM: '"from"', Field.TO: '["to", "cc"]', Field.SUBJECT: '"subject"'}
_DATES: Final = ("date", "relational")


def extensions_of(filters: Filters) -> frozenset[str]:
    """Return the extensions of Sieve that these filters need."""
    return frozenset(_extensions_of(filters))


def compile_filters(filters: Filters) -> str:
    """Return the Sieve of the filters: the vacation answer, the rules in their order, the included script.

    The vacation answer comes first, because a rule with `stop` ends the script.
    """
    parts = [*_require(extensions_of(filters))]
    if filters.vacation is not None and filters.vacation.is_on:
        parts.append(_compile_vacation(filters.vacation))
    parts += [_compile_rule(rule) for rule in filters.rules if rule.is_on]
    if filters.include is not None:
        parts.append(f"include :personal {quote(filters.include)};")
    return "".join(f"{part}\n" for part in parts).replace("\n", "\r\n")


def quote(text: str) -> str:
    """Return a string of Sieve."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _extensions_of(filters: Filters) -> Iterator[str]:
    for rule in (rule for rule in filters.rules if rule.is_on):
        if rule.move_to is not None or rule.copy_to is not None:
            yield "fileinto"
        if rule.copy_to is not None:
            yield "copy"
        if rule.marks_read or rule.marks_flagged:
            yield "imap4flags"
    vacation = filters.vacation
    if vacation is not None and vacation.is_on:
        yield "vacation"
        yield from _DATES if vacation.first is not None or vacation.last is not None else ()
    if filters.include is not None:
        yield "include"


def _require(extensions: Iterable[str]) -> Iterator[str]:
    names = ", ".join(map(quote, sorted(extensions)))
    if names:
        yield f"require [{names}];"


def _compile_rule(rule: Rule) -> str:
    test = "allof" if rule.meets_all else "anyof"
    conditions = ",\n    ".join(map(_compile_condition, rule.conditions))
    actions = "".join(f"    {action}\n" for action in _actions_of(rule))
    return f"if {test} (\n    {conditions}\n) {{\n{actions}}}"


def _compile_condition(condition: Condition) -> str:
    if isinstance(condition, SizeCondition):
        return f"size :{condition.bound} {condition.kilobytes}K"
    return f"{_test_of(condition)} :{condition.match} {_FIELDS[condition.field]} {quote(condition.text)}"


def _test_of(condition: TextCondition) -> str:
    """Return the test for a text. A name is part of what a field contains, but not of what an address is."""
    is_address = condition.match is Match.IS and condition.field is not Field.SUBJECT
    return "address" if is_address else "header"


def _actions_of(rule: Rule) -> Iterator[str]:
    # Flags hold for the actions that follow (RFC 5232 section 3).
    if rule.marks_read:
        yield f"addflag {quote(chr(92) + 'Seen')};"
    if rule.marks_flagged:
        yield f"addflag {quote(chr(92) + 'Flagged')};"
    if rule.copy_to is not None:
        yield f"fileinto :copy {quote(rule.copy_to)};"
    if rule.move_to is not None:
        yield f"fileinto {quote(rule.move_to)};"
    if rule.stops:
        yield "stop;"


def _compile_vacation(vacation: Vacation) -> str:
    answer = " ".join(("vacation", *_arguments_of(vacation), f"{quote(vacation.text)};"))
    days = [("ge", vacation.first), ("le", vacation.last)]
    tests = [f'currentdate :value "{order}" "date" "{day}"' for order, day in days if day is not None]
    return f"if allof ({', '.join(tests)}) {{\n    {answer}\n}}" if tests else answer


def _arguments_of(vacation: Vacation) -> Iterator[str]:
    yield f":days {vacation.days}"
    if vacation.subject:
        yield f":subject {quote(vacation.subject)}"
    if vacation.addresses:
        yield f":addresses [{', '.join(map(quote, vacation.addresses))}]"
