"""Whole forms in real browsers: what the window showed is what was signed, and only that reaches the server."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from flask import Flask, request

from smime_core.x509.certificate import parse_certificate
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension, Site
from tests.support.extension.field_pages import People, agree_if_asked, encrypt
from tests.support.extension.form_server import load_example, serving

IN_PAGE = page_scripts("extension/in_pages/forms.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

REMEMBER = IN_PAGE["remember"]


def order(page: Page, shop: str, *, item: str = "Lamp") -> None:
    """Fill in the order form and press its button."""
    page.goto(f"{shop}/")
    page.wait_for("() => document.readyState === 'complete'")
    page.fill("[name=item]", item)
    page.fill("[name=wishes]", "red\nnot blue")
    page.click("[value='gift box']")
    page.click("[name=go]")


@pytest.mark.main_way
def test_the_server_gets_the_form_that_the_window_showed(
    extension: Extension, page: Page, shop: str, people: People
) -> None:
    drawing = people.folder / "Zeichnung.txt"
    drawing.write_text("a lamp")
    page.goto(f"{shop}/")
    page.fill("[name=item]", "Lamp")
    page.choose_files("[name=drawing]", [drawing])
    window = extension.window_after_click(page, "[name=go]")
    shown = window.text()
    assert window.text("[data-test=origin]") == shop
    assert window.text("[data-test=action]") == f"{shop}/orders"
    assert "120.00 EUR" in window.text("[data-test=hidden-entries]")
    assert "Lamp" in window.text("[data-test=seen-entries]")
    assert "Zeichnung.txt" in window.text("[data-test=seen-entries]")
    assert shown.index("120.00 EUR") < shown.index("Lamp")
    extension.answer()
    thanks = page.wait_for_text("Thank you", timeout_seconds=30)
    assert "Signed by alice@example.test" in page.text()
    assert all(entry in page.text() for entry in ("item: Lamp", "price: 120.00 EUR", "drawing: Zeichnung.txt", thanks))


def test_a_refusal_sends_nothing(extension: Extension, page: Page, shop: str) -> None:
    order(page, shop)
    window = extension.window()
    with window.closing():
        window.click("[data-test=refuse]")
    extension.wait_until_window_is_gone()
    assert page.url == f"{shop}/"
    assert page.value("[name=item]") == "Lamp"


@pytest.mark.thorough(after=2)
@pytest.mark.parametrize(
    "change",
    [
        "document.querySelector('[name=price]').value = '9000.00 EUR'",
        "document.querySelector('[name=item]').value = 'Yacht'",
        "document.querySelector('[name=price]').remove()",
        "document.forms[0].insertAdjacentHTML('beforeend', '<input type=hidden name=more value=1>')",
        "document.forms[0].action = '/elsewhere'",
        "document.forms[0].addEventListener('formdata', (event) => event.formData.set('item', 'Yacht'))",
    ],
)
def test_a_page_that_changes_the_form_meanwhile_gets_no_signature(
    extension: Extension, page: Page, shop: str, change: str
) -> None:
    order(page, shop)
    window = extension.window()
    page.js(f"() => {{ {change}; }}")
    window.click("[data-test=agree]")
    window.wait_for_text("The page changed the form", timeout_seconds=30)
    assert page.url == f"{shop}/"
    assert page.js("() => document.querySelector('[name=smime_signature]')") is None


def test_a_signed_order_is_taken_once_and_nowhere_else(
    extension: Extension, page: Page, people: People, tmp_path: Path
) -> None:
    anchor = parse_certificate((people.folder / "ca.der").read_bytes())
    databases = {name: tmp_path / f"{name}.sqlite3" for name in ("shop", "elsewhere")}
    shop, elsewhere = (load_example(database, (anchor,)) for database in databases.values())
    sent: list[tuple[str, bytes]] = []
    shop.before_request(lambda: sent.append((request.content_type or "", request.get_data())))
    with serving(shop) as origin:
        order(page, origin)
        extension.window()
        extension.answer()
        page.wait_for_text("item: Lamp", timeout_seconds=30)
    (kind, body) = sent[-1]
    nonce = match[0] if (match := re.search(rb"[\w-]{43}", body[body.index(b"nonce") :])) else b""

    def replay(site: Flask, origin: str, known: bytes) -> tuple[int, str]:
        with sqlite3.connect(databases["shop" if site is shop else "elsewhere"]) as connection:
            connection.execute("INSERT OR IGNORE INTO nonces VALUES (?, '')", (known.decode(),))
        replayed = body.replace(nonce, known) if site is shop else body
        site.config["ORIGIN"] = origin
        answer = site.test_client().post("/orders", base_url=origin, data=replayed, content_type=kind)
        return answer.status_code, answer.text

    assert shop.test_client().post("/orders", base_url=origin, data=body, content_type=kind).status_code == 409
    # An attacker replays the order with another valid nonce, or sends it to another site.
    assert replay(shop, origin, b"x" * 43)[0] == 400
    assert replay(elsewhere, "https://elsewhere.example", nonce)[0] == 400
    assert replay(elsewhere, origin, nonce)[0] == 200, "the very same order is taken where it was signed for"


def test_no_handler_of_the_page_comes_between_signature_and_submission(
    extension: Extension, page: Page, shop: str
) -> None:
    page.goto(f"{shop}/")
    page.js(f"""() => {{
      ({REMEMBER})();
      HTMLFormElement.prototype.submit = () => {{ throw new Error("the page's own"); }};
      FormData.prototype.forEach = () => {{}};
      for (const type of ["submit", "formdata"]) {{
        addEventListener(type, (event) => {{ if (window.late) event.formData?.set("item", "Yacht"); }}, true);
      }}
    }}""")
    page.fill("[name=item]", "Lamp")
    window = extension.window_after_click(page, "[name=go]")
    assert "Lamp" in window.text("[data-test=seen-entries]")
    extension.answer()
    page.wait_for_text("item: Lamp", timeout_seconds=30)


@pytest.mark.parametrize("target", ["_blank", "_BLANK"])
def test_a_form_for_a_new_tab_opens_in_the_same_tab(extension: Extension, page: Page, site: Site, target: str) -> None:
    # A new tab opens only after a click in the page, and the last click was in the extension's window.
    page.goto(
        site.page_with(
            f"<form data-smime=sign data-smime-nonce=n method=post action=/orders target={target} accept-charset=utf-8>"
            "<input name=item value=Lamp><button id=go>Go</button></form>"
        )
    )
    extension.browser.expect_error("501|Unsupported|byte stream")
    extension.window_after_click(page, "#go")
    extension.answer()
    page.wait_for("() => location.pathname === '/orders'")


def test_a_form_whose_fields_are_named_as_its_properties_is_shown_whole(
    extension: Extension, page: Page, site: Site
) -> None:
    names = ("action", "method", "elements", "submit", "getAttribute", "dataset", "after", "length", "nodeName")
    fields = "".join(f"<input name={name} value={name}-1>" for name in names)
    page.goto(
        site.page_with(f'<form method=post action="/taken" data-smime=sign>{fields}<button id=go>Go</button></form>')
    )
    window = extension.window_after_click(page, "#go")
    assert window.text("[data-test=action]") == f"{site.origin}/taken"
    shown = window.text("[data-test=seen-entries]")
    assert all(f"{name}-1" in shown for name in names)


def test_invisible_entries_come_first(extension: Extension, page: Page, site: Site) -> None:
    page.goto(
        site.page_with(
            "<form method=post data-smime=sign><label>Name <input name=seen value=S1></label>"
            "<input type=hidden name=a value=H1><input name=b value=H2 style=opacity:0>"
            "<input name=c value=H3 style='display:none'><div style='visibility:hidden'><input name=d value=H4></div>"
            "<input name=e value=H5 style='width:1px;height:1px;border:0;padding:0'>"
            "<input name=f value=H6 style='position:absolute;left:-9999px'>"
            "<div style='height:0;overflow:hidden'><input name=g value=H7></div>"
            "<button id=go name=go value=now>Go</button></form>"
        )
    )
    window = extension.window_after_click(page, "#go")
    hidden = window.text("[data-test=hidden-entries]")
    assert [number for number in range(1, 8) if f"H{number}" not in hidden] == []
    assert "S1" not in hidden
    seen = window.text("[data-test=seen-entries]")
    assert "Name" in seen
    assert "S1" in seen


def test_letters_that_turn_or_hide_a_value_are_drawn(extension: Extension, page: Page, site: Site) -> None:
    page.goto(
        site.page_with(
            "<form method=post data-smime=sign><input name=sum value='1&#x202e;000&#x200b;'>"
            "<button id=go>Go</button></form>"
        )
    )
    shown = extension.window_after_click(page, "#go").text("[data-test=seen-entries]")
    assert "U+202E" in shown
    assert "U+200B" in shown


def test_a_script_cannot_ask_again_and_again(extension: Extension, page: Page, site: Site) -> None:
    page.goto(
        site.page_with("<form method=post data-smime=sign><input name=a value=1><button id=go>Go</button></form>")
    )
    page.js("() => { for (let time = 0; time < 5; time += 1) document.forms[0].requestSubmit(); }")
    window = extension.window_after_click(page, "#go")
    page.js("() => document.querySelector('#go').click()", user_activation=True)
    windows = [context for context in extension.browser.contexts() if "prompt.html" in context["url"]]
    assert len(windows) == 1
    window.close()


@pytest.mark.parametrize(
    "form",
    ["<form data-smime=sign>", "<form data-smime=sign method=post enctype=text/plain>"],
)
def test_a_form_that_cannot_be_signed_as_it_will_arrive_is_not_sent(
    extension: Extension, page: Page, site: Site, form: str
) -> None:
    page.goto(site.page_with(f"{form}<input name=a value=1><button id=go>Go</button></form>"))
    address = page.url
    page.click("#go")
    page.wait_for("() => document.querySelector('form').nextElementSibling !== null")
    assert page.url == address
    assert not extension.has_window()


def encrypt_client(extension: Extension, page: Page, field: str, text: str, button: str) -> None:
    """Encrypt a client's data in a field, and submit it to the server."""
    encrypt(extension, page, field, text)
    page.js("() => { window.isOld = true; }")
    page.click(button)
    page.wait_for("() => !window.isOld && document.readyState === 'complete'")


def read_client(extension: Extension, page: Page) -> str:
    """Open the data of the first client in its place, and return the text."""
    page.wait_for_selector("#client-1", timeout_seconds=30)
    extension.click_button(page, "#client-1")
    return agree_if_asked(extension, page).text.text(".text")


def test_a_client_list_is_read_in_place_and_kept_encrypted(
    extension: Extension, page: Page, shop: str, database: Path
) -> None:
    page.goto(f"{shop}/clients")
    encrypt_client(extension, page, "#client", "Bob, 12 High Street", "#add")
    assert read_client(extension, page) == "Bob, 12 High Street"
    page.goto(f"{shop}/clients")
    # The extension's button at the first client moves the content below it.
    page.wait_for("() => document.querySelector('#client-1').nextElementSibling.getBoundingClientRect().height >= 44")
    page.click("summary")
    encrypt_client(extension, page, "#new-1", "Bob, 7 Mill Lane", "#save-1")
    assert read_client(extension, page) == "Bob, 7 Mill Lane"
    assert "Lane" not in page.js("() => document.documentElement.outerHTML")
    content = database.read_bytes()
    assert b"BEGIN CMS" in content
    assert b"Mill Lane" not in content
