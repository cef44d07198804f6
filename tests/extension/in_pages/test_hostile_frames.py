"""The frames of the extension in a hostile page: embedded, guessed, spoofed, and moved under a person's click."""

from __future__ import annotations

import pytest

from tests.support.browser.page import NEXT_FRAMES, Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension, Site, textarea
from tests.support.extension.field_pages import ENCRYPT_FIELD, TEXT, People
from tests.support.extension.letters_from_bob import SECRET_WORDS, mail_from_bob
from tests.support.extension.mail_in_page import MAIL, open_mail, show_mail
from tests.support.extension.saved_webmails import Service

IN_PAGE = page_scripts("extension/in_pages/hostile_frames.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

# Embeds a page of the extension and claims to have a token for it.
EMBED = IN_PAGE["embed"]
# Embeds a view, sends it a message as the frame around it would, and returns whether it answered.
SPEAK_TO_VIEW = IN_PAGE["speakToView"]


@pytest.mark.parametrize("name", ["frame/broker.html", "frame/mail_frame.html"])
def test_a_frame_without_a_token_does_nothing(unlocked: Extension, page: Page, site: Site, name: str) -> None:
    unlocked.browser.expect_error("bad-token|not opened by a click")
    page.goto(site.page_with("<h2>Embedded</h2>"))
    page.js(EMBED, unlocked.base + name)
    embedded = page.wait_for_frame(name)
    page.js(NEXT_FRAMES)
    assert embedded.js("() => document.querySelectorAll('button, .state-statement').length") == 0
    assert "".join(frame.text() for frame in page.frames() if "view.html" in frame.url).strip() == ""
    assert not unlocked.has_window()


@pytest.mark.parametrize("name", ["frame/view.html", "frame/mail_view.html"])
def test_a_view_that_a_page_embeds_obeys_nobody(unlocked: Extension, page: Page, site: Site, name: str) -> None:
    page.goto(site.page_with("<h2>Embedded</h2>"))
    assert page.js(SPEAK_TO_VIEW, unlocked.base + name) == "silent"


def test_a_page_finds_nothing_of_a_mail_and_speaks_to_no_frame_of_it(
    unlocked: Extension, page: Page, service: Service, people: People
) -> None:
    show_mail(page, service, mail_from_bob(people, encrypted=True))
    frame = open_mail(unlocked, page)
    assert SECRET_WORDS in frame.text.text()
    assert page.js("() => [window.length, document.querySelectorAll('iframe').length]") == [0, 0]
    page.js(IN_PAGE["aPageFindsNothingOfAMailAndSpeaksToNoFrameOfIt"])
    assert page.wait_for("() => echo.length === 4 && echo")[-1] == "port"
    assert SECRET_WORDS in frame.text.text()
    assert SECRET_WORDS not in page.js("() => document.documentElement.outerHTML")
    entries = page.js("() => performance.getEntries().map(({ name }) => name)")
    assert not [name for name in entries if "extension:" in name]


HAS_WORDS = "(words) => words.some((one) => document.documentElement.outerHTML.includes(one))"
# The ways in which a page leads a person's click to the extension's button. The button is in `box`; `bait` is the
# element that the person wants to click.
LEADING = {
    "faded": "box.style.setProperty('opacity', '0.01', 'important')",
    "covered": """
      const cover = document.body.appendChild(document.createElement("div"));
      cover.style.cssText = "position:fixed;inset:0;background:white;z-index:2147483647;pointer-events:none";
    """,
    "moved": """bait.addEventListener("pointermove", () => {
      const { x, y } = bait.getBoundingClientRect();
      box.style.cssText = `all:initial;display:block;position:fixed;left:${x}px;top:${y}px;z-index:9`;
    })""",
}


@pytest.mark.parametrize(
    ("kind", "attack"),
    [
        *[("field", attack) for attack in LEADING],
        *[("mail", attack) for attack in LEADING],
    ],
)
def test_a_click_that_the_page_led_to_the_button_opens_nothing_without_the_window(
    unlocked: Extension, page: Page, site: Site, service: Service, people: People, kind: str, attack: str
) -> None:
    if kind == "field":
        armored = people.encrypt(TEXT, origin=site.other_origin, to=people.alice)
        page.goto(site.page_with(textarea("letter", text=armored), origin=site.other_origin))
        box, origin = "letter.nextElementSibling", site.other_origin
    else:
        origin = service.origin.replace("127.0.0.1", "localhost")
        show_mail(page, service, mail_from_bob(people, encrypted=True), origin=origin)
        box = f"document.querySelector('{MAIL}').previousElementSibling"
    page.wait_for(f"() => {box}?.getBoundingClientRect().height >= 44")
    page.js(f"""() => {{
      const box = {box};
      const bait = document.body.appendChild(document.createElement("button"));
      bait.id = "bait";
      bait.style.cssText = "position:fixed;left:200px;top:400px;inline-size:120px;block-size:60px";
      {LEADING[attack]};
    }}""")
    page.activate()
    place = page.js(
        f"""(attack) => {{
      const {{ x, y }} = (attack === "moved" ? bait : {box}).getBoundingClientRect();
      return [Math.round(x + 24), Math.round(y + 24)];
    }}""",
        attack,
    )
    page.click_at(*place)
    # Only a click in a window of the extension has an effect.
    window = unlocked.window()
    assert origin in window.text("[data-test=origin]")
    frame = unlocked.frame_in(page)
    assert frame.text.text().strip() == ""
    with window.closing():
        window.click("[data-test=refuse]")
    frame.around.wait_for_selector("[data-test=problem]")
    assert not [child for child in page.frames() if child.js(HAS_WORDS, [TEXT, SECRET_WORDS])]


@pytest.mark.parametrize("name", ["prompt/prompt.html", "options/options.html", "background.js", "compose/compose.js"])
def test_private_files_are_out_of_reach_of_a_page(unlocked: Extension, page: Page, site: Site, name: str) -> None:
    unlocked.browser.expect_error(
        "ERR_FAILED|ERR_BLOCKED|denied|Security|blocked|Not allowed|CORS|may not load|invalid"
    )
    page.goto(site.page_with("<p>Nothing here</p>"))
    fetched = IN_PAGE["fetched"]
    assert page.js("async () => fetch(location.href).then(() => true)") is True
    assert page.js(fetched, unlocked.base + name) == [False, False]
    page.js(NEXT_FRAMES)
    assert not [frame for frame in page.frames() if name in frame.url and frame.js("() => document.body.innerText")]
    assert not [frame for frame in page.frames() if frame.url == unlocked.base + name]


def test_no_message_of_a_page_reaches_the_extension(unlocked: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(ENCRYPT_FIELD))
    frame = unlocked.write(page, "#answer", TEXT)
    assert page.js("(id) => globalThis.chrome?.runtime?.sendMessage === undefined && typeof browser === 'undefined'")
    page.js(IN_PAGE["noMessageOfAPageReachesTheExtension"])
    assert page.wait_for("() => echo.length === 5 && echo")[0] == "frame.closed"
    assert page.value("#answer") == ""
    assert frame.text.text(".text") == TEXT


def test_a_content_script_may_send_no_message_of_a_private_page(unlocked: Extension) -> None:
    options = unlocked.open_options()
    refused = options.js(IN_PAGE["aContentScriptMaySendNoMessageOfAPrivatePage"])
    options.close()
    assert refused[1] == "content.load"
    assert {"prompt.agree", "prompt.unlock", "keys.list", "field.verify", "vault.key"} <= refused[0].keys()
    assert set(refused[0].values()) == {"bad-request"}


# Calls the background's own module, with senders as the browser would describe them.
CLAIM = IN_PAGE["claimInPage"]


@pytest.mark.thorough(after=6)
@pytest.mark.parametrize("kind", ["write", "mail"])
@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({}, ["claimed"]),
        ({"again": True}, ["claimed", "bad-token"]),
        ({"late": True}, ["bad-token"]),
        ({"ticket": {"pageOrigin": "https://evil.test"}}, ["bad-token"]),
        ({"ticket": {"token": "guessed"}}, ["bad-token"]),
        ({"ticket": {"token": ""}}, ["frame-gone"]),
        ({"broker": {"tab": {"id": 4712}}}, ["bad-token"]),
        ({"broker": {"frameId": 0}}, ["bad-token"]),
    ],
    ids=["right", "twice", "late", "other-origin", "guessed", "none", "other-tab", "top-frame"],
)
def test_a_token_counts_once_and_in_its_own_place(
    unlocked: Extension, change: dict[str, object], codes: list[str], kind: str
) -> None:
    options = unlocked.open_options()
    outcomes = options.js(CLAIM, {**change, "kind": kind})
    options.close()
    assert outcomes == codes


@pytest.mark.parametrize(
    "change", [{"frameId": 3}, {"documentId": "two"}, {"origin": "https://evil.test"}, {"tab": {"id": 5}}], ids=str
)
def test_a_frame_belongs_to_the_document_that_asked_for_it(unlocked: Extension, change: dict[str, object]) -> None:
    options = unlocked.open_options()
    code = options.js(
        IN_PAGE["aFrameBelongsToTheDocumentThatAskedForIt"],
        change,
    )
    options.close()
    assert code == ["bad-request", "accepted"]


# Calls the background's own module many times at once, as a page could, and returns the number of each outcome.
AT_ONCE = IN_PAGE["atOnce"]


@pytest.mark.parametrize(
    ("kind", "counts"),
    [("budget", {"done": 20, "budget-spent": 10}), ("token", {"done": 1, "bad-token": 3})],
    ids=["budget", "token"],
)
def test_simultaneous_requests_do_not_exceed_a_limit(unlocked: Extension, kind: str, counts: dict[str, int]) -> None:
    options = unlocked.open_options()
    outcomes = options.js(AT_ONCE, kind)
    options.close()
    assert dict(outcomes) == counts


@pytest.mark.parametrize("change", [{"documentId": "next"}, {"frameId": 8}, {"tab": {"id": 5}}, {}], ids=str)
def test_a_claimed_frame_obeys_the_document_that_claimed_it(unlocked: Extension, change: dict[str, object]) -> None:
    options = unlocked.open_options()
    code = options.js(
        IN_PAGE["aClaimedFrameObeysTheDocumentThatClaimedIt"],
        change,
    )
    options.close()
    assert code == ("bad-request" if change else "accepted")
