"""The sandbox permissions of the extension's views are the same in all files that name them."""

from __future__ import annotations

import re
from typing import Final

from tests.support.project import ROOT

_EXTENSION: Final = ROOT / "browser_ext"
_ALLOWED: Final = re.compile(r'sandbox="([^"]+)"|^export const MAIL_SANDBOX = "([^"]+)"', re.MULTILINE)


def _allowed(file: str) -> set[str]:
    (groups,) = _ALLOWED.findall((_EXTENSION / file).read_text())
    return set("".join(groups).split())


def test_a_mail_stands_in_the_same_sandbox_wherever_its_view_is_loaded() -> None:
    in_markup = _allowed("frame/mail_frame.html")
    assert in_markup == _allowed("shared/mail_view_words.js")
    assert "allow-same-origin" not in in_markup
