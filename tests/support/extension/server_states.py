"""Views about servers: a checked site that was stopped, the list of such sites, and letters that a bridge sends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.compose_driver import Webmail, wait_until_sendable
from tests.support.extension.field_pages import TEXT
from tests.support.extension.keys_page import show_section
from tests.support.extension.own_bridge import name_bridge
from tests.support.extension.played_bridge import PlayedBridge, played_bridge
from tests.support.extension.stage import OPENING_SECONDS, Opener, Stage, View, alone, open_tab

IN_PAGE = page_scripts("support/extension/server_states.js")

ALICE, BOB = "alice@example.test", "bob@example.test"
SITE = "https://mail.example.test"
_BEFORE = {"api": "https://api.example.test", "keyServer": "https://keys.example.test"}
_NOW = {"api": "https://api.example.test", "keyServer": "https://keys.elsewhere.test"}
_TELL = """async (told) => {
  const { tabs, storage } = globalThis.browser ?? chrome;
  await storage.session.set({ [`stopped:${(await tabs.getCurrent()).id}`]: told });
}"""
# The sites are put beside the extension's own words for adding one, so that no test site is checked.
_KEEP_SITES = IN_PAGE["keepSites"]
_SIGN_IN = """async (bridge) => {
  await (globalThis.browser ?? chrome).storage.session.set({ bridge });
}"""
_KEY = "3f" * 32
_PARCEL = "#AAECAwQFBgcICQoLDA0ODw"
_SEEN = {
    "hash": "", "version": "1.4.2", "digest": "", "ends": "2099-01-01T00:00:00Z",
    "signer": {"name": "operator@example.test", "fingerprint": _KEY}, "files": [],
}  # fmt: skip
_PERHAPS = 200, b'{"outcome": "perhaps"}'


def _refusal(message: str, *refused: dict[str, Any]) -> tuple[int, bytes]:
    return 422, json.dumps({"code": "refused", "message": message, "refused": refused}).encode()


@contextmanager
def _stopped(stage: Stage, *, code: str, file: str = "", fragment: str = "") -> Iterator[View]:
    """The page in the place of a checked site."""
    with open_tab(stage, "stopped/stopped.html") as view:
        facts = {"code": code, "file": file, "servers": _NOW, "before": _BEFORE}
        details = {"url": f"{SITE}/parcel.html" if fragment else f"{SITE}/", "fragment": fragment, **facts}
        view.page.js(_TELL, details)
        view.page.reload()
        view.page.wait_for_selector("[data-test=facts] code")
        yield view


@contextmanager
def _parcel_link(stage: Stage) -> Iterator[View]:
    """The extension's page for parcels, before it has a link."""
    with open_tab(stage, "parcel/parcel.html") as view:
        view.page.wait_for_selector("[data-test=address]")
        yield view


@contextmanager
def _parcel_server(stage: Stage) -> Iterator[View]:
    """The question about a server whose name imitates one of the list, with a foreign letter."""
    site = {"origin": SITE, "keys": [_KEY], "seen": None, "servers": None}
    with _parcel_link(stage) as view:
        view.page.js(_KEEP_SITES, [site], [])
        view.page.fill("[data-test=address]", f"https://mail.examp1e.test/parcel.html{_PARCEL}")
        view.page.click("[data-test=address-go]")
        view.page.wait_for_selector("[data-test=admit-server]")
        yield view
        view.page.js(_KEEP_SITES, [], [SITE])


@contextmanager
def _checked_sites(stage: Stage) -> Iterator[View]:
    """The section of sites: one is checked, and the browser does not let the extension see the other one."""
    sites: list[dict[str, Any]] = [
        {"origin": stage.site.origin, "keys": [_KEY], "seen": _SEEN, "servers": _BEFORE},
        {"origin": SITE, "keys": [_KEY], "seen": None, "servers": None},
    ]
    with open_tab(stage, "options/options.html") as view:
        view.page.js(_KEEP_SITES, sites, [])
        view.page.reload()
        view.page.wait_for_selector("[data-test=identity]")
        show_section(view.page, "sites")
        view.page.wait_for_selector("[data-test=checked-card]")
        yield view
        view.page.js(_KEEP_SITES, [], [site["origin"] for site in sites])


@contextmanager
def _by_bridge(stage: Stage, act: Callable[[PlayedBridge, Page], None]) -> Iterator[View]:
    """The window for a letter that the person's bridge sends, after `act` was done in it."""
    with played_bridge() as bridge:
        name_bridge(stage.extension, bridge.origin)
        options = stage.extension.open_options()
        options.js(_SIGN_IN, {"directory": bridge.origin, "api": bridge.origin, "address": ALICE, "token": "t"})
        options.close()
        webmail = Webmail(stage.extension, stage.site)
        window = webmail.write(to=[BOB])
        window.wait_for_selector("[data-test=bridge-sends]")
        window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=OPENING_SECONDS)
        window.fill("[data-test=compose-subject]", "Thursday")
        window.fill("[data-test=compose-text]", TEXT)
        act(bridge, window)
        yield alone(window)
        window.close()
        webmail.close()
        name_bridge(stage.extension, "")


def _wait(_bridge: PlayedBridge, window: Page) -> None:
    wait_until_sendable(window)


def _send(bridge: PlayedBridge, window: Page, *, reply: tuple[int, bytes], shown: str) -> None:
    bridge.reply = reply
    wait_until_sendable(window)
    window.click("[data-test=send]")
    window.wait_for_selector(shown, timeout_seconds=OPENING_SECONDS)


def _sending(reply: tuple[int, bytes], shown: str) -> Opener:
    return partial(_by_bridge, act=partial(_send, reply=reply, shown=shown))


STOPPED_VIEWS: dict[str, Opener] = {
    "stopped site": partial(_stopped, code="site-file-differs", file="main.js"),
    "stopped site, other servers": partial(_stopped, code="site-servers-changed"),
    "stopped parcel": partial(_stopped, code="site-file-differs", file="parcel_main.js", fragment=_PARCEL),
    "parcel, link": _parcel_link,
    "parcel, server": _parcel_server,
}
SERVER_STATES: dict[str, Opener] = {
    "keys, checked sites": _checked_sites,
    "writing, by a bridge": partial(_by_bridge, act=_wait),
    "writing, sent by a bridge": _sending((200, b'{"outcome": "sent", "savedTo": "Sent"}'), "[data-test=sent-copy]"),
    "writing, refused by a bridge": _sending(
        _refusal("Refused.", {"address": BOB, "temporary": False, "text": f"550 5.1.1 <{BOB}>"}),
        "[data-test=refused-one]",
    ),
    "writing, perhaps sent by a bridge": _sending(_PERHAPS, "[data-test=send-error]:not(:empty)"),
}
