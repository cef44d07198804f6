"""After every verb of the vault, answered or refused, Python is as in the image, or all of its memory is zero."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.vault.comparing_worker import check_clean, next_report, open_comparing
from tests.support.vault.page import OpenPage, b64, call
from tests.support.vault.verb_examples import Example, examples, to_page

IN_PAGE = page_scripts("vault/rewound_verbs.js")

pytestmark = pytest.mark.browser

_TABLES: Final = """async () => {
  const { VERBS, STREAM_VERBS } = await import("/source/wasm_build/vault/schema.js");
  return JSON.stringify([VERBS, STREAM_VERBS]);
}"""
_STREAM: Final = IN_PAGE["streamInPage"]


def read_tables(page: Page) -> tuple[dict[str, Any], dict[str, Any]]:
    """The tables of verbs: of requests, and of streams."""
    verbs, stream_verbs = json.loads(page.js(_TABLES))
    return verbs, stream_verbs


def takes_passphrase(kinds: dict[str, Any], args: dict[str, Any]) -> bool:
    """Whether a request has a secret besides a session's key, a parcel's words and a measured passphrase."""
    secrets = {name for name in args if kinds.get(name, kinds.get(f"{name}?")) == "secret"}
    return bool(secrets - {"sealKey", "words", "measured"})


def arguments(example: Example, *, is_right: bool) -> dict[str, Any]:
    return example.right if is_right else {**example.right, **example.wrong}


def use(page: Page, kinds: dict[str, Any], verb: str, args: dict[str, Any], *, is_right: bool) -> None:
    outcome = call(page, verb, to_page(kinds, args))
    assert ("ok" in outcome) is is_right, (verb, outcome.get("error"))
    if not is_right:
        assert outcome["error"]["code"] not in ("bad-request", "vault-crashed", "internal-error"), (verb, outcome)


# A Worker ends after 50 operations, and there are more verbs.
@pytest.mark.thorough(after=1)
@pytest.mark.parametrize("half", [0, 1], ids=["even", "odd"])
@pytest.mark.parametrize("is_right", [True, False], ids=["answered", "refused"])
def test_memory_is_the_image_after_every_verb_without_a_passphrase(
    open_vault_page: OpenPage, is_right: bool, half: int
) -> None:
    page = open_comparing(open_vault_page)
    verbs, stream_verbs = read_tables(page)
    known = examples()
    assert known.keys() == {*verbs, *stream_verbs}, "a verb without an example"
    requests = {verb: arguments(known[verb], is_right=is_right) for verb in verbs}
    resting = [verb for verb in verbs if not takes_passphrase(verbs[verb], requests[verb])]
    assert len(resting) > 50
    for verb in resting[half::2]:
        use(page, verbs[verb], verb, requests[verb], is_right=is_right)
        check_clean(next_report(page), ended=False)
    assert page.js("() => window.workers") == 1


@pytest.mark.thorough
@pytest.mark.parametrize("is_right", [True, False], ids=["answered", "refused"])
def test_memory_is_zero_after_every_verb_with_a_passphrase(open_vault_page: OpenPage, is_right: bool) -> None:
    page = open_comparing(open_vault_page)
    verbs, _ = read_tables(page)
    requests = {verb: arguments(example, is_right=is_right) for verb, example in examples().items() if verb in verbs}
    ending = [verb for verb in verbs if takes_passphrase(verbs[verb], requests[verb])]
    assert len(ending) > 8
    for verb in ending:
        use(page, verbs[verb], verb, requests[verb], is_right=is_right)
        check_clean(next_report(page), ended=True)
        page.js("() => vault.ready")


@pytest.mark.thorough
@pytest.mark.parametrize("is_right", [True, False], ids=["answered", "refused"])
def test_memory_is_zero_after_every_stream(open_vault_page: OpenPage, is_right: bool) -> None:
    page = open_comparing(open_vault_page)
    _, stream_verbs = read_tables(page)
    known = examples()
    for verb, kinds in stream_verbs.items():
        args = to_page(kinds, arguments(known[verb], is_right=is_right))
        outcome = page.js(_STREAM, verb, args, b64(known[verb].input))
        assert isinstance(outcome, int) is is_right, (verb, outcome)
        check_clean(next_report(page), ended=True)
        page.js("() => vault.ready")
