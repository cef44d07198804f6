"""The extension with Alice's keys, the sites that she meets with it, and a view of it that is open."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from tests.browser.extension_driver import Extension, Frame, Site, running_site
from tests.browser.field_pages import PASSPHRASE, People, make_people
from tests.browser.mail_letters import Letters
from tests.browser.page import Page
from tests.browser.test_webmail_saved import Service, running_service
from tests.browser.web_site import WebSite, running_web_site

OPENING_SECONDS = 60


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The extension with Alice's keys, and the sites that she meets with it."""

    extension: Extension
    people: People
    site: Site
    web_site: WebSite
    webmail: Service

    @property
    def letters(self) -> Letters:
        """What Bob writes to her."""
        return Letters(
            alice=self.people.alice,
            bob=self.people.bob,
            authority=self.people.authority,
            folder=self.people.folder,
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view that is open: the tab or window with it, and the documents of the extension in it."""

    page: Page
    documents: list[Page]
    frames: list[Page]


Opener = Callable[[Stage], AbstractContextManager[View]]


def alone(page: Page, *frames: Page) -> View:
    return View(page=page, documents=[page], frames=list(frames))


def framed(page: Page, frame: Frame) -> View:
    return View(page=page, documents=[], frames=[frame.around, frame.text])


@contextmanager
def open_tab(stage: Stage, name: str) -> Iterator[View]:
    """A page of the extension."""
    page = stage.extension.browser.open(stage.extension.base + name)
    page.wait_for("() => document.querySelector('h1')?.textContent")
    yield alone(page)
    page.close()


def fill(extension: Extension, people: People) -> None:
    """Give the extension Alice's keys, Bob's certificate and their authority."""
    extension.open_keys(people.folder / "alice.p12", PASSPHRASE)
    extension.keep(anchors=[people.folder / "ca.der"], people=[people.folder / "bob.der"])


def lock(stage: Stage) -> None:
    page = stage.extension.open_options()
    page.click("[data-test=lock]")
    page.wait_for("() => document.querySelector('[data-test=lock]').hidden")
    page.close()
    stage.extension.is_locked = True


@contextmanager
def running_stage(extension: Extension, folder: Path) -> Iterator[Stage]:
    """A stage of its own, with its files in a folder."""
    people = make_people(folder)
    fill(extension, people)
    with ExitStack() as stack:
        yield Stage(
            extension=extension,
            people=people,
            site=stack.enter_context(running_site()),
            web_site=stack.enter_context(running_web_site()),
            webmail=stack.enter_context(running_service()),
        )
