"""Webmails as a person uses them: how to sign in, show a mail, begin a new one or a reply, and send it."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from tests.support.browser.page import ENTER, Page
from tests.support.extension.unknown_webmails import (
    frame_with,
    sign_in_to_ciderwebmail,
    sign_in_to_horde,
    sign_in_to_sqwebmail,
)
from tests.support.servers import ciderwebmail, horde, roundcube, sogo, squirrelmail, sqwebmail
from tests.support.servers.ciderwebmail import CiderWebmail, run_ciderwebmail
from tests.support.servers.horde import Horde, View, run_horde
from tests.support.servers.mail_host import MailHost
from tests.support.servers.mailboxes import ALICE, BOB
from tests.support.servers.roundcube import Roundcube, run_roundcube
from tests.support.servers.sogo import Sogo, run_sogo
from tests.support.servers.squirrelmail import SquirrelMail, run_squirrelmail
from tests.support.servers.sqwebmail import SqWebMail, run_sqwebmail

_INBOX: Final = "SU5CT1g"
"""The folder INBOX in Horde's addresses."""


class Driven(Protocol):
    """One person's webmail in one tab."""

    def sign_in(self) -> None:
        """Sign Alice in."""

    def show(self, uid: int) -> None:
        """Show a mail of the inbox."""

    def begin(self) -> None:
        """Begin a new mail to Bob with the subject "Harbour", and put the focus into its text."""

    def reply(self) -> None:
        """Press the webmail's own button for a reply to the shown mail, and put the focus into its text."""

    def attach(self, file: Path) -> None:
        """Attach a file by hand, where the extension can only save it."""

    def send(self) -> None:
        """Press the webmail's own button that sends."""


class InRoundcube(Driven):
    """Roundcube, in any skin."""

    def __init__(self, tab: Page, server: Roundcube) -> None:
        self._tab, self._server = tab, server

    def sign_in(self) -> None:
        self._tab.browser.expect_error("downloadable font")
        self._tab.goto(self._server.url)
        self._tab.fill("#rcmloginuser", ALICE)
        self._tab.fill("#rcmloginpwd", self._server.mail.passwords[ALICE])
        self._tab.js("() => { document.querySelector('#rcmloginpwd').form.requestSubmit(); }")
        self._tab.wait_for("() => window.rcmail?.env.messagecount !== undefined")

    def show(self, uid: int) -> None:
        self._go(_action="show", _uid=str(uid), _mbox="INBOX")
        self._tab.wait_for_selector("#messagebody")

    def begin(self) -> None:
        self._go(_action="compose", _mbox="INBOX", _to=BOB)
        self._write("Harbour")

    def reply(self) -> None:
        self._tab.js("() => { rcmail.command('reply'); }")
        self._write("")

    def send(self) -> None:
        self._tab.js("() => { rcmail.command('send'); }")

    def _write(self, subject: str) -> None:
        self._tab.wait_for_selector("[name=_message]")
        if subject:
            self._tab.js("(text) => { document.querySelector('[name=_subject]').value = text; }", subject)
        self._tab.js("() => { document.querySelector('[name=_message]').focus(); }")

    def _go(self, **query: str) -> None:
        # Wait for the page's requests. Each writes the session when it ends, and would undo the next page's changes.
        self._tab.wait_for("() => !window.jQuery || jQuery.active === 0")
        self._tab.goto(f"{self._server.url}?{urlencode({'_task': 'mail', **query})}")


_SOGO_LOGIN: Final = """async (userName, password) => {
  const body = JSON.stringify({ userName, password, domain: null, language: "English", rememberLogin: 0 });
  const headers = { "content-type": "application/json" };
  return (await fetch("/SOGo/connect", { method: "POST", headers, body })).status;
}"""
_SOGO_EDITOR: Final = "md-dialog.sg-mail-editor"
# SOGo shows some buttons only while the pointer is on others, so a script clicks them.
_CLICK: Final = """(selector) => {
  const button = [...document.querySelectorAll(selector)].at(-1);
  button?.click();
  return Boolean(button);
}"""


class InSogo(Driven):
    """SOGo."""

    def __init__(self, tab: Page, server: Sogo) -> None:
        self._tab, self._server = tab, server

    def sign_in(self) -> None:
        self._tab.browser.expect_error("can.t access property|Possibly unhandled rejection|E is null")
        self._tab.goto(self._server.url)
        assert self._tab.js(_SOGO_LOGIN, ALICE, self._server.mail.passwords[ALICE]) == 200

    def show(self, uid: int) -> None:
        self._go(f"/{uid}")
        self._tab.wait_for_selector(".msg-body", timeout_seconds=60)

    def begin(self) -> None:
        self._go("")
        self._tab.activate()
        self._tab.wait_for(_CLICK, "button[ng-click='mailbox.newMessage($event)']", timeout_seconds=60)
        self._tab.wait_for_selector(f"{_SOGO_EDITOR} textarea")
        self._tab.fill(f"{_SOGO_EDITOR} input[type=text]:not([name=from], [name=subject])", BOB)
        self._tab.press(ENTER)
        self._tab.fill(f"{_SOGO_EDITOR} input[name=subject]", "Harbour")
        self._focus()

    def reply(self) -> None:
        self._tab.activate()
        self._tab.wait_for(_CLICK, "[ng-click='viewer.reply($event)']", timeout_seconds=30)
        self._tab.wait_for_selector(f"{_SOGO_EDITOR} textarea")
        self._focus()

    def send(self) -> None:
        self._tab.click("button[ng-click='editor.send()']")

    def _focus(self) -> None:
        self._tab.js("(editor) => { document.querySelector(`${editor} textarea`).focus(); }", _SOGO_EDITOR)

    def _go(self, rest: str) -> None:
        # The addresses of two messages differ only in the fragment, and a new fragment would load nothing.
        self._tab.goto("about:blank")
        self._tab.goto(f"{self._server.url}so/{ALICE}/Mail/view#!/Mail/0/INBOX{rest}")


_HORDE_REPLY: Final = """() => {
  const { href } = document.querySelector("a[href*='reply%22']");
  return JSON.parse(decodeURIComponent(/popup\\('([^']+)'/.exec(decodeURI(href).replaceAll("%5C", ""))[1])).params;
}"""


class InHorde(Driven):
    """Horde's basic pages."""

    def __init__(self, tab: Page, server: Horde) -> None:
        self._tab, self._server = tab, server

    def sign_in(self) -> None:
        sign_in_to_horde(self._tab, self._server)

    def show(self, uid: int) -> None:
        self._tab.goto(f"{self._server.url}imp/basic.php?page=mailbox&mailbox={_INBOX}")
        self._tab.click("a[href*='page=message']")
        self._tab.wait_for_selector("#messageBody")

    def begin(self) -> None:
        self._tab.goto(f"{self._server.url}imp/basic.php?page=compose")
        self._tab.wait_for_selector("[name=upload_1]")
        self._tab.fill("[name=to]", BOB)
        self._tab.fill("[name=subject]", "Harbour")
        self._focus()

    def reply(self) -> None:
        # The button opens a window of its own; here its page comes into the tab.
        query = self._tab.js(_HORDE_REPLY)
        self._tab.goto(f"{self._server.url}imp/basic.php?{urlencode(query)}")
        self._tab.wait_for_selector("[name=upload_1]")
        self._focus()

    def send(self) -> None:
        self._tab.click("[name=btn_send_message]")

    def _focus(self) -> None:
        self._tab.js("() => { document.querySelector('[name=message]').focus(); }")


class InHordeDynamic(Driven):
    """Horde's dynamic pages."""

    def __init__(self, tab: Page, server: Horde) -> None:
        self._tab, self._server = tab, server

    def sign_in(self) -> None:
        sign_in_to_horde(self._tab, self._server, View.DYNAMIC)

    def show(self, uid: int) -> None:
        self._tab.goto(f"{self._server.url}imp/dynamic.php?page=message&buid={uid}&mailbox={_INBOX}")
        self._tab.wait_for_selector("#messageBody, #msgData")

    def begin(self) -> None:
        self._tab.goto(f"{self._server.url}imp/dynamic.php?page=compose")
        self._tab.wait_for_selector("#composeMessage")
        self._tab.fill("#to", BOB)
        self._tab.fill("#subject", "Harbour")
        self._focus()

    def reply(self) -> None:
        self._tab.click("#reply_link")
        # Horde shows its form before it has filled it.
        self._tab.wait_for("() => document.querySelector('#composeMessage')?.checkVisibility()")
        self._tab.wait_for("() => document.querySelector('#to').value !== ''")
        self._focus()

    def send(self) -> None:
        # Horde uploads a file by itself, shows its name before that is done, and does not send meanwhile.
        self._tab.wait_for("() => document.body.innerText.includes('smime.p7m.eml')")
        time.sleep(2)
        self._tab.click("#send_button")

    def _focus(self) -> None:
        self._tab.js("() => { document.querySelector('#composeMessage').focus(); }")


class InCiderWebmail(Driven):
    """CiderWebmail."""

    def __init__(self, tab: Page, server: CiderWebmail) -> None:
        self._tab, self._server = tab, server

    def sign_in(self) -> None:
        sign_in_to_ciderwebmail(self._tab, self._server)

    def show(self, uid: int) -> None:
        self._tab.goto(f"{self._server.url}mailbox/INBOX/{uid}")
        self._tab.wait_for_selector("a[href*='view_source']")

    def begin(self) -> None:
        self._tab.goto(f"{self._server.url}mailbox/INBOX/compose")
        self._tab.wait_for_selector("[name=subject]")
        self._tab.fill("[name=to]", BOB)
        self._tab.fill("[name=subject]", "Harbour")
        self._focus()

    def reply(self) -> None:
        address = self._tab.js("() => document.querySelector('a[href*=reply]').href")
        self._tab.goto(address)
        self._tab.wait_for_selector("[name=subject]")
        self._focus()

    def send(self) -> None:
        self._tab.js("() => { const { form } = document.querySelector('[name=subject]'); form.requestSubmit(); }")

    def _focus(self) -> None:
        self._tab.js("() => { document.querySelector('[name=body]').focus(); }")


class InSqWebMail(Driven):
    """SqWebMail, whose pages are in frames."""

    def __init__(self, tab: Page, server: SqWebMail) -> None:
        self._tab, self._server = tab, server

    def sign_in(self) -> None:
        sign_in_to_sqwebmail(self._tab, self._server)
        frame_with(self._tab, "a[href*='form=folder&folder=INBOX']")

    def show(self, uid: int) -> None:
        self.sign_in()
        frame_with(self._tab, "a[href*='form=folder&folder=INBOX']").click("a[href*='form=folder&folder=INBOX']")
        frame_with(self._tab, "a[href*='form=readmsg']").click("a[href*='form=readmsg']")
        frame_with(self._tab, "a[href*='form=delmsg']")

    def begin(self) -> None:
        frame_with(self._tab, "a[href*='form=newmsg']").click("a[href*='form=newmsg']")
        form = frame_with(self._tab, "[name=headerto]")
        form.fill("[name=headerto]", BOB)
        form.fill("[name=headersubject]", "Harbour")
        self._focus(form)

    def reply(self) -> None:
        frame_with(self._tab, "a[href*='reply=1']").click("a[href*='reply=1']")
        self._focus(frame_with(self._tab, "[name=headerto]"))

    def attach(self, file: Path) -> None:
        frame_with(self._tab, "[name=doattachments]").click("[name=doattachments]")
        page = frame_with(self._tab, "[name=uploadfile]")
        page.choose_files("[name=uploadfile]", [file])
        page.click("[name=upload]")
        page.wait_for_text(file.name)

    def send(self) -> None:
        frame_with(self._tab, "[name=sendmsg]").click("[name=sendmsg]")

    def _focus(self, form: Page) -> None:
        form.click("textarea[name=message]")


class InSquirrelMail(Driven):
    """SquirrelMail, without its frames."""

    def __init__(self, tab: Page, server: SquirrelMail) -> None:
        self._tab, self._server = tab, server

    def sign_in(self) -> None:
        self._tab.goto(f"{self._server.url}login.php")
        self._tab.fill("[name=login_username]", ALICE)
        self._tab.fill("[name=secretkey]", self._server.mail.passwords[ALICE])
        self._tab.js("() => { document.querySelector('[name=secretkey]').form.submit(); }")
        self._tab.wait_for("() => document.querySelector('[name=secretkey]') === null")

    def show(self, uid: int) -> None:
        self._tab.goto(f"{self._server.url}right_main.php?mailbox=INBOX")
        self._tab.click("a[href*=read_body]")
        self._tab.wait_for_selector("a[href*=view_header]")

    def begin(self) -> None:
        self._tab.goto(f"{self._server.url}compose.php?mailbox=INBOX")
        self._tab.wait_for_selector("[name=send_to]")
        self._tab.fill("[name=send_to]", BOB)
        self._tab.fill("[name=subject]", "Harbour")
        self._focus()

    def reply(self) -> None:
        self._tab.click("[name=smaction_reply]")
        self._tab.wait_for_selector("[name=send_to]")
        self._focus()

    def send(self) -> None:
        self._tab.click("[name=send1]")

    def _focus(self) -> None:
        self._tab.js("() => { document.querySelector('[name=body]').focus(); }")


@dataclass(frozen=True, slots=True)
class Webmail:
    """A webmail that can be started: its name, why it is absent (or None), its servers, and how a person uses it.

    `reason`: why one press does not read its mails, if that is known.
    """

    name: str
    packages: str
    absence: Callable[[], str | None]
    run: Callable[[MailHost], AbstractContextManager[Any]]
    driven: Callable[[Page, Any], Driven]
    reason: str = ""

    def version(self) -> str:
        """The version of its Debian package; "" if it has none."""
        package = self.packages.partition(" ")[0]
        if not package:
            return ""
        shown = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False
        )
        return shown.stdout


def _skin(name: str) -> Webmail:
    def absence() -> str | None:
        known = (roundcube.DOCUMENTS / "skins" / name).exists()
        return roundcube.absence() or (None if known else f"not installed: roundcube-skin-{name}")

    return Webmail(
        f"Roundcube, {name}", "roundcube-core", absence, lambda mail: run_roundcube(mail, skin=name), InRoundcube
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
def running(webmail: Webmail, mail: MailHost, tab: Page) -> Iterator[Driven]:
    """Start a webmail, and sign Alice in."""
    with ExitStack() as stack:
        driven = webmail.driven(tab, stack.enter_context(webmail.run(mail)))
        driven.sign_in()
        yield driven
