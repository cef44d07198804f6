"""The vault's verbs for whole pages: a page is read as it was encrypted, and a page that was moved is reported."""

from __future__ import annotations

from typing import Any

from smime_core import blocking
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.own_content import protect_page
from tests.support.people import PROVIDER
from tests.support.published_pages import ADDRESS, ALICE, BOB, HTML, TYPE, sign
from tests.support.vault.verbs import AT, call, sealed, trust as trust_of_request


def test_the_vault_opens_what_it_encrypted() -> None:
    cms = call(
        "page.encrypt",
        page=HTML,
        address=ADDRESS,
        mediaType=TYPE,
        sign=True,
        **sealed(ALICE),
        recipients=[BOB.certificate.der],
        at=AT,
    )["cms"]
    opened = call("page.verify", cms=cms, **sealed(BOB), **trust_of_request())
    assert opened["report"]["state"] == "verified"
    assert (opened["page"], opened["address"], opened["mediaType"]) == (HTML, ADDRESS, TYPE)


def test_the_vault_verifies_a_published_page_and_says_that_it_was_moved() -> None:
    def judge(**args: Any) -> Any:
        return call("page.verify", cms=sign(), identities=[], **trust_of_request(), **args)

    assert judge(published=HTML, standingAt=ADDRESS)["report"]["state"] == "verified"
    moved = judge(published=HTML, standingAt="https://other.example/")["report"]
    assert moved["reasons"][0]["code"] == "page-moved"
    assert judge(published=HTML[1:], standingAt=ADDRESS)["page"] == b""


def test_the_vault_opens_a_page_by_its_password() -> None:
    page = blocking.run(
        protect_page(
            HTML, address="", media_type=TYPE, provider=PROVIDER, encrypting=Encrypting(passwords=[b"lamp oak river"])
        )
    )
    closed = call("page.verify", cms=page, identities=[], **trust_of_request())
    assert closed["page"] == b""
    opened = call("page.verify", cms=page, identities=[], password=b"lamp oak river", **trust_of_request())
    assert opened["page"] == HTML
