"""A Worker goes on after an operation: its Python is as before, each answer is right, and nothing is left in it."""

from __future__ import annotations

from typing import Any, Final

import pytest

from smime_core import blocking
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.identity.identity import export_identity
from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_program, page_scripts
from tests.support.browser.webkit import skip_in_webkit
from tests.support.people import person
from tests.support.vault.comparing_worker import PATIENCE
from tests.support.vault.operations import CONTENT, check, operations, started
from tests.support.vault.page import PASSPHRASE, PROVIDER, SEAL_KEY, TRUST, OpenPage, b64, call, secret

IN_PAGE = page_scripts("vault/rewind.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

# Counts the secret keys that the browser has not collected. A static import: a script that waits for its import would
# miss the message that starts a later Worker.
PREPARED_WORKER: Final = page_program("vault/prepared_worker.js")
# After each rewind compares linear memory with that after the first one, and looks for secrets.
WATCHING_WORKER: Final = page_program("vault/watching_worker.js")
LISTEN: Final = IN_PAGE["listen"]
# A Worker's memory at the start. The whole cleanup overwrites all of it.
LINEAR_MEMORY_BYTES: Final = 30_000_000
# Reads the outcomes of a batch so slowly that its Worker serves somebody else before the last one is read.
SLOWLY_READ: Final = IN_PAGE["slowlyRead"]
ABORTED: Final = IN_PAGE["aborted"]


def open_prepared(open_vault_page: OpenPage, *patterns: bytes, strict: bool = False) -> Page:
    """A page whose Worker has its image. With patterns it looks for them."""
    # Only one Worker waits on such a device.
    worker = PATIENCE + (WATCHING_WORKER if patterns else PREPARED_WORKER)
    options = {"rewind": True, "strict": strict, "device": {"deviceMemory": 4}}
    page = open_vault_page(*[worker] * 60, options=options)
    page.js(LISTEN, [b64(pattern) for pattern in patterns])
    page.wait_for("() => window.prepared || vault.startKind === 'plain'", timeout_seconds=60)
    return page


def wait_for_rests(page: Page, count: int) -> list[dict[str, Any]]:
    """The reports of the Worker after `count` rewinds, one for each."""
    rests: list[dict[str, Any]] = page.wait_for(
        "(count) => window.rests.length >= count && window.rests", count, timeout_seconds=30
    )
    return rests


@pytest.mark.thorough(False)
def test_many_operations_share_a_worker_and_leave_nothing_in_it(open_vault_page: OpenPage, browser: Browser) -> None:
    skip_in_webkit(browser, "WebKitGTK often collects keys too late, and the Worker ends")
    page = open_prepared(open_vault_page, CONTENT[:60], person("bob").private_key.pkcs8_der[400:440])
    workers = started(page)
    for number, (verb, args, member) in enumerate(operations() * 3, 1):
        check(call(page, verb, args), member)
        rests = wait_for_rests(page, number)
    assert started(page) == workers
    # The positive control: text and key were in memory when they were used.
    assert any(rest["before"][0] for rest in rests)
    assert any(rest["before"][1] for rest in rests)
    assert not any(any(rest["after"]) for rest in rests)
    assert [rest["altered"] for rest in rests] == [0] * len(rests)
    assert len({rest["bytes"] for rest in rests}) == 1


def test_equal_requests_give_unequal_ciphertexts(open_vault_page: OpenPage) -> None:
    page = open_prepared(open_vault_page)
    args = {"content": b64(b"content"), "recipients": [b64(person("bob").certificate.der)]}
    made = {call(page, "bytes.encrypt", args)["ok"]["cms"]["b64"] for _ in range(12)}
    assert len(made) == 12


def test_an_error_of_the_message_ends_no_worker(open_vault_page: OpenPage) -> None:
    page = open_prepared(open_vault_page)
    workers = started(page)
    assert call(page, "bytes.verify", {"cms": b64(b"?"), **TRUST})["error"]["code"] == "malformed-message"
    wait_for_rests(page, 1)
    verb, args, member = operations()[1]
    check(call(page, verb, args), member)
    assert started(page) == workers


@pytest.mark.thorough(after=2)
@pytest.mark.parametrize("ending", ["a passphrase", "strict", "an abort", "fifty operations"])
def test_a_worker_ends_with_what_must_not_be_followed(open_vault_page: OpenPage, ending: str) -> None:
    page = open_prepared(open_vault_page, strict=ending == "strict")
    bob = person("bob")
    verb, args, member = operations()[3]
    workers = started(page)
    if ending == "a passphrase":
        p12 = blocking.run(export_identity(bob, PASSPHRASE.encode(), provider=PROVIDER, iterations=1000))
        opening = {"p12": b64(p12), "passphrase": secret(PASSPHRASE.encode()), "sealKey": SEAL_KEY}
        assert "ok" in call(page, "identity.open", opening)
    elif ending == "an abort":
        encrypting = Encrypting(recipients=[bob.certificate])
        large = blocking.encrypt_bytes(bytes(3_000_000), encrypting, provider=PROVIDER)
        assert page.js(ABORTED, verb, {**args, "cms": b64(large)}) in ("vault-aborted", "answered")
    elif ending == "fifty operations":
        reading = operations()[1]
        for _ in range(50):
            check(call(page, *reading[:2]), reading[2])
    else:
        check(call(page, verb, args), member)
    page.wait_for("(before) => window.workers > before", workers, timeout_seconds=30)
    check(call(page, verb, args), member)


def test_retired_workers_clean_up_whole(open_vault_page: OpenPage) -> None:
    page = open_prepared(open_vault_page)
    verb, args, member = operations()[1]
    check(call(page, verb, args), member)
    wait_for_rests(page, 1)
    page.js("() => vault.retire()")
    _, ended = page.wait_for("() => window.cleanups.length === 2 && window.cleanups")
    assert ended["bytesZeroed"] > LINEAR_MEMORY_BYTES
    check(call(page, verb, args), member)


def test_closing_at_the_answer_waits_for_the_whole_cleanup(open_vault_page: OpenPage) -> None:
    page = open_prepared(open_vault_page)
    verb, args, _ = operations()[3]
    closed = IN_PAGE["closed"]
    assert page.js(closed, verb, args) > 2 * LINEAR_MEMORY_BYTES


def test_a_worker_in_use_ends_when_workers_are_retired(open_vault_page: OpenPage) -> None:
    page = open_prepared(open_vault_page)
    verb, args, member = operations()[1]
    workers = started(page)
    outcome = page.js(
        IN_PAGE["aWorkerInUseEndsWhenWorkersAreRetired"],
        verb,
        args,
    )
    check(outcome, member)
    page.wait_for("() => window.cleanups.length === 2")
    check(call(page, verb, args), member)
    assert started(page) == workers + 1


def test_a_request_waits_for_the_worker_that_is_soon_free(open_vault_page: OpenPage) -> None:
    page = open_prepared(open_vault_page)
    workers = started(page)
    reading = operations()[1]
    for _ in range(8):
        check(call(page, *reading[:2]), reading[2])
    assert started(page) == workers


def test_the_end_of_a_batch_leaves_the_next_operation_alone(open_vault_page: OpenPage) -> None:
    page = open_prepared(open_vault_page)
    verb, args, _ = operations()[1]
    assert page.js(SLOWLY_READ, verb, args) == [True, True]


def test_a_listener_that_throws_keeps_no_worker(open_vault_page: OpenPage, browser: Browser) -> None:
    browser.expect_error("of the application")
    page = open_prepared(open_vault_page)
    page.js("() => { vault.onCleanup = () => { throw new Error('of the application'); }; }")
    verb, args, member = operations()[1]
    workers = started(page)
    for _ in range(3):
        check(call(page, verb, args), member)
    assert started(page) == workers
    page.js("() => vault.retire()")
    page.wait_for("(least) => vault.lastCleanup.bytesZeroed > least", LINEAR_MEMORY_BYTES)


@pytest.mark.thorough(False)
def test_an_answer_that_nobody_gets_is_overwritten(open_vault_page: OpenPage) -> None:
    page = open_prepared(open_vault_page)
    verb, args, member = operations()[3]
    check(call(page, verb, args), member)
    wait_for_rests(page, 1)
    late = IN_PAGE["late"]
    code, length, has_text = page.js(late, verb, args)
    assert code == "vault-aborted"
    assert length == len(CONTENT)
    assert not has_text


def test_a_worker_that_dies_at_rest_is_not_used(open_vault_page: OpenPage) -> None:
    page = open_prepared(open_vault_page)
    verb, args, member = operations()[1]
    check(call(page, verb, args), member)
    wait_for_rests(page, 1)
    # The owner notices this by the lock that the browser takes back.
    page.js("() => { window.latestWorker.terminate(); }")
    page.js("() => new Promise((resolve) => setTimeout(resolve, 1000))")
    check(call(page, verb, args), member)


@pytest.mark.thorough(False)
def test_content_keys_are_collected_without_the_persons_keys_too(open_vault_page: OpenPage, browser: Browser) -> None:
    skip_in_webkit(browser, "WebKitGTK often collects keys too late, and the Worker ends")
    page = open_prepared(open_vault_page)
    verb, args, member = operations()[2]
    assert "sealKey" not in args
    check(call(page, verb, args), member)
    collected = page.wait_for("() => window.collected")
    assert collected["imported"] > 0
    assert collected["left"] == 0
