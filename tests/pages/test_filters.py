"""Filters in the settings, before a Dovecot with ManageSieve: rules, the reply, other programs' filters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.browser.accessibility import find_violations
from tests.support.browser.browsers import Browser
from tests.support.browser.page import ENTER, Page
from tests.support.pages.driver import OPERATION_SECONDS, named
from tests.support.pages.mail_rig import PASSWORD, Mailbox, MailRig, run_mail_rig
from tests.support.servers import dovecot
from tests.support.servers.mailboxes import login_at
from webbridge.filters.kept_filters import SCRIPT_NAME
from webbridge.gateway import SieveConnection
from webbridge.gateway.wire import CallDeadline

pytestmark = [
    pytest.mark.browser,
    pytest.mark.server,
    pytest.mark.skipif(not dovecot.MANAGESIEVE.exists(), reason="not installed: dovecot-managesieved"),
]

PHONE = (390, 844)
OPEN = "() => { location.hash = '#/settings/reading/filters'; }"
_ADDRESSES = [f"anna{number}@example.test" for number in range(20)]


@pytest.fixture(scope="module")
def rig(pages_with_sources: Path, tls_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailRig]:
    folder = tmp_path_factory.mktemp("rig")
    with run_mail_rig(pages_with_sources, tls_folder, folder, _ADDRESSES, has_filters=True) as rig:
        yield rig


@pytest.fixture
def mail(rig: MailRig) -> Iterator[Mailbox]:
    """The mailbox of a person whom no other test has."""
    with rig.mailbox(_ADDRESSES.pop()) as mailbox:
        mailbox.make("Invoices", "Archive")
        yield mailbox


@pytest.fixture
def page(rig: MailRig, mail: Mailbox, browser: Browser) -> Iterator[Page]:
    """The settings of reading, on a phone."""
    page = rig.visit(browser, mail.address)
    page.set_viewport(*PHONE)
    page.js(OPEN)
    page.wait_for_selector(named("filters"))
    yield page
    page.close()


def connect(rig: MailRig, mail: Mailbox) -> SieveConnection:
    return SieveConnection.open(login_at(rig.server, mail.address, PASSWORD), CallDeadline(10))


def script_of(rig: MailRig, mail: Mailbox) -> str:
    with closing(connect(rig, mail)) as connection:
        return connection.get_script(SCRIPT_NAME).decode()


def put_script(rig: MailRig, mail: Mailbox, name: str, script: bytes) -> None:
    with closing(connect(rig, mail)) as connection:
        connection.put_script(name, script)
        connection.activate(name)


def deliver(rig: MailRig, mail: Mailbox, subject: str) -> None:
    assert rig.folder is not None
    message = f"From: Bob <bob@example.test>\r\nTo: {mail.address}\r\nSubject: {subject}\r\n\r\nHello\r\n"
    dovecot.deliver_by_lda(rig.folder, mail.address, message.encode())


def choose(page: Page, test: str, shown: str) -> None:
    """Choose the option of a list with these words."""
    page.js(
        """(test, shown) => {
          const select = [...document.querySelectorAll(`[data-test="${test}"]`)].at(-1);
          select.value = [...select.options].find((option) => option.textContent.includes(shown)).value;
          select.dispatchEvent(new Event("change", { bubbles: true }));
        }""",
        test,
        shown,
    )


def add_rule(page: Page, text: str) -> None:
    """Add a rule that moves messages with a text in the subject to the folder for invoices."""
    page.click(named("filter-add"))
    page.wait_for_selector(named("filter-dialog"))
    choose(page, "filter-kind", "The subject contains")
    page.fill(named("filter-value"), text)
    choose(page, "filter-move", "Invoices")
    page.click(named("filter-rule-save"))
    page.wait_for("() => !document.querySelector('[data-test=filter-dialog]')", timeout_seconds=OPERATION_SECONDS)


def wait_for_titles(page: Page, *texts: str) -> None:
    """Wait until the rules are those about these texts, in this order."""
    page.wait_for(
        """(texts) => [...document.querySelectorAll("[data-test=filter-rule] h3")]
          .map((one) => texts.find((text) => one.textContent.includes(text))).join() === texts.join()""",
        list(texts),
        timeout_seconds=OPERATION_SECONDS,
    )


def test_a_rule_is_made_by_its_form_and_moves_mail(rig: MailRig, mail: Mailbox, page: Page) -> None:
    page.wait_for_text("There are no rules yet.")
    page.click(named("filter-add"))
    page.wait_for_selector(named("filter-dialog"))
    assert find_violations(page) == []
    assert not page.overflows_sideways()
    page.click(named("filter-rule-save"))
    assert page.text(named("filter-rule-error")).startswith("A condition is incomplete.")
    page.fill(named("filter-value"), 'say "no\\yes"')
    page.click(named("filter-rule-save"))
    assert page.text(named("filter-rule-error")).startswith("The rule does nothing yet.")
    choose(page, "filter-kind", "The subject contains")
    choose(page, "filter-move", "Invoices")
    page.click(named("filter-flagged"))
    page.click(named("filter-rule-save"))
    page.wait_for_text("Move to Invoices · Flag the message", timeout_seconds=OPERATION_SECONDS)
    assert page.text("#announcer") == "Your filters are saved."
    assert find_violations(page) == []
    assert not page.overflows_sideways()
    deliver(rig, mail, 'They say "no\\yes" here')
    assert mail.subjects("Invoices") == ['They say "no\\yes" here']
    assert "\\Flagged" in mail.flags(1, "Invoices")


def test_rules_are_ordered_switched_off_and_deleted_by_keyboard(rig: MailRig, mail: Mailbox, page: Page) -> None:
    page.wait_for_text("There are no rules yet.")
    for text in ("one", "two"):
        add_rule(page, text)
    wait_for_titles(page, "one", "two")
    page.js("() => document.querySelector('[data-test=filter-later]').focus()")
    page.press(ENTER)
    wait_for_titles(page, "two", "one")
    assert page.js("() => document.activeElement.id") == "filters-title"
    page.click(named("filter-on"))
    page.wait_for("() => document.querySelector('[data-test=filter-on]').checked === false")
    page.wait_for("() => document.activeElement.id === 'filters-title'", timeout_seconds=OPERATION_SECONDS)
    deliver(rig, mail, "two")
    assert mail.subjects("Invoices") == []
    page.click(named("filter-delete"))
    page.click(named("filter-delete-go"))
    wait_for_titles(page, "one")
    assert '"two"' not in script_of(rig, mail)


def test_the_reply_is_written_with_its_days(rig: MailRig, mail: Mailbox, page: Page) -> None:
    page.wait_for_selector(named("vacation-edit"))
    page.click(named("vacation-edit"))
    page.wait_for_selector(named("vacation-dialog"))
    assert find_violations(page) == []
    assert not page.overflows_sideways()
    page.click(named("vacation-save"))
    assert page.text(named("vacation-error")).startswith("The reply has no text yet.")
    page.fill(named("vacation-text"), "Back soon.")
    page.fill(named("vacation-addresses"), "nobody")
    page.click(named("vacation-save"))
    assert page.text(named("vacation-error")).startswith("One of your other addresses")
    page.fill(named("vacation-addresses"), "anna@example.test, a.nna@example.test")
    page.js(
        """() => { document.querySelector('[data-test=vacation-first]').value = "2026-12-24";
          document.querySelector('[data-test=vacation-last]').value = "2026-12-01"; }"""
    )
    page.click(named("vacation-save"))
    assert page.text(named("vacation-error")) == "The last day is before the first day."
    page.js("() => { document.querySelector('[data-test=vacation-last]').value = '2026-12-31'; }")
    page.click(named("vacation-save"))
    page.wait_for_text("24", selector=named("vacation"), timeout_seconds=OPERATION_SECONDS)
    assert "31" in page.text(named("vacation"))
    script = script_of(rig, mail)
    assert 'vacation :days 7 :addresses ["anna@example.test", "a.nna@example.test"] "Back soon.";' in script


def test_the_filters_of_another_program_go_on_or_are_replaced_after_a_question(
    rig: MailRig, mail: Mailbox, page: Page
) -> None:
    put_script(rig, mail, "roundcube", b'require "imap4flags";\r\naddflag "\\\\Flagged";\r\n')
    page.js("() => { location.hash = '#/settings/language'; }")
    page.wait_for_selector(named("section-language"))
    page.js(OPEN)
    page.wait_for_selector(named("filters-of-others"), timeout_seconds=OPERATION_SECONDS)
    assert "roundcube" in page.text(named("filters-of-others"))
    assert page.js("() => document.querySelector('[data-test=filter-add]')") is None
    page.click(named("filters-include"))
    page.wait_for_selector(named("filters-include-go"))
    with closing(connect(rig, mail)) as connection:
        assert [script.name for script in connection.list_scripts()] == ["roundcube"]
    page.click(named("filters-include-go"))
    page.wait_for_selector(named("filters-included"), timeout_seconds=OPERATION_SECONDS)
    assert 'include :personal "roundcube";' in script_of(rig, mail)
    page.click(named("filters-include-end"))
    page.wait_for("() => !document.querySelector('[data-test=filters-included]')", timeout_seconds=OPERATION_SECONDS)
    assert "include" not in script_of(rig, mail).replace('"include":null', "")


def test_filters_that_were_changed_elsewhere_meanwhile_are_not_lost(rig: MailRig, mail: Mailbox, page: Page) -> None:
    page.wait_for_text("There are no rules yet.")
    add_rule(page, "one")
    put_script(rig, mail, SCRIPT_NAME, b"keep;\r\n")
    page.browser.expect_error("409")
    page.click(named("filter-on"))
    page.wait_for_selector(named("filters-of-others"), timeout_seconds=OPERATION_SECONDS)
    assert page.text(named("filters-error")).startswith("Nothing was saved: the filters were changed elsewhere")
    assert script_of(rig, mail) == "keep;\r\n"
    page.click(named("filters-replace"))
    page.click(named("filters-replace-go"))
    page.wait_for_text("There are no rules yet.", timeout_seconds=OPERATION_SECONDS)
    assert script_of(rig, mail).startswith("# Filters of Sealwax.")
