"""Each header field that binds a browser is compared, and none is added: by the list that the server uses too."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealwax.releases.header_fields import check_header_fields
from tests.support.servers.pages_server import API, KEY_SERVER
from webbridge import PagesConfig, create_pages_app

HTTP = "http://127.0.0.1:8080"
HTTPS = "https://pages.example.test"
# The fields of the pages' server that bind no browser. `Cache-Control` lets it ask whether a file has changed.
UNBOUND = {"Accept-Ranges", "Content-Disposition", "Content-Length", "Date", "ETag", "Vary", "X-Request-Id"}
ADDED = (
    *("Link", "link", "Refresh", "Set-Cookie", "Reporting-Endpoints", "Report-To", "NEL", "Origin-Trial"),
    *("Speculation-Rules", "SourceMap", "X-SourceMap", "Clear-Site-Data", "Access-Control-Allow-Origin", "Accept-CH"),
    *(
        "Content-Security-Policy-Report-Only",
        "Content-Encoding",
        "Content-Location",
        "Content-Language",
        "Document-Policy",
    ),
    *("Origin-Agent-Cluster", "Service-Worker-Allowed", "Supports-Loading-Mode", "X-Something-New"),
)

Fields = list[tuple[str, str]]


@pytest.fixture(params=[HTTP, HTTPS])
def origin(request: pytest.FixtureRequest) -> str:
    """The origin of a server on this machine, and of one that others reach."""
    address: str = request.param
    return address


@pytest.fixture
def honest(origin: str, tmp_path: Path) -> Fields:
    """The header fields of the document, as the pages' application sends them."""
    (tmp_path / "index.html").write_bytes(b"<!doctype html>")
    config = PagesConfig(pages_origin=origin, api_origin=API, key_server_origin=KEY_SERVER, folder=tmp_path)
    with create_pages_app(config).test_client().get("/", base_url=origin) as answer:
        return list(answer.headers)


def problems(fields: Fields, origin: str) -> list[str]:
    return check_header_fields(fields, connections={API, KEY_SERVER}, is_https=origin == HTTPS)


def test_the_fields_of_the_pages_server_are_the_expected_ones(honest: Fields, origin: str) -> None:
    assert problems(honest, origin) == []
    assert {name for name, _ in honest} >= UNBOUND


def test_each_field_that_binds_a_browser_is_missed_and_compared(honest: Fields, origin: str) -> None:
    for place, (name, value) in enumerate(honest):
        others = honest[:place] + honest[place + 1 :]
        is_bound = name not in UNBOUND
        assert bool(problems(others, origin)) == is_bound, name
        for weaker in ("", "*", f"{value[:-1]}?", f"{value}\r\n x", f"{value}\xa0"):
            # A field that cannot be read as ASCII on one line is named in any case.
            is_odd = not weaker.isprintable() or not weaker.isascii()
            assert bool(problems([*others, (name, weaker)], origin)) == (is_bound or is_odd), (name, weaker)


@pytest.mark.parametrize("name", ADDED)
def test_a_field_that_the_pages_do_not_send_is_named(honest: Fields, origin: str, name: str) -> None:
    assert problems([*honest, (name, "x")], origin) == [f"the header field {name} adds to the page"]


def test_fields_of_a_proxy_without_an_effect_are_not_named(honest: Fields, origin: str) -> None:
    added = [("Server", "nginx"), ("Via", "1.1 caddy"), ("Age", "0"), ("Alt-Svc", 'h3=":443"'), ("Connection", "close")]
    assert problems([*honest, *added], origin) == []


@pytest.mark.parametrize(
    ("name", "value", "is_named"),
    [
        ("Referrer-Policy", "unsafe-url", True),
        ("Referrer-Policy", "no-referrer, unsafe-url", True),
        ("Referrer-Policy", "No-Referrer", False),
        ("Cross-Origin-Opener-Policy", "same-origin-allow-popups", True),
        ("Cross-Origin-Opener-Policy", 'same-origin; report-to="x"', True),
        ("Permissions-Policy", "camera=*, microphone=*", True),
        ("Content-Type", "text/html", True),
        ("Content-Type", "text/html; charset=utf-16le", True),
        ("Content-Type", "text/html; charset=utf-8; charset=utf-7", True),
        ("Content-Type", 'Text/HTML;charset="UTF-8"', False),
        ("Cache-Control", "max-age=31536000, immutable", True),
        ("Cache-Control", "no-store", False),
    ],
)
def test_another_value_is_named(honest: Fields, origin: str, name: str, value: str, is_named: bool) -> None:
    others = [field for field in honest if field[0] != name]
    assert bool(problems([*others, (name, value)], origin)) == is_named


def test_permissions_may_forbid_more_and_allow_nothing(honest: Fields, origin: str) -> None:
    named = dict(honest)["Permissions-Policy"]
    for added, is_named in {
        ", midi=()": False,
        ", camera=*": True,
        ", camera=(self)": True,
        ",": True,
        ", x=((": True,
        ", camera": True,
    }.items():
        fields = [(name, named + added if name == "Permissions-Policy" else value) for name, value in honest]
        assert bool(problems(fields, origin)) == is_named, added
    assert problems([*honest, ("Permissions-Policy", "camera=*")], origin) != []


@pytest.mark.parametrize(
    ("value", "is_named"),
    [
        ("max-age=31556926; includeSubDomains; preload", False),
        ("includeSubDomains;max-age=63072000", False),
        ("max-age=0; includeSubDomains", True),
        ("max-age=31556926", True),
        ("max-age=31556926; max-age=0; includeSubDomains", True),
    ],
)
def test_browsers_have_to_remember_https(tmp_path: Path, value: str, is_named: bool) -> None:
    (tmp_path / "index.html").write_bytes(b"<!doctype html>")
    config = PagesConfig(pages_origin=HTTPS, api_origin=API, key_server_origin=KEY_SERVER, folder=tmp_path)
    with create_pages_app(config).test_client().get("/", base_url=HTTPS) as answer:
        answer.headers["Strict-Transport-Security"] = value
        assert bool(problems(list(answer.headers), HTTPS)) == is_named


@pytest.mark.parametrize("report", ["report-uri https://evil.example/r", "report-uri /r", "report-to x"])
def test_a_policy_that_reports_visits_is_named_beside_a_strict_one(honest: Fields, origin: str, report: str) -> None:
    expected = [f"the policy has {report}, so that a server learns of visits"]
    assert problems([*honest, ("Content-Security-Policy", f"default-src 'none'; {report}")], origin) == expected


def test_a_policy_of_earlier_pages_without_a_manifest_is_as_strict(honest: Fields, origin: str) -> None:
    for written, is_named in (("", False), (" manifest-src *;", True)):
        fields = [(name, value.replace(" manifest-src 'self';", written)) for name, value in honest]
        assert fields != honest
        assert bool(problems(fields, origin)) == is_named, written
