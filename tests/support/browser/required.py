"""The browsers that a test cannot do without."""

from __future__ import annotations

import os

import pytest

from tests.support.browser import webkit
from tests.support.browser.browsers import Engine, missing_programs


def require_browser(name: Engine) -> None:
    """Skip the test if this browser is not installed. With CI set fail it, except for the optional third engine."""
    missing = webkit.missing_programs() if name == "webkit" else missing_programs(name)
    if not missing:
        return
    text = f"not installed: {', '.join(missing)}"
    if os.environ.get("CI") and name != "webkit":
        pytest.fail(text)
    pytest.skip(text)
