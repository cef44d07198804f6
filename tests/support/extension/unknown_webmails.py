"""Real webmails that the extension does not know, over one mail host: their fixtures, and how a person signs in."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.bidi import PATIENCE_SECONDS, BidiError
from tests.support.browser.page import Page
from tests.support.servers import ciderwebmail, dovecot, horde, sqwebmail
from tests.support.servers.ciderwebmail import CiderWebmail, run_ciderwebmail
from tests.support.servers.horde import Horde, View, run_horde
from tests.support.servers.mail_host import MailHost, run_mail_host
from tests.support.servers.mailboxes import ALICE, PASSWORDS
from tests.support.servers.sqwebmail import SqWebMail, run_sqwebmail
from tests.support.servers.started import started

_PASSWORD = "the harbour"
_HAS = "(selector) => document.querySelector(selector) !== null"


@pytest.fixture(scope="module")
def mail_host(tls_files: Path) -> Iterator[MailHost]:
    if dovecot.BINARY is None:
        pytest.skip("dovecot is not installed")
    with run_mail_host(dict.fromkeys(PASSWORDS, _PASSWORD), tls_folder=tls_files) as host:
        yield host


@pytest.fixture(scope="module")
def horde_webmail(mail_host: MailHost) -> Iterator[Horde]:
    yield from started(horde.absence(), run_horde(mail_host))


@pytest.fixture(scope="module")
def ciderwebmail_webmail(mail_host: MailHost) -> Iterator[CiderWebmail]:
    yield from started(ciderwebmail.absence(), run_ciderwebmail(mail_host))


@pytest.fixture(scope="module")
def sqwebmail_webmail(mail_host: MailHost) -> Iterator[SqWebMail]:
    yield from started(sqwebmail.absence(), run_sqwebmail(mail_host))


def sign_in_to_horde(tab: Page, webmail: Horde, view: View = View.BASIC) -> None:
    """Choose a kind of pages, unless Alice is signed in."""
    tab.browser.expect_error(r"Unexpected end of JSON input|404|tagName|CKEDITOR|Image corrupt|this\.conf is undefined")
    tab.goto(f"{webmail.url}login.php")
    if tab.js(_HAS, "#horde_user"):
        tab.js("(view) => { document.querySelector('#horde_select_view').value = view; }", view)
        tab.fill("#horde_user", ALICE)
        tab.fill("#horde_pass", _PASSWORD)
        tab.click("#login-button")
        tab.wait_for("() => document.querySelector('#horde_user') === null")


def sign_in_to_ciderwebmail(tab: Page, webmail: CiderWebmail) -> None:
    tab.goto(webmail.url)
    if tab.js(_HAS, "[name=password]"):
        tab.fill("[name=username]", ALICE)
        tab.fill("[name=password]", _PASSWORD)
        tab.js("() => { document.querySelector('[name=password]').form.requestSubmit(); }")
        tab.wait_for("() => document.querySelector('[name=password]') === null")


def sign_in_to_sqwebmail(tab: Page, webmail: SqWebMail) -> None:
    tab.goto(webmail.url)
    first = frame_with(tab, "[name=password]")
    first.fill("[name=username]", ALICE)
    first.fill("[name=password]", _PASSWORD)
    first.click("[name='do.login']")


def frame_with(tab: Page, selector: str) -> Page:
    """Wait for the frame that has such an element, and return it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for frame in [tab, *tab.frames()]:
            # A frame can go while its program loads others.
            with contextlib.suppress(BidiError):
                if frame.js(_HAS, selector):
                    return frame
        time.sleep(0.1)
    raise AssertionError(f"no frame has {selector}")
