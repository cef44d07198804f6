"""All views of the extension, opened as a person opens them. No texts are used, so this works in every language."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from smime_core.blocking import run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.signing import Signing
from smime_core.own_content.fields import protect_field
from tests.support.browser.page import Page
from tests.support.extension import kept_records
from tests.support.extension.compose_driver import Webmail
from tests.support.extension.driver import textarea
from tests.support.extension.field_pages import NATIVE, PASSPHRASE, TEXT, agree_if_asked
from tests.support.extension.mail_letters import rich_letter
from tests.support.extension.own_bridge import name_bridge
from tests.support.extension.page_viewer import tab_id, verify
from tests.support.extension.refusal_views import REFUSALS, covered
from tests.support.extension.saved_webmails import READING
from tests.support.extension.server_states import SERVER_STATES, STOPPED_VIEWS
from tests.support.extension.stage import OPENING_SECONDS, Opener, Stage, View, alone, framed, lock, open_tab
from tests.support.extension.states import KEY_STATES, LETTER_STATES, READING_STATES

FIELD = textarea("answer", data_smime="sign encrypt", data_smime_to="bob@example.test")
FORM = """<form data-smime="sign" data-smime-nonce="n" method="post" action="/orders">
  <input type="hidden" name="price" value="120.00 EUR"><label>Item <input name="item" value="Lamp"></label>
  <button name="go">Order</button></form>"""
FILE = '<input id=field type=file name=scan data-smime="sign encrypt" data-smime-to="bob@example.test">'


@contextmanager
def _step(stage: Stage, step: int) -> Iterator[View]:
    """One step of the guide."""
    with open_tab(stage, "guide/help.html") as view:
        view.page.js("(step) => chrome.runtime.sendMessage({ type: 'guide.keep', body: { step } })", step)
        view.page.goto(stage.extension.base + "guide/welcome.html")
        view.page.wait_for_selector("#buttons button")
        yield view


@contextmanager
def _mail(stage: Stage) -> Iterator[View]:
    """A signed and encrypted mail with markup, a picture and files."""
    file = stage.letters.write("rich.eml", stage.letters.signed_and_encrypted(rich_letter()))
    with open_tab(stage, "viewer/viewer.html") as view:
        view.page.wait_for_selector("[data-test=pick]")
        view.page.choose_files("#file", [file])
        view.page.wait_for_selector(".state-statement", timeout_seconds=OPENING_SECONDS)
        text = view.page.wait_for_frame("mail_view.html")
        text.wait_for_selector("header")
        yield alone(view.page, text)


@contextmanager
def _writing(stage: Stage) -> Iterator[View]:
    """The window for a letter to one recipient with a certificate and one without."""
    webmail = Webmail(stage.extension, stage.site)
    window = webmail.write(to=["bob@example.test", "nobody@example.test"])
    known = "[data-test=recipient][data-address='nobody@example.test']:not([data-readiness=asking])"
    window.wait_for_selector(known, timeout_seconds=OPENING_SECONDS)
    window.fill("[data-test=compose-subject]", "Thursday")
    window.fill("[data-test=compose-text]", TEXT)
    yield alone(window)
    window.close()
    webmail.close()


@contextmanager
def _sign_in(stage: Stage) -> Iterator[View]:
    """The window for signing in to a bridge that does not answer."""
    name_bridge(stage.extension, "http://127.0.0.1:9")
    with open_tab(stage, "sign_in/sign_in.html#alice%40example.test") as view:
        yield view
    name_bridge(stage.extension, "")


@contextmanager
def _page(stage: Stage, *, is_altered: bool) -> Iterator[View]:
    """The viewer with the verdict on a published page."""
    site = stage.web_site
    url = site.publish("<title>Notice</title><h1>Opening hours</h1><p>Monday", stage.people.bob)
    if is_altered:
        body, headers = site.served["/page.html"]
        site.served["/page.html"] = (body.replace(b"Monday", b"Sunday"), headers)
    tab = stage.extension.browser.open("about:blank")
    viewer = verify(stage.extension, tab, url)
    yield alone(viewer, *([] if is_altered else [viewer.wait_for_frame("page_view.html")]))
    viewer.close()
    tab.close()


@contextmanager
def _saving(stage: Stage, *, body: str = "<h1>Order</h1>") -> Iterator[View]:
    """The window that saves a page."""
    page = f"<!doctype html><html lang=en><meta charset=utf-8><title>An order</title>{body}"
    url = stage.web_site.serve("/order.html", page.encode())
    tab = stage.extension.browser.open(url)
    window = stage.extension.browser.open(
        f"{stage.extension.base}page_save/page_save.html?tab={tab_id(stage.extension, url)}"
    )
    window.wait_for_selector("[data-test=save]", timeout_seconds=OPENING_SECONDS)
    yield alone(window, window.wait_for_frame("page_view.html"))
    window.close()
    tab.close()


@contextmanager
def _toolbar(stage: Stage) -> Iterator[View]:
    """The window of the toolbar button, for a page in which there is nothing to open."""
    tab = stage.extension.browser.open(
        stage.web_site.serve("/words.html", b"<!doctype html><title>Words</title><p>Words")
    )
    stage.extension.browser.click_toolbar_button(stage.extension.id, tab)
    window = stage.extension.browser.wait_for_page("toolbar.html")
    window.wait_for_selector("[data-test=way-mail]")
    yield alone(window)
    window.close()
    tab.close()


@contextmanager
def _toolbar_with_download(stage: Stage) -> Iterator[View]:
    """The window of the toolbar button after a message was downloaded."""
    keeping = """async (downloads) => (globalThis.browser ?? chrome).storage.session.set({ downloads })"""
    options = stage.extension.open_options()
    at = datetime.datetime.now(datetime.UTC).timestamp() * 1000
    options.js(keeping, [{"id": 1, "name": "order.p7m", "url": f"{stage.web_site.origin}/order.p7m", "at": at}])
    with _toolbar(stage) as view:
        yield view
    options.js(keeping, [])
    options.close()


@contextmanager
def _asking(stage: Stage, ask: Callable[[Stage, Page], None]) -> Iterator[View]:
    """The window with the question that `ask` causes. The question is refused at the end."""
    page = stage.extension.browser.open("about:blank")
    ask(stage, page)
    window = stage.extension.window()
    yield alone(window)
    with window.closing():
        window.click("[data-test=refuse]")
    stage.extension.wait_until_window_is_gone()
    page.close()


def _ask_to_encrypt(stage: Stage, page: Page) -> None:
    page.goto(stage.site.page_with(FIELD))
    stage.extension.write(page, "#answer", TEXT).around.click("[data-test=encrypt]")


def _ask_to_sign_a_form(stage: Stage, page: Page) -> None:
    page.goto(stage.site.page_with(FORM))
    page.wait_for("() => document.readyState === 'complete'")
    page.click("[name=go]")


def _ask_for_files(stage: Stage, page: Page) -> None:
    page.goto(stage.site.page_with(FILE))
    page.click("#field")


def _ask_to_open(stage: Stage, page: Page) -> None:
    # The other origin is used, because no test agrees there. Once a person has agreed on a site, no question is asked.
    origin = stage.site.other_origin
    armored = stage.people.encrypt(TEXT, origin=origin, to=stage.people.alice)
    page.goto(stage.site.page_with(textarea("letter", text=armored), origin=origin))
    stage.extension.click_button(page, "#letter")


@contextmanager
def _asking_while_locked(stage: Stage) -> Iterator[View]:
    lock(stage)
    with _asking(stage, _ask_to_encrypt) as view:
        yield view
    stage.extension.open_keys(stage.people.folder / "alice.p12", PASSPHRASE)


@contextmanager
def _editor(stage: Stage) -> Iterator[View]:
    page = stage.extension.browser.open(stage.site.page_with(FIELD))
    yield framed(page, stage.extension.write(page, "#answer", TEXT))
    page.close()


@contextmanager
def _verdict(stage: Stage, armor: Callable[[Stage], str]) -> Iterator[View]:
    """The frame of a field whose armored text was decrypted."""
    page = stage.extension.browser.open(stage.site.page_with(textarea("letter", text=armor(stage))))
    stage.extension.click_button(page, "#letter")
    yield framed(page, agree_if_asked(stage.extension, page))
    page.close()


def _good(stage: Stage) -> str:
    return stage.people.encrypt(TEXT, origin=stage.site.origin, to=stage.people.alice)


def _altered(stage: Stage) -> str:
    armored = _good(stage)
    middle = len(armored) // 2
    other = "A" if armored[middle] != "A" else "B"
    return armored[:middle] + other + armored[middle + 1 :]


def _by_a_stranger(stage: Stage) -> str:
    at = datetime.datetime.now(datetime.UTC)
    authority = run(create_authority("Elsewhere CA", provider=NATIVE, at=at))
    stranger = run(issue_identity(authority, "bob@example.test", provider=NATIVE, at=at))
    recipients = [stage.people.alice.certificate]
    encrypting = protect_field(
        TEXT,
        origin=stage.site.origin,
        provider=NATIVE,
        signing=Signing(identities=[stranger], signing_time=at),
        encrypting=Encrypting(recipients=recipients),
    )
    return run(encrypting)


@contextmanager
def _mail_in_a_page(stage: Stage) -> Iterator[View]:
    path, stage.webmail.markup, fragment = READING["Gmail"]
    stage.webmail.source = stage.letters.signed_and_encrypted(rich_letter())
    page = stage.extension.browser.open(stage.webmail.origin + path + fragment)
    stage.extension.click_button_above(page, ".a3s")
    yield framed(page, agree_if_asked(stage.extension, page))
    page.close()


@contextmanager
def _let_go(stage: Stage, opener: Opener) -> Iterator[View]:
    """A view after the keys were locked. The document around the text is still there, but the text is not."""
    with opener(stage) as view:
        lock(stage)
        view.page.activate()
        (around,) = view.documents or view.frames[:1]
        around.wait_for_selector("[data-test=locked]")
        yield View(page=view.page, documents=view.documents, frames=[] if view.documents else [around])
    stage.extension.open_keys(stage.people.folder / "alice.p12", PASSPHRASE)


@contextmanager
def _offered(stage: Stage) -> Iterator[View]:
    """A page with the extension's button beside a field. The view has no documents of the extension."""
    page = stage.extension.browser.open(stage.site.page_with(FIELD))
    stage.extension.wait_for_button(page, "#answer")
    yield View(page=page, documents=[], frames=[])
    page.close()


@contextmanager
def _encrypted(stage: Stage) -> Iterator[View]:
    """A field whose text is encrypted."""
    page = stage.extension.browser.open(stage.site.page_with(FIELD))
    frame = stage.extension.write(page, "#answer", TEXT)
    frame.around.click("[data-test=encrypt]")
    stage.extension.answer()
    frame.around.wait_for_selector(".encrypted-block", timeout_seconds=OPENING_SECONDS)
    yield View(page=page, documents=[], frames=[frame.around])
    page.close()


@contextmanager
def _connected(stage: Stage) -> Iterator[View]:
    """The page of keys in a browser that is connected with an account at a key server."""
    options = stage.extension.open_options()
    account: dict[str, Any] = {
        "user": "alice@example.test",
        "server": "http://127.0.0.1:1",
        "token": bytes(32),
        "known": None,
        "stored": [],
    }
    kept_records.put(options, {"keyAccounts": [account]})
    options.js("() => dispatchEvent(new Event('focus'))")
    options.wait_for_selector("[data-test=key-account-state]")
    options.js("() => document.querySelectorAll('#key-server details').forEach((one) => { one.open = true; })")
    try:
        yield alone(options)
    finally:
        options.click("[data-test=key-disconnect]")
        options.wait_for_selector("[data-test=key-server-open]")
        options.close()


VIEWS: dict[str, Opener] = {
    "keys and people": partial(open_tab, name="options/options.html"),
    "help": partial(open_tab, name="guide/help.html"),
    "guide, first step": partial(_step, step=0),
    "guide, identity": partial(_step, step=1),
    "guide, pattern": partial(_step, step=2),
    "guide, message": partial(_step, step=3),
    "viewer": partial(open_tab, name="viewer/viewer.html"),
    "viewer with a mail": _mail,
    "toolbar": _toolbar,
    "toolbar with a download": _toolbar_with_download,
    "viewer, for a download": partial(open_tab, name="viewer/viewer.html?drop=order.p7m"),
    "writing": _writing,
    "signing in to a bridge": _sign_in,
    **STOPPED_VIEWS,
    "page, verified": partial(_page, is_altered=False),
    "page, altered": partial(_page, is_altered=True),
    "page to save": _saving,
    "page to save, with what nobody sees": partial(_saving, body="<h1>Order</h1><p>100\u202e001\u202c\u200b0 pieces"),
    "window, encrypt": partial(_asking, ask=_ask_to_encrypt),
    "window, locked": _asking_while_locked,
    "window, form": partial(_asking, ask=_ask_to_sign_a_form),
    "window, files": partial(_asking, ask=_ask_for_files),
    "window, open": partial(_asking, ask=_ask_to_open),
    "editor": _editor,
    "field, verified": partial(_verdict, armor=_good),
    "field, altered": partial(_verdict, armor=_altered),
    "field, by a stranger": partial(_verdict, armor=_by_a_stranger),
    "mail in a page": _mail_in_a_page,
}

# The same and other views in further states.
STATES: dict[str, Opener] = {
    "button beside a field": _offered,
    "field, encrypted": _encrypted,
    "field, covered": covered(partial(_verdict, armor=_good)),
    "field, locked": partial(_let_go, opener=partial(_verdict, armor=_good)),
    "mail in a page, locked": partial(_let_go, opener=_mail_in_a_page),
    "viewer, locked": partial(_let_go, opener=_mail),
    "keys and people, at a key server": _connected,
    **KEY_STATES,
    **LETTER_STATES,
    **READING_STATES,
    **SERVER_STATES,
    **REFUSALS,
}
