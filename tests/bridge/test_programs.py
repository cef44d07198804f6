"""The descriptions of programs in the list of sessions are names from our own tables, never text of a header."""

from __future__ import annotations

import pytest

from webbridge.login.programs import describe_program

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "description"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/140.0 Safari/537.36", "Chrome on Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0) {_WEBKIT} Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        (f"Mozilla/5.0 (Linux; Android 16; K) {_WEBKIT} Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 Version/26.0 Safari/604.1",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/26.0 Safari/605.1.15",
         "Safari on macOS"),
        ("curl/8.0", ""),
        ("Firefox/1", "Firefox"),
        ("(Linux)", "Linux"),
        ("", ""),
        ("<script>alert(1)</script> Firefox/1 \u202e\r\n on Linux", "Firefox on Linux"),
        ("x" * 10_000 + " Firefox/1", ""),
    ],
)  # fmt: skip
def test_describes_a_program_by_its_user_agent(user_agent: str, description: str) -> None:
    assert describe_program(user_agent) == description
