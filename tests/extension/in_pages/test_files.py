"""Files before their upload, in real browsers: the page's control only ever holds ciphertext under a neutral name."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from smime_core.blocking import run
from smime_core.cms.recipients.keys import Keys
from smime_core.mail.reading import read_entity
from smime_core.message import examine_message
from smime_core.report.report import State
from smime_core.trust.judging import Judging
from tests.support.browser.browsers import Chromium
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension, Site
from tests.support.extension.field_pages import NATIVE, People
from tests.support.extension.uploads import CONTENT, CONTROL

IN_PAGE = page_scripts("extension/in_pages/files.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

# Records the files that a page sees if it polls its control from the start.
POLL = IN_PAGE["poll"]
READ = IN_PAGE["readInPage"]


def test_the_page_gets_ciphertext_alone_however_often_it_looks(
    extension: Extension, page: Page, site: Site, people: People, salaries: Path
) -> None:
    page.goto(site.page_with(CONTROL))
    page.js(POLL)
    window = extension.window_after_click(page, "#field")
    assert window.text("[data-test=origin]") == site.origin
    window.choose_files("[data-test=files]", [salaries])
    window.wait_for_text("Gehälter.bin")
    with window.closing():
        window.click("[data-test=agree]")
    page.wait_for("() => document.querySelector('#field').files.length === 1", timeout_seconds=60)
    page.wait_for("() => window.changes === 1")
    got = page.js(READ)
    [file] = got["files"]
    assert (file["name"], file["type"]) == ("sealed.p7m", "application/octet-stream")
    cms = bytes.fromhex(file["hex"])
    assert got["seen"] == [f"sealed.p7m {len(cms)}"]
    for reader in (people.alice, people.bob):
        now = datetime.datetime.now(datetime.UTC)
        examining = examine_message(
            cms, Judging(trust_store=people.trust_store, at=now), provider=NATIVE, keys=Keys(identities=[reader])
        )
        report = run(examining)
        assert report.state is State.VERIFIED
        assert [(attachment.filename, attachment.data) for attachment in read_entity(report.content).attachments] == [
            ("Gehälter.bin", CONTENT)
        ]


def test_a_label_a_key_and_a_button_of_the_page_open_the_window_not_the_picker(
    extension: Extension, page: Page, site: Site
) -> None:
    page.goto(site.page_with(f"<label id=label for=field>A file</label>{CONTROL}<button id=own>Upload</button>"))
    page.js(
        "() => document.querySelector('#own').addEventListener('click', () => document.querySelector('#field').click())"
    )
    for control in ("#label", "#own"):
        window = extension.window_after_click(page, control)
        with window.closing():
            window.click("[data-test=refuse]")
        extension.wait_until_window_is_gone()
    assert page.js("() => document.querySelector('#field').files.length") == 0


def test_a_script_without_a_person_opens_nothing(extension: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(CONTROL))
    page.js("() => new Promise((done) => { document.querySelector('#field').click(); setTimeout(done, 500); })")
    assert not extension.has_window()


def test_the_window_wants_a_file_before_it_agrees(extension: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(CONTROL))
    window = extension.window_after_click(page, "#field")
    window.click("[data-test=agree]")
    window.wait_for_text("No file is chosen")


def test_a_file_that_came_another_way_is_taken_out_and_told(
    extension: Extension, page: Page, site: Site, salaries: Path
) -> None:
    page.goto(site.page_with(CONTROL))
    page.js("() => document.querySelector('#field').addEventListener('change', () => { window.changes = 1; })")
    window = extension.window_after_click(page, "#field")
    with window.closing():
        window.click("[data-test=refuse]")
    extension.wait_until_window_is_gone()
    page.choose_files("#field", [salaries])
    page.wait_for("() => document.querySelector('#field').files.length === 0")
    page.wait_for("() => document.querySelector('#field').nextElementSibling !== null")
    assert page.js("() => [document.querySelector('#field').files.length, window.changes ?? 0]") == [0, 0]


def test_a_guessed_job_gives_no_part_of_a_file(extension: Extension) -> None:
    options = extension.open_options()
    answer = options.js(
        """() => (globalThis.browser ?? chrome).runtime.sendMessage({
          type: "files.take", body: { job: crypto.randomUUID(), index: 0, offset: 0 },
        })"""
    )
    options.close()
    assert answer["error"]["code"] == "bad-request"


def test_files_beyond_the_limit_are_refused_in_words_before_any_work(
    extension: Extension, page: Page, site: Site, people: People, salaries: Path
) -> None:
    large = people.folder / "large.bin"
    with large.open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    page.goto(site.page_with(CONTROL))
    window = extension.window_after_click(page, "#field")
    window.choose_files("[data-test=files]", [large])
    window.wait_for_text("larger than 64 MiB together", selector="[data-test=files-problem]")
    window.js(IN_PAGE["filesBeyondTheLimitAreRefusedInWordsBeforeAnyWork"])
    window.click("[data-test=agree]")
    window.wait_for_text("larger than 64 MiB together", selector="[data-test=problem]")
    assert "files.part" not in window.js("() => window.sent ?? []")
    window.choose_files("[data-test=files]", [salaries])
    window.wait_for("() => document.querySelector('[data-test=files-problem]').textContent === ''")
    with window.closing():
        window.click("[data-test=agree]")
    page.wait_for("() => document.querySelector('#field').files.length === 1", timeout_seconds=60)


def test_a_file_is_whole_after_a_first_try_that_was_refused(
    extension: Extension, page: Page, site: Site, people: People, salaries: Path
) -> None:
    page.goto(site.page_with(CONTROL))
    page.js(POLL)
    window = extension.window_after_click(page, "#field")
    window.choose_files("[data-test=files]", [salaries])
    window.js(IN_PAGE["aFileIsWholeAfterAFirstTryThatWasRefused"])
    window.click("[data-test=agree]")
    window.wait_for("() => document.querySelector('[data-test=problem]').textContent", timeout_seconds=30)
    with window.closing():
        window.click("[data-test=agree]")
    page.wait_for("() => window.changes === 1", timeout_seconds=60)
    [file] = page.js(READ)["files"]
    report = run(
        examine_message(
            bytes.fromhex(file["hex"]),
            Judging(trust_store=people.trust_store, at=datetime.datetime.now(datetime.UTC)),
            provider=NATIVE,
            keys=Keys(identities=[people.alice]),
        )
    )
    assert [attachment.data for attachment in read_entity(report.content).attachments] == [CONTENT]


def drop(page: Page, selector: str, file: Path) -> None:
    """Drop a file on an element. Firefox's driver cannot do this, so a script dispatches the event there."""
    browser = page.browser
    if not isinstance(browser, Chromium):
        page.js(
            IN_PAGE["dropInPage"],
            selector,
        )
        return
    x, y = page.js(
        """(selector) => {
          const { x, y, width, height } = document.querySelector(selector).getBoundingClientRect();
          return [x + width / 2, y + height / 2];
        }""",
        selector,
    )
    data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        browser.page_cdp(page, "Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)


def test_a_dropped_file_stays_out_of_the_control_and_of_the_pages_own_handlers(
    extension: Extension, page: Page, site: Site, salaries: Path
) -> None:
    page.goto(site.page_with(CONTROL.replace("data-smime=", "data-plain=").replace("field", "plain") + CONTROL))
    page.js("""() => addEventListener("drop", ({ target }) => {
      window.dropped = [...(window.dropped ?? []), target.id];
    })""")
    drop(page, "#plain", salaries)
    page.wait_for("() => window.dropped?.includes('plain')")
    # After this time the extension has examined the control.
    page.js("() => new Promise((done) => setTimeout(done, 900))")
    drop(page, "#field", salaries)
    page.wait_for("() => document.querySelector('#field').nextElementSibling !== null")
    assert page.js("() => [document.querySelector('#field').files.length, window.dropped]") == [0, ["plain"]]
    if isinstance(extension.browser, Chromium):
        assert extension.window().text("[data-test=origin]") == site.origin


def test_a_picker_that_the_page_opens_by_itself_gives_it_nothing(
    extension: Extension, page: Page, site: Site, salaries: Path
) -> None:
    page.goto(site.page_with(CONTROL + "<button id=own>Upload</button>"))
    page.js(IN_PAGE["aPickerThatThePageOpensByItselfGivesItNothing"])
    page.click("#own")
    page.wait_for("() => window.shown")
    page.choose_files("#field", [salaries])
    page.wait_for("() => document.querySelector('#field').nextElementSibling !== null")
    assert page.js("() => [document.querySelector('#field').files.length, window.changes ?? 0]") == [0, 0]


def test_a_control_that_is_drawn_anew_while_the_window_is_open_gets_the_file(
    extension: Extension, page: Page, site: Site, salaries: Path
) -> None:
    page.goto(site.page_with(f"<div id=app>{CONTROL}</div>"))
    window = extension.window_after_click(page, "#field")
    page.js("(markup) => { document.querySelector('#app').innerHTML = markup; }", CONTROL)
    window.choose_files("[data-test=files]", [salaries])
    with window.closing():
        window.click("[data-test=agree]")
    page.wait_for("() => document.querySelector('#field').files[0]?.name === 'sealed.p7m'", timeout_seconds=60)


def test_nothing_leaves_in_clear_while_the_page_is_still_loading(
    extension: Extension, page: Page, site: Site, salaries: Path
) -> None:
    early = (
        "<script>addEventListener('click', ({ target }) => { (window.clicked ??= []).push(target.id); }, true)</script>"
        f"<button type=button id=own>Own</button>{CONTROL}"
        "<form method=post data-smime=sign><input name=a value=1><button id=go>Go</button></form>"
    )
    url = site.page_with(f'{early}<script src="/?wait=5"></script>')
    page.js("(url) => { setTimeout(() => { location.href = url; }); }", url)
    page.wait_for("() => location.port && document.querySelector('#go') !== null")
    for control in ("#own", "#field", "#go"):
        page.click(control)
    assert page.js("() => [document.readyState, window.clicked]") == ["loading", ["own", "go"]]
    page.wait_for("() => document.readyState === 'complete'")
    assert page.url == url
    assert not extension.has_window()
    extension.window_after_click(page, "#field")
