"""A request that is aborted at each of its awaits: its Worker leaves only zeros, and the next request is right."""

from __future__ import annotations

from typing import Any, Final

import pytest

from smime_core.provider import NewKey
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_program, page_scripts
from tests.support.people import person
from tests.support.vault.comparing_worker import check_clean, next_report, open_comparing, wait_for_image
from tests.support.vault.page import OpenPage, b64, call
from tests.support.vault.verb_examples import CONTENT, examples, to_page
from tests.support.vault.verbs import call as call_natively, sealed

IN_PAGE = page_scripts("vault/aborts.js")

pytestmark = pytest.mark.browser

# Holds the result of the call that Python awaits as the `wanted`-th one, until the abort has reached the Worker.
HOLDING: Final = page_program("vault/holding_calls.js")
# Resolves with the code of the error, or with "answered" if the request has fewer awaits.
ABORT_AT: Final = IN_PAGE["abortAt"]
MOST_AWAITS: Final = 40


def requests() -> dict[str, tuple[str, dict[str, Any]]]:
    """The operations that are aborted, by the words of the test's name."""
    known = examples()
    ec = person("bob", NewKey.P256)
    for_ec = call_natively("bytes.encrypt", content=CONTENT, recipients=[ec.certificate.der])["cms"]
    signed = known["bytes.sign"].right
    return {
        "decrypt by RSA": ("bytes.decrypt", known["bytes.decrypt"].right),
        "decrypt by EC": ("bytes.decrypt", {"cms": for_ec, **sealed(ec)}),
        "sign by RSA": ("bytes.sign", signed),
        "sign by EC": ("bytes.sign", {**signed, **sealed(person("alice", NewKey.P256))}),
        "encrypt": ("bytes.encrypt", known["bytes.encrypt"].right),
        "encrypt for EC": ("bytes.encrypt", {"content": CONTENT, "recipients": [ec.certificate.der]}),
        "verify": ("bytes.verify", known["bytes.verify"].right),
        "verify a letter": ("message.verify", known["message.verify"].right),
        "subjects": ("message.subjects", known["message.subjects"].right),
        "unlock": ("identity.open", known["identity.open"].right),
    }


NAMES: Final = (
    "decrypt by RSA", "decrypt by EC", "sign by RSA", "sign by EC", "encrypt", "encrypt for EC", "verify",
    "verify a letter", "subjects", "unlock",
)  # fmt: skip


def read_kinds(page: Page, verb: str) -> Any:
    return page.js(
        """async (verb) => (await import("/source/wasm_build/vault/schema.js")).VERBS[verb]""",
        verb,
    )


@pytest.mark.parametrize(
    "name", [name if name == "decrypt by EC" else pytest.param(name, marks=pytest.mark.thorough) for name in NAMES]
)
def test_an_abort_at_each_await_leaves_nothing_to_the_next_request(open_vault_page: OpenPage, name: str) -> None:
    verb, args = requests()[name]
    control = examples()["bytes.decrypt"].right
    page = open_comparing(open_vault_page, prelude=HOLDING, before_request="globalThis.watchDoor")
    request = to_page(read_kinds(page, verb), args)
    reading = to_page(read_kinds(page, "bytes.decrypt"), control)
    aborted = 0
    for number in range(1, MOST_AWAITS):
        outcome = page.js(ABORT_AT, verb, request, number)
        report = next_report(page)
        if outcome == "answered":
            check_clean(report, ended=name == "unlock")
            break
        assert outcome == "vault-aborted"
        check_clean(report, ended=True)
        aborted += 1
        page.js("() => vault.ready")
        wait_for_image(page)
        assert call(page, "bytes.decrypt", reading) == {"ok": {"content": b64(CONTENT)}}
        check_clean(next_report(page), ended=False)
    assert outcome == "answered"
    assert aborted >= 1
