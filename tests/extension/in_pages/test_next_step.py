"""After a field or a file was encrypted, the page's note says what to press next. It quotes only a harmless label."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension, Site, agree_in, note_after
from tests.support.extension.field_pages import INSECURE_HOST, encrypt
from tests.support.extension.uploads import CONTROL

IN_PAGE = page_scripts("extension/in_pages/next_step.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

UNNAMED = "Now press the page’s own button, for example Post or Send."
FIELD = "<textarea id=field name=text data-smime=encrypt></textarea>"
FORM = f"<form method=post>{FIELD}"
LABELS = {
    "one button": (f"{FORM}<button>Post</button>", "Post"),
    "the value of an input": (f"{FORM}<input type=submit value='Save & close'>", "Save & close"),
    "outside of its form": (f"<form id=f>{FIELD}</form><button form=f>Reply</button>", "Reply"),
    "the same one twice": (f"<form><button>Post</button>{FIELD}<button>Post</button></form>", "Post"),
    "beside a hidden one": (
        f"{FORM}<button hidden>Delete</button><button>Post</button>",
        "Post",
    ),
    "beside one that submits nothing": (
        f"{FORM}<button type=button>Emoji</button><button>Post</button>",
        "Post",
    ),
    "lines": (f"{FORM}<button>Post<br>\n it</button>", "Post it"),
    "right to left": (f"{FORM}<button>إرسال</button>", "إرسال"),
    "a form whose controls shadow it": (
        f"{FORM}<input name=elements><button name=closest>Post</button>",
        "Post",
    ),
    "30 characters": (f"{FORM}<button>{'x' * 30}</button>", "x" * 30),
    "two buttons": (f"{FORM}<button>Preview</button><button>Post</button>", None),
    "no button": (FORM, None),
    "no form": (FIELD + "<button>Post</button>", None),
    "no label": (f"{FORM}<button><svg></svg></button>", None),
    "31 characters": (f"{FORM}<button>{'x' * 31}</button>", None),
    "turned letters": (f"{FORM}<button>\u202etsoP</button>", None),
    "the end of an isolate": (f"{FORM}<button>Post\u2069 now</button>", None),
    "a letter that nobody sees": (f"{FORM}<button>Po\u200bst</button>", None),
    "the name of the extension": (f"{FORM}<button>Ask SealWax</button>", None),
}
NEXT_STEP = IN_PAGE["nextStep"]


def test_a_label_is_quoted_if_it_is_the_only_one_and_harmless(extension: Extension) -> None:
    page = extension.browser.open(extension.base + "guide/help.html")
    for name, (markup, label) in LABELS.items():
        named = f"Now press “\u2068{label}\u2069”."
        assert page.js(NEXT_STEP, markup) == (named if label else UNNAMED), name
    page.close()


def test_the_page_says_what_to_press_until_the_text_is_changed(extension: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(f"{FORM}<button>Post</button>"))
    frame = encrypt(extension, page, "#field")
    assert note_after(page, "#field") == "Now press “\u2068Post\u2069”."
    # The label is the page's text, so the private frame does not show it.
    assert "Post" not in frame.around.text()
    frame.around.click("[data-test=change]")
    page.wait_for("() => document.querySelector('#field').nextElementSibling !== null")
    frame.around.wait_for_selector("[data-test=encrypt]")
    while note_after(page, "#field"):
        pass
    assert page.url == site.page_with(f"{FORM}<button>Post</button>")


def test_a_file_that_was_encrypted_is_counted_with_the_next_step(
    extension: Extension, page: Page, site: Site, salaries: Path
) -> None:
    page.goto(site.page_with(f"<form>{CONTROL}<button>Upload</button></form>"))
    window = extension.window_after_click(page, "#field")
    window.choose_files("[data-test=files]", [salaries])
    with window.closing():
        agree_in(window)
    page.wait_for("() => document.querySelector('#field').files.length === 1", timeout_seconds=60)
    assert note_after(page, "#field") == "Encrypted files: 1. Now press “\u2068Upload\u2069”."


def test_a_private_window_quotes_no_page(insecure: Extension, site: Site) -> None:
    origin = site.origin.replace("127.0.0.1", INSECURE_HOST)
    page = insecure.browser.open(site.page_with(f"{FORM}<button>Post</button>", origin=origin))
    page.activate()
    page.click("#field")
    page.wait_for("() => document.hasFocus() && document.activeElement.id === 'field'")
    insecure.browser.click_toolbar_button(insecure.id, page)
    window = insecure.browser.wait_for_page("broker.html")
    window.wait_for_selector("[data-test=encrypt]")
    window.click("[data-test=encrypt]")
    insecure.answer()
    assert window.wait_for_text("Now press", selector="[data-test=next-step]", timeout_seconds=30) == UNNAMED
    assert note_after(page, "#field").endswith("Now press “\u2068Post\u2069”.")
    window.close()
    page.close()
