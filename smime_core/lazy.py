"""Names of a package that are imported when somebody asks for them (PEP 562)."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def home_finder(
    package: str, homes: Mapping[str, tuple[str, ...]], *, wrap: Callable[[Any], Any] | None = None
) -> Callable[[str], Any]:
    """A module's `__getattr__`: `homes` says which module of the core has which names, `wrap` what to make of each."""
    home_of = {name: home for home, names in homes.items() for name in names}

    def find(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(importlib.import_module(f"smime_core.{home_of[name]}"), name)
        value = wrap(found) if wrap is not None else found
        setattr(sys.modules[package], name, value)
        return value

    return find
