"""The background ends between two steps, as browsers end it. The work goes on, or the person is told how to go on."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from smime_core.report.report import State
from tests.support.browser.browsers import Firefox
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.browser.web_site import WebSite
from tests.support.extension.compose_driver import Webmail, wait_until_sendable
from tests.support.extension.driver import Extension, Site, agree_in, textarea
from tests.support.extension.field_pages import ENCRYPT_FIELD, TEXT, People
from tests.support.extension.letters_from_bob import SECRET_WORDS, mail_from_bob, opened_by
from tests.support.extension.mail_in_page import MAIL, open_mail, show_mail
from tests.support.extension.page_viewer import shown_in, state_of, tab_id
from tests.support.extension.saved_webmails import Service
from tests.support.extension.uploads import CONTROL

IN_PAGE = page_scripts("extension/background/stopped_background.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

# The first time is longer than the editor waits before the vault keeps its text. The second is longer than the time
# between two checks that the vault still keeps it.
KEPT_SECONDS, KEPT_AGAIN_SECONDS = 2, 12
FORGET_SITES = """async () => {
  const { ask } = await import("/source/browser_ext/shared/request.js");
  for (const { origin } of (await ask("keys.list")).sites) await ask("sites.remove", { id: origin });
}"""
NOTE_SAVED = IN_PAGE["noteSaved"]
ANSWERED = "() => document.querySelector('.state-statement, [data-test=problem]:not(:empty)') !== null"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The fixtures that the flows use."""

    extension: Extension
    page: Page
    people: People
    site: Site
    shop: str
    salaries: Path
    service: Service
    webmail: Webmail
    web_site: WebSite


@pytest.fixture
def scene(
    extension: Extension,
    page: Page,
    people: People,
    site: Site,
    shop: str,
    salaries: Path,
    service: Service,
    webmail: Webmail,
    web_site: WebSite,
) -> Scene:
    """The fixtures, with Alice's keys unlocked and without any site on which she has agreed to open texts."""
    options = extension.open_options()
    options.js(FORGET_SITES)
    options.close()
    extension.browser.expect_error("favicon|404")
    # The extension offers nothing in a tab that is not in front.
    page.activate()
    return Scene(
        extension=extension,
        page=page,
        people=people,
        site=site,
        shop=shop,
        salaries=salaries,
        service=service,
        webmail=webmail,
        web_site=web_site,
    )


def agree(scene: Scene, window: Page, repeat: Callable[[], None]) -> None:
    """Agree in the window. If the vault's held text ended with the background, refuse there and call `repeat`."""
    with window.closing():
        agree_in(window)
    deadline = time.monotonic() + 30
    while scene.extension.has_window() and time.monotonic() < deadline:
        with window.closing():
            if problem := window.js("() => document.querySelector('[data-test=problem]')?.textContent ?? ''"):
                assert isinstance(scene.extension.browser, Firefox), problem
                assert "Try again; what you wrote is still here." in problem
                window.click("[data-test=refuse]")
                scene.extension.wait_until_window_is_gone()
                return repeat()
        time.sleep(0.1)
    scene.extension.wait_until_window_is_gone()
    return None


def write_field(scene: Scene) -> Iterator[None]:
    page, extension = scene.page, scene.extension
    page.goto(scene.site.page_with(ENCRYPT_FIELD))
    page.wait_for("() => answer.nextElementSibling?.getBoundingClientRect().height >= 44")
    yield
    extension.click_button(page, "#answer")
    frame = extension.frame_in(page)
    frame.around.wait_for_selector("[data-test=encrypt]")
    yield
    frame.text.click(".text")
    frame.text.type(TEXT)
    yield
    frame.around.click("[data-test=encrypt]")
    window = extension.window()
    yield

    def repeat() -> None:
        frame.around.wait_for_text("Nothing was signed or encrypted")
        assert frame.text.text(".text") == TEXT
        frame.around.click("[data-test=encrypt]")
        extension.answer()

    agree(scene, window, repeat)
    frame.around.wait_for_text("Encrypted for", timeout_seconds=30)
    yield
    frame.around.click("[data-test=close]")
    armored = page.wait_for("() => answer.getBoundingClientRect().height > 0 && answer.value")
    report = scene.people.open(armored, origin=scene.site.origin, identity=scene.people.bob)
    assert report.content.decode() == TEXT


def examine_field(scene: Scene) -> Iterator[None]:
    page, extension = scene.page, scene.extension
    armored = scene.people.encrypt(TEXT, origin=scene.site.origin, to=scene.people.alice)
    page.goto(scene.site.page_with(textarea("letter", text=armored)))
    page.wait_for("() => letter.nextElementSibling?.getBoundingClientRect().height >= 44")
    yield
    extension.click_button(page, "#letter")
    frame = extension.frame_in(page)
    window = extension.window()
    yield
    agree(scene, window, lambda: None)
    frame.around.wait_for(ANSWERED, timeout_seconds=30)
    assert frame.text.text(".text") == TEXT
    yield
    frame.around.click("[data-test=close]")
    page.wait_for("() => letter.getBoundingClientRect().height > 0")
    extension.click_button(page, "#letter")
    page.wait_for_frame("view.html").wait_for_text(TEXT, timeout_seconds=30)


def sign_form(scene: Scene) -> Iterator[None]:
    page = scene.page
    page.goto(f"{scene.shop}/")
    page.fill("[name=item]", "Lamp")
    yield
    page.click("[name=go]")
    window = scene.extension.window()
    yield
    agree(scene, window, lambda: None)
    page.wait_for_text("item: Lamp", timeout_seconds=30)


def encrypt_file(scene: Scene) -> Iterator[None]:
    page = scene.page
    page.goto(scene.site.page_with(CONTROL))
    page.wait_for_selector("#field")
    yield
    window = scene.extension.window_after_click(page, "#field")
    yield
    window.choose_files("[data-test=files]", [scene.salaries])
    window.wait_for_text("Gehälter.bin")
    yield
    agree(scene, window, lambda: None)
    page.wait_for("() => field.files.length === 1 && field.files[0].name === 'sealed.p7m'", timeout_seconds=30)


def open_mail_in_page(scene: Scene) -> Iterator[None]:
    page, extension = scene.page, scene.extension
    show_mail(page, scene.service, mail_from_bob(scene.people, encrypted=True))
    page.wait_for(f"() => document.querySelector('{MAIL}').previousElementSibling !== null")
    yield
    extension.click_button_above(page, MAIL)
    frame = extension.frame_in(page)
    window = extension.window()
    yield
    agree(scene, window, lambda: None)
    frame.around.wait_for(ANSWERED, timeout_seconds=30)
    if frame.around.js("() => document.querySelector('[data-test=problem]') !== null"):
        # In Firefox the background page held the mail, which ended with it.
        assert isinstance(extension.browser, Firefox)
        assert "Open it again from where it came." in frame.around.text("[data-test=problem]")
        frame.around.click("main button:last-of-type")
        frame = open_mail(extension, page)
    assert SECRET_WORDS in frame.text.text()
    yield
    frame.text.js(NOTE_SAVED)
    frame.text.click("[data-test=save]")
    saved = frame.text.wait_for("() => window.saved ?? document.querySelector('.problem')?.textContent")
    assert saved == len(b"turn left") or "Open it again from where it came." in saved


def write_letter(scene: Scene) -> Iterator[None]:
    window = scene.webmail.write(to=["bob@example.test"])
    yield
    window.fill("[data-test=compose-text]", SECRET_WORDS)
    yield
    window.wait_for_selector("[data-test=draft-state][data-state=kept]", timeout_seconds=60)
    yield
    wait_until_sendable(window)
    window.click("[data-test=send]")
    window.wait_for_selector("[data-test=sent]", timeout_seconds=60)
    yield
    (taken,) = scene.webmail.taken()
    assert opened_by(scene.people.bob, taken.message, scene.people).state is State.VERIFIED


def answer_letter(scene: Scene) -> Iterator[None]:
    mail = mail_from_bob(scene.people, encrypted=True)
    window = scene.webmail.write(kind="reply", to=["bob@example.test"], mail=mail)
    window.wait_for_selector("[data-test=read-original]", timeout_seconds=60)
    window.click("[data-test=compose-text]")
    window.type("My answer. ")
    yield
    window.click("[data-test=read-original]")
    window.wait_for_selector("[data-test=original-state], [data-note]", timeout_seconds=60)
    assert "My answer." in window.value("[data-test=compose-text]")
    yield
    wait_until_sendable(window)
    window.click("[data-test=send]")
    window.wait_for_selector("[data-test=sent]", timeout_seconds=60)


def open_published_page(scene: Scene) -> Iterator[None]:
    url = scene.web_site.publish("<p>Office hours", scene.people.bob)
    scene.page.goto(url)
    tab = tab_id(scene.extension, url)
    yield
    viewer = scene.extension.browser.open(f"{scene.extension.base}viewer/page_viewer.html?tab={tab}")
    viewer.wait_for_selector(".state-statement", timeout_seconds=60)
    yield
    viewer.reload()
    viewer.wait_for_selector(".state-statement", timeout_seconds=60)
    assert state_of(viewer) == "verified"
    assert shown_in(viewer).text() == "Office hours"
    viewer.close()


FLOWS = {
    write_field: 5,
    examine_field: 3,
    sign_form: 2,
    encrypt_file: 3,
    open_mail_in_page: 3,
    write_letter: 4,
    answer_letter: 2,
    open_published_page: 2,
}


def is_seen_stopped(extension: Extension) -> bool:
    """Stop the background, and return whether it was seen stopped. Open pages may start it again at once."""
    for _ in range(3):
        extension.stop_background()
        if not extension.is_background_running():
            return True
    return False


@pytest.mark.parametrize(
    ("flow", "stop_after"),
    [
        pytest.param(flow, step, marks=[pytest.mark.thorough] if step > 1 else [])
        for flow, steps in FLOWS.items()
        for step in range(1, steps + 1)
    ],
    ids=lambda value: value.__name__ if callable(value) else str(value),
)
def test_every_flow_outlives_the_background(
    scene: Scene, flow: Callable[[Scene], Iterator[None]], stop_after: int
) -> None:
    stopped = False
    for step, _ in enumerate(flow(scene), 1):
        if step == stop_after:
            stopped = is_seen_stopped(scene.extension)
    assert stopped


def lock(extension: Extension) -> None:
    extension.lock()


def stop(extension: Extension) -> None:
    extension.stop_background()


@pytest.mark.parametrize("end", [pytest.param(lock, marks=pytest.mark.thorough), stop])
def test_typed_text_is_kept_again_by_the_next_vault(scene: Scene, end: Callable[[Extension], None]) -> None:
    page, extension = scene.page, scene.extension
    page.goto(scene.site.page_with(ENCRYPT_FIELD))
    extension.write(page, "#answer", TEXT)
    time.sleep(KEPT_SECONDS)
    end(extension)
    time.sleep(KEPT_AGAIN_SECONDS)
    page.js("() => answer.nextElementSibling.remove()")
    around = extension.browser.wait_for_page("broker.html?frame=")
    around.wait_for_frame("view.html").wait_for_text(TEXT, selector=".text")
    around.close()
