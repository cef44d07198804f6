"""Every WebAssembly memory of a Worker, of Python and of the key derivations, is all zeros however its work ended."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from smime_core import blocking
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.identity import Pkcs12Form, export_identity
from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_program, page_scripts
from tests.support.browser.webkit import skip_in_webkit
from tests.support.people import person
from tests.support.vault.page import PASSPHRASE, PROVIDER, SEAL_KEY, TRUST, OpenPage, b64, call, secret
from tests.support.vault.verb_examples import LOGIN_TERMS
from tests.support.vault.verbs import call as call_natively
from wasm_build.vault.python.sealed import seal_identity

IN_PAGE = page_scripts("vault/worker_memory.js")

pytestmark = pytest.mark.browser

# A Worker that finds its memories by itself, and reports for each whether it contains anything but zeros.
COUNTING_WORKER: Final = page_program("vault/counting_worker.js")
# Says when PBKDF2 begins to iterate, and at the end how many calls of WebAssembly it took.
ITERATING_WORKER: Final = page_program("vault/iterating_worker.js")
LISTEN: Final = IN_PAGE["listen"]
STOPPED: Final = IN_PAGE["stopped"]
STOPPED_AT_WORK: Final = IN_PAGE["stoppedAtWork"]
BATCH: Final = IN_PAGE["batchInPage"]


def decrypting(content: bytes) -> dict[str, Any]:
    bob = person("bob")
    cms = blocking.encrypt_bytes(content, Encrypting(recipients=[bob.certificate]), provider=PROVIDER)
    encrypted = blocking.run(seal_identity(bob, bytes(range(32)), provider=PROVIDER))
    return {"cms": b64(cms), "identities": [b64(encrypted)], "sealKey": SEAL_KEY}


def open_counting(open_vault_page: OpenPage) -> Page:
    page = open_vault_page(COUNTING_WORKER, options={"rewind": False})
    page.js(LISTEN)
    return page


def opening_file(*, iterations: int) -> dict[str, Any]:
    form = Pkcs12Form.MODERN
    p12 = blocking.run(
        export_identity(person("bob"), PASSPHRASE.encode(), provider=PROVIDER, iterations=iterations, form=form)
    )
    return {"p12": b64(p12), "passphrase": secret(PASSPHRASE.encode()), "sealKey": SEAL_KEY}


def wait_for_reports(page: Page) -> list[list[bool]]:
    reports: list[list[bool]] = page.wait_for(
        "() => window.reports.after && [window.reports.before, window.reports.after]", timeout_seconds=30
    )
    return reports


def check_emptied(page: Page, *, memories: int = 1) -> None:
    before, after = wait_for_reports(page)
    # The positive control: before the fill every memory contains data.
    assert len(before) >= memories
    assert all(before)
    assert after == [False] * len(before)


def test_after_an_answer(open_vault_page: OpenPage) -> None:
    page = open_counting(open_vault_page)
    assert "ok" in call(page, "bytes.decrypt", decrypting(b"content"))
    check_emptied(page)


def test_after_an_error(open_vault_page: OpenPage) -> None:
    page = open_counting(open_vault_page)
    args = {**decrypting(b"content"), "sealKey": secret(bytes(32))}
    assert call(page, "bytes.decrypt", args)["error"]["code"] == "decryption-error"
    check_emptied(page)


def test_after_a_cancel(open_vault_page: OpenPage) -> None:
    page = open_counting(open_vault_page)
    assert page.js(STOPPED, "bytes.decrypt", decrypting(bytes(3_000_000))) in ("vault-aborted", "answered")
    check_emptied(page)


@pytest.mark.thorough
def test_after_a_deadline(open_vault_page: OpenPage) -> None:
    page = open_counting(open_vault_page)
    reply = call(page, "bytes.decrypt", decrypting(bytes(1_000_000)), {"deadlineSeconds": 0})
    assert reply["error"]["code"] == "vault-timeout"
    check_emptied(page)


@pytest.mark.thorough
def test_after_a_batch(open_vault_page: OpenPage) -> None:
    page = open_counting(open_vault_page)
    requests = [
        {"verb": "bytes.decrypt", "args": decrypting(b"content")},
        {"verb": "bytes.verify", "args": {"cms": b64(b"?"), **TRUST}},
    ]
    assert page.js(BATCH, requests) == 2
    check_emptied(page)


def test_the_memory_of_pbkdf2_is_empty_when_the_key_is_derived(open_vault_page: OpenPage) -> None:
    page = open_counting(open_vault_page)
    assert "ok" in call(page, "identity.open", opening_file(iterations=1000))
    before, after = wait_for_reports(page)
    assert before == [True, False]
    assert after == [False, False]


@pytest.mark.thorough
def test_a_cancel_stops_pbkdf2_in_the_middle(open_vault_page: OpenPage) -> None:
    page = open_vault_page(ITERATING_WORKER)
    # A call does 100,000 iterations, and the file has three keys to derive.
    assert page.js(STOPPED_AT_WORK, opening_file(iterations=2_000_000)) == "vault-aborted"
    page.wait_for("() => window.cleanups.length === 1")
    assert page.js("() => window.calls") < 20


def test_after_argon2id_the_memory_of_its_own_too(open_vault_page: OpenPage, browser: Browser) -> None:
    skip_in_webkit(browser, "a late finalizer of a proxy may count down in the filled memory")
    page = open_counting(open_vault_page)
    account = {"server": "https://keys.example.test", "user": "bob@example.test", "passphrase": PASSPHRASE.encode()}
    device = {"at": "2026-03-01T12:00:00Z", "deviceToken": bytes(32), "deviceName": "a test", "sealKey": b"k" * 32}
    begun = call_natively("roaming.login", **account, **device)
    # The second step stretches the passphrase.
    answer = {"user": account["user"], "state": b64(begun["state"]), "step": 1, "sealKey": secret(b"k" * 32)}
    terms = b64(json.dumps(LOGIN_TERMS).encode())
    assert "ok" in call(page, "roaming.answer", {**answer, "body": terms})
    check_emptied(page, memories=2)
