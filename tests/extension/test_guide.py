"""Help, the first-run guide, and the note after an update."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.words import ENGLISH, WORDS
from smime_core.blocking import run
from smime_core.ca.demo import issue_identity
from smime_core.identity.identity import export_identity
from tests.support.browser.browsers import Browser, Firefox
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension
from tests.support.extension.field_pages import NATIVE, PASSPHRASE, People
from tests.support.extension.keys_page import show_section
from tests.support.project import ROOT

IN_PAGE = page_scripts("extension/guide.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

MANIFEST = json.loads((ROOT / "browser_ext/manifest.json").read_text())
OLDER = "0.0.1"


WATCH_PROGRESS = IN_PAGE["watchProgress"]


def set_version(folder: Path, version: str) -> None:
    file = folder / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "version": version}))


@pytest.fixture(scope="module")
def extension(browser: Browser, folder: Path) -> Iterator[Extension]:
    """The extension as it is after the installation of an older version: without keys."""
    set_version(folder, OLDER)
    extension = Extension(browser, folder)
    yield extension
    extension.uninstall()


ACCEPT = IN_PAGE["acceptInPage"]


def open_page(extension: Extension, name: str) -> Page:
    page = extension.browser.open(extension.base + name)
    page.wait_for_selector("h1")
    return page


def go_on_to(page: Page, step: int) -> int:
    """Click until the guide shows this step or a later one. Returns the step that it shows."""
    (before,) = map(int, re.findall(r"Step (\d)", page.text("[data-test=place]")))
    for following in range(before + 1, step + 1):
        page.click("[data-test=next]")
        page.wait_for_text(f"Step {following} of 4", selector="[data-test=place]")
    return max(before, step)


def test_the_guide_opens_at_the_installation_alone(extension: Extension) -> None:
    # The driver closed the guide that opened at the installation. It opens again only when the person asks for it.
    assert not any("welcome.html" in context["url"] for context in extension.browser.contexts())
    page = open_page(extension, "options/options.html")
    page.click("[data-test=help]")
    page.wait_for_selector("[data-test=guide]")
    page.click("[data-test=guide]")
    guide = extension.browser.wait_for_page("welcome.html")
    guide.wait_for_text("Step 1 of 4")
    guide.close()
    page.close()


@pytest.mark.thorough(False)
def test_the_guide_ends_with_a_message_that_is_opened(extension: Extension, people: People) -> None:
    page = open_page(extension, "guide/welcome.html")
    page.wait_for_text("Step 1 of 4")
    page.click("[data-test=next]")
    page.wait_for_text("Step 2 of 4")
    page.click("[data-test=import-keys]")
    page.wait_for_text("No file is chosen", selector="[data-test=problem]")
    profile = people.folder / "alice.epf"
    profile.write_bytes(b"[Password Token]\r\nToken=AAAA\r\n[Digital Signature]\r\nKey=AAAA\r\n")
    page.choose_files("#p12", [profile])
    page.click("[data-test=import-keys]")
    page.wait_for_text("Entrust", selector="[data-test=problem]", timeout_seconds=60)
    page.choose_files("#p12", [people.folder / "alice.p12"])
    page.click("[data-test=passphrase]")
    page.type("not her passphrase")
    page.click("[data-test=import-keys]")
    page.wait_for_text("Wrong passphrase.", timeout_seconds=60)
    page.click("[data-test=passphrase]")
    page.type(PASSPHRASE)
    page.js(WATCH_PROGRESS)
    page.click("[data-test=import-keys]")
    page.wait_for_text("alice@example.test", selector="[data-test=have]", timeout_seconds=60)
    assert "Unlocking your keys…" in page.js("() => globalThis.progressSeen")
    assert page.js("() => document.querySelector('[data-test=import-progress]') === null")
    question = page.wait_for_text("Trust the authority", selector="[data-test=own-authority]", timeout_seconds=60)
    assert "@example.test" in question
    fingerprint = page.js("() => document.querySelector('[data-test=own-authority] .fingerprint').textContent")
    assert re.sub("[^0-9a-f]", "", fingerprint.lower()) == people.authority.identity.certificate.fingerprint
    page.click("[data-test=authority-trust]")
    page.wait_for_text("is trusted for", selector="[data-test=authority-done]", timeout_seconds=60)
    page.click("[data-test=next]")
    page.wait_for_selector("[data-test=pattern]")
    before = page.text("[data-test=pattern-name]")
    page.click("[data-test=another-pattern]")
    page.wait_for("(before) => document.querySelector('[data-test=pattern-name]').textContent !== before", before)
    page.click("[data-test=next]")
    page.click("[data-test=open-message]")
    viewer = extension.browser.wait_for_page("viewer.html", timeout_seconds=60)
    viewer.wait_for_text("Verified", timeout_seconds=60)
    assert viewer.js("() => document.querySelector('[data-state]').dataset.state") == "verified"
    viewer.wait_for_text("Encrypted for you")
    view = viewer.wait_for_frame("mail_view.html")
    view.wait_for_text("encrypted on your computer, for you only")
    viewer.close()
    page.close()


def trust_own_authority(extension: Extension, people: People) -> None:
    """Trust the authority of Alice's keys, unless it is trusted since the guide or another test."""
    extension.import_keys(people.folder / "alice.p12", PASSPHRASE, expect="are ready")
    page = open_page(extension, "options/options.html")
    if page.js(PROPOSAL) is not None:
        page.wait_for_text("Trust the authority", selector="[data-test=own-authority]", timeout_seconds=60)
        page.click("[data-test=authority-trust]")
        page.wait_for_text("@example.test", selector="[data-test=decision]", timeout_seconds=60)
    page.close()


PROPOSAL = """async () => (await import("/source/browser_ext/shared/request.js")).ask("authority.proposal")"""


def test_a_question_that_was_answered_comes_back_for_another_domain_alone(extension: Extension, people: People) -> None:
    trust_own_authority(extension, people)
    import_issued(extension, people, "Alice@EXAMPLE.test")
    page = open_page(extension, "options/options.html")
    assert page.js(PROPOSAL) is None
    import_issued(extension, people, "alice@other.test")
    page.reload()
    question = page.wait_for_text("Trust the authority", selector="[data-test=own-authority]", timeout_seconds=60)
    # The new answer replaces the earlier one for the first domain, so the question names both domains.
    assert "@example.test" in question
    assert "@other.test" in question
    page.click("[data-test=authority-trust]")
    card = page.wait_for_text("@other.test", selector="[data-test=decision]", timeout_seconds=60)
    assert "@example.test" in card
    page.close()


def import_issued(extension: Extension, people: People, address: str) -> None:
    """Import keys that the same authority certified for another address."""
    identity = run(issue_identity(people.authority, address, provider=NATIVE, at=datetime.datetime.now(datetime.UTC)))
    p12 = people.folder / f"{address}.p12"
    p12.write_bytes(run(export_identity(identity, PASSPHRASE.encode(), provider=NATIVE, iterations=2048)))
    extension.import_keys(p12, PASSPHRASE, expect="are ready")


# Changes the person's trust, so that the vault judges the question anew. The person declines before that ends.
DECLINED_WHILE_JUDGED = IN_PAGE["declinedWhileJudged"]


def test_an_authority_that_was_not_shown_is_not_trusted(extension: Extension, people: People) -> None:
    trust_own_authority(extension, people)
    page = open_page(extension, "options/options.html")
    card = "[data-test=decision]"
    # The authority is trusted for the domain. Remove that decision.
    page.wait_for_text("@example.test", selector=card, timeout_seconds=60)
    show_section(page, "trust")
    for _ in range(2):
        page.click(f"{card} [data-removal]")
    page.wait_for(f"() => document.querySelector('{card}') === null")
    show_section(page, "identities")
    page.choose_files("#p12", [people.folder / "alice.p12"])
    page.click("#p12-passphrase [data-test=passphrase]")
    page.type(PASSPHRASE)
    page.click("[data-test=import-keys]")
    page.wait_for_text("Trust the authority", selector="[data-test=own-authority]", timeout_seconds=60)
    fingerprint = people.authority.identity.certificate.fingerprint
    for other, shown in ((fingerprint, "00" * 32), ("11" * 32, "00" * 32)):
        refused = page.js(ACCEPT, other, shown)
        assert refused == "question-changed"
    assert page.js(f"() => document.querySelector('{card}') === null")
    assert page.js(DECLINED_WHILE_JUDGED) is None
    page.reload()
    page.wait_for_selector("[data-test=state]")
    page.wait_for("() => document.querySelector('[data-test=own-authority]') === null")
    page.close()


def test_the_guide_goes_on_where_it_was_left_and_begins_anew_after_its_end(extension: Extension) -> None:
    page = open_page(extension, "guide/welcome.html")
    page.wait_for_text("of 4")
    left = go_on_to(page, 3)
    page.reload()
    page.wait_for_text(f"Step {left} of 4")
    go_on_to(page, 4)
    page.click("[data-test=finish]")
    options = extension.browser.wait_for_page("options.html")
    options.close()
    page.reload()
    page.wait_for_text("Step 1 of 4")
    page.close()


def test_help_explains_every_permission_and_every_state(extension: Extension) -> None:
    page = open_page(extension, "guide/help.html")
    page.wait_for_selector("[data-test=permissions] dt")
    explained = page.js(
        "() => [...document.querySelectorAll('[data-test=permissions] dt code')].map((it) => it.textContent)"
    )
    # Firefox has no offscreen documents, and does not list their permission.
    unknown = {"offscreen"} if isinstance(extension.browser, Firefox) else set()
    assert set(explained) == set(MANIFEST["permissions"]) - unknown
    states = page.js(
        "() => [...document.querySelectorAll('[data-test=states] [data-state]')].map((it) => it.dataset.state)"
    )
    assert states == ["verified", "signed-unverified", "invalid", "encrypted-only", "plain"]
    page.close()


def test_an_update_tells_what_is_new_until_it_was_read(extension: Extension, folder: Path) -> None:
    page = extension.open_options()
    assert page.js("() => document.querySelector('[data-test=news]') === null")
    page.close()
    set_version(folder, MANIFEST["version"])
    extension.browser.install_extension(folder)
    # The note is stored at the end of the new version's set-up.
    page = extension.browser.open(extension.base + "guide/help.html")
    page.wait_for("async () => (await chrome.runtime.sendMessage({ type: 'update.read', body: {} })).value !== null")
    page.goto(extension.base + "options/options.html")
    page.wait_for_text(f"What is new in version {MANIFEST['version']}", selector="[data-test=news]")
    assert "text, mail, files and pages are encrypted" in page.text("[data-test=news] li")
    assert not any("welcome.html" in context["url"] for context in extension.browser.contexts())
    page.click("[data-test=news-done]")
    page.wait_for("() => document.querySelector('[data-test=news]') === null")
    page.reload()
    page.wait_for("() => document.querySelector('[data-test=policy-export]') !== null")
    assert page.js("() => document.querySelector('[data-test=news]') === null")
    page.close()


def test_the_news_belong_to_versions_of_the_changelog() -> None:
    changes = json.loads((ROOT / "browser_ext/changes.json").read_text())
    changelog = (ROOT / "CHANGELOG.md").read_text()
    texts = WORDS.of_part(ENGLISH, "extension")
    assert MANIFEST["version"] in changes
    for version, keys in changes.items():
        assert f"## [{version}]" in changelog
        assert all(key in texts for key in keys)
