"""A person shares a folder with another, who sees it among those of other users, with what is possible in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.pages.driver import named
from tests.support.pages.mail_rig import (
    SETTLED,
    MailRig,
    build_message,
    run_mail_rig,
    wait_for_notice,
    wait_for_subjects,
)
from tests.support.servers import dovecot

pytestmark = [pytest.mark.browser, pytest.mark.server]

ANNA, BERT = "anna@example.test", "bert@example.test"
THEIRS = f'{named("folder")}[data-folder="others/{ANNA}/Ward"]'


@pytest.fixture(scope="module")
def sharing_rig(
    pages_with_sources: Path, tls_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MailRig]:
    if dovecot.BINARY is None:
        pytest.skip("dovecot is not installed")
    folder = tmp_path_factory.mktemp("sharing")
    with run_mail_rig(pages_with_sources, tls_folder, folder, [ANNA, BERT], has_sharing=True) as rig:
        with rig.mailbox(ANNA) as anna:
            anna.make("Ward")
            anna.append(build_message("Rounds"), "Ward")
        yield rig


def open_sharing(page: Page, folder: str) -> None:
    page.click(f'{named("folder")}[data-folder="{folder}"]')
    page.wait_for_selector(SETTLED)
    page.click(named("folder-settings"))
    page.click(named("folder-share"))
    page.wait_for_selector(f"{named('access-list')}:not([aria-busy])")


def grant(name: str) -> str:
    return f'{named("grant")}[data-name="{name}"]'


def is_offered(page: Page, act: str) -> bool:
    button = named(f"selection-acts-{act}")
    return bool(page.js(f"() => document.querySelector('{button}').getAttribute('aria-disabled') !== 'true'"))


def show_theirs(rig: MailRig, browser: Browser) -> Page:
    """The pages of Bert, with the message in the folder of Anna chosen."""
    page = rig.visit(browser, BERT)
    page.click(THEIRS)
    wait_for_subjects(page, "Rounds")
    page.js("() => document.querySelector('.rows > li:not(.day) input').click()")
    page.wait_for_selector(named("selection-acts"))
    return page


def test_a_folder_is_shared_read_and_no_longer_shared(sharing_rig: MailRig, browser: Browser) -> None:
    anna = sharing_rig.visit(browser, ANNA)
    open_sharing(anna, "Ward")
    anna.fill(named("access-name"), "anyone")
    anna.click(named("access-give"))
    anna.wait_for_text("names no person", selector=named("access-error"))
    anna.fill(named("access-name"), BERT)
    anna.click(named("access-give"))
    anna.wait_for_selector(grant(BERT))

    bert = show_theirs(sharing_rig, browser)
    assert bert.text(f"{named('folders-others')} .folder-name") == f"{ANNA}/Ward"
    assert "Other users" in bert.text(".foreign-folders")
    assert not any(is_offered(bert, act) for act in ("delete", "move", "archive", "junk", "flag"))
    assert is_offered(bert, "unread")
    bert.click(named("selection-acts-delete"))
    wait_for_notice(bert, "The mail server does not let messages of this folder be deleted.")
    bert.close()

    anna.js(f"""() => {{
      const level = document.querySelector('{grant(BERT)} select');
      level.value = "all";
      level.dispatchEvent(new Event("change"));
    }}""")
    anna.wait_for_text("saved", selector="[aria-live=polite]")
    bert = show_theirs(sharing_rig, browser)
    assert all(is_offered(bert, act) for act in ("delete", "move", "archive", "flag", "unread"))
    bert.close()

    anna.click(f"{grant(BERT)} {named('access-remove')}")
    anna.wait_for(f"() => !document.querySelector('{grant(BERT)}')")
    anna.close()
    bert = sharing_rig.visit(browser, BERT)
    assert bert.js(f"() => document.querySelector('{named('folders-others')}') === null")
    bert.close()
