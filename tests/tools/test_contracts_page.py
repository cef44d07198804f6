"""docs/contracts.md against the code: its tables are up to date, and its routes are those of the servers."""

from __future__ import annotations

import re
import shutil

import pytest

from roaming_keys.protocol.messages.answer_codes import KEY_SERVER_CODES
from sealwax.delivery.answer_codes import PARCEL_CODES
from smime_core.text import AnswerCodes
from tests.support.project import ROOT
from tools import contracts
from tools.folded_tables import MAX_LINE, fold_tables
from webbridge.answer_codes import BRIDGE_CODES
from webbridge.delivery.openapi.description import describe_api

PAGE = (ROOT / "docs/contracts.md").read_text(encoding="utf-8")
_VIEW = re.compile(r'\.(get|post|put|delete)\("(/[^"]*)"\)')
_ADDED = re.compile(r'"(GET|POST|PUT|DELETE) (/[^" ]*)": (?:\w+\.\w|partial)')
_UPLOADS = re.compile(r'upload_blueprint\("\w+", "([^"]*)"')
_ROUTE = re.compile(r"`(GET|POST|PUT|DELETE) (/[^`? ]*)")


@pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")
def test_the_tables_are_up_to_date() -> None:
    assert contracts.write_page(PAGE) == PAGE, "run `make contracts`"


@pytest.mark.parametrize(
    ("heading", "folder", "prefix", "tables"),
    [
        ("## webbridge: HTTP", "webbridge/blueprints", "/api", (BRIDGE_CODES, PARCEL_CODES)),
        ("## roaming_keys: HTTP", "roaming_keys", "", (KEY_SERVER_CODES,)),
    ],
)
def test_the_routes_are_those_of_the_servers(
    heading: str, folder: str, prefix: str, tables: tuple[AnswerCodes, ...]
) -> None:
    sources = [path.read_text(encoding="utf-8") for path in sorted((ROOT / folder).rglob("*.py"))]
    served = {
        (method.upper(), prefix + re.sub(r"<\w+:", "<", path))
        for source in sources
        for method, path in _VIEW.findall(source) + _ADDED.findall(source)
    }
    for objects in (f"{prefix}/{place}/objects" for source in sources for place in _UPLOADS.findall(source)):
        served |= {("POST", objects), ("DELETE", f"{objects}/<name>")}
    # The methods of uploads beside those of Flask's views are in the tables only.
    tabled = {tuple(route.split(" ")) for table in tables for route in table.routes}
    assert {route for route in tabled if route[0] not in ("PATCH", "HEAD")} == served
    section = PAGE.split(heading)[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert {route for row in rows for route in _ROUTE.findall(row.split(" | ")[0])} == served


def test_no_line_is_longer_than_people_follow() -> None:
    assert [line for line in PAGE.splitlines() if len(line) > MAX_LINE] == []


def test_a_folded_row_keeps_its_words_and_its_code() -> None:
    code = ", ".join(f"name{number}: text" for number in range(80))
    row = f"| `GET /a` | `{{{code}}}` and a sentence. Another \\| one. | short |"
    folded = fold_tables(f"| a | b | c |\n{row}").splitlines()[1:]
    assert len(folded) > 3
    assert all(len(line) <= MAX_LINE and line.count("`") % 2 == 0 for line in folded)
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 4 for line in folded)
    words = [re.sub(r"[`|\\{}]", "", line).split() for line in ("\n".join(folded), row)]
    assert sorted(words[0]) == sorted(words[1])
    assert fold_tables("\n".join(folded)) == "\n".join(folded)


def test_the_description_of_the_api_has_a_sentence_for_each_status_of_the_table() -> None:
    """The tests of the description itself need a server, so few runs take them."""
    described = describe_api("https://mail.example.test")["paths"]
    assert "408" in described["/api/parcels"]["post"]["responses"]
