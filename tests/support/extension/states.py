"""Further states of the views of keys, letters and files: open dialogs, problems, an expired key."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from smime_core.blocking import run
from smime_core.ca.demo import Authority, Details, create_authority, issue_identity
from smime_core.cms.certificates_only import build_certificates_only
from smime_core.identity.identity import Identity, export_identities
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.compose_driver import Webmail, address, wait_until_sendable
from tests.support.extension.field_pages import NATIVE, PASSPHRASE, TEXT
from tests.support.extension.keys_page import CATCH, NEW, make_backup, open_review, show_section
from tests.support.extension.mail_letters import file, html, mail, multipart, text
from tests.support.extension.receipt_mails import asking_mail
from tests.support.extension.stage import OPENING_SECONDS, Opener, Stage, View, alone, lock, open_tab
from tests.support.extension.writing_settings import LABELS, keep_writing

IN_PAGE = page_scripts("support/extension/states.js")

KNOWN = "[data-test=recipient]:not([data-readiness=asking])"
BOB, MALLORY = "bob@example.test", "mallory@example.test"
ENDED, ENDING = "over@example.test", "soon@example.test"
# Writes the setting that an update of the extension leaves for the page with keys.
_LEAVE_NEWS = IN_PAGE["leaveNews"]
# Removes the sites for which the person has agreed, because there the answered message would open without a question.
_FORGET_SITES = IN_PAGE["forgetSites"]
_MARK_KEY_FILE = IN_PAGE["markKeyFile"]
_IS_GONE = "(name) => !document.querySelector('[data-test=key-files]').textContent.includes(name)"
_CHOOSE_SENDER = IN_PAGE["chooseSender"]


@contextmanager
def _keys_after(stage: Stage, clicks: tuple[str, ...], then: str, section: str = "") -> Iterator[View]:
    """Open a section of the page with keys and people, click the elements in `clicks`, and wait for `then`."""
    with open_tab(stage, "options/options.html") as view:
        view.page.wait_for("() => document.querySelector('[data-test=identity]') !== null")
        if section:
            show_section(view.page, section)
        for selector in clicks:
            view.page.click(selector)
        view.page.wait_for_selector(then, timeout_seconds=OPENING_SECONDS)
        yield view


def _shown(*clicks: str, then: str, section: str = "") -> Opener:
    return partial(_keys_after, clicks=clicks, then=then, section=section)


@contextmanager
def _reviewed_backup(stage: Stage) -> Iterator[View]:
    """The review of a backup whose contents the extension already has."""
    with open_tab(stage, "options/options.html") as view:
        view.page.wait_for_selector("[data-test=identity]")
        view.page.js(CATCH)
        file = stage.people.folder / "all.backup"
        file.write_bytes(make_backup(view.page))
        open_review(view.page, file, NEW, how="replace")
        view.page.wait_for_selector("[data-test=restore-review-go]", timeout_seconds=OPENING_SECONDS)
        yield view


@contextmanager
def _news(stage: Stage) -> Iterator[View]:
    with open_tab(stage, "options/options.html") as view:
        view.page.js(_LEAVE_NEWS)
        view.page.reload()
        view.page.wait_for_selector("[data-test=news]")
        view.page.wait_for_selector("[data-test=state]:not(:empty)")  # the lists come after the news
        yield view
        view.page.click("[data-test=news-done]")


@contextmanager
def _no_keys(stage: Stage) -> Iterator[View]:
    with open_tab(stage, "options/options.html") as view:
        _remove_keys(view.page, "alice@example.test")
        view.page.reload()
        view.page.wait_for_selector("[data-test=state]:not(:empty)")
        yield view
    stage.extension.open_keys(stage.people.folder / "alice.p12", PASSPHRASE)


def _remove_keys(page: Page, name: str) -> None:
    page.wait_for_selector("[data-test=key-file]")
    page.js(_MARK_KEY_FILE, name)
    page.click("#to-remove")
    page.js(_MARK_KEY_FILE, name)
    page.click("#to-remove")
    page.wait_for(_IS_GONE, name)


@contextmanager
def _with_ending_keys(stage: Stage, opener: Opener) -> Iterator[View]:
    """A view while Alice has two more identities: one has expired, and one will expire soon."""
    now = datetime.datetime.now(datetime.UTC)
    authority = run(create_authority("Ending CA", provider=NATIVE, at=now - datetime.timedelta(days=100)))
    identities = [_ending(authority, ENDED, days=-2), _ending(authority, ENDING, days=10)]
    path = stage.people.folder / "ending.p12"
    path.write_bytes(run(export_identities(identities, PASSPHRASE.encode(), provider=NATIVE, iterations=2048)))
    stage.extension.open_keys(path, PASSPHRASE)
    with open_tab(stage, "options/options.html") as keys:
        keys.page.wait_for_text(ENDED, selector="[data-test=key-files]", timeout_seconds=OPENING_SECONDS)
    with opener(stage) as view:
        yield view
    with open_tab(stage, "options/options.html") as keys:
        _remove_keys(keys.page, ENDED)


def _ending(authority: Authority, name: str, *, days: int) -> Identity:
    now = datetime.datetime.now(datetime.UTC)
    start, end = now - datetime.timedelta(days=90), now + datetime.timedelta(days=days)
    return run(issue_identity(authority, name, provider=NATIVE, at=start, details=Details(not_after=end)))


KEY_STATES: dict[str, Opener] = {
    **{
        f"keys, section {name}": _shown(then=f"#{name}-section", section=name)
        for name in ("people", "trust", "sites", "settings", "writing", "backup")
    },
    "keys, none": _no_keys,
    "keys, news": _news,
    "keys, ending": partial(_with_ending_keys, opener=_shown(then="[data-test=identity]")),
    "keys, no file chosen": _shown("[data-test=import-keys]", then="[data-test=keys-problem]:not(:empty)"),
    "keys, details": _shown("[data-test=identity] [data-test=details]", then="[data-test=certificate-dialog]"),
    "keys, export": _shown("[data-test=export-keys]", then="[data-test=export]"),
    "keys, another passphrase": _shown("[data-test=change-passphrase]", then="[data-test=passphrase-change]"),
    "keys, request": _shown("[data-test=make-request]", then="[data-test=request]"),
    "keys, renewal": _shown("[data-test=renew]", then="[data-test=request]"),
    "keys, backup": _shown("[data-test=make-backup]", then="[data-test=backup]", section="backup"),
    "keys, restore": _shown(
        "[data-test=restore-backup]", "[data-test=restore-replace]", then="[data-test=restore]", section="backup"
    ),
    "keys, restore reviewed": _reviewed_backup,
}


@contextmanager
def _letter(
    stage: Stage,
    act: Callable[[Webmail, Page], None],
    *,
    to: str = "",
    kind: str = "new",
    is_encrypted: bool = True,
    reply_to: str = "",
) -> Iterator[View]:
    """The window for a letter, or for an answer to a letter of Bob, after `act` was done in it."""
    original = b""
    if kind != "new":
        original = _from_bob(stage, is_encrypted=is_encrypted, reply_to=reply_to)
        with open_tab(stage, "options/options.html") as keys:
            keys.page.wait_for_selector("[data-test=identity]")
            keys.page.js(_FORGET_SITES)
    webmail = Webmail(stage.extension, stage.site)
    window = webmail.write(kind=kind, mail=original, to=[to] if to else [])
    act(webmail, window)
    yield alone(window)
    window.close()
    webmail.close()


def _from_bob(stage: Stage, *, is_encrypted: bool, reply_to: str) -> bytes:
    letters = stage.letters
    plain = mail(multipart("mixed", text("The key is under the lighthouse."), file("map.txt", "text/plain", b"left")))
    if reply_to:
        plain = f"Reply-To: {reply_to}\r\n".encode() + plain
    return letters.signed_and_encrypted(plain) if is_encrypted else letters.signed(plain)


def _write(webmail: Webmail, window: Page) -> None:
    window.wait_for_selector(KNOWN, timeout_seconds=OPENING_SECONDS)
    window.fill("[data-test=compose-subject]", "Thursday")
    window.fill("[data-test=compose-text]", TEXT)


def _use_a_password(webmail: Webmail, window: Page) -> None:
    address(window, "compose-to", "dora@example.test")
    window.click("[data-test=remedy-password]")
    window.wait_for_selector("[data-test=letter-password]")


def _sign_with_ended(webmail: Webmail, window: Page) -> None:
    _write(webmail, window)
    window.js(_CHOOSE_SENDER, ENDED)
    window.wait_for_selector("[data-test=own-expiry]")


def _send(webmail: Webmail, window: Page) -> None:
    _write(webmail, window)
    wait_until_sendable(window)
    window.click("[data-test=send]")
    window.wait_for_selector("[data-test=sent]", timeout_seconds=OPENING_SECONDS)


def _be_refused(webmail: Webmail, window: Page) -> None:
    webmail.mood("refuses")
    _write(webmail, window)
    wait_until_sendable(window)
    window.click("[data-test=send]")
    window.wait_for_selector("[data-test=send-error]:not(:empty)", timeout_seconds=OPENING_SECONDS)


def _look(webmail: Webmail, window: Page) -> None:
    window.wait_for_selector("[data-test=read-original]")


def _quote(webmail: Webmail, window: Page) -> None:
    window.click("[data-test=read-original]")
    window.wait_for_selector("[data-test=original-state]", timeout_seconds=OPENING_SECONDS)
    window.wait_for("() => !document.querySelector('[data-test=recipient][data-readiness=asking]')")


def _let_leave_readable(webmail: Webmail, window: Page) -> None:
    _quote(webmail, window)
    window.click("[data-test=switch-encrypt]")
    window.wait_for_selector("[data-test=unencrypted-confirm]")


@contextmanager
def _covered(stage: Stage) -> Iterator[View]:
    """An answer with a quotation, after the keys were locked."""
    with _letter(stage, _quote, kind="reply") as view:
        lock(stage)
        view.page.activate()
        view.page.wait_for_selector("[data-test=lock-cover]")
        yield view
    stage.extension.open_keys(stage.people.folder / "alice.p12", PASSPHRASE)


@contextmanager
def _drafts(stage: Stage) -> Iterator[View]:
    """A window that offers the draft of an earlier letter."""

    def keep(webmail: Webmail, window: Page) -> None:
        _write(webmail, window)
        window.wait_for_selector("[data-test=draft-state][data-state=kept]", timeout_seconds=OPENING_SECONDS)

    with _letter(stage, keep, to=BOB):
        pass

    def wait(webmail: Webmail, window: Page) -> None:
        window.wait_for_selector("[data-test=draft-continue]")

    with _letter(stage, wait) as view:
        yield view


@contextmanager
def _more(stage: Stage) -> Iterator[View]:
    """A letter with all options under "More"."""

    def choose(webmail: Webmail, window: Page) -> None:
        _write(webmail, window)
        window.click("[data-test=more] summary")
        window.click("[data-test=switch-receipt]")

    with _with_settings(stage), _letter(stage, choose, to=BOB) as view:
        yield view


@contextmanager
def _with_settings(stage: Stage) -> Iterator[None]:
    """Settings for writing: a timestamp service, and labels."""
    keep_writing(stage.extension, timestampService="https://clock.example/tsa", labelPolicy=LABELS)
    try:
        yield
    finally:
        keep_writing(stage.extension)


@contextmanager
def _receipt(stage: Stage) -> Iterator[View]:
    """The window in which a receipt is given."""
    webmail = Webmail(stage.extension, stage.site)
    window = webmail.write(kind="receipt", mail=asking_mail(stage.letters.bob))
    window.wait_for_selector("[data-test=receipt-tells]", timeout_seconds=OPENING_SECONDS)
    yield alone(window)
    window.close()
    webmail.close()


@contextmanager
def _receipt_asked(stage: Stage) -> Iterator[View]:
    """A mail with a label that asks for a receipt."""

    def make(stage: Stage) -> bytes:
        return asking_mail(stage.letters.bob, label=LABELS["policy"])

    with _with_settings(stage), _opened(stage, make) as view:
        view.page.wait_for_selector("[data-test=receipt]")
        yield view


LETTER_STATES: dict[str, Opener] = {
    "writing, ready": partial(_letter, act=_write, to=BOB),
    "writing, password": partial(_letter, act=_use_a_password),
    "writing, with an ended key": partial(_with_ending_keys, opener=partial(_letter, act=_sign_with_ended, to=BOB)),
    "writing, quote asked": partial(_letter, act=_look, kind="reply"),
    "writing, answer": partial(_letter, act=_quote, kind="reply"),
    "writing, other reply address": partial(_letter, act=_quote, kind="reply", is_encrypted=False, reply_to=MALLORY),
    "writing, readable asked": partial(_letter, act=_let_leave_readable, kind="reply"),
    "writing, forward": partial(_letter, act=_quote, kind="forward"),
    "writing, refused": partial(_letter, act=_be_refused, to=BOB),
    "writing, sent": partial(_letter, act=_send, to=BOB),
    "writing, drafts": _drafts,
    "writing, more": _more,
    "writing, receipt": _receipt,
    "writing, covered": _covered,
}


@contextmanager
def _opened(
    stage: Stage, make: Callable[[Stage], bytes], *, name: str = "letter.eml", is_explained: bool = False
) -> Iterator[View]:
    """The viewer after a file was opened. `is_explained`: all its `details` are opened too."""
    path = stage.letters.write(name, make(stage))
    with open_tab(stage, "viewer/viewer.html") as view:
        view.page.wait_for_selector("[data-test=pick]")
        view.page.choose_files("#file", [path])
        view.page.wait_for(
            """(said) => document.querySelector("[data-test=note]").textContent !== ""
              || document.querySelector(said) !== null""",
            "main :is(.state-statement, [data-test=problem], [data-test=certificate])",
            timeout_seconds=OPENING_SECONDS,
        )
        if is_explained:
            view.page.js("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        yield view


def _plain(stage: Stage) -> bytes:
    return mail(multipart("alternative", text("Thursday at one."), html("<p>Thursday at <b>one</b>.</p>")))


def _signed_and_encrypted(stage: Stage) -> bytes:
    return stage.letters.signed_and_encrypted(_plain(stage))


def _of_a_stranger(stage: Stage) -> bytes:
    now = datetime.datetime.now(datetime.UTC)
    authority = run(create_authority("Elsewhere CA", provider=NATIVE, at=now))
    stranger = run(issue_identity(authority, "bob@example.test", provider=NATIVE, at=now))
    return dataclasses.replace(stage.letters, bob=stranger).signed(_plain(stage))


READING_STATES: dict[str, Opener] = {
    "viewer, why": partial(
        _opened, make=lambda stage: stage.letters.signed_and_encrypted(_plain(stage)), is_explained=True
    ),
    "viewer, by a stranger": partial(_opened, make=_of_a_stranger),
    "viewer, altered": partial(
        _opened, make=lambda stage: stage.letters.signed(_plain(stage)).replace(b"Thursday at", b"Saturday at")
    ),
    "viewer, encrypted only": partial(_opened, make=lambda stage: stage.letters.encrypted(_plain(stage))),
    "viewer, for somebody else": partial(_opened, make=lambda stage: stage.letters.encrypted_for_bob(_plain(stage))),
    "viewer, field text": partial(
        _opened, make=lambda stage: stage.letters.field_text("Blood pressure 120/80", origin="https://clinic.example")
    ),
    "viewer, receipt asked": _receipt_asked,
    "viewer, not protected": partial(_opened, make=_plain),
    "viewer, nothing to open": partial(_opened, make=lambda _: b"a shopping list", name="list.p7m"),
    "viewer, signature alone": partial(_opened, make=lambda stage: stage.letters.detached(b"a plan"), name="plan.p7s"),
    "viewer, certificates": partial(
        _opened,
        make=lambda stage: build_certificates_only([stage.people.bob.certificate, stage.people.alice.certificate]),
        name="people.p7b",
    ),
}
