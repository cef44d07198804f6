"""Settings by an administrator apply, are shown as such, and cannot be changed. Their file has the form of policies."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from smime_core.asn1 import build_pem
from smime_core.blocking import sign_message
from smime_core.cms import Signing, build_certificates_only
from tests.support.browser.browsers import Browser, Chromium, Name
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension
from tests.support.extension.keys_page import NEW, NOW, PASSPHRASE, Rig, make_backup, open_keys, restore, show_section
from tests.support.extension.managed import start_managed
from tests.support.extension.viewer import open_file
from tests.support.extension.writing_settings import LABELS
from tests.support.people import PROVIDER as NATIVE
from tests.support.project import ROOT

IN_PAGE = page_scripts("extension/options/administration.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

NAMES = ("chromium", "firefox")
DIRECTORY = "https://mail.example.test"
CONTROLS = ("mozilla", "revocation", "idle-minutes", "harvest", "directory", "timestamp-service", "label-file")
LETTER = b"From: alice@example.test\r\nTo: bob@example.test\r\nSubject: Supper\r\n\r\nAt eight.\r\n"
CLOCK = "http://clock.example.test/tsa"


def shown(page: Page) -> dict[str, Any]:
    """The value of each control that an administrator may set, and whether it is disabled."""
    values: dict[str, Any] = page.js(
        """(ids) => Object.fromEntries(ids.map((id) => {
          const { type, checked, value, disabled } = document.getElementById(id);
          return [id, [type === "checkbox" ? checked : value, disabled]];
        }))""",
        list(CONTROLS),
    )
    return values


@pytest.mark.parametrize("name", NAMES)
def test_settings_of_an_administrator_count_and_cannot_be_changed(
    name: Name,
    folder: Path,
    rig: Rig,
    tmp_path: Path,
    running_browsers: list[Browser],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority = rig.write_authority()
    settings = {
        "anchors": [base64.b64encode(authority.read_bytes()).decode()],
        "mozilla": False,
        "revocation": "required",
        "ownDecisions": False,
        "lockMinutes": 5,
        "harvest": False,
        "directory": DIRECTORY + "/",
        "timestampService": CLOCK,
        "labelPolicy": LABELS,
    }
    with start_managed(name, folder, running_browsers, tmp_path, monkeypatch, settings=settings) as extension:
        page = extension.open_options()
        show_section(page, "settings")
        page.wait_for_text("Set by your organisation", selector="[data-test=set-directory]")
        assert shown(page) == {
            "mozilla": [False, True],
            "revocation": ["required", True],
            "idle-minutes": ["5", True],
            "harvest": [False, True],
            "directory": [DIRECTORY, True],
            "timestamp-service": [CLOCK, True],
            "label-file": ["", True],
        }
        assert "Crew only" in page.text("[data-test=labels]")
        # A setting that the administrator left open can be changed. The person's own settings keep their earlier values
        # for the others.
        page.click("[data-test=strict]")
        page.wait_for_text("Saved", selector="[data-test=settings-done]")
        own = page.js(IN_PAGE["settingsOfAnAdministratorCountAndCannotBeChanged"])
        assert own == {"idleMinutes": 15, "harvest": True, "strict": True, "directory": ""}
        extension.unlock(rig.file, PASSPHRASE)
        page.reload()
        page.wait_for_text("after 5 minutes without use", selector="[data-test=state]")
        show_section(page, "trust")
        page.choose_files("#anchor", [authority])
        page.wait_for_text("Your organisation decides whom to trust here")
        page.close()


@pytest.mark.parametrize("name", NAMES)
def test_an_administrators_anchors_count_in_every_form_of_file(
    name: Name,
    folder: Path,
    rig: Rig,
    tmp_path: Path,
    running_browsers: list[Browser],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    anchor = rig.authority.identity.certificate
    p7b = build_certificates_only([anchor])
    letter = tmp_path / "letter.eml"
    letter.write_bytes(sign_message(LETTER, Signing(identities=[rig.alice], signing_time=NOW), NATIVE))
    forms = {
        base64.b64encode(p7b).decode(): "verified",
        build_pem("CERTIFICATE", anchor.der).decode().replace("\n", " "): "verified",
        base64.b64encode(b"no certificate").decode(): "signed-unverified",
    }
    for form, expected in forms.items():
        settings = {"anchors": [form], "mozilla": False, "revocation": "not-checked"}
        with start_managed(name, folder, running_browsers, tmp_path, monkeypatch, settings=settings) as extension:
            page = extension.browser.open(extension.base + "viewer/viewer.html")
            page.wait_for_selector("[data-test=pick]")
            open_file(page, letter)
            state = page.js("() => document.querySelector('main .state-statement').dataset.state")
            assert (form, state) == (form, expected)
            page.close()


def test_a_restored_backup_brings_no_decision_that_is_left_to_nobody(
    extension: Extension,
    folder: Path,
    rig: Rig,
    tmp_path: Path,
    running_browsers: list[Browser],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    extension.keep(anchors=[rig.write_authority()], people=[rig.bob_file])
    page = open_keys(extension)
    backup = tmp_path / "whole.backup"
    backup.write_bytes(make_backup(page))
    page.close()
    settings, name = {"ownDecisions": False}, extension.browser.name
    assert name != "webkit"
    with start_managed(name, folder, running_browsers, tmp_path, monkeypatch, settings=settings) as managed:
        for how in ("merge", "replace"):
            page = open_keys(managed)
            restore(page, backup, NEW, how=how)
            page.wait_for_text("Restored", selector="[data-test=backup-done]", timeout_seconds=60)
            page.wait_for_text("bob@example.test", selector="#people")
            assert page.text("#anchors") == ""
            page.close()


@pytest.mark.thorough(False)
def test_senseless_settings_count_as_not_set(extension: Extension) -> None:
    page = extension.open_options()
    understood = page.js(
        "async (managed) => (await import('/source/browser_ext/background/browser/policy.js')).understand(managed).set",
        {
            "anchors": ["no certificate"],
            "mozilla": "yes",
            "revocation": "sometimes",
            "ownDecisions": 0,
            "lockMinutes": 7,
            "harvest": None,
            "directory": "http://mail.example.test",
            "pagesKeys": [{"origin": "http://mail.example.test", "fingerprint": "ab" * 32}],
            "unknown": True,
        },
    )
    assert understood == []
    page.close()


def test_settings_are_written_in_the_form_of_policies(extension: Extension) -> None:
    page = extension.open_options()
    page.wait_for("() => document.querySelector('[data-test=policy-export]') !== null")
    written = page.js(IN_PAGE["settingsAreWrittenInTheFormOfPolicies"])
    if isinstance(extension.browser, Chromium):
        settings = written["3rdparty"]["extensions"][extension.id]
    else:
        settings = written["policies"]["3rdparty"]["Extensions"][extension.id]
    schema = json.loads((ROOT / "browser_ext/policy_schema.json").read_text())["properties"]
    assert settings.keys() <= schema.keys()
    assert settings["revocation"] in schema["revocation"]["enum"]
    assert settings["lockMinutes"] in schema["lockMinutes"]["enum"]
    page.close()
