"""Ten thousand operations over Workers that go on: each answer is right, and memory does not grow."""

from __future__ import annotations

import math
import statistics
import time
from typing import Any, Final

import pytest

from tests.support.browser.browsers import Browser, Chromium
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.browser.residue.processes import process_tree, processes_of_kind, proportional_bytes
from tests.support.vault.operations import CONTENT, operations, started
from tests.support.vault.page import OpenPage, b64

IN_PAGE = page_scripts("vault/ten_thousand.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

ROUNDS: Final = 10
CALLS_A_ROUND: Final = 20
# The driver waits a minute for a call, also on a busy machine.
OPERATIONS_A_CALL: Final = 50
OPERATIONS_A_WORKER: Final = 50
GROWTH: Final = 1.05
# In this time the last Worker has collected its keys.
REST_SECONDS: Final = 5
# Runs the operations in turn, and gives the wrong answers.
MANY: Final = IN_PAGE["many"]


def test_ten_thousand_operations(open_vault_page: OpenPage, browser: Browser) -> None:
    page = open_vault_page(options={"device": {"deviceMemory": 4}})
    requests = [list(operation) for operation in operations()]
    used = []
    for _ in range(ROUNDS):
        for _ in range(CALLS_A_ROUND):
            wrong: Any = page.js(MANY, requests, b64(CONTENT), OPERATIONS_A_CALL)
            assert wrong == []
        time.sleep(REST_SECONDS)
        used.append(memory_of(browser, page))
    workers = started(page)
    print(workers, "Workers; megabytes after each round:", [round(amount / 1e6) for amount in used])
    assert statistics.median(used[-3:]) <= GROWTH * statistics.median(used[:3])
    # WebKitGTK collects keys later than it is asked to, and then the Worker ends.
    if browser.name != "webkit":
        assert workers <= math.ceil(ROUNDS * CALLS_A_ROUND * OPERATIONS_A_CALL / OPERATIONS_A_WORKER) * 1.1


def memory_of(browser: Browser, page: Page) -> int:
    """The bytes of all processes of Firefox, or of the page's own process in Chromium after a collection.

    Chromium's network process grows with each script that a Worker loads, and the driver's tab with each call. Its
    garbage waits for as long as there is memory.
    """
    processes = process_tree(browser.process.pid)
    if isinstance(browser, Chromium):
        browser.page_cdp(page, "HeapProfiler.collectGarbage")
        return max(proportional_bytes([process]) for process in processes_of_kind(processes, "renderer"))
    return proportional_bytes(processes)
