"""An answer is addressed by the verdict that is shown, also if it came after the message."""

from __future__ import annotations

import pytest

from smime_core import MessageReport
from smime_core.report import report_to_json
from tests.support.answered_mails import Letter, Named, report_on
from tests.support.browser.browsers import Browser
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.received import stack as stack
from wasm_build.vault.python.replies import describe_reply
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/settled_answers.js")


pytestmark = pytest.mark.browser

BOB, ALICE, CAROL = "bob@example.test", "alice@example.test", "carol@example.test"

# Shows the buttons for the first verdict, gives them the second one, and returns whom an answer to all addresses.
ANSWER = IN_PAGE["answer"]


def report(signer: str | None) -> MessageReport:
    """The report on a letter from Bob, which is verified only if Bob has signed it."""
    fields = {"From": BOB, "To": f"{ALICE}, {CAROL}"}
    named = {name: Named(text=text, addresses=()) for name, text in fields.items()}
    return report_on(Letter(fields=named, signer=signer, is_encrypted=True, protects_fields=True))


@pytest.mark.parametrize(("first", "second"), [("bob", "stranger"), ("stranger", "bob")])
def test_an_answer_follows_the_later_verdict(browser: Browser, stack: DemoStack, first: str, second: str) -> None:
    page = browser.open(stack.pages_url)
    verdicts = [
        {"report": report_to_json(message_report), "people": describe_reply(message_report)["people"]}
        for message_report in (report(first), report(second))
    ]
    answered = page.js(ANSWER, *verdicts)
    page.close()
    everybody = [BOB, CAROL]
    assert answered["files"] == 1
    assert (answered["sure"], answered["asked"]) == ((everybody, []) if second == "bob" else ([], everybody))
