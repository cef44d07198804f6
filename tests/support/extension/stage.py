"""The extension with Alice's keys, the test sites that she visits, and one open view of the extension."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.web_site import WebSite, running_web_site
from tests.support.extension.driver import Extension, Frame, Site, running_site
from tests.support.extension.field_pages import PASSPHRASE, People, make_people
from tests.support.extension.mail_letters import Letters
from tests.support.extension.saved_webmails import Service, running_service

OPENING_SECONDS = 60


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The extension with Alice's keys, and the test sites that she visits."""

    extension: Extension
    people: People
    site: Site
    web_site: WebSite
    webmail: Service

    @property
    def letters(self) -> Letters:
        """The people and methods for making letters from Bob to Alice."""
        return Letters(
            alice=self.people.alice,
            bob=self.people.bob,
            authority=self.people.authority,
            folder=self.people.folder,
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """An open view. `page`: its tab or window. `documents` and `frames`: the extension's documents in it."""

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
    """Open a page of the extension in a tab."""
    page = stage.extension.browser.open(stage.extension.base + name)
    page.wait_for("() => document.querySelector('h1')?.textContent")
    try:
        yield alone(page)
    finally:
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
    """Run a separate stage, with its files in `folder`."""
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


@pytest.fixture(scope="module")
def stage(
    browser: Browser, folder: Path, people: People, site: Site, web_site: WebSite, service: Service
) -> Iterator[Stage]:
    """The extension with Alice's keys, Bob's certificate and their authority."""
    extension = Extension(browser, folder)
    fill(extension, people)
    yield Stage(extension=extension, people=people, site=site, web_site=web_site, webmail=service)
    extension.uninstall()


@pytest.fixture(autouse=True)
def quiet_sites(browser: Browser) -> None:
    """Expect the errors for favicons, which browsers request by themselves and the test servers do not have."""
    browser.expect_error("favicon|404|byte stream was erroneous")
