"""Texts that may make a pattern slow: a head that reaches a repeat of the pattern, a pump many times, and a tail.

The pattern is parsed by `re._parser`, and texts that match its tree are drawn at random. The letters of these texts are
one letter of each class that the pattern distinguishes. So if two neighbouring repeats can match the same letter, such
a letter is tried.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from re import _constants as ops, _parser  # type: ignore[attr-defined]
from typing import Any, Final, NamedTuple

_REPEATS: Final = (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT)
_CHARACTERS: Final = (ops.LITERAL, ops.NOT_LITERAL, ops.IN, ops.ANY)
_LONG_REPEAT: Final = 64  # a repeat with an upper bound of at most this takes constant time
_WIDE: Final = (0x100, 0x3B1, 0x2028, 0x2066, 0x2069, 0xFFFD, 0x1F600)
_DRAWS: Final = 300
_MARK: Final = "\0\0mark\0\0"


class Pressure(NamedTuple):
    """The pieces of texts of any length: head + pump * n + tail."""

    head: str
    pump: str
    tail: str

    def text(self, length: int) -> str:
        return self.head + self.pump * (length // len(self.pump)) + self.tail


class UnknownPatternError(Exception):
    """No text could be found that reaches a repeat of the pattern."""


class Pattern:
    """A parsed pattern and the letters that it distinguishes."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self.is_bytes = isinstance(text, bytes)
        self.compiled: re.Pattern[Any] = re.compile(text, flags)
        self.tree = _parser.parse(text, self.compiled.flags & ~re.DEBUG)
        self._dice = random.Random(1)  # noqa: S311 (the same texts in every run)
        self._members: dict[tuple[Any, Any], list[str]] = {}
        self._universe = self._find_universe()
        self._letters = self._find_letters()

    def repeats(self) -> list[tuple[int, Any]]:
        """The repeats without a low upper bound, inner ones too: the lower bound and the repeated part of each."""
        return [(av[0], av[2]) for op, av in _walk(self.tree) if op in _REPEATS and av[1] > _LONG_REPEAT]

    def has_possessive_group(self) -> bool:
        """Whether the pattern repeats more than a single character possessively."""
        repeated = [av[2] for op, av in _walk(self.tree) if op is ops.POSSESSIVE_REPEAT]
        return any(len(body) != 1 or body[0][0] not in _CHARACTERS for body in repeated)

    def pressures(self) -> Iterator[Pressure]:
        """The texts to try. Raises UnknownPatternError for a repeat that no drawn text reaches."""
        seen: set[Pressure] = set()
        foreign = self._foreign()
        for low, body in self.repeats():
            for head, tail in self._surroundings(low, body):
                for pump in self._pumps(body, head):
                    for end in ("", tail, foreign, "\n", f"\n{foreign}"):
                        seen.add(Pressure(head, pump, end))
        for pump in self._letters:
            seen.update((Pressure("", pump, ""), Pressure("", pump, foreign)))
        return iter(sorted(seen))

    def _pumps(self, body: Any, head: str) -> list[str]:
        drawn = {self._draw(body) for _ in range(8)}
        # The pumps are single letters, some pairs of letters, and the head with or without a repetition of the body.
        pairs = {self._dice.choice(self._letters) + self._dice.choice(self._letters) for _ in range(4)}
        whole = {head, *(head + text for text in sorted(drawn)[:4])}
        return sorted(letter for letter in drawn | set(self._letters) | pairs | whole if letter)

    def _surroundings(self, low: int, body: Any) -> list[tuple[str, str]]:
        surroundings: dict[tuple[str, str], None] = {}
        is_reached = False
        for _ in range(_DRAWS):
            whole = self._draw(self.tree, body)
            # The text must match with a few repetitions of the body at the mark. Otherwise the head does not lead to
            # the repeat.
            filling = "".join(self._draw(body) for _ in range(max(4, low)))
            if self._matches(whole.replace(_MARK, filling)):
                is_reached = True
                head, _, tail = whole.partition(_MARK)
                surroundings.setdefault((head, tail.replace(_MARK, "")))
            if len(surroundings) >= 2:
                break
        if not is_reached and not _is_in_assertion(self.tree, body):
            raise UnknownPatternError
        head, _, tail = self._draw(self.tree, body).partition(_MARK)
        return [*surroundings] or [(head, tail)]

    def _matches(self, text: str) -> bool:
        return self.compiled.search(self.encode(text)) is not None

    def encode(self, text: str) -> Any:
        """The text as `str` or `bytes`, whichever the pattern takes."""
        return text.encode("latin-1", "replace") if self.is_bytes else text

    # Drawing

    def _draw(self, items: Any, target: Any = None) -> str:
        # A text that matches, with _MARK instead of the target.
        pieces: list[str] = []
        self._draw_into(items, pieces, {}, target)
        return "".join(pieces)

    def _draw_into(self, items: Any, out: list[str], groups: dict[int, str], target: Any) -> None:
        for op, av in items:
            if op in _CHARACTERS:
                out.append(self._dice.choice(self._of_class(op, av) or [""]))
            elif op in _REPEATS:
                self._repeat_into(av, out, groups, target)
            elif op is ops.BRANCH:
                ways = [branch for branch in av[1] if target is not None and _holds(branch, target)] or av[1]
                self._draw_into(self._dice.choice(ways), out, groups, target)
            elif op is ops.SUBPATTERN:
                start = len(out)
                self._draw_into(av[3], out, groups, target)
                groups[av[0]] = "".join(out[start:])
            elif op is ops.ATOMIC_GROUP or (op is ops.ASSERT and target is not None and _holds(av[1], target)):
                self._draw_into(av if op is ops.ATOMIC_GROUP else av[1], out, groups, target)
            elif op is ops.ASSERT and ((av[0] < 0 and not out) or (av[0] > 0 and av is self.tree[-1][1])):
                self._draw_into(av[1], out, groups, None)
            elif op is ops.GROUPREF:
                out.append(groups.get(av, ""))

    def _repeat_into(self, av: Any, out: list[str], groups: dict[int, str], target: Any) -> None:
        low, high, body = av
        if body is target:
            out.append(_MARK)
            return
        if target is not None and _holds(body, target):
            self._draw_into(body, out, groups, target)
            for _ in range(low - 1):
                self._draw_into(body, out, groups, None)
            return
        for _ in range(min(high, max(low, self._dice.choice((0, 1, 1, 2))))):
            self._draw_into(body, out, groups, None)

    # Letters

    def _find_universe(self) -> list[str]:
        points = {*range(256), *(() if self.is_bytes else _WIDE)}
        for op, av in _walk(self.tree):
            for kind, value in av if op is ops.IN else [(op, av)]:
                if kind in (ops.LITERAL, ops.NOT_LITERAL):
                    points.add(value)
                elif kind is ops.RANGE:
                    points |= set(value)
        return [chr(point) for point in sorted(points) if not 0xD800 <= point < 0xE000]

    def _of_class(self, op: Any, av: Any) -> list[str]:
        key = op, id(av) if op is ops.IN else av
        if key not in self._members:
            self._members[key] = [character for character in self._universe if self._is_member(op, av, character)]
        return self._members[key]

    def _is_member(self, op: Any, av: Any, letter: str) -> bool:
        point = ord(letter)
        if op is ops.ANY:
            return letter != "\n" or bool(self.compiled.flags & re.DOTALL)
        if op in (ops.LITERAL, ops.NOT_LITERAL):
            return self._is_same(point, av) == (op is ops.LITERAL)
        is_negated = bool(av) and av[0][0] is ops.NEGATE
        return is_negated != any(self._is_in(kind, value, letter) for kind, value in av)

    def _is_in(self, kind: Any, value: Any, letter: str) -> bool:
        if kind is ops.LITERAL:
            return self._is_same(ord(letter), value)
        if kind is ops.RANGE:
            cases = {letter, letter.lower(), letter.upper()} if self.compiled.flags & re.IGNORECASE else {letter}
            return any(value[0] <= ord(case) <= value[1] for case in cases if len(case) == 1)
        if kind is ops.CATEGORY:
            name = str(value).rpartition("_")[2].lower()
            code = {"digit": "d", "space": "s", "word": "w"}[name]
            code = code.upper() if "_NOT_" in str(value) else code
            mode = re.ASCII if self.is_bytes or self.compiled.flags & re.ASCII else 0
            return re.match(rf"\{code}", letter, mode) is not None  # not judged: the text has one letter
        return False

    def _is_same(self, point: int, literal: int) -> bool:
        if self.compiled.flags & re.IGNORECASE:
            return chr(point).lower() == chr(literal).lower()
        return point == literal

    def _find_letters(self) -> list[str]:
        classes: dict[tuple[bool, ...], str] = {}
        nodes = [(op, av) for op, av in _walk(self.tree) if op in _CHARACTERS]
        for letter in self._universe:
            classes.setdefault(tuple(self._is_member(op, av, letter) for op, av in nodes), letter)
        # A blank and a letter are always tried, whatever their classes.
        return sorted({*classes.values(), " ", "a"})

    def _foreign(self) -> str:
        nodes = [(op, av) for op, av in _walk(self.tree) if op in _CHARACTERS]
        return min(
            self._universe, key=lambda letter: (sum(self._is_member(op, av, letter) for op, av in nodes), letter)
        )


def _walk(items: Any) -> Iterator[tuple[Any, Any]]:
    for op, av in items:
        yield op, av
        for inner in _inside(op, av):
            yield from _walk(inner)


def _inside(op: Any, av: Any) -> list[Any]:
    if op in _REPEATS:
        return [av[2]]
    if op is ops.BRANCH:
        return list(av[1])
    if op is ops.SUBPATTERN:
        return [av[3]]
    if op in (ops.ASSERT, ops.ASSERT_NOT):
        return [av[1]]
    if op is ops.GROUPREF_EXISTS:
        return [branch for branch in av[1:] if branch is not None]
    return [av] if op is ops.ATOMIC_GROUP else []


def _holds(items: Any, target: Any) -> bool:
    return any(op in _REPEATS and av[2] is target for op, av in _walk(items))


def _is_in_assertion(tree: Any, target: Any) -> bool:
    return any(op in (ops.ASSERT, ops.ASSERT_NOT) and _holds(av[1], target) for op, av in _walk(tree))
