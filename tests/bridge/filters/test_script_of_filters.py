"""The Sieve that filters make: quoting, extensions, and the comment from which they are read back."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from smime_core.errors import SmimeError
from smime_core.text import JsonObject
from tests.support.servers.filters import EMPTY, rule_of, vacation_of
from webbridge.filters.compiling import compile_filters, extensions_of
from webbridge.filters.members import MAX_CONDITIONS, MAX_RULES, read_filters, render_filters
from webbridge.filters.model import Filters
from webbridge.filters.script_text import NotOfSealwax, read_script, write_script
from webbridge.gateway import MAX_SCRIPT_BYTES, GatewayError
from webbridge.gateway.door import check_folder_name

SIEVEC = shutil.which("sievec")
NASTY = [
    '"',
    "\\",
    '\\"',
    '"; discard; #',
    "text:",
    "/* x */",
    "${from}${hex:41}",
    "#: {}",
    "äöü 日本 😀 \u202e",
    "%s{0}",
    "*?",
    ".",
]
_LINES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=50)


def filters_of(**members: object) -> Filters:
    return read_filters(JsonObject({**EMPTY, **members}, "filters"), check_folder_name)


def with_text(text: str) -> Filters:
    """Filters that have the text wherever one may be."""
    return filters_of(
        rules=[
            rule_of(
                name=text,
                conditions=[{"field": field, "match": "contains", "text": text} for field in ("from", "to", "subject")]
                + [{"field": field, "match": "is", "text": text} for field in ("from", "to", "subject")],
                moveTo=text,
                copyTo=text,
                flagged=True,
                stop=True,
            )
        ],
        vacation=vacation_of(subject=text, text=f"{text}\n.\n{text}\n#: {text}", first="2026-12-01", last="2026-12-24"),
        include=text,
    )


def test_the_sieve_of_a_rule_is_as_people_would_write_it() -> None:
    filters = filters_of(
        rules=[
            rule_of(
                conditions=[
                    {"field": "to", "match": "contains", "text": "team"},
                    {"field": "from", "match": "is", "text": "bob@example.test"},
                    {"field": "size", "match": "under", "kilobytes": 10},
                ],
                all=False,
                moveTo='A "b"',
                stop=True,
            ),
            rule_of(on=False, copyTo="Copies"),
        ]
    )
    assert compile_filters(filters).split("\r\n") == [
        'require ["fileinto", "imap4flags"];',
        "if anyof (",
        '    header :contains ["to", "cc"] "team",',
        '    address :is "from" "bob@example.test",',
        "    size :under 10K",
        ") {",
        '    addflag "\\\\Seen";',
        '    fileinto "A \\"b\\"";',
        "    stop;",
        "}",
        "",
    ]


def test_the_vacation_answer_comes_before_the_rules_and_names_its_days() -> None:
    vacation = vacation_of(first="2026-12-01", last="2026-12-24", addresses=["a@example.test", "b@example.test"])
    filters = filters_of(rules=[rule_of(stop=True)], vacation=vacation)
    assert filters.vacation is not None
    assert (filters.vacation.first, filters.vacation.last) == (date(2026, 12, 1), date(2026, 12, 24))
    script = compile_filters(filters)
    assert script.startswith(
        'require ["date", "imap4flags", "relational", "vacation"];\r\n'
        'if allof (currentdate :value "ge" "date" "2026-12-01", currentdate :value "le" "date" "2026-12-24") {\r\n'
        '    vacation :days 7 :subject "Away" :addresses ["a@example.test", "b@example.test"] "Back soon.";\r\n'
        "}\r\nif allof ("
    )
    assert extensions_of(filters_of(vacation=vacation_of(on=False))) == frozenset()


@pytest.mark.parametrize("text", NASTY)
def test_filters_with_any_text_are_read_back_exactly(text: str) -> None:
    filters = with_text(text)
    assert read_script(write_script(filters)) == filters


@given(_LINES)
def test_filters_with_invented_texts_are_read_back_exactly(text: str) -> None:
    filters = with_text(text)
    script = write_script(filters)
    assert read_script(script) == filters
    assert read_script(script.replace(b"\r\n", b"\n")) == filters


@pytest.mark.skipif(SIEVEC is None, reason="not installed: dovecot-sieve")
@pytest.mark.parametrize("text", [text for text in NASTY if text != "."])
def test_pigeonhole_reads_the_same_texts(text: str, tmp_path: Path) -> None:
    """`sievec -d` prints the strings of a script as it has read them."""
    (tmp_path / "x.sieve").write_bytes(write_script(with_text(text)).replace(b"include :personal", b"#"))
    dump = subprocess.run(
        [str(SIEVEC), "-c", "/dev/null", "-d", str(tmp_path / "x.sieve"), "-"],
        env={"LD_LIBRARY_PATH": "/usr/lib/dovecot"},
        capture_output=True,
        check=True,
    ).stdout.decode()
    # Three tests that contain the text, three that are it, and two folders.
    assert dump.count(f'STR[{len(text.encode())}] "{text}"') >= 8


CHANGES = [
    (b"addflag", b"# ddflag"),
    (b'"rules"', b'"Rules"'),
    (b"#: {", b"# {"),
    (b'"version":"1"', b'"version":"2"'),
    (b"# Filters of Sealwax.", b"# Filters."),
    (b"\r\n}\r\n", b"\r\n}\r\ndiscard;\r\n"),
    (b'"read":true', b'"read":false'),
    (b'"stop":false', b'"stop":0'),
]


@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_a_script_that_another_program_changed_is_not_read(old: bytes, new: bytes) -> None:
    script = write_script(filters_of(rules=[rule_of()]))
    assert old in script
    with pytest.raises(NotOfSealwax):
        read_script(script.replace(old, new))


@pytest.mark.parametrize(
    "script",
    [
        b"",
        b"keep;\r\n",
        b"#: \r\n",
        b"# x\r\n#: [[[[\r\n",
        b"\xff\xfe\0",
        b"# x\r\n#: " + b"[" * 100_000,
        b"# x\r\n#: " + b" " * (MAX_SCRIPT_BYTES + 1),
    ],
)
def test_a_script_of_no_filters_is_not_read(script: bytes) -> None:
    with pytest.raises(NotOfSealwax):
        read_script(script)


WRONG: list[dict[str, Any]] = [
    {"rules": None},
    {"rules": [rule_of()] * (MAX_RULES + 1)},
    {"rules": [rule_of(conditions=[])]},
    {"rules": [rule_of(conditions=rule_of()["conditions"] * (MAX_CONDITIONS + 1))]},
    {"rules": [rule_of(read=False)]},
    {"rules": [rule_of(read=1)]},
    {"rules": [rule_of(more=1)]},
    {"rules": [rule_of(name="a\nb")]},
    {"rules": [rule_of(name="x" * 201)]},
    {"rules": [rule_of(moveTo="a\r\nb")]},
    {"rules": [rule_of(moveTo="")]},
    {"rules": [rule_of(conditions=[{"field": "from", "match": "contains", "text": ""}])]},
    {"rules": [rule_of(conditions=[{"field": "from", "match": "contains", "text": "a\0"}])]},
    {"rules": [rule_of(conditions=[{"field": "from", "match": "contains", "text": "\ud800"}])]},
    {"rules": [rule_of(conditions=[{"field": "body", "match": "contains", "text": "a"}])]},
    {"rules": [rule_of(conditions=[{"field": "from", "match": "matches", "text": "a"}])]},
    {"rules": [rule_of(conditions=[{"field": "from", "match": "over", "text": "a"}])]},
    {"rules": [rule_of(conditions=[{"field": "size", "match": "over", "kilobytes": 0}])]},
    {"rules": [rule_of(conditions=[{"field": "size", "match": "over", "kilobytes": 10**9}])]},
    {"rules": [rule_of(conditions=[{"field": "size", "match": "over", "kilobytes": True}])]},
    {"vacation": vacation_of(text=" \n ")},
    {"vacation": vacation_of(text="a\rb")},
    {"vacation": vacation_of(text="x" * 4001)},
    {"vacation": vacation_of(subject="a\nb")},
    {"vacation": vacation_of(days=0)},
    {"vacation": vacation_of(days=31)},
    {"vacation": vacation_of(first="2026-02-30")},
    {"vacation": vacation_of(first="20261201")},
    {"vacation": vacation_of(first="2026-12-02", last="2026-12-01")},
    {"vacation": vacation_of(addresses=["nobody"])},
    {"vacation": vacation_of(addresses=['a"b@example.test'])},
    {"vacation": vacation_of(addresses=["a@example.test"] * 21)},
    {"include": ""},
    {"include": "a\nb"},
    {"more": 1},
]


@pytest.mark.parametrize("members", WRONG, ids=lambda members: json.dumps(members)[:60])
def test_wrong_filters_are_refused(members: dict[str, Any]) -> None:
    with pytest.raises((SmimeError, GatewayError)):
        filters_of(**members)


def test_the_members_of_filters_are_those_that_were_read() -> None:
    members = {**EMPTY, "rules": [rule_of(moveTo="A")], "vacation": vacation_of(last="2026-12-01"), "include": "x"}
    assert json.loads(json.dumps(render_filters(filters_of(**members), str))) == members
