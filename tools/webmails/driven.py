"""Webmails as a person uses them: how to sign in, show a mail, begin a new one or a reply, and send it."""

from __future__ import annotations

import abc
import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlencode

from tests.support.browser.page import Page
from tests.support.extension.sogo_pages import EDITOR, SogoPages
from tests.support.extension.unknown_webmails import (
    frame_with,
    sign_in_to_ciderwebmail,
    sign_in_to_horde,
    sign_in_to_sqwebmail,
)
from tests.support.extension.webmail import RoundcubePages
from tests.support.servers import ciderwebmail, horde, roundcube, sogo, squirrelmail, sqwebmail
from tests.support.servers.ciderwebmail import CiderWebmail, run_ciderwebmail
from tests.support.servers.horde import Horde, View, run_horde
from tests.support.servers.mail_host import MailHost
from tests.support.servers.mailboxes import ALICE, BOB
from tests.support.servers.roundcube import Roundcube, run_roundcube
from tests.support.servers.sogo import Sogo, run_sogo
from tests.support.servers.squirrelmail import SquirrelMail, run_squirrelmail
from tests.support.servers.sqwebmail import SqWebMail, run_sqwebmail

Server = TypeVar("Server")

_INBOX: Final = "SU5CT1g"
"""The folder INBOX in Horde's addresses."""


class Driven(abc.ABC, Generic[Server]):
    """One person's webmail in one tab."""

    def __init__(self, tab: Page, server: Server) -> None:
        self.tab = tab
        self.server = server

    @abc.abstractmethod
    def sign_in(self) -> None:
        """Sign Alice in."""

    @abc.abstractmethod
    def show(self, uid: int) -> None:
        """Show a mail of the inbox."""

    @abc.abstractmethod
    def begin(self) -> None:
        """Begin a new mail to Bob with the subject "Harbour", and put the focus into its text."""

    @abc.abstractmethod
    def reply(self) -> None:
        """Press the webmail's own button for a reply to the shown mail, and put the focus into its text."""

    @abc.abstractmethod
    def send(self) -> None:
        """Press the webmail's own button for sending."""

    def attach(self, file: Path) -> None:
        """Attach a file by hand, if the extension cannot attach the file and has saved it."""
        raise AssertionError(f"nobody has shown how to attach {file.name} by hand here")

    def focus(self, field: str) -> None:
        """Put the focus into a field."""
        self.tab.wait_for_selector(field)
        self.tab.js("(field) => { document.querySelector(field).focus(); }", field)

    def fill_head(self, to: str, subject: str) -> None:
        """Write Bob's address and the subject into two fields."""
        self.tab.wait_for_selector(to)
        self.tab.fill(to, BOB)
        self.tab.fill(subject, "Harbour")


class InRoundcube(Driven[Roundcube]):
    """Roundcube, in any skin."""

    def sign_in(self) -> None:
        self.tab.browser.expect_error("downloadable font")
        self._pages = RoundcubePages(self.tab, self.server, address=ALICE)

    def show(self, uid: int) -> None:
        self._pages.show(uid)

    def begin(self) -> None:
        self._pages.compose(_to=BOB)
        self.tab.js("() => { document.querySelector('[name=_subject]').value = 'Harbour'; }")
        self.focus("[name=_message]")

    def reply(self) -> None:
        self.tab.js("() => { rcmail.command('reply'); }")
        self.focus("[name=_message]")

    def send(self) -> None:
        self.tab.js("() => { rcmail.command('send'); }")


class InSogo(Driven[Sogo]):
    """SOGo."""

    def sign_in(self) -> None:
        self._pages = SogoPages(self.tab, self.server, address=ALICE)
        self._pages.login()

    def show(self, uid: int) -> None:
        self._pages.show(uid)

    def begin(self) -> None:
        self._pages.compose(BOB, "Harbour")
        self.focus(f"{EDITOR} textarea")

    def reply(self) -> None:
        self._pages.reply()
        self.focus(f"{EDITOR} textarea")

    def send(self) -> None:
        self._pages.send()


_HORDE_REPLY: Final = """() => {
  const { href } = document.querySelector("a[href*='reply%22']");
  return JSON.parse(decodeURIComponent(/popup\\('([^']+)'/.exec(decodeURI(href).replaceAll("%5C", ""))[1])).params;
}"""


class InHorde(Driven[Horde]):
    """Horde's basic pages."""

    def sign_in(self) -> None:
        sign_in_to_horde(self.tab, self.server)

    def show(self, uid: int) -> None:
        self.tab.goto(f"{self.server.url}imp/basic.php?page=mailbox&mailbox={_INBOX}")
        self.tab.click("a[href*='page=message']")
        self.tab.wait_for_selector("#messageBody")

    def begin(self) -> None:
        self.tab.goto(f"{self.server.url}imp/basic.php?page=compose")
        self.fill_head("[name=to]", "[name=subject]")
        self.focus("[name=message]")

    def reply(self) -> None:
        # The button would open a new window. Here its page opens in the tab.
        query = self.tab.js(_HORDE_REPLY)
        self.tab.goto(f"{self.server.url}imp/basic.php?{urlencode(query)}")
        self.focus("[name=message]")

    def send(self) -> None:
        self.tab.click("[name=btn_send_message]")


class InHordeDynamic(Driven[Horde]):
    """Horde's dynamic pages."""

    def sign_in(self) -> None:
        sign_in_to_horde(self.tab, self.server, View.DYNAMIC)

    def show(self, uid: int) -> None:
        self.tab.goto(f"{self.server.url}imp/dynamic.php?page=message&buid={uid}&mailbox={_INBOX}")
        self.tab.wait_for_selector("#messageBody, #msgData")

    def begin(self) -> None:
        self.tab.goto(f"{self.server.url}imp/dynamic.php?page=compose")
        self.fill_head("#to", "#subject")
        self.focus("#composeMessage")

    def reply(self) -> None:
        self.tab.click("#reply_link")
        # Horde shows its form before the fields are filled.
        self.tab.wait_for("() => document.querySelector('#composeMessage')?.checkVisibility()")
        self.tab.wait_for("() => document.querySelector('#to').value !== ''")
        self.focus("#composeMessage")

    def send(self) -> None:
        # Horde uploads a chosen file at once. It shows the name before the upload has ended, and does not send
        # meanwhile.
        self.tab.wait_for("() => document.body.innerText.includes('smime.p7m.eml')")
        time.sleep(2)
        self.tab.click("#send_button")


class InCiderWebmail(Driven[CiderWebmail]):
    """CiderWebmail."""

    def sign_in(self) -> None:
        sign_in_to_ciderwebmail(self.tab, self.server)

    def show(self, uid: int) -> None:
        self.tab.goto(f"{self.server.url}mailbox/INBOX/{uid}")
        self.tab.wait_for_selector("a[href*='view_source']")

    def begin(self) -> None:
        self.tab.goto(f"{self.server.url}mailbox/INBOX/compose")
        self.fill_head("[name=to]", "[name=subject]")
        self.focus("[name=body]")

    def reply(self) -> None:
        address = self.tab.js("() => document.querySelector('a[href*=reply]').href")
        self.tab.goto(address)
        self.focus("[name=body]")

    def send(self) -> None:
        self.tab.js("() => { const { form } = document.querySelector('[name=subject]'); form.requestSubmit(); }")


class InSqWebMail(Driven[SqWebMail]):
    """SqWebMail, whose pages are in frames."""

    def sign_in(self) -> None:
        sign_in_to_sqwebmail(self.tab, self.server)
        frame_with(self.tab, "a[href*='form=folder&folder=INBOX']")

    def show(self, uid: int) -> None:
        self.sign_in()
        frame_with(self.tab, "a[href*='form=folder&folder=INBOX']").click("a[href*='form=folder&folder=INBOX']")
        frame_with(self.tab, "a[href*='form=readmsg']").click("a[href*='form=readmsg']")
        frame_with(self.tab, "a[href*='form=delmsg']")

    def begin(self) -> None:
        frame_with(self.tab, "a[href*='form=newmsg']").click("a[href*='form=newmsg']")
        form = frame_with(self.tab, "[name=headerto]")
        form.fill("[name=headerto]", BOB)
        form.fill("[name=headersubject]", "Harbour")
        self._focus(form)

    def reply(self) -> None:
        frame_with(self.tab, "a[href*='reply=1']").click("a[href*='reply=1']")
        self._focus(frame_with(self.tab, "[name=headerto]"))

    def attach(self, file: Path) -> None:
        frame_with(self.tab, "[name=doattachments]").click("[name=doattachments]")
        page = frame_with(self.tab, "[name=uploadfile]")
        page.choose_files("[name=uploadfile]", [file])
        page.click("[name=upload]")
        page.wait_for_text(file.name)

    def send(self) -> None:
        frame_with(self.tab, "[name=sendmsg]").click("[name=sendmsg]")

    def _focus(self, form: Page) -> None:
        form.click("textarea[name=message]")


class InSquirrelMail(Driven[SquirrelMail]):
    """SquirrelMail, without its frames."""

    def sign_in(self) -> None:
        self.tab.goto(f"{self.server.url}login.php")
        self.tab.fill("[name=login_username]", ALICE)
        self.tab.fill("[name=secretkey]", self.server.mail.passwords[ALICE])
        self.tab.js("() => { document.querySelector('[name=secretkey]').form.submit(); }")
        self.tab.wait_for("() => document.querySelector('[name=secretkey]') === null")

    def show(self, uid: int) -> None:
        self.tab.goto(f"{self.server.url}right_main.php?mailbox=INBOX")
        self.tab.click("a[href*=read_body]")
        self.tab.wait_for_selector("a[href*=view_header]")

    def begin(self) -> None:
        self.tab.goto(f"{self.server.url}compose.php?mailbox=INBOX")
        self.fill_head("[name=send_to]", "[name=subject]")
        self.focus("[name=body]")

    def reply(self) -> None:
        self.tab.click("[name=smaction_reply]")
        self.focus("[name=body]")

    def send(self) -> None:
        self.tab.click("[name=send1]")


@dataclass(frozen=True, slots=True)
class Webmail:
    """A webmail that can be started: its name, why it is absent (or None), its servers, and how a person uses it.

    `reason`: why one press does not read its mails, if that is known.
    """

    name: str
    packages: str
    absence: Callable[[], str | None]
    run: Callable[[MailHost], AbstractContextManager[Any]]
    driven: Callable[[Page, Any], Driven[Any]]
    reason: str = ""

    def version(self) -> str:
        """The version of the webmail's Debian package; "" if there is none."""
        package = self.packages.partition(" ")[0]
        if not package:
            return ""
        shown = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False
        )
        return shown.stdout


def _skin(name: str) -> Webmail:
    return Webmail(
        f"Roundcube, {name}",
        "roundcube-core",
        partial(roundcube.absence, name),
        partial(run_roundcube, skin=name),
        InRoundcube,
    )


WEBMAILS: Final = (
    *map(_skin, ("elastic", "larry", "classic")),
    Webmail("SOGo", sogo.PACKAGES, sogo.absence, run_sogo, InSogo),
    Webmail("Horde, basic", horde.PACKAGES, horde.absence, run_horde, InHorde),
    Webmail("Horde, dynamic", horde.PACKAGES, horde.absence, run_horde, InHordeDynamic),
    Webmail("CiderWebmail", ciderwebmail.PACKAGES, ciderwebmail.absence, run_ciderwebmail, InCiderWebmail),
    Webmail("SqWebMail", sqwebmail.PACKAGES, sqwebmail.absence, run_sqwebmail, InSqWebMail),
    Webmail(
        "SquirrelMail",
        "",
        squirrelmail.absence,
        run_squirrelmail,
        InSquirrelMail,
        reason='by pointing at "Download this as a file", which stands beside the lines of the mail',
    ),
)


@contextlib.contextmanager
def running(webmail: Webmail, mail: MailHost, tab: Page) -> Iterator[Driven[Any]]:
    """Start a webmail, and sign Alice in."""
    with ExitStack() as stack:
        driven = webmail.driven(tab, stack.enter_context(webmail.run(mail)))
        driven.sign_in()
        yield driven
