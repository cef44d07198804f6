"""The extension's page with keys and people: key files in and out, new keys, people, settings, and the backup."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.identity.identity import load_identities
from smime_core.trust import CertificateSource, Contact, KnownCertificate, PeopleForm, build_people_file
from tests.support.browser.browsers import Browser
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
    Rig,
    make_backup,
    open_keys,
    open_review,
    restore,
    saved,
    show_section,
    submit,
    type_passphrase,
)

IN_PAGE = page_scripts("extension/options/keys.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]


@pytest.fixture(scope="module")
def extension(browser: Browser, folder: Path, rig: Rig) -> Iterator[Extension]:
    extension = Extension(browser, folder)
    extension.unlock(rig.file, PASSPHRASE)
    yield extension
    extension.uninstall()


@pytest.fixture
def options(extension: Extension) -> Iterator[Page]:
    page = open_keys(extension)
    yield page
    page.close()


def test_each_identity_says_until_when_and_what_for(options: Page) -> None:
    states = options.js("() => [...document.querySelectorAll('[data-test=identity]')].map((one) => one.dataset.expiry)")
    assert sorted(states) == ["good", "very-soon"]
    text = options.text("[data-test=key-files]")
    assert "for signing · for encryption" in text
    assert "Renew it now" in text
    options.click("[data-test=identity] [data-test=details]")
    page = options.wait_for_text("SHA-256", selector="[data-test=certificate-dialog]", timeout_seconds=30)
    assert "alice@example.test" in page
    options.click("[data-test=dialog-close]")


def test_the_default_identity_is_the_one_that_the_person_chose(options: Page) -> None:
    options.click('[data-expiry="good"] [data-test=prefer]')
    options.wait_for_selector('[data-expiry="good"] [data-test=preferred]')
    assert options.js("() => document.querySelectorAll('[data-test=preferred]').length") == 1


def fill_export(page: Page, current: str, new: str, again: str) -> None:
    page.click("[data-test=export-keys]")
    for index, text in enumerate((current, new, again)):
        type_passphrase(page, "export", index, text)
    page.click("[data-test=export-go]")


def choose_form(page: Page, form: str) -> None:
    page.js(
        "(form) => { const select = document.querySelector('[data-test=export-form]'); select.value = form;"
        " select.dispatchEvent(new Event('change', { bubbles: true })); }",
        form,
    )


@pytest.mark.parametrize(
    ("form", "mark"),
    [(None, "2.16.840.1.101.3.4.2.1"), ("modern", "1.2.840.113549.1.5.14"), ("legacy", "1.3.14.3.2.26")],
)
def test_a_key_file_leaves_under_the_passphrase_that_is_asked(
    options: Page, rig: Rig, form: str | None, mark: str
) -> None:
    options.click("[data-test=export-keys]")
    if form is not None:
        choose_form(options, form)
    if form == "legacy":
        options.click("[data-test=export-legacy-agree]")
    for index, text in enumerate((PASSPHRASE, NEW, NEW)):
        type_passphrase(options, "export", index, text)
    submit(options, "export")
    name, p12 = saved(options)
    assert name == "alice@example.test.p12"
    opened = run(load_identities(p12, NEW.encode(), provider=NATIVE))
    assert {identity.certificate for identity in opened} == {rig.alice.certificate, rig.ending.certificate}
    assert der.oid(mark) in bytes(der.read_sequence(p12)[2].encoded)
    options.wait_for_text("Saved elsewhere", selector="[data-test=backup-state]")


def test_the_weak_form_is_written_only_after_its_risk_was_agreed_to(options: Page) -> None:
    options.click("[data-test=export-keys]")
    choose_form(options, "legacy")
    options.wait_for_text("3DES and SHA-1 are weak", selector="[data-test=export-legacy]")
    for index, text in enumerate((PASSPHRASE, NEW, NEW)):
        type_passphrase(options, "export", index, text)
    options.click("[data-test=export-go]")
    options.wait_for_text("Tick the box", selector="[data-test=export-legacy-problem]")
    assert options.js("() => globalThis.saved.length") == 0
    options.click("[data-test=export-cancel]")


def test_an_export_is_refused_without_the_passphrase_and_with_a_slip(options: Page) -> None:
    fill_export(options, PASSPHRASE, NEW, NEW + "!")
    options.wait_for_text("The two passphrases differ", selector="[data-test=export]")
    options.click("[data-test=export-cancel]")
    fill_export(options, "a wrong one", NEW, NEW)
    options.wait_for_text("does not open", selector="[data-test=export-problem]", timeout_seconds=OPERATION_SECONDS)
    assert options.js("() => globalThis.saved.length") == 0
    options.click("[data-test=export-cancel]")


def test_a_changed_passphrase_opens_the_keys_and_the_old_one_no_longer(extension: Extension, options: Page) -> None:
    options.click("[data-test=change-passphrase]")
    type_passphrase(options, "passphrase-change", 0, PASSPHRASE)
    type_passphrase(options, "passphrase-change", 1, NEW)
    type_passphrase(options, "passphrase-change", 2, NEW)
    submit(options, "passphrase-change")
    for old, new in ((PASSPHRASE, None), (NEW, PASSPHRASE)):
        options.click("[data-test=change-passphrase]")
        type_passphrase(options, "passphrase-change", 0, old)
        type_passphrase(options, "passphrase-change", 1, new or "whatever else")
        type_passphrase(options, "passphrase-change", 2, new or "whatever else")
        if new:
            submit(options, "passphrase-change")
            continue
        options.click("[data-test=passphrase-change-go]")
        options.wait_for_text(
            "does not open", selector="[data-test=passphrase-change-problem]", timeout_seconds=OPERATION_SECONDS
        )
        options.click("[data-test=passphrase-change-cancel]")


def test_people_come_out_of_a_file_with_several_and_are_found_and_saved(options: Page, rig: Rig) -> None:
    show_section(options, "people")
    options.choose_files("#person", [rig.bob_file])
    options.wait_for_text("bob@example.test", selector="#people", timeout_seconds=30)
    options.wait_for_text("New: 2", selector="[data-test=people-done]")
    options.fill("[data-test=people-search]", "bob")
    options.wait_for_text("1 of 1", selector="[data-test=people-count]")
    options.click("[data-test=person] [data-test=save-certificate]")
    name, pem = saved(options)
    assert name == "bob@example.test.pem"
    assert base64.b64decode(b"".join(pem.splitlines()[1:-1])) == rig.bob.certificate.der
    options.fill("[data-test=people-search]", "nobody at all")
    options.wait_for_text("Nobody matches", selector="[data-test=people-count]")


def test_an_address_book_is_imported_and_says_what_it_leaves_out(options: Page, rig: Rig, tmp_path: Path) -> None:
    known = {
        name: KnownCertificate(
            certificate=rig.issue(f"{name}@example.test").certificate,
            source=CertificateSource.CONTACTS,
            first_seen=NOW,
            last_seen=NOW,
        )
        for name in ("carol", "dora")
    }
    contacts = [
        Contact(address="carol@example.test", certificates=(known["carol"],)),
        Contact(address="mallory@example.test", certificates=(known["dora"],)),
    ]
    show_section(options, "people")
    for form, counts in (
        (PeopleForm.LDIF, "New: 1. Known already: 0."),
        (PeopleForm.VCARD, "New: 0. Known already: 1."),
    ):
        book = tmp_path / f"book.{form}"
        book.write_bytes(build_people_file(contacts, form))
        options.choose_files("#person", [book])
        options.wait_for_text(counts, selector="[data-test=people-done]", timeout_seconds=30)
        left = options.text("[data-test=left-out]")
        assert "The certificate is for another address than its entry." in left
        assert "dora@example.test" in left
    options.wait_for_text("carol@example.test", selector="#people")
    assert "dora@example.test" not in options.text("#people")


def test_a_file_without_certificates_is_said_to_have_none(options: Page, tmp_path: Path) -> None:
    (tmp_path / "letter.pem").write_text("a letter")
    before = options.js(KEPT)
    options.choose_files("#person", [tmp_path / "letter.pem"])
    options.wait_for_text(".", selector="[data-test=people-problem]", timeout_seconds=30)
    assert options.js(KEPT) == before


def test_the_time_that_was_set_locks_the_keys(extension: Extension, options: Page, rig: Rig) -> None:
    extension.open_keys(rig.file, PASSPHRASE)
    options.js(IN_PAGE["setFiveMinutes"])
    options.wait_for_text("after 5 minutes", selector="[data-test=state]")
    options.js(IN_PAGE["letTheTimePass"])
    options.reload()
    options.wait_for_text("nothing was done for 5 minutes", selector="[data-test=state]")
    extension.is_locked = True


def test_to_switch_strict_cleanup_locks_the_keys_and_they_open_again(
    extension: Extension, options: Page, rig: Rig
) -> None:
    extension.unlock(rig.file, PASSPHRASE)
    show_section(options, "settings")
    options.click("[data-test=strict]")
    options.wait_for_text("Saved", selector="[data-test=settings-done]")
    options.wait_for_text("Your keys are locked", selector="[data-test=state]")
    extension.is_locked = True
    extension.unlock(rig.file, PASSPHRASE)
    options.click("[data-test=strict]")
    options.wait_for_text("Your keys are locked", selector="[data-test=state]")
    extension.is_locked = True


def test_a_directory_is_a_safe_address(options: Page) -> None:
    show_section(options, "settings")
    options.fill("[data-test=directory]", "http://mail.example.test")
    options.click("[data-test=directory-go]")
    options.wait_for_text("begins with https://", selector="[data-test=settings-problem]")
    options.fill("[data-test=directory]", "http://127.0.0.1:8461/api")
    options.click("[data-test=directory-go]")
    options.wait_for(
        "() => document.querySelector('[data-test=directory]').value === 'http://127.0.0.1:8461'"
        " || document.querySelector('[data-test=settings-done]').textContent !== ''"
    )
    settings = {
        setting["name"]: setting["value"] for setting in json.loads(options.js(KEPT))["settings"] if "value" in setting
    }
    assert settings["preferences"]["directory"] == "http://127.0.0.1:8461"


def test_a_backup_brings_everything_back_and_a_damaged_one_changes_nothing(options: Page, tmp_path: Path) -> None:
    backup = make_backup(options)
    before = options.js(KEPT)
    damaged = bytearray(backup)
    damaged[-20] ^= 1
    for name, octets, passphrase, sentence in (
        ("damaged.backup", bytes(damaged), NEW, "Nothing here was changed"),
        ("cut.backup", backup[:-50], NEW, "Nothing here was changed"),
        ("foreign.backup", b"a letter", NEW, "is no backup"),
        ("whole.backup", backup, "another passphrase", "Wrong passphrase, or the file was damaged"),
    ):
        (tmp_path / name).write_bytes(octets)
        open_review(options, tmp_path / name, passphrase, how="replace")
        options.wait_for_text(sentence, selector="[data-test=restore-problem]", timeout_seconds=OPERATION_SECONDS)
        assert options.js(KEPT) == before
        options.click("[data-test=restore-cancel]")

    show_section(options, "identities")
    options.click("[data-removal^='keys.remove']")
    options.click("[data-removal^='keys.remove'][data-asked=yes]")
    options.wait_for("() => document.querySelector('[data-test=identity]') === null")
    restore(options, tmp_path / "whole.backup", NEW, how="merge")
    options.wait_for_text("Key files in the backup: 1", selector="[data-test=backup-done]", timeout_seconds=60)
    assert sum(expiry == "very-soon" for expiry in expiries(options)) == 1
    restore(options, tmp_path / "whole.backup", NEW, how="replace")
    options.wait_for_text("Your keys are locked", selector="[data-test=state]", timeout_seconds=60)
    assert len(expiries(options)) == 2


def expiries(page: Page) -> list[str]:
    states: list[str] = page.js(
        "() => [...document.querySelectorAll('[data-test=identity]')].map((one) => one.dataset.expiry)"
    )
    return states
