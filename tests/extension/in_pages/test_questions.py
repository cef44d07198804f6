"""An answer of the person is valid only for the question that the window showed. Any other answer is refused."""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from smime_core.blocking import run
from smime_core.ca.demo import create_authority
from tests.support.browser.bidi import Json
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension, Site, agree_in, textarea
from tests.support.extension.field_pages import NATIVE, TEXT
from tests.support.project import ROOT

IN_PAGE = page_scripts("extension/in_pages/questions.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

WRITES = textarea("answer", data_smime="sign encrypt", data_smime_to="bob@example.test")
# Writes records as the background keeps them.
KEEP = "async (records) => (globalThis.browser ?? chrome).storage.session.set(records)"
# Changes a kept record. `path` leads to the member that gets the value.
CHANGE: Final = IN_PAGE["change"]
READ = """async (name) => {
  const all = await (globalThis.browser ?? chrome).storage.session.get(null);
  return Object.entries(all).filter(([key]) => key.startsWith(name)).map(([, value]) => value);
}"""

SITE: Final = "https://site.test"
ENTRY: Final = {"name": "price", "value": "1 EUR", "label": "Price", "hidden": False}
FORM: Final = {
    "ancestors": [], "origin": SITE, "action": f"{SITE}/order", "method": "post",
    "enctype": "multipart/form-data", "nonce": "n", "entries": [ENTRY], "submitter": [],
}  # fmt: skip
FRAME: Final = {
    "id": "f", "tabId": 4711, "pageFrameId": 0, "documentId": "", "kept": False, "origin": SITE, "ancestors": [],
    "sign": False, "encrypt": False, "proposed": [], "cms": "", "mail": "", "content": "", "inWindow": False,
    "moved": "",
}  # fmt: skip
# For each kind of question: the content of the job, and the change (record, path and value) while the window is open.
JOBS: Final[dict[str, tuple[dict[str, Json], list[Json]]]] = {
    "open": ({"frame": "f"}, ["job:", ["origin"], "https://other.test"]),
    "mail": ({"frame": "f"}, ["job:", ["ancestors"], ["https://around.test"]]),
    "form": ({"form": FORM}, ["job:", ["form", "entries", 0, "value"], "9000 EUR"]),
    "files": (
        {"files": {"sign": False, "encrypt": True, "proposed": [], "multiple": False}},
        ["job:", ["files", "encrypt"], False],
    ),
    "altered": ({"notice": {"text": "Pay Bob", "isSent": False}}, ["job:", ["notice", "text"], "Pay Eve"]),
}


def open_question(extension: Extension, kind: str) -> Page:
    """Open the window with a question of this kind. The page that asks it does not exist."""
    content, _ = JOBS[kind]
    job = {
        "id": "j", "frame": "", "kind": kind, "origin": SITE, "ancestors": [], "state": "waiting", "replyKey": [],
        "page": {"tabId": 4711, "frameId": 0, "documentId": ""}, **content,
    }  # fmt: skip
    options = extension.open_options()
    options.js(KEEP, {"job:j": job, "frame:f": {**FRAME, "kind": kind}})
    options.close()
    window = extension.browser.open(extension.base + "prompt/prompt.html?job=j")
    window.wait_for_selector("[data-test=agree]", timeout_seconds=30)
    return window


def assert_refused_and_drawn_anew(window: Page) -> None:
    """Check that the answer was refused, and that the window shows the present question."""
    window.wait_for_text("has changed meanwhile", selector="[data-test=problem]", timeout_seconds=30)
    assert {job["state"] for job in window.js(READ, "job:")} == {"waiting"}
    window.wait_for_selector("[data-test=agree]")


@pytest.fixture
def quiet(unlocked: Extension) -> Iterator[Extension]:
    """The extension, without waiting jobs and proposals of earlier tests."""
    forget = IN_PAGE["forget"]
    options = unlocked.open_options()
    options.js(forget)
    options.close()
    yield unlocked
    options = unlocked.open_options()
    options.js(forget)
    options.close()


@pytest.mark.parametrize("kind", JOBS)
def test_an_answer_counts_for_the_question_that_was_drawn(quiet: Extension, kind: str, tmp_path: Path) -> None:
    window = open_question(quiet, kind)
    if kind == "files":
        (tmp_path / "a.txt").write_text("a")
        window.choose_files("#files", [tmp_path / "a.txt"])
    before = window.text()
    window.js(CHANGE, JOBS[kind][1])
    agree_in(window)
    assert_refused_and_drawn_anew(window)
    assert window.text() != before
    window.close()


def test_an_answer_to_a_text_counts_for_the_protection_that_was_drawn(quiet: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(WRITES))
    quiet.write(page, "#answer", TEXT).around.click("[data-test=encrypt]")
    window = quiet.window()
    window.js(CHANGE, ["frame:", ["encrypt"], False])
    agree_in(window)
    assert_refused_and_drawn_anew(window)
    assert window.text("[data-test=agree]") == "Sign"
    assert page.value("#answer") == ""
    with window.closing():
        window.click("[data-test=refuse]")


@pytest.mark.thorough(False)
def test_every_kind_of_question_is_tried_here() -> None:
    source = (ROOT / "browser_ext/prompt/prompt.js").read_text()
    drawn = set(re.findall(r"^  (\w+): \{ title: ", source, re.MULTILINE))
    types = (ROOT / "browser_ext/types.d.ts").read_text()
    jobs = types.partition("interface JobRecord {")[2].partition("kind: ")[2].partition(";")[0]
    assert jobs
    # The window about an unsigned form has no question. It can only be closed.
    assert drawn | set(re.findall(r'"(\w+)"', jobs)) == {*JOBS, "write", "unsigned"}


# Applies the background's own rule to each message that agrees, with the hash of another question and with the right
# hash. Returns the outcomes.
ANSWERS = IN_PAGE["answers"]


@pytest.mark.thorough(False)
def test_every_message_that_agrees_is_bound_to_what_was_drawn(quiet: Extension) -> None:
    options = quiet.open_options()
    now = datetime.datetime.now(datetime.UTC)
    authority = run(create_authority("Own CA", provider=NATIVE, at=now)).identity.certificate
    outcomes, bound = options.js(ANSWERS, list(authority.der))
    options.close()
    assert sorted([*outcomes, "backup.restore"]) == sorted(bound)
    assert set(map(tuple, outcomes.values())) == {("question-changed", "acted")}
    assert {
        "prompt.agree",
        "prompt.leave",
        "trust.accept",
        "change.accept",
        "offer.accept",
        "page.encrypt",
        "compose.send",
        "authority.accept",
    } <= outcomes.keys()


PROPOSE = IN_PAGE["proposeInPage"]


@pytest.mark.thorough(False)
def test_an_authority_that_is_proposed_later_waits_behind_the_dialog(quiet: Extension) -> None:
    now = datetime.datetime.now(datetime.UTC)
    shown, later = (
        run(create_authority(name, provider=NATIVE, at=now)).identity.certificate for name in ("Shown CA", "Later CA")
    )
    options = quiet.open_options()

    def propose(der: bytes) -> None:
        options.js(PROPOSE, {"fingerprint": hashlib.sha256(der).hexdigest(), "der": list(der)})

    propose(shown.der)
    options.reload()
    options.wait_for_text("Shown CA", selector="[data-test=accept-dialog]", timeout_seconds=30)
    # A mail in another tab proposes its own authority while the person compares the first one's fingerprint.
    propose(later.der)
    options.click("[data-test=accept-compared]")
    options.fill("[data-test=accept-addresses]", "@shown.test")
    options.click("[data-test=accept-go]")
    options.wait_for_text("Shown CA", selector="#decisions", timeout_seconds=30)
    assert "Later CA" not in options.text("#decisions")
    options.wait_for_text("Later CA", selector="[data-test=accept-dialog]", timeout_seconds=30)
    assert options.value("[data-test=accept-addresses]") == ""
    options.close()
