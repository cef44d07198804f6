"""A backup restores everything, in the other browser too. The window says before which entries it removes."""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from smime_core.blocking import run
from smime_core.ca.demo import Authority, create_authority, issue_identity
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.message import encrypt_message
from smime_core.own_content.trust_list import TrustList, build_followed_list, follow_trust_list, sign_trust_list
from smime_core.pkix import TrustAnchor, TrustSource
from smime_core.provider import NewKey
from smime_core.trust.decisions import Decision, DecisionKind
from smime_core.trust.decisions_json import build_decisions
from tests.support.browser.browsers import Browser, Chromium, Firefox, Name
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension
from tests.support.extension.keys_page import (
    KEPT,
    NATIVE,
    NEW,
    NOW,
    OPERATION_SECONDS,
    PASSPHRASE,
    TICK_ALL,
    Rig,
    make_backup,
    open_keys,
    open_review,
    restore,
    show_section,
    submit,
)
from tests.support.extension.mail_letters import mail, text
from wasm_build.vault.python.verbs import run_verb

IN_PAGE = page_scripts("extension/options/backup.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

WORDS = "Encrypted before the old computer was lost."

# Stores a changed certificate that waits for the person's decision, and a draft.
LEAVE_THINGS_TO_LOSE = IN_PAGE["leaveThingsToLose"]

# Changes the setting for revocation, as another page of the extension could.
CHOOSE_REVOCATION = """() => (globalThis.browser ?? chrome).runtime.sendMessage(
  { type: "trust.settings", body: { mozilla: true, revocation: "required" } })"""


def write_prepared(path: Path, *, authorities: int = 1) -> Path:
    """A backup that a stranger made: Bob's certificate, and all kinds of entries that decide whom the person trusts."""
    stranger = run(create_authority("Stranger CA", provider=NATIVE, at=NOW))
    names = [f"Stranger CA {number}" for number in range(1, authorities)]
    others = [run(create_authority(name, provider=NATIVE, at=NOW, key=NewKey.P256)) for name in names]
    anchors = [authority.identity.certificate for authority in (stranger, *others)]
    bob = run(issue_identity(stranger, "bob@example.test", provider=NATIVE, at=NOW))
    decision = Decision(
        certificate=bob.certificate, kind=DecisionKind.EXACT, addresses=("bob@example.test",), accepted_at=NOW
    )
    content = {
        "version": "sealwax-backup-1",
        "madeAt": NOW.isoformat(),
        "keyFiles": [],
        "requests": [],
        "people": [base64_of(bob.certificate.der)],
        "anchors": [base64_of(anchor.der) for anchor in anchors],
        "sites": [{"origin": "https://stranger.example", "since": NOW.isoformat()}],
        "contacts": None,
        "decisions": base64_of(build_decisions([decision])),
        "followed": base64_of(followed_list(stranger)),
        "trust": {"mozilla": True, "revocation": "not-checked"},
        "preferences": {"idleMinutes": 720, "harvest": True, "strict": False, "directory": "https://stranger.example"},
        "preferred": [],
        "pattern": 7,
    }
    args = {"content": json.dumps(content).encode(), "passphrase": NEW.encode()}
    sealed: Any = run(run_verb("backup.seal", args, NATIVE))
    path.write_bytes(sealed["backup"])
    return path


def base64_of(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def followed_list(authority: Authority) -> bytes:
    """The list of an organisation with that authority, as the extension keeps it."""
    signer = run(issue_identity(authority, "boss@stranger.example", provider=NATIVE, at=NOW))
    anchor = TrustAnchor(certificate=authority.identity.certificate, source=TrustSource.OPERATOR)
    trust_list = TrustList(
        name="Stranger Ltd",
        serial_number=1,
        issued=NOW,
        expires=NOW + datetime.timedelta(days=30),
        anchors=(anchor,),
    )
    cms = run(sign_trust_list(trust_list, identity=signer, provider=NATIVE, signing_time=NOW))
    return build_followed_list(run(follow_trust_list(cms, operator=signer.certificate, provider=NATIVE, at=NOW)))


@pytest.fixture
def extension(browser: Browser, folder: Path, rig: Rig) -> Iterator[Extension]:
    extension = fill(Extension(browser, folder), rig)
    yield extension
    extension.uninstall()


def fill(extension: Extension, rig: Rig) -> Extension:
    """Import Alice's keys, choose one of them for signing, and add her authority, Bob and a directory."""
    extension.unlock(rig.file, PASSPHRASE)
    page = open_keys(extension)
    page.choose_files("#anchor", [rig.write_authority()])
    page.wait_for_text("Example CA", selector="#anchors", timeout_seconds=30)
    page.choose_files("#person", [rig.bob_file])
    page.wait_for_text("bob@example.test", selector="#people", timeout_seconds=30)
    page.click('[data-expiry="very-soon"] [data-test=prefer]')
    page.wait_for_selector('[data-expiry="very-soon"] [data-test=preferred]')
    show_section(page, "trust")
    page.click("[data-test=mozilla]")
    show_section(page, "settings")
    page.click("[data-test=harvest]")
    page.wait_for_text("Saved", selector="[data-test=settings-done]")
    page.close()
    return extension


def kept(page: Page) -> dict[str, Any]:
    """The contents of the stores that outlive the browser, without the times of saving."""
    stores: dict[str, Any] = json.loads(page.js(KEPT))
    for file in stores["keyFiles"]:
        del file["savedAt"]
    for record in stores["people"] + stores["anchors"]:
        record.pop("addedAt", None)
    stores["settings"] = {store["name"]: store for store in stores["settings"]}
    return stores


@pytest.fixture
def empty(browser: Browser, folder: Path) -> Iterator[Extension]:
    extension = Extension(browser, folder)
    yield extension
    extension.uninstall()


def test_a_prepared_backup_brings_nothing_of_trust_until_it_is_ticked(empty: Extension, tmp_path: Path) -> None:
    file = write_prepared(tmp_path / "prepared.backup")
    page = open_keys(empty)
    before = kept(page)
    for how in ("merge", "replace"):
        open_review(page, file, NEW, how=how)
        page.wait_for_selector("[data-test=restore-review-go]", timeout_seconds=OPERATION_SECONDS)
        review = page.text("[data-test=restore-review]")
        assert "U+" not in review
        for word in ("Stranger CA", "Stranger Ltd", "bob@example.test", "https://stranger.example", "is never asked"):
            assert word in review
        assert page.js("() => document.querySelector('[data-test=restore-review] :checked')") is None
        submit(page, "restore-review")
        page.wait_for_text("Restored", selector="[data-test=backup-done]", timeout_seconds=OPERATION_SECONDS)
        after = kept(page)
        assert [person["addresses"] for person in after["people"]] == [["bob@example.test"]]
        assert (after["anchors"], after["sites"]) == ([], [])
        assert page.text("#decisions") + page.text("#followed") == ""
        assert after["settings"]["pattern"] == before["settings"]["pattern"]
        assert after["settings"]["trust"]["value"]["revocation"] == "if-known"
        chosen = after["settings"]["preferences"]["value"]
        assert chosen == {"idleMinutes": 15, "harvest": True, "strict": False, "directory": ""}

    restore(page, file, NEW, how="replace")
    page.wait_for_text("Restored", selector="[data-test=backup-done]", timeout_seconds=OPERATION_SECONDS)
    after = kept(page)
    assert (len(after["anchors"]), len(after["sites"])) == (1, 1)
    assert "bob@example.test" in page.text("#decisions")
    assert "Stranger Ltd" in page.text("#followed")
    assert after["settings"]["pattern"]["number"] == 7
    assert after["settings"]["trust"]["value"]["revocation"] == "not-checked"
    assert after["settings"]["preferences"]["value"]["idleMinutes"] == 720
    page.close()


def test_an_answer_counts_for_the_contents_that_were_shown(empty: Extension, tmp_path: Path) -> None:
    """The stores change meanwhile, so that the backup would restore other entries than those in the list."""
    file = write_prepared(tmp_path / "prepared.backup", authorities=101)
    page = open_keys(empty)
    open_review(page, file, NEW, how="merge")
    page.wait_for_selector("[data-test=restore-review-go]", timeout_seconds=OPERATION_SECONDS)
    page.click("[data-test=restore-anchors] [data-test=restore-more]")
    assert len(page.js("() => [...document.querySelectorAll('[data-test=restore-anchors] li')].map(String)")) == 101
    page.js(TICK_ALL)
    page.js(CHOOSE_REVOCATION)
    page.click("[data-test=restore-review-go]")
    page.wait_for_text(
        "has changed meanwhile", selector="[data-test=restore-review-problem]", timeout_seconds=OPERATION_SECONDS
    )
    assert kept(page)["anchors"] == []
    page.close()


def test_a_replacing_restore_announces_what_it_deletes(extension: Extension, tmp_path: Path) -> None:
    page = open_keys(extension)
    file = tmp_path / "whole.backup"
    file.write_bytes(make_backup(page))
    before = kept(page)
    show_section(page, "settings")
    page.click("[data-test=another-pattern]")
    page.wait_for("(name) => document.querySelector('[data-test=pattern-name]').textContent !== ''", None)
    page.js(LEAVE_THINGS_TO_LOSE)
    restore(page, file, NEW, how="merge")
    page.wait_for_text("Key files in the backup: 1", selector="[data-test=backup-done]", timeout_seconds=60)
    assert len(kept(page)["drafts"]) == 1

    page.click("[data-test=restore-backup]")
    page.click("[data-test=restore-replace]")
    losses = page.wait_for_text("Drafts, which no backup holds: 1", selector="[data-test=restore-goes]")
    assert "Key files: 1" in losses
    assert "Changed certificates that wait for your decision: 1" in losses
    page.click("[data-test=restore-merge]")
    page.wait_for("() => document.querySelector('[data-test=restore-goes]').textContent === ''")
    page.click("[data-test=restore-cancel]")
    restore(page, file, NEW, how="replace")
    page.wait_for_text("Your keys are locked", selector="[data-test=state]", timeout_seconds=60)
    after = kept(page)
    assert after["drafts"] == []
    assert "changed certificates" not in after["settings"]
    assert after == before
    extension.is_locked = True
    page.close()


@pytest.mark.thorough(False)
@pytest.mark.parametrize("source", ["chromium", "firefox"])
def test_a_backup_of_one_browser_brings_everything_to_the_other(
    chromium: Chromium, firefox: Firefox, folder: Path, rig: Rig, tmp_path: Path, source: Name
) -> None:
    here, there = (chromium, firefox) if source == "chromium" else (firefox, chromium)
    first = fill(Extension(here, folder), rig)
    page = open_keys(first)
    file = tmp_path / "whole.backup"
    file.write_bytes(make_backup(page))
    before = kept(page)
    first.uninstall()

    second = Extension(there, folder)
    page = open_keys(second)
    restore(page, file, NEW, how="replace")
    page.wait_for_text("Key files in the backup: 1", selector="[data-test=backup-done]", timeout_seconds=60)
    after = kept(page)
    for mark in ("guide", "updated"):
        before["settings"].pop(mark, None)
        after["settings"].pop(mark, None)
    assert after == before
    page.close()

    # The restored keys open under the passphrase that they had in the first browser.
    encrypted = run(encrypt_message(mail(text(WORDS)), Encrypting(recipients=[rig.alice.certificate]), provider=NATIVE))
    (tmp_path / "encrypted.eml").write_bytes(encrypted)
    viewer = there.open(second.base + "viewer/viewer.html")
    viewer.wait_for_text("Choose a file")
    viewer.choose_files("#file", [tmp_path / "encrypted.eml"])
    second.answer(PASSPHRASE)
    viewer.wait_for_frame("mail_view.html", timeout_seconds=OPERATION_SECONDS).wait_for_text(WORDS)
    viewer.close()
    second.uninstall()
