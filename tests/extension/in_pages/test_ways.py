"""The ways to open a field or text without its button: links, selection, menu, shortcut, frames of other sites."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from smime_core.blocking import run
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.message import encrypt_message
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.browser.web_site import HTML, WebSite, running_web_site
from tests.support.extension import mail_letters
from tests.support.extension.driver import Extension, Site, textarea
from tests.support.extension.field_pages import INSECURE_HOST, NATIVE, TEXT, People, agree_if_asked, open_and_agree

IN_PAGE = page_scripts("extension/in_pages/ways.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

SELECT = IN_PAGE["select"]


@pytest.fixture(scope="module")
def web_site() -> Iterator[WebSite]:
    with running_web_site() as site:
        yield site


@pytest.mark.parametrize(
    "markup",
    [
        '<p id=letter data-smime="decrypt verify">{}</p>',
        "<ul><li id=letter data-smime=decrypt>{}</li></ul>",
        '<table><tr><td>Bob</td><td id=letter data-smime="decrypt">{}</td></tr></table>',
        '<div id=letter data-smime="verify"><span>{}</span></div>',
    ],
)
def test_encrypted_text_in_any_element_is_opened_in_its_place(
    extension: Extension, page: Page, site: Site, people: People, markup: str
) -> None:
    armored = people.encrypt(TEXT, origin=site.origin, to=people.alice)
    page.goto(site.page_with(markup.format(armored.replace("\n", " "))))
    around = open_and_agree(extension, page)
    assert around.js("() => document.querySelector('.state-statement').dataset.state") == "verified"
    assert page.wait_for_frame("view.html").text(".text") == TEXT
    assert page.js("() => getComputedStyle(document.querySelector('#letter')).display") == "none"


def test_a_link_to_an_encrypted_file_is_opened_in_the_viewer(
    extension: Extension, page: Page, web_site: WebSite, people: People
) -> None:
    mail = mail_letters.mail(mail_letters.text(TEXT))
    encrypted = run(encrypt_message(mail, Encrypting(recipients=[people.alice.certificate]), provider=NATIVE))
    # The link has a file name as people write it, without percent-encoding.
    web_site.serve("/100%.p7m", encrypted, "application/pkcs7-mime")
    links = {
        "near": web_site.origin + "/100%.p7m",
        "far": web_site.other_origin + "/100%.p7m",
        "gone": web_site.origin + "/gone.p7m",
    }
    markup = "".join(f'<p><a id={name} data-smime=decrypt href="{href}">{name}</a></p>' for name, href in links.items())
    page.goto(web_site.serve("/links.html", markup.encode(), HTML))
    extension.browser.expect_error("404|CORS|Cross-Origin|byte stream|may not load data|favicon|fetch")
    web_site.asked.clear()
    for name in ("far", "gone"):
        extension.click_button(page, f"#{name}")
        has_answer = (
            "(name) => document.querySelector(`#${name}`).nextElementSibling.getBoundingClientRect().height > 60"
        )
        page.wait_for(has_answer, name)
    paths = [path for path in web_site.asked if path.endswith("p7m")]
    assert paths == ["/gone.p7m"], "a link of another site is not fetched"
    extension.click_button(page, "#near")
    viewer = extension.browser.wait_for_page("viewer.html?")
    viewer.wait_for_selector("[data-test=agree], .state-statement", timeout_seconds=60)
    assert viewer.text("[data-test=name]") == "100%.p7m"
    viewer.close()


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ('attachment; filename="plan \\"A\\".p7m"', 'plan "A".p7m'),
        ("attachment; filename=plan.p7m", "plan.p7m"),
        ("attachment; filename=\"plan.p7m\"; filename*=UTF-8''K%C3%A4se.p7m", "Käse.p7m"),
        ('attachment; filename="../folder\\\\plan.p7m"', "plan.p7m"),
        ("inline", "download.cgi"),
    ],
    ids=["quoted", "plain", "other letters", "folders", "none"],
)
def test_a_file_has_the_name_that_its_server_gives(
    extension: Extension, page: Page, web_site: WebSite, people: People, field: str, name: str
) -> None:
    mail = mail_letters.mail(mail_letters.text(TEXT))
    encrypted = run(encrypt_message(mail, Encrypting(recipients=[people.alice.certificate]), provider=NATIVE))
    web_site.serve("/files/download.cgi", encrypted, "application/pkcs7-mime", **{"Content-Disposition": field})
    link = '<p><a id=near data-smime=decrypt href="/files/download.cgi">near</a></p>'
    page.goto(web_site.serve("/links.html", link.encode(), HTML))
    extension.click_button(page, "#near")
    viewer = extension.browser.wait_for_page("viewer.html?")
    viewer.wait_for_selector("[data-test=agree], .state-statement", timeout_seconds=60)
    assert viewer.text("[data-test=name]") == name
    viewer.close()


def test_a_selected_encrypted_text_is_opened_from_the_menu(
    extension: Extension, page: Page, site: Site, people: People
) -> None:
    texts = {
        name: people.encrypt(f"{TEXT} {name}", origin=site.origin, to=people.alice) for name in ("first", "second")
    }
    posts = "".join(f"<h2 id=head-{name}>Bob</h2><div><p id={name}>{text}</p></div>" for name, text in texts.items())
    page.goto(site.page_with(f"<article>{posts}</article>"))
    # The selection begins in the headline above the second text, as if a person had dragged the pointer.
    page.js(SELECT, "#head-second", "#second")
    extension.choose_from_menu(page, "selection")
    frame = agree_if_asked(extension, page)
    assert frame.text.text(".text") == f"{TEXT} second"
    assert page.js("() => ['first', 'second'].map((id) => getComputedStyle(document.getElementById(id)).display)") == [
        "block",
        "none",
    ]


def test_a_selected_encrypted_text_that_stands_in_the_body_itself_is_opened(
    extension: Extension, page: Page, site: Site, people: People
) -> None:
    armored = people.encrypt(TEXT, origin=site.origin, to=people.alice)
    page.goto(site.page_with(f"<p id=before>Before</p>{armored}<p id=after>After</p>"))
    page.js(SELECT, "#before", "#after")
    extension.choose_from_menu(page, "selection")
    frame = agree_if_asked(extension, page)
    assert frame.text.text(".text") == TEXT
    assert page.js("() => [before.checkVisibility(), after.checkVisibility()]") == [True, True]


def test_a_selection_without_encrypted_text_is_told(extension: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with("<p id=words>Only words.</p>"))
    page.js(SELECT, "#words", "#words")
    extension.choose_from_menu(page, "selection")
    page.wait_for("() => document.querySelector('#words').nextElementSibling !== null")
    assert page.frames() == []


@pytest.mark.parametrize(
    "markup", ["<textarea id=plain></textarea>", "<input id=plain>", "<div id=plain contenteditable>x</div>"]
)
def test_a_field_without_attributes_is_written_from_the_menu(
    extension: Extension, page: Page, site: Site, markup: str
) -> None:
    page.goto(site.page_with(f"<style>#plain {{ display: block; inline-size: 90% }}</style>{markup}"))
    page.click("#plain")
    extension.choose_from_menu(page, "field")
    frame = extension.frame_in(page)
    frame.around.wait_for_selector("[data-test=encrypt]")
    frame.text.click(".text")
    frame.text.type(TEXT)
    frame.around.click("[data-test=encrypt]")
    extension.answer()
    frame.around.wait_for_text("Encrypted for", timeout_seconds=30)
    content = page.js("() => document.querySelector('#plain').value ?? document.querySelector('#plain').innerText")
    assert content.startswith("-----BEGIN CMS-----")


def test_the_shortcut_is_the_toolbar_buttons(extension: Extension) -> None:
    options = extension.open_options()
    commands = options.js("() => (globalThis.browser ?? chrome).commands.getAll()")
    options.close()
    assert [(command["name"], command["shortcut"]) for command in commands] == [("_execute_action", "Alt+Shift+K")]


def test_a_frame_of_another_site_is_asked_about_by_both_names_and_each_time_anew(
    extension: Extension, page: Page, site: Site, people: People
) -> None:
    armored = people.encrypt(TEXT, origin=site.origin, to=people.alice)
    inner = site.page_with(textarea("letter", text=armored))
    page.goto(inner)
    open_and_agree(extension, page)
    options = extension.open_options()
    budgets = [f"budget:{origin}" for origin in (site.origin, site.other_origin)]
    options.js("(names) => (globalThis.browser ?? chrome).storage.session.remove(names)", budgets)
    options.close()
    # The person has agreed to this site. Inside a page of another site it needs another agreement.
    page.goto(
        site.page_with(
            f'<iframe style="inline-size:600px;block-size:500px" src="{inner}"></iframe>', origin=site.other_origin
        )
    )
    extension.click_button(page.wait_for_frame("127.0.0.1"), "#letter")
    window = extension.window()
    assert window.text("[data-test=origin]") == site.origin
    assert site.other_origin in window.text("[data-test=top-origin]")
    extension.answer()
    page.wait_for_frame("view.html").wait_for_text(TEXT, selector=".text", timeout_seconds=30)
    options = extension.open_options()
    spent = options.js(
        """async (names) => {
          const all = await (globalThis.browser ?? chrome).storage.session.get(names);
          return names.map((name) => all[name].length);
        }""",
        budgets,
    )
    options.close()
    assert spent == [1, 1], "both pay for what is opened"


def test_encrypted_text_of_a_page_without_a_secure_connection_is_opened_in_a_window(
    insecure: Extension, site: Site, people: People
) -> None:
    origin = site.origin.replace("127.0.0.1", INSECURE_HOST)
    armored = people.encrypt(TEXT, origin=origin, to=people.alice)
    page = insecure.browser.open(site.page_with(textarea("letter", text=armored), origin=origin))
    page.activate()
    page.click("#letter")
    page.wait_for("() => document.hasFocus() && document.activeElement.id === 'letter'")
    insecure.browser.click_toolbar_button(insecure.id, page)
    around = insecure.browser.wait_for_page("broker.html")
    settled = "() => document.querySelector('.state-statement') !== null"
    for _ in range(200):
        if insecure.has_window():
            insecure.answer()
            break
        if around.js(settled):
            break
    around.wait_for(settled, timeout_seconds=30)
    assert around.wait_for_frame("view.html").text(".text") == TEXT
    assert page.frames() == []
    around.close()
    page.close()
