"""Hatch's build hook: it puts the built pages into a wheel, so that an installed bridge can serve them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGES_IN_WHEEL = "webbridge/built_pages"


class PagesHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling types its builder configuration loosely
    """Adds dist/pages to a wheel; an editable install serves dist/pages itself."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the pages to a wheel. Raises FileNotFoundError if the pages were not built."""
        if self.target_name != "wheel" or version == "editable":
            return
        pages = Path(self.root) / "dist" / "pages"
        if not pages.is_dir():
            raise FileNotFoundError("dist/pages is missing: run `make setup` first")
        build_data["force_include"][str(pages)] = PAGES_IN_WHEEL
