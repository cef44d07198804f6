"""Formatted mail in the pages: shown in a frame below the state, and nothing in it reaches the network by itself."""

from __future__ import annotations

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.hostile_mails import SECRET, counting_server, hostile_mails
from tests.support.extension.hostile_markup import listening, mutations
from tests.support.extension.mail_letters import file, html, mail, multipart, picture, rich_letter, text
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.received import (
    deliver,
    encrypted,
    open_formatted,
    pages as pages,
    signed,
    signed_and_encrypted,
    signed_entity,
    stack as stack,
)
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/formatted_reading.js")


pytestmark = pytest.mark.browser

# Elements that may act by themselves, wherever a mail has them.
ACTIVE = "script, link, form, input, button, iframe, object, embed, video, audio, svg, math, base, [onload], [onerror]"
COVERING = """<style>body, div { position: fixed; inset: -2000px; z-index: 2147483647; background: red }
  body { margin-top: -5000px }</style>
  <div style="position:fixed;top:-900px;height:2000px;width:4000px">Verified</div>"""
TOP_OF_STATE = IN_PAGE["topOfState"]
SCRIPTS = "() => [...document.scripts].map(({ src }) => src.split('/').at(-1))"


def test_a_formatted_message_shows_its_picture_below_the_state_and_turns_into_text(
    pages: MailPages, stack: DemoStack
) -> None:
    alice, bob = stack.accounts
    uid = deliver(stack, signed_and_encrypted(bob, alice, rich_letter()))
    frame = open_formatted(pages, uid)
    assert pages.state == "verified"
    assert "at one, here [map.example.test]" in frame.text()
    assert frame.wait_for("() => document.images[0]?.naturalWidth === 40")
    assert "map.example.test" in pages.page.js("""() => document.querySelector('[data-test="links"]').textContent""")
    pages.page.click(named("as-text"))
    assert pages.page.wait_for_text("one", selector=named("body")) == "Thursday at one."
    assert pages.page.frames() == []
    pages.page.click(named("as-text"))
    pages.page.wait_for_selector("iframe.markup")


def test_nothing_in_a_message_reaches_the_network_by_itself(pages: MailPages, stack: DemoStack) -> None:
    alice = stack.accounts[0]
    pages.page.browser.expect_error("Content.Security|sandbox|may not load|Blocked")
    with counting_server() as server:
        for name, message in hostile_mails(server.url).items():
            open_formatted(pages, deliver(stack, encrypted(alice, message)))
            frames = [frame for frame in pages.page.frames() if "srcdoc" in frame.url]
            for frame in frames:
                frame.wait_for("() => document.readyState === 'complete'")
                assert frame.js(f"() => document.querySelectorAll('{ACTIVE}').length") == 0, name
            assert any(SECRET in frame.text() for frame in frames), name
        # The person's own click reaches the server, which proves that the server records its requests.
        link = mail(html(f'<p>{SECRET} <a href="{server.url}/clicked">x</a></p>'))
        open_formatted(pages, deliver(stack, link)).click("a")
        pages.page.browser.wait_for_page("/clicked").close()
        assert server.asked == ["/clicked"], "something was asked for before the click"
        assert server.referrers == [None]


def test_markup_that_comes_to_life_when_it_is_parsed_twice_reaches_nobody(pages: MailPages, stack: DemoStack) -> None:
    pages.page.browser.expect_error("Content.Security|sandbox|may not load|Blocked")
    with listening() as listener:
        everything = [html(markup) for markup in mutations(listener.url).values()]
        pages.open_message(deliver(stack, mail(multipart("mixed", *everything))))
        pages.page.wait_for_selector(".passage", timeout_seconds=OPERATION_SECONDS)
        # Five parts are drawn at once, and further ones on a press.
        pages.page.wait_for(
            "() => { document.querySelector('[data-test=more-text]')?.click();"
            " return document.querySelectorAll('.passage').length > 20; }"
        )
        assert listener.heard == []


def test_nothing_in_a_formatted_message_is_drawn_over_its_state(pages: MailPages, stack: DemoStack) -> None:
    open_formatted(pages, deliver(stack, mail(html(COVERING))))
    assert pages.state == "plain"
    assert pages.page.js(TOP_OF_STATE) == [True, True]


def test_a_part_that_is_signed_by_itself_lends_its_picture_to_no_other(pages: MailPages, stack: DemoStack) -> None:
    _, bob = stack.accounts
    inner = multipart(
        "related", html("<p>signed</p>"), file("s.png", "image/png", picture(), content_id="in@b"), boundary="b9"
    )
    part = signed_entity(bob, inner)
    outer = html('<p>before <img src="cid:in@b"></p>')
    open_formatted(pages, deliver(stack, mail(multipart("mixed", outer, part, boundary="b8"))))
    pages.page.wait_for("() => document.querySelectorAll('iframe').length === 2")
    # Either part may be drawn first.
    words = {frame.wait_for("() => document.body?.textContent.trim()"): frame for frame in pages.page.frames()}
    frame = words["before"]
    labels = pages.page.js("() => [...document.querySelectorAll('[data-test=coverage]')].map((one) => one.textContent)")
    assert labels[0] == "No signature covers this part."
    assert "only this part is signed, by bob@example.test" in labels[1]
    assert frame.js("() => document.images[0].getAttribute('src')") is None


def test_a_signature_over_the_whole_is_not_denied_above_the_parts(pages: MailPages, stack: DemoStack) -> None:
    alice, bob = stack.accounts
    forwarded = b"Content-Type: message/rfc822\r\n\r\n" + encrypted(alice, mail(text("Inside.")))
    message = mail(multipart("mixed", html("<p>Signed as a whole.</p>"), forwarded))
    open_formatted(pages, deliver(stack, signed(bob, message)))
    assert pages.state == "verified"
    assert pages.page.js("() => document.querySelector('[data-test=coverage]')") is None


@pytest.mark.thorough
def test_the_sanitiser_is_loaded_with_the_first_formatted_message(browser: Browser, stack: DemoStack) -> None:
    plain = deliver(stack, mail(text("Plain words.")))
    formatted = deliver(stack, mail(html("<p>Formatted words.</p>")))
    pages = MailPages(browser, stack.pages_url, stack.accounts[0])
    pages.enter()
    pages.open_message(plain)
    assert "Plain words." in pages.body
    assert pages.page.js(SCRIPTS) == ["main.js"]
    open_formatted(pages, formatted)
    assert pages.page.js(SCRIPTS) == ["main.js", "purify.js"]
    pages.close()
