"""A shared unlocking, and one after a reload, write no secret in clear into the profile of the browser."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from tests.support.browser.browsers import Name
from tests.support.browser.required import require_browser
from tests.support.browser.residue.lab import Watch, start
from tests.support.browser.residue.markers import Needle, needles_for
from tests.support.browser.residue.private_keys import private_key_needles
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.reloads import RECORDS, TAKE, choose_minutes, wait_for_records, wait_until_unlocked
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]


def secrets_of(account: Account) -> list[Needle]:
    return [
        *private_key_needles("private key", account.identity.private_key),
        *needles_for("passphrase", [account.key_passphrase.encode()]),
    ]


@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_the_profile_has_no_secret_of_a_shared_unlocking(
    name: Name, demo_stack: DemoStack, alice: Account, tmp_path: Path
) -> None:
    require_browser(name)
    url = demo_stack.pages_url
    with closing(start(name, tmp_path)) as browser:
        # A private window would write nothing at all.
        first = MailPages(browser, url, alice, beside=browser.open(url))
        first.enter()
        choose_minutes(first, 5)
        second = MailPages(browser, url, alice, beside=first.page)
        second.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
        assert second.is_unlocked()
        second.close()
        first.page.reload()
        wait_until_unlocked(first)
        wait_for_records(first, 1)
        (record,) = first.page.js(f"() => ({RECORDS})()")
        status, taken = first.page.js(TAKE, demo_stack.api_url, record["name"], first.account.address)
        assert status == 200
        secrets = [*secrets_of(alice), *needles_for("bridge's half", [bytes(taken[:32])])]
        # The browser's half is written in clear, which shows that the search finds what is written.
        half = needles_for("browser's half", [bytes(record["half"])])
        hits = {hit.rpartition(": ")[2] for hit in Watch(browser, tmp_path, [*secrets, *half]).scan_disk()}
        assert hits == {"browser's half (raw)"}
        first.page.click(named("lock"))
        wait_for_records(first, 0)
    assert Watch(browser, tmp_path, secrets).scan_disk() == []
