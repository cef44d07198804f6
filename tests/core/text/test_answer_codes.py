"""The table of the errors that a service may answer."""

from __future__ import annotations

import pytest

from smime_core.text import AnswerCodes

TABLE = AnswerCodes(
    common="500 server-error",
    routes={
        "POST /login": "401 login-refused, 409 late",
        "GET /groups/<group>": "404 no-such-group",
        "GET /groups": "",
    },
)


@pytest.mark.parametrize(
    ("method", "path", "codes"),
    [
        ("POST", "/login", {"login-refused", "late", "server-error"}),
        ("GET", "/groups/a-b", {"no-such-group", "server-error"}),
        ("GET", "/groups", {"server-error"}),
        # Another method, a longer path, and a route that the table lacks have only what all have.
        ("GET", "/login", {"server-error"}),
        ("GET", "/groups/a/b", {"server-error"}),
        ("GET", "/groups/", {"server-error"}),
        ("GET", "/elsewhere", {"server-error"}),
    ],
)
def test_each_route_has_its_own_codes_and_those_of_all(method: str, path: str, codes: set[str]) -> None:
    assert {error.partition(" ")[2] for error in TABLE.errors(method, path)} == codes
    assert all(TABLE.has(method, path, code) for code in codes)
    assert not TABLE.has(method, path, "moon-landed")


def test_a_sign_of_a_path_is_no_pattern() -> None:
    table = AnswerCodes(common="", routes={"GET /a.b": "404 none"})
    assert table.has("GET", "/a.b", "none")
    assert not table.has("GET", "/a-b", "none")
