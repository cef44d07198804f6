"""Help, the first-run guide, the note after an update, and what an administrator has set."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.browsers import Browser, Chromium, Firefox
from tests.browser.extension_driver import Extension

# Fixtures of the extension's first tests: Alice's keys, her authority, the folder of the build.
from tests.browser.field_pages import PASSPHRASE, ROOT, People, people  # noqa: F401 (a fixture)
from tests.browser.page import Page
from wasm_build.build import build

pytestmark = [pytest.mark.browser, pytest.mark.in_turn, pytest.mark.thorough]

MANIFEST = json.loads((ROOT / "browser_ext/manifest.json").read_text())
EXTENSION_ID = MANIFEST["browser_specific_settings"]["gecko"]["id"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    build(ROOT, out)
    return out / "extension_test"


@pytest.fixture(scope="module")
def extension(browser: Browser, folder: Path) -> Iterator[Extension]:
    """The extension as it is after its installation: without keys."""
    extension = Extension(browser, folder)
    yield extension
    extension.uninstall()


def open_page(extension: Extension, name: str) -> Page:
    page = extension.browser.open(extension.base + name)
    page.wait_for_selector("h1")
    return page


def step_of(page: Page) -> str:
    return page.text("[data-test=place]")


def test_the_guide_opens_at_the_installation_alone(extension: Extension) -> None:
    # The driver closed the guide that it met; what comes back now is the page that was asked for.
    assert not any("welcome.html" in context["url"] for context in extension.browser.contexts())
    page = open_page(extension, "options.html")
    page.click("[data-test=help]")
    page.wait_for_selector("[data-test=guide]")
    page.click("[data-test=guide]")
    guide = extension.browser.wait_for_page("welcome.html")
    guide.wait_for_text("Step 1 of 4")
    guide.close()
    page.close()


@pytest.mark.heart
def test_the_guide_ends_with_a_message_that_is_opened(extension: Extension, people: People) -> None:  # noqa: F811
    page = open_page(extension, "welcome.html")
    page.wait_for_text("Step 1 of 4")
    page.click("[data-test=next]")
    page.wait_for_text("Step 2 of 4")
    page.click("[data-test=import-keys]")
    page.wait_for_text("No file is chosen", selector="[data-test=problem]")
    page.choose_files("#p12", [people.folder / "alice.p12"])
    page.click("[data-test=passphrase]")
    page.type("not her passphrase")
    page.click("[data-test=import-keys]")
    page.wait_for_text("does not open these keys", timeout_seconds=60)
    page.click("[data-test=passphrase]")
    page.type(PASSPHRASE)
    page.click("[data-test=import-keys]")
    page.wait_for_text("alice@example.test", selector="[data-test=have]", timeout_seconds=60)
    page.click("[data-test=next]")
    page.wait_for_selector("[data-test=pattern]")
    before = page.text("[data-test=pattern-name]")
    page.click("[data-test=another-pattern]")
    page.wait_for("(before) => document.querySelector('[data-test=pattern-name]').textContent !== before", before)
    page.click("[data-test=next]")
    page.click("[data-test=open-message]")
    viewer = extension.browser.wait_for_page("viewer.html", timeout_seconds=60)
    # Her authority is not among those that she trusts yet: the message tells her so, and is readable all the same.
    viewer.wait_for_text("Signed, not verified", timeout_seconds=60)
    viewer.wait_for_text("Sealed for 1 person")
    view = viewer.wait_for_frame("mail_view.html")
    view.wait_for_text("sealed on your computer, for you alone")
    viewer.close()
    page.close()


def test_the_guide_goes_on_where_it_was_left_and_begins_anew_after_its_end(extension: Extension) -> None:
    page = open_page(extension, "welcome.html")
    page.wait_for_text("of 4")
    while "Step 1" in step_of(page) or "Step 2" in step_of(page):
        page.click("[data-test=next]")
    left = step_of(page)
    page.reload()
    page.wait_for_text(left)
    while "Step 4" not in step_of(page):
        page.click("[data-test=next]")
    page.click("[data-test=finish]")
    options = extension.browser.wait_for_page("options.html")
    options.close()
    page.reload()
    page.wait_for_text("Step 1 of 4")
    page.close()


def test_help_explains_every_permission_and_every_state(extension: Extension) -> None:
    page = open_page(extension, "help.html")
    page.wait_for_selector("[data-test=permissions] dt")
    explained = page.js(
        "() => [...document.querySelectorAll('[data-test=permissions] dt code')].map((it) => it.textContent)"
    )
    # Firefox has no offscreen documents, and does not count their permission.
    unknown = {"offscreen"} if isinstance(extension.browser, Firefox) else set()
    assert set(explained) == set(MANIFEST["permissions"]) - unknown
    states = page.js(
        "() => [...document.querySelectorAll('[data-test=states] [data-state]')].map((it) => it.dataset.state)"
    )
    assert states == ["verified", "signed-unverified", "invalid", "encrypted-only", "plain"]
    page.close()


def test_news_of_a_version_are_told_until_they_were_read(extension: Extension) -> None:
    page = open_page(extension, "options.html")
    page.wait_for_selector("[data-test=policy-export]")
    assert page.js("() => document.querySelector('[data-test=news]') === null")
    page.js(
        """async (version) => {
          const opening = indexedDB.open("sealwax");
          await new Promise((resolve) => { opening.onsuccess = resolve; });
          const transaction = opening.result.transaction("settings", "readwrite");
          transaction.objectStore("settings").put({ name: "updated", version });
          await new Promise((resolve) => { transaction.oncomplete = resolve; });
          opening.result.close();
        }""",
        MANIFEST["version"],
    )
    page.reload()
    page.wait_for_text(f"What is new in version {MANIFEST['version']}", selector="[data-test=news]")
    page.click("[data-test=news-done]")
    page.wait_for("() => document.querySelector('[data-test=news]') === null")
    page.reload()
    page.wait_for_selector("[data-test=policy-export]")
    assert page.js("() => document.querySelector('[data-test=news]') === null")
    page.close()


def test_the_news_belong_to_versions_of_the_changelog() -> None:
    changes = json.loads((ROOT / "browser_ext/changes.json").read_text())
    changelog = (ROOT / "CHANGELOG.md").read_text()
    catalogue = json.loads((ROOT / "browser_ext/_locales/en/messages.json").read_text())
    assert MANIFEST["version"] in changes
    for version, keys in changes.items():
        assert f"## [{version}]" in changelog
        assert all(key in catalogue for key in keys)


def test_what_an_administrator_has_set_counts_and_cannot_be_changed(
    folder: Path,
    people: People,  # noqa: F811
    tmp_path: Path,
    running_browsers: list[Browser],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In Firefox, which reads a managed storage from the person's own folder; Chromium's is the machine's alone."""
    data = {
        "anchors": [base64.b64encode((people.folder / "ca.der").read_bytes()).decode()],
        "mozilla": False,
        "revocation": "required",
        "ownDecisions": False,
        "lockMinutes": "soon",
    }
    manifest = {"name": EXTENSION_ID, "description": "Sealwax", "type": "storage", "data": data}
    place = tmp_path / "home/.mozilla/managed-storage"
    place.mkdir(parents=True)
    (place / f"{EXTENSION_ID}.json").write_text(json.dumps(manifest))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    firefox = Firefox(tmp_path / "profile")
    running_browsers.append(firefox)
    try:
        extension = Extension(firefox, folder)
        page = extension.open_options()
        page.wait_for_text("Set by your organisation", selector="[data-test=set-mozilla]")
        page.wait_for_selector("[data-test=set-revocation]")
        assert page.js(
            "() => [document.querySelector('#mozilla').checked, document.querySelector('#revocation').value]"
        ) == [
            False,
            "required",
        ]
        assert page.js(
            "() => document.querySelector('#mozilla').disabled && document.querySelector('#revocation').disabled"
        )
        # What makes no sense counts as not set.
        assert page.js("() => document.querySelector('[data-test=set-lockMinutes]') === null")
        page.choose_files("#anchor", [people.folder / "ca.der"])
        page.wait_for_text("Your organisation decides whom to trust here")
        page.close()
    finally:
        running_browsers.remove(firefox)
        firefox.close()


def test_settings_are_written_in_the_form_of_policies(extension: Extension) -> None:
    page = open_page(extension, "options.html")
    page.wait_for_selector("[data-test=policy-export]")
    written = page.js(
        """async () => {
          const texts = [];
          URL.createObjectURL = (blob) => { texts.push(blob.text()); return "data:,"; };
          HTMLAnchorElement.prototype.click = () => {};
          document.querySelector("[data-test=policy-export]").click();
          while (!texts.length) await new Promise((resolve) => setTimeout(resolve, 20));
          return JSON.parse(await texts[0]);
        }"""
    )
    if isinstance(extension.browser, Chromium):
        settings = written["3rdparty"]["extensions"][extension.id]
    else:
        settings = written["policies"]["3rdparty"]["Extensions"][extension.id]
    schema = json.loads((ROOT / "browser_ext/policy_schema.json").read_text())["properties"]
    assert settings.keys() <= schema.keys()
    assert settings["revocation"] in schema["revocation"]["enum"]
    page.close()
