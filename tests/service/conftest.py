"""Fixture of the tests of the code that both web services share: a clock that only the test moves."""

from __future__ import annotations

from tests.support.clock import clock

__all__ = ["clock"]
