"""Hostile requests to one vault, each followed by a request with a known answer. The page runs them in turn."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any, Final

from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.people import person
from tests.support.vault.comparing_worker import check_clean
from tests.support.vault.page import b64
from tests.support.vault.verb_examples import CONTENT, examples, to_page
from tests.support.vault.verbs import AT, sealed, trust
from tools.fuzz.alterations import alter
from tools.fuzz.samples import samples

IN_PAGE = page_scripts("support/vault/hostile_requests.js")

Request = tuple[str, dict[str, Any]]

_KEYS: Final[dict[str, Any]] = {"identities": ["bytes"], "sealKey": "secret"}
_TRUST: Final[dict[str, Any]] = {
    "trust": {"anchors": [{"certificate": "bytes"}], "revocation": "text"},
    "at": "text",
}
# The errors of a Worker that ends: a trap, or an error that is not the core's. A hostile request must cause none.
_CRASHES: Final = ("vault-crashed", "internal-error", "bad-request", "vault-timeout")
_RUN: Final = IN_PAGE["run"]


def run_hostile(page: Page, requests: Sequence[Request]) -> list[dict[str, Any]]:
    """Run the requests and check all that must hold after each. Returns the outcomes."""
    kinds = {"cms": "bytes", **_KEYS}
    reading = ["bytes.decrypt", to_page(kinds, examples()["bytes.decrypt"].right)]
    outcomes: list[dict[str, Any]] = page.js(_RUN, requests, reading, b64(CONTENT))
    assert len(outcomes) == len(requests)
    for (verb, _), outcome in zip(requests, outcomes, strict=True):
        assert outcome["code"] not in _CRASHES, (verb, outcome)
        assert outcome["isRight"], (verb, outcome)
        for report in (outcome["after"], outcome["control"]):
            check_clean(report, ended=report["ended"])
    return outcomes


def reading_requests(kind: str, data: bytes) -> Iterator[Request]:
    """The requests that read bytes of this kind: mail, or anything else."""
    keys, judging = to_page(_KEYS, sealed(person("bob"))), to_page(_TRUST, trust())
    if kind == "mail":
        yield "message.verify", {"message": b64(data), **keys, **judging}
        yield "message.decrypt", {"message": b64(data), **keys}
        yield "message.subjects", {"messages": [b64(data)], **keys}
        yield "message.texts", {"messages": [b64(data)], **keys}
    elif kind == "certificates":
        yield "certificate.page", {"certificate": b64(data)}
        yield "certificate.read", {"file": b64(data)}
    elif kind == "people-files":
        yield "certificate.read", {"file": b64(data)}
        yield "contacts.import", {"file": b64(data), "at": AT}
    else:
        yield "bytes.verify", {"cms": b64(data), **judging}
        yield "bytes.decrypt", {"cms": b64(data), **keys}
        yield "page.verify", {"cms": b64(data), **keys, **judging}
        yield "bytes.inspect", {"content": b64(data)}


def draw_requests(seed: int, count: int) -> list[Request]:
    """Requests with altered messages, the same for the same seed."""
    dice = random.Random(seed)  # noqa: S311 (no secret is drawn)
    kinds = ("cms", "mail", "certificates", "own", "timestamps", "people-files")
    everything = [sample for kind in kinds for sample in samples()[kind]]
    drawn: list[Request] = []
    while len(drawn) < count:
        kind = dice.choice(kinds)
        altered = alter(dice.choice(samples()[kind]), dice, everything)
        drawn.append(dice.choice(list(reading_requests(kind, altered))))
    return drawn
