"""Ordinary pages and people are not disturbed by what the extension does against texts that come back."""

from __future__ import annotations

import time
import urllib.parse
from typing import Final

import pytest

from tests.support.browser.page import Page
from tests.support.extension.driver import Extension, Site, notes_below
from tests.support.extension.field_pages import encrypt

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

OLD: Final = "under the third flower pot, second line here"
LONG: Final = (
    "The spare key lies under the third flower pot beside the shed.\n"
    "Please bring the ladder on Tuesday, and do not ring at the front door.\n"
)
ALARMS: Final = ("in clear again", "stopped the sending", "nobody could open", "put back", "changed")
IS_THERE: Final = "() => document.querySelector('#field').getBoundingClientRect().height > 0"


def area(text: str) -> str:
    return f'<textarea id=field name=letter data-smime="encrypt" rows=4>{text}</textarea>'


def start(extension: Extension, page: Page, site: Site, markup: str, *, place: str = "/place", typed: str = "") -> None:
    """Encrypt the field of a page whose address does not have the page's markup."""
    page.goto(site.page_with(markup))
    page.js("(place) => { history.replaceState({}, '', place); }", place)
    encrypt(extension, page, "#field", typed).around.click("[data-test=close]")
    page.wait_for(IS_THERE)


def assert_undisturbed(extension: Extension, page: Page) -> None:
    time.sleep(2)
    notes = notes_below(page, "body")
    assert [alarm for alarm in ALARMS if alarm in notes] == []
    assert not extension.has_window()


def entries_sent(page: Page) -> dict[str, str]:
    sent = page.wait_for("() => document.querySelector('iframe').contentWindow.location.search")
    return dict(urllib.parse.parse_qsl(sent.removeprefix("?")))


CHAT: Final = """<ul id=log></ul>%s<button id=send type=button>Send</button> <button id=like type=button>Like</button>
<script>window.sent = []; window.liked = 0; window.keys = [];
  const field = document.querySelector("#field"), send = document.querySelector("#send"),
    log = document.querySelector("#log");
  const post = () => { sent.push(field.value); field.value = "";
    log.append(Object.assign(document.createElement("li"), { textContent: sent.at(-1) })); };
  document.querySelector("#like").onclick = () => { liked += 1; };
  send.onclick = post; %s</script>"""
CHATS: Final = {
    "empties the field": "",
    "says that it sends": """send.onclick = () => { const was = field.value; field.value = "Sending…";
      setTimeout(() => { sent.push(was); field.value = ""; }, 1500); };""",
    "goes on to another view": "send.onclick = () => { post(); history.pushState({}, '', '/thread/1'); };",
    "shows a preview": "setInterval(() => { log.textContent = field.value; }, 300);",
    "puts a default text after sending": "send.onclick = () => { post(); field.value = 'Write a message'; };",
    "draws its field anew after sending": """send.onclick = () => { post(); const twin = field.cloneNode();
      twin.removeAttribute("style"); field.replaceWith(twin); };""",
}


@pytest.mark.parametrize("text", ["", OLD], ids=["private", "from the page"])
@pytest.mark.parametrize("name", CHATS)
def test_a_chat_works_on(extension: Extension, page: Page, site: Site, name: str, text: str) -> None:
    start(extension, page, site, CHAT % (area(text), CHATS[name]), typed="" if text else OLD)
    page.click("#send")
    time.sleep(2)
    page.click("#like")
    assert_undisturbed(extension, page)
    assert [message[:9] for message in page.js("() => sent")] == ["-----BEGI"]
    assert page.js("() => liked") == 1


def test_a_page_that_goes_away_after_the_press_opens_no_window(extension: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(f"<form>{area('')}<button id=go>Send</button></form>"))
    frame = extension.write(page, "#field", OLD)
    time.sleep(2)
    frame.around.click("[data-test=encrypt]")
    extension.answer()
    frame.around.wait_for_text("Encrypted for", timeout_seconds=30)
    page.click("#go")
    page.wait_for("() => location.search.includes('letter=')")
    time.sleep(2)
    assert "broker.html?frame=" not in " ".join(context["url"] for context in page.browser.contexts())


def test_keys_reach_a_game_beside_a_filled_field(extension: Extension, page: Page, site: Site) -> None:
    start(extension, page, site, CHAT % (area(OLD), "addEventListener('keydown', ({ key }) => keys.push(key));"))
    page.js("() => { document.activeElement.blur(); }")
    for key in (" ", "e", "\ue007", "\ue00c", "\ue032", "\ue013"):
        page.press(key)
    assert_undisturbed(extension, page)
    assert page.js("() => keys") == [" ", "e", "Enter", "Escape", "F2", "ArrowUp"]


def test_a_short_text_breaks_no_other_form_and_no_address(extension: Extension, page: Page, site: Site) -> None:
    start(
        extension,
        page,
        site,
        f"""<form hidden><input type=hidden value=4711></form><iframe name=there></iframe>
        <form target=there action=/4711/>{area("4711")}<input name=subject value=4711>
        <input type=hidden name=4711 value=x>
        <button id=go>Go</button></form>
        <a id=link href='/books/4711/?ok=ok'>Books</a>""",
    )
    page.click("#go")
    entries = entries_sent(page)
    assert (entries["subject"], entries["4711"]) == ("4711", "x")
    assert entries["letter"].startswith("-----BEGIN CMS-----")
    assert_undisturbed(extension, page)
    page.click("#link")
    page.wait_for("() => location.pathname.startsWith('/books/')")


@pytest.mark.parametrize("way", ["page=2", "answers"])
def test_an_address_that_has_the_name_of_a_topic_stays(extension: Extension, page: Page, site: Site, way: str) -> None:
    topic = "/topics/the-harbour-needs-a-new-crane"
    markup = f"""{area("The harbour needs a new crane")}<a id=link href='{topic}?page=2'>Next</a>
      <form action='{topic}/answers'><button id=go>Go</button></form>"""
    start(extension, page, site, markup, place=topic)
    page.click("#link" if way == "page=2" else "#go")
    page.wait_for("(way) => location.href.includes(way)", way)
    assert not extension.has_window()


@pytest.mark.parametrize(
    "hidden", ["Order 4711 of the third of May", "We wrote of order 4711 of the third of May before"]
)
def test_hidden_entries_that_the_page_also_shows_stay(
    extension: Extension, page: Page, site: Site, hidden: str
) -> None:
    text = "Order 4711 of the third of May\nPlease send it to the new house, and ring at the second door."
    start(
        extension,
        page,
        site,
        f"""<h2>{hidden}</h2><iframe name=there></iframe><form target=there action=/>
        <input type=hidden name=topic value='{hidden}'>{area(text)}<button id=go>Send</button></form>""",
    )
    page.click("#go")
    entries = entries_sent(page)
    assert entries["topic"] == hidden
    assert entries["letter"].startswith("-----BEGIN CMS-----")
    assert_undisturbed(extension, page)


def test_a_text_that_the_page_quotes_is_no_old_one(extension: Extension, page: Page, site: Site) -> None:
    quoting = area("> " + LONG.replace("\n", "\n> "))
    markup = f"<textarea rows=4>{LONG}</textarea>{CHAT % (quoting, '')}"
    start(extension, page, site, markup, typed="I shall come. ")
    page.click("#like")
    page.click("#send")
    assert_undisturbed(extension, page)
    assert page.js("() => [liked, sent.length]") == [1, 1]


def test_the_same_words_may_be_written_again_later(extension: Extension, page: Page, site: Site) -> None:
    start(extension, page, site, CHAT % (area("Thank you very much"), ""))
    page.click("#send")
    time.sleep(1)
    page.js("""() => { field.remove(); document.body.insertAdjacentHTML("beforeend",
      "<textarea id=reply></textarea><button id=post type=button>Post</button>");
      document.querySelector("#post").onclick = () => sent.push(document.querySelector("#reply").value); }""")
    page.click("#reply")
    page.type("Thank you very much")
    page.click("#like")
    page.click("#post")
    assert_undisturbed(extension, page)
    assert page.js("() => [liked, sent.at(-1)]") == [1, "Thank you very much"]
