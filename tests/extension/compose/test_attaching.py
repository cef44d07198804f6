"""Files of a letter in the extension's window: none is left out because it is still being read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.compose_driver import Webmail
from tests.support.extension.driver import Site, running_site
from tests.support.extension.field_pages import People
from tests.support.extension.letters_from_bob import SECRET_WORDS, opened_by

IN_PAGE = page_scripts("extension/compose/attaching.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

# A file that is read only when `goOn` is called.
DROP = IN_PAGE["dropInPage"]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


@pytest.mark.thorough(False)
def test_a_letter_waits_for_a_file_that_is_being_read(webmail: Webmail, people: People) -> None:
    window = webmail.write(to=["bob@example.test"])
    window.fill("[data-test=compose-text]", SECRET_WORDS)
    window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=60)
    window.js(DROP)
    window.wait_for_selector("[data-test=obstacle][data-code=reading]")
    window.click("[data-test=send]")
    window.js("() => window.goOn()")
    (taken,) = webmail.taken()
    assert b"times.txt" in opened_by(people.bob, taken.message, people).content
