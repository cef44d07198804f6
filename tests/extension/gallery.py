"""Takes a picture of every view of the extension: `python -m tests.extension.gallery build/views [part of a name …]`.

Light and dark, from a phone to a large desk, in forced colours, and from right to left.
"""

from __future__ import annotations

import dataclasses
import re
import sys
import tempfile
from pathlib import Path

from tests.support.browser.accessibility import Theme, shown_in
from tests.support.browser.bidi import BidiError
from tests.support.browser.browsers import Chromium
from tests.support.browser.page import Page
from tests.support.extension.compose_driver import add_fake_webmail
from tests.support.extension.driver import Extension
from tests.support.extension.stage import Stage, View, running_stage
from tests.support.extension.views import STATES, VIEWS
from tests.support.project import ROOT

EXTENSION = ROOT / "dist" / "extension_test"
MAX_HEIGHT = 3600


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A screen on which a view is shown."""

    name: str
    width: int
    height: int = 700
    theme: Theme = "light"
    forced_colors: bool = False


LOOKS = (
    Look(name="desktop", width=1280),
    Look(name="desktop-dark", width=1280, theme="dark"),
    Look(name="phone", width=390),
    Look(name="phone-dark", width=390, theme="dark"),
    Look(name="narrow", width=320),
    Look(name="large", width=3840, height=2160),
    Look(name="forced", width=1280, theme="dark", forced_colors=True),
)
LOOKS_OF_RIGHT_TO_LEFT = (Look(name="arabic", width=1280), Look(name="arabic-phone", width=390))


def main(folder: Path, *wanted: str) -> None:
    """Take pictures of the views whose names contain one of these words, or of all views if there are no words."""
    take_all(folder, LOOKS, language="en-GB", wanted=wanted)
    take_all(folder, LOOKS_OF_RIGHT_TO_LEFT, language="ar", wanted=wanted)


def take_all(folder: Path, looks: tuple[Look, ...], *, language: str, wanted: tuple[str, ...]) -> None:
    """Take each view on each of these screens. A view that cannot be opened is reported and left out."""
    with tempfile.TemporaryDirectory(prefix="sealwax-gallery-") as made:
        place = Path(made)
        browser = Chromium(place / "profile", flags=(f"--lang={language}",))
        try:
            extension = Extension(browser, add_fake_webmail(EXTENSION, place / "extension"))
            (place / "files").mkdir()
            with running_stage(extension, place / "files") as stage:
                for name in choose(wanted):
                    take_view(stage, name, folder, looks)
        finally:
            browser.close()


def choose(wanted: tuple[str, ...]) -> list[str]:
    names = [*VIEWS, *STATES]
    return [name for name in names if not wanted or any(word in name for word in wanted)]


def take_view(stage: Stage, name: str, folder: Path, looks: tuple[Look, ...]) -> None:
    file = re.sub(r"\W+", "-", name)
    try:
        with (VIEWS | STATES)[name](stage) as view:
            for look in looks:
                with shown_in(view.page, look.theme, forced_colors=look.forced_colors):
                    take(view, look, folder / f"{file}--{look.name}.png")
    except (AssertionError, BidiError) as problem:
        print(f"{name}: {problem}", file=sys.stderr)


def take(view: View, look: Look, path: Path) -> None:
    """Take a picture of the whole view, from its top, at most `MAX_HEIGHT` high."""
    view.page.set_viewport(look.width, look.height)
    height = min(max(look.height, height_of(view.page)), MAX_HEIGHT)
    view.page.show_top(look.width, height)
    view.page.screenshot(path)


def height_of(page: Page) -> int:
    height: int = page.js("() => document.documentElement.scrollHeight")
    return height


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
