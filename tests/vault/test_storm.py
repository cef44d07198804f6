"""Many operations at once, of which some are stopped in every way: each other answer is the right one."""

from __future__ import annotations

from typing import Any, Final

import pytest

from smime_core import blocking
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.provider import NewKey
from tests.support.browser.page_scripts import page_scripts
from tests.support.people import person
from tests.support.vault.operations import sealed
from tests.support.vault.page import PROVIDER, OpenPage, b64

IN_PAGE = page_scripts("vault/storm.js")

pytestmark = pytest.mark.browser

# So many requests are open at once: some beyond the limit of the vault, which is 16.
AT_ONCE: Final = 18
# Runs `count` operations, of which those that find the vault busy are not counted, for 40 seconds at most. Returns how
# often each outcome came: "right", "wrong", or the code of an error.
STORM: Final = IN_PAGE["storm"]
# The outcomes of an operation that is stopped, or comes when too many are open.
STOPPED: Final = {"vault-aborted", "vault-timeout", "vault-busy", "cancelled"}


def mails() -> list[dict[str, Any]]:
    """Encrypted contents, all different, for two persons with RSA and EC keys, each with the reader's keys."""
    readers = [person(name, key) for name in ("alice", "bob") for key in (NewKey.RSA_2048, NewKey.P256)]
    made = []
    for number, reader in enumerate(readers * 3):
        content = f"Mail {number}. " * (50 * (number + 1))
        encrypting = Encrypting(recipients=[reader.certificate])
        cms = blocking.encrypt_bytes(content.encode(), encrypting, provider=PROVIDER)
        made.append({"content": content, "cms": b64(cms), "keys": sealed(reader)})
    return made


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in range(2, 8))])
@pytest.mark.parametrize("strict", [False, pytest.param(True, marks=pytest.mark.thorough)])
def test_operations_that_are_stopped_take_nothing_from_others(
    open_vault_page: OpenPage, seed: int, strict: bool
) -> None:
    page = open_vault_page(options={"strict": strict})
    arguments = {"mails": mails(), "seed": seed, "count": 150, "atOnce": AT_ONCE}
    outcomes = page.js(STORM, arguments)
    assert outcomes.keys() <= {"right", *STOPPED}, outcomes
    assert outcomes["right"] >= 20, outcomes
    assert STOPPED & outcomes.keys(), outcomes
    # The storm leaves nothing open: a full set of requests finds room.
    calm = IN_PAGE["calm"]
    assert page.js(calm, arguments) == [True] * 16
