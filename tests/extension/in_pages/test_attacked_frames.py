"""Attacks from the promises of the documentation: words beside a verdict, old texts that come back, lost text."""

from __future__ import annotations

import time
import urllib.parse
from typing import Final

import pytest

from tests.support.browser.bidi import BidiError
from tests.support.browser.page import Page
from tests.support.extension.driver import Extension, Site, agree_in, notes_below
from tests.support.extension.field_pages import ENCRYPT_FIELD, TEXT, People, encrypt, open_and_agree

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

LIE: Final = "Pay 900 crowns to Mallory."

# --- A verdict and other words --------------------------------------------------------------------------------------
READING: Final = f"""<style>#lie {{ background: #fff }}</style><div id=app><h2>Order</h2>
<div id=letter data-smime=decrypt>%s</div></div><p id=lie>{LIE}</p>"""
# `host` is the element of the extension's frame.
HOST: Final = "const host = letter.nextElementSibling;"
BESIDE: Final = {
    "a shadow tree around the text": f"""app.attachShadow({{ mode: "closed" }}).innerHTML =
      "<p>{LIE}</p><slot></slot>";""",
    "a shadow tree in the place of the text": f"""letter.attachShadow({{ mode: "closed" }}).innerHTML = "{LIE}";
      letter.style.setProperty("display", "block", "important");""",
    "generated content between text and frame": f"""document.head.insertAdjacentHTML("beforeend",
      "<style>#app > div:not(#letter)::before {{ content: '{LIE}'; display: block !important }}</style>");""",
    "the text and the frame elsewhere, moved whole": """const there = document.createElement("section");
      there.textContent = lie.textContent; lie.after(there);
      there.moveBefore(letter, null); there.moveBefore(host, null);""",
}
# Words on the frame's own box, as a picture.
WORDS: Final = (
    '`url("data:image/svg+xml,${encodeURIComponent(\'<svg xmlns="http://www.w3.org/2000/svg" width="500" height="60">'
    f'<text y="30">{LIE}</text></svg>\')}}")` '
)
MOVED: Final = {
    "words in the background of the box": f"""host.style.setProperty("padding-top", "60px", "important");
      host.style.setProperty("background-image", {WORDS}, "important");""",
    "words in the border of the box": f"""host.style.setProperty("border-top", "60px solid", "important");
      host.style.setProperty("border-image", {WORDS} + "60 0 0 0 fill", "important");""",
    "the frame elsewhere": "lie.before(host);",
    "the frame elsewhere, moved whole": "lie.parentNode.moveBefore(host, lie.nextSibling);",
    "a page that is edited as a whole": "document.designMode = 'on';",
    "an editor of plain text around it": "app.contentEditable = 'plaintext-only';",
    "the picture of a transition": """document.head.insertAdjacentHTML("beforeend", `<style>
      ::view-transition-group(*) { animation-duration: 1000s } ::view-transition-new(root) { display: none }
      ::view-transition-old(root) { animation: none; opacity: 1 }</style>`);
      document.startViewTransition(() => { app.remove(); });""",
}
MOVES_WHOLE: Final = "() => 'moveBefore' in Element.prototype && 'startViewTransition' in document"


def is_verified(page: Page) -> bool:
    """Whether a frame in the page says "Verified" about a text that is not greyed."""
    try:
        frames = page.frames()
        greyed = any(
            frame.js("() => !!document.querySelector('.unsure')") for frame in frames if "view.html" in frame.url
        )
        around = [frame for frame in frames if "broker.html" in frame.url or "mail_frame.html" in frame.url]
        return not greyed and any("Verified" in outer.text() for outer in around)
    except BidiError:
        # A frame went while it was asked.
        return True


def wait_until_not_verified(page: Page) -> None:
    deadline = time.monotonic() + 5
    while is_verified(page):
        assert time.monotonic() < deadline, "the verdict stays green"
        time.sleep(0.1)


@pytest.mark.parametrize("name", [*BESIDE, *MOVED])
def test_no_verdict_stays_over_or_beside_other_words(
    unlocked: Extension, page: Page, site: Site, people: People, name: str
) -> None:
    page.goto(site.page_with(READING % people.encrypt(TEXT, origin=site.origin, to=people.alice)))
    if ("whole" in name or "transition" in name) and not page.js(MOVES_WHOLE):
        pytest.skip("this browser has no such method")
    open_and_agree(unlocked, page)
    assert is_verified(page)
    page.js(f"() => {{ {HOST} {(BESIDE | MOVED)[name]} }}")
    wait_until_not_verified(page)


# --- Old text that stays where nobody sees it -----------------------------------------------------------------------
EDITOR: Final = """<div id=field contenteditable=true data-smime="encrypt">under the third flower pot</div>
<div id=around></div><script>{ const field = document.querySelector("#field");
  const around = document.querySelector("#around"), model = field.textContent; %s }</script>"""
IN_ONE: Final = """field.addEventListener("input", () => { const now = field.innerText;
  field.innerHTML = "<p></p>"; field.firstChild.textContent = now; %s });"""
STAYING: Final = {
    "a comment in the editor": IN_ONE % "field.append(new Comment(model));",
    "an attribute in the editor": IN_ONE % "field.firstChild.dataset.raw = model;",
    "a template in the editor": IN_ONE
    % """const one = document.createElement("template");
      one.innerHTML = `<p>${model}</p>`; field.append(one);""",
    "a closed shadow tree in the editor": IN_ONE
    % """const one = document.createElement("span"); field.append(one);
      one.attachShadow({ mode: "closed" }).textContent = model;""",
    "a frame in a closed shadow tree": """const root = around.attachShadow({ mode: "closed" });
      root.innerHTML = "<iframe hidden srcdoc='<textarea></textarea>'></iframe>";
      root.firstChild.onload = ({ target }) => { target.contentDocument.querySelector("textarea").value = model; };""",
    "a hidden element in the editor": IN_ONE
    % """field.append(document.createElement("span"));
      field.lastChild.hidden = true; field.lastChild.textContent = model;""",
    "a control in the editor": IN_ONE
    % """const one = document.createElement("textarea"); one.hidden = true;
      one.value = model; field.append(one);""",
    "a control in a closed shadow tree": """const root = around.attachShadow({ mode: "closed" });
      root.innerHTML = "<textarea hidden></textarea>"; root.firstChild.value = model;""",
    "a popover that is not open": """around.popover = "auto"; around.contentEditable = "true";
      around.textContent = model;""",
}


@pytest.mark.parametrize("name", STAYING)
def test_encrypted_is_not_said_while_the_old_text_stays_unseen(
    extension: Extension, page: Page, site: Site, name: str
) -> None:
    page.goto(site.page_with(EDITOR % STAYING[name]))
    frame = extension.write(page, "#field", "")
    frame.around.click("[data-test=encrypt]")
    window = extension.window()
    agree_in(window)
    deadline = time.monotonic() + 30
    while extension.has_window() and time.monotonic() < deadline:
        try:
            if "does not take the encrypted text" in window.text():
                with window.closing():
                    window.click("[data-test=refuse]")
                return
        except BidiError:
            break
        time.sleep(0.1)
    assert "Encrypted for" not in frame.around.wait_for_text("Encrypted for", timeout_seconds=10)


# --- Old text that comes back ---------------------------------------------------------------------------------------
OLD: Final = "under the third flower pot, second line here"
AREA: Final = f'<textarea id=field name=letter data-smime="encrypt" rows=3>{OLD}</textarea>'
# `back` brings the text back; `post` sends the field as a script of the page does.
FORM: Final = f"""<div id=view><form>{AREA}<button id=send type=button>Send</button></form></div><div id=around></div>
<script>{{ window.sent = []; const model = "{OLD}";
  const field = document.querySelector("#field"), send = document.querySelector("#send"),
    around = document.querySelector("#around");
  const post = () => sent.push((document.querySelector("#field") ?? document.querySelector("#other")).value);
  window.back = () => {{ field.value = model; }}; %s }}</script>"""
IS_THERE: Final = "() => document.querySelector('#field').getBoundingClientRect().height > 0"


def fill(extension: Extension, page: Page, site: Site, script: str) -> None:
    page.goto(site.page_with(FORM % script))
    encrypt(extension, page, "#field", "").around.click("[data-test=close]")
    page.wait_for(IS_THERE)


def assert_nothing_sent(extension: Extension, page: Page) -> None:
    time.sleep(2.5)
    clear = [text for text in page.js("() => window.sent ?? []") if "flower" in text]
    assert not clear, f"the page has sent the text; window: {extension.has_window()}"


BUTTON: Final = """around.innerHTML = "<b id=go tabindex=0 role=button>Send</b>";
  addEventListener("%s", ({ key }) => { %s post(); });"""
# By name: the page's script, and the keys.
KEYS: Final = {
    "Space": (BUTTON % ("keydown", ""), (" ",)),
    "Enter, released": (BUTTON % ("keyup", ""), ("\ue007",)),
    "a letter": (BUTTON % ("keydown", ""), ("e",)),
    "Escape": (BUTTON % ("keydown", ""), ("\ue00c",)),
    "Alt+E": (BUTTON % ("keydown", "if (key !== 'Alt')"), ("\ue00a", "e")),
    "F2": (BUTTON % ("keydown", ""), ("\ue032",)),
    "Enter": (BUTTON % ("keydown", ""), ("\ue007",)),
    "Control+Enter": (BUTTON % ("keydown", "if (key !== 'Control')"), ("\ue009", "\ue007")),
}


@pytest.mark.parametrize("name", KEYS)
def test_no_key_sends_a_text_that_came_back(extension: Extension, page: Page, site: Site, name: str) -> None:
    start, keys = KEYS[name]
    fill(extension, page, site, start)
    page.js("() => { back(); document.querySelector('#go').focus(); }")
    time.sleep(2)
    page.press(*keys)
    assert_nothing_sent(extension, page)


IN_FRAME: Final = """around.innerHTML = `<iframe id=bar %s></iframe>`;
  document.querySelector("#bar").onload = ({ target }) => {
  target.contentDocument.querySelector("#go").onclick = post; };"""
# By name: the page's script, and the button of the mouse.
PRESSES: Final = {
    "a button in a frame of the page": (IN_FRAME % "src='/?markup=<button id=go>Send</button>'", 0),
    "a button in a frame of markup": (IN_FRAME % "srcdoc='<button id=go>Send</button>'", 0),
    "the right button": ("send.oncontextmenu = post;", 2),
    "the middle button": ("send.onauxclick = post;", 1),
    "the right button, down": ("send.onpointerdown = post;", 2),
    "the middle button, up": ("send.onmouseup = post;", 1),
    "a press to which the pointer brings the text": ("send.onpointerenter = back; send.onclick = post;", 0),
    "a press that brings the text itself": ("send.onpointerdown = back; send.onclick = post;", 0),
    "a dialog": (
        """around.innerHTML = "<dialog><button id=go type=button>Yes, send</button></dialog>";
        document.querySelector("#go").onclick = post; document.querySelector("dialog").showModal();""",
        0,
    ),
}


@pytest.mark.parametrize("name", PRESSES)
def test_no_press_sends_a_text_that_came_back(extension: Extension, page: Page, site: Site, name: str) -> None:
    start, button = PRESSES[name]
    if "dialog" in name:
        start = "const open = window.back; window.back = () => { open(); " + start + " };"
    fill(extension, page, site, start)
    if "brings" not in name:
        page.js("() => { back(); }")
    time.sleep(2)
    if "frame" in name:
        next(frame for frame in page.frames() if frame.js("() => !!document.querySelector('#go')")).click("#go")
    else:
        page.click("#go" if "dialog" in name else "#send", button=button)
    assert_nothing_sent(extension, page)


def test_no_drag_sends_a_text_that_came_back(extension: Extension, page: Page, site: Site) -> None:
    moved = """for (const name of ["pointermove", "mousemove"]) {
      document.addEventListener(name, ({ buttons }) => { if (buttons) post(); }); }"""
    fill(extension, page, site, moved)
    page.js("() => { back(); }")
    time.sleep(2)
    x, y = page.wait_for_aim("#send")
    move = {"type": "pointerMove", "duration": 50}
    page.drag([{**move, "x": x, "y": y}, {**move, "x": x + 30, "y": y}])
    assert_nothing_sent(extension, page)


def test_a_page_that_comes_back_by_history_is_still_watched(extension: Extension, page: Page, site: Site) -> None:
    """Only where the browser has kept the document: while it is driven, Chromium keeps none."""
    again = """addEventListener("pageshow", ({ persisted }) => {
      window.kept = persisted; if (persisted) back(); });"""
    fill(extension, page, site, again + "send.onclick = post;")
    page.goto(site.page_with("<h2>Elsewhere</h2>"))
    page.js("() => { setTimeout(() => history.back()); }")
    page.wait_for("() => document.readyState === 'complete' && !!document.querySelector('#send')")
    time.sleep(3)
    if not page.js("() => window.kept"):
        pytest.skip("the browser has not kept the page")
    note = notes_below(page, "#view")
    page.click("#send")
    assert_nothing_sent(extension, page)
    assert "in clear again" in note


@pytest.mark.parametrize("now", [OLD, "I owe you 1000"], ids=["old", "other"])
def test_nobody_is_told_to_send_while_the_field_is_in_clear(
    extension: Extension, page: Page, site: Site, now: str
) -> None:
    page.goto(site.page_with(FORM % f"window.back = () => {{ field.value = '{now}'; }};"))
    frame = encrypt(extension, page, "#field", "")
    page.js("() => { back(); }")
    time.sleep(3)
    assert "Now press" not in notes_below(page, "#view")
    assert "Encrypted for" not in frame.around.text()


PARTS: Final = {
    "the first line, as a title": """form.onformdata = ({ formData }) => {
      const [title, ...rest] = model.split("\\n"); formData.append("title", title);
      formData.append("body", rest.join());
    };""",
    "the name of an entry": "form.onformdata = ({ formData }) => formData.append(model, '1');",
    "entries of one line each": """form.onformdata = ({ formData }) =>
      model.split("\\n").forEach((line, at) => formData.append(`line${at}`, line));""",
    "a form in another frame": """form.insertAdjacentHTML("afterend",
        "<iframe id=other src='/?markup=<form></form>'></iframe>");
      document.querySelector("#other").onload = ({ target: { contentDocument } }) => {
        const [inner] = contentDocument.forms; inner.innerHTML = "<textarea name=copy></textarea>";
        form.onsubmit = (event) => { event.preventDefault(); inner.target = "there"; inner.action = "/";
          inner.firstChild.value = model; inner.requestSubmit(); }; };""",
    "the address of its button": """document.querySelector("#go").formMethod = "post";
      form.onsubmit = ({ submitter }) => { submitter.formAction = '/there/' + encodeURIComponent(model); };""",
    "its address": """form.method = "post";
      form.onsubmit = () => { form.action = '/?note=' + encodeURIComponent(model); };""",
}


@pytest.mark.parametrize("name", PARTS)
def test_a_form_has_the_old_text_in_no_part_of_its_request(
    extension: Extension, page: Page, site: Site, name: str
) -> None:
    area = AREA.replace("pot, second line here", "pot lies 4711\nand it opens the second door on the left, as ever")
    page.goto(
        site.page_with(f"""<iframe name=there></iframe>
    <form target=there action=/>{area}<button id=go>Send</button></form>
    <script>{{ const form = document.forms[0], model = document.querySelector("#field").value;
      {PARTS[name]} }}</script>""")
    )
    # The address of a test's page has its whole markup.
    page.js("() => { history.replaceState({}, '', '/'); }")
    encrypt(extension, page, "#field", "").around.click("[data-test=close]")
    page.wait_for(IS_THERE)
    page.click("#go")
    time.sleep(4)
    address = page.js("() => document.querySelector('iframe').contentWindow.location.href")
    assert "flower" not in address, address[-300:]


# The subject is seen and begins like the text; the sender's address is in the text.
SUBJECT: Final = "Order 4711 of the third of May"
ADDRESS: Final = "alice.the.gardener@example.test"


def test_what_a_person_sees_in_a_form_stays_as_it_is(extension: Extension, page: Page, site: Site) -> None:
    area = AREA.replace(OLD, f"{SUBJECT}\n{ADDRESS} has the key, and it opens the second door on the left, as ever")
    page.goto(
        site.page_with(f"""<iframe name=there></iframe><form target=there action=/>
    <input name=subject value='{SUBJECT}'><input type=hidden name=from value='{ADDRESS}'>
    {area}<button id=go>Send</button></form>""")
    )
    encrypt(extension, page, "#field", "").around.click("[data-test=close]")
    page.wait_for(IS_THERE)
    page.click("#go")
    sent = page.wait_for("() => document.querySelector('iframe').contentWindow.location.search")
    entries = dict(urllib.parse.parse_qsl(sent.removeprefix("?")))
    assert (entries["subject"], entries["from"]) == (SUBJECT, ADDRESS)
    assert entries["letter"].startswith("-----BEGIN CMS-----")
    assert not extension.has_window()


def test_no_page_goes_to_an_address_with_the_old_text(extension: Extension, page: Page, site: Site) -> None:
    fill(extension, page, site, "send.onclick = () => { location = `/there/${btoa(model)}`; };")
    if not page.js("() => 'navigation' in globalThis"):
        pytest.skip("this browser tells nobody where a page goes")
    # The address of a test's page has its whole markup.
    page.js("() => { history.replaceState({}, '', '/'); }")
    page.click("#send")
    assert "stopped the sending" in extension.window().text()
    assert page.js("() => document.querySelector('#send') !== null")


def test_a_person_can_write_elsewhere_while_the_text_is_back(extension: Extension, page: Page, site: Site) -> None:
    fill(extension, page, site, "around.innerHTML = '<input id=other>';")
    page.js("() => { back(); }")
    time.sleep(2)
    page.js("() => { document.querySelector('#other').focus(); }")
    page.press("a", " ", "\ue003", "b")
    assert page.value("#other") == "ab"
    assert not extension.has_window()


# --- Typed text that the page takes away ----------------------------------------------------------------------------
INTO_FRAME: Final = """const frame = document.body.appendChild(document.createElement("iframe"));
  frame.contentDocument.body.append(%s);"""
LEAVING: Final = {
    "the frame in another document": INTO_FRAME % "answer.nextElementSibling",
    "field and frame in another document": INTO_FRAME % "app",
    "another page": "location = '/?markup=Elsewhere';",
    "the page anew": "location.reload();",
    "the page drawn anew": "app.innerHTML = app.innerHTML;",
    "a document that is written anew": "document.open(); document.write('<p>Nothing</p>'); document.close();",
    "another view": "history.pushState({}, '', '#2'); document.body.replaceChildren('Elsewhere');",
}


@pytest.mark.parametrize("name", LEAVING)
def test_typed_text_goes_on_in_a_window(unlocked: Extension, page: Page, site: Site, name: str) -> None:
    page.goto(site.page_with(f"<div id=app>{ENCRYPT_FIELD}</div>"))
    unlocked.write(page, "#answer", TEXT)
    # The editor keeps its text 0.7 s after a key at the latest.
    time.sleep(3)
    page.js(f"() => {{ setTimeout(() => {{ {LEAVING[name]} }}); }}")
    around = unlocked.browser.wait_for_page("broker.html?frame=")
    around.wait_for_frame("view.html").wait_for_text(TEXT, selector=".text")
    around.close()


@pytest.mark.parametrize("wait", [0, 2], ids=["at once", "later"])
def test_text_goes_on_where_the_page_draws_itself_anew_after_it_was_encrypted(
    unlocked: Extension, page: Page, site: Site, wait: int
) -> None:
    """Nobody has pressed anything in the page, so nothing was sent."""
    page.goto(site.page_with(f"<div id=app>{ENCRYPT_FIELD}</div>"))
    encrypt(unlocked, page, "#answer")
    time.sleep(wait)
    page.js("(markup) => { app.innerHTML = markup; }", ENCRYPT_FIELD)
    around = unlocked.browser.wait_for_page("broker.html?frame=")
    around.wait_for_frame("view.html").wait_for_text(TEXT, selector=".text")
    around.close()


def test_text_goes_on_where_the_page_takes_it_away_after_a_lock(unlocked: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(f"<div id=app>{ENCRYPT_FIELD}</div>"))
    unlocked.write(page, "#answer", TEXT)
    time.sleep(3)
    unlocked.lock()
    page.activate()
    # The next vault has the text half a second after the lock.
    time.sleep(2)
    page.js("() => { app.replaceChildren('Elsewhere'); }")
    around = unlocked.browser.wait_for_page("broker.html?frame=")
    around.wait_for_frame("view.html").wait_for_text(TEXT, selector=".text")
    around.close()
