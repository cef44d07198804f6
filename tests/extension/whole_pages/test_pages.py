"""Whole pages in real browsers: published with a signature, opened from a file, saved from a tab; and hostile ones."""

from __future__ import annotations

import base64
import datetime
import hashlib

import pytest

from smime_core.blocking import run
from smime_core.ca.demo import Details, create_authority, issue_identity
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.own_content.pages import examine_page, protect_page, sign_published_page
from smime_core.pkix import RevocationPolicy, TrustStore
from smime_core.report.report import State
from smime_core.trust.judging import Judging
from smime_core.x509.certificate import parse_certificate
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.browser.web_site import HTML, LINK, WebSite, now
from tests.support.extension import mail_letters
from tests.support.extension.driver import Extension
from tests.support.extension.mail_letters import NATIVE, Letters
from tests.support.extension.page_viewer import VERDICT, shown_in, state_of, tab_id, verify

IN_PAGE = page_scripts("extension/whole_pages/pages.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]


@pytest.mark.main_way
def test_the_toolbar_shows_a_published_page_with_its_signer(
    extension: Extension, tab: Page, site: WebSite, letters: Letters
) -> None:
    url = site.publish("<title>Notice</title><h1>Öffnungszeiten</h1><p>Montag", letters.bob)
    tab.goto(url)
    extension.browser.click_toolbar_button(extension.id, tab)
    viewer = extension.browser.wait_for_page("page_viewer.html")
    viewer.wait_for_selector(VERDICT, timeout_seconds=60)
    assert state_of(viewer) == "verified"
    assert "bob@example.test" in viewer.text(".state-statement")
    assert viewer.text("[data-test=signed-for]") == url
    assert "Öffnungszeiten" in shown_in(viewer).text()
    viewer.close()


def test_an_http_header_names_the_signature_and_a_signed_charset_decides(
    extension: Extension, tab: Page, site: WebSite, letters: Letters
) -> None:
    page = "<p>Grüße €".encode("iso-8859-15")
    url = f"{site.origin}/header.html"
    signature = run(
        sign_published_page(
            page,
            Signing(identities=[letters.bob], signing_time=now()),
            address=url,
            media_type="text/html; charset=iso-8859-15",
            provider=NATIVE,
        )
    )
    site.serve("/signatures/header", signature)
    # The server names another charset than the signer.
    link = '</a.css>; rel=preload, </signatures/header>; rel="smime-signature"'
    site.serve("/header.html", page, "text/html; charset=utf-8", Link=link)
    viewer = verify(extension, tab, url)
    assert state_of(viewer) == "verified"
    assert shown_in(viewer).text() == "Grüße €"
    viewer.close()


def test_an_altered_page_is_not_shown(extension: Extension, tab: Page, site: WebSite, letters: Letters) -> None:
    url = site.publish("<p>Pay 10 euros", letters.bob)
    body, headers = site.served["/page.html"]
    site.served["/page.html"] = (body.replace(b"10", b"90"), headers)
    viewer = verify(extension, tab, url)
    assert state_of(viewer) == "invalid"
    viewer.wait_for_selector("[data-test=not-shown]")
    assert viewer.text("[data-test=stands-at]") == url
    assert "signed bytes" not in viewer.text()
    assert "90" not in viewer.text()
    assert not any("page_view" in frame.url for frame in viewer.frames())
    viewer.close()


def test_a_page_of_another_address_is_told(extension: Extension, tab: Page, site: WebSite, letters: Letters) -> None:
    url = site.publish("<p>Our bank account", letters.bob, address="https://bank.example/")
    viewer = verify(extension, tab, url)
    assert state_of(viewer) == "signed-unverified"
    assert "signed for another address" in viewer.text(".state-statement")
    assert viewer.text("[data-test=signed-for]") == "https://bank.example/"
    assert viewer.text("[data-test=stands-at]") == url
    viewer.close()


def test_the_fault_of_a_signature_is_reported(extension: Extension, tab: Page, site: WebSite, letters: Letters) -> None:
    expected = {
        LINK.replace("page.p7s", "missing.p7s"): "nothing could be fetched there",
        "<p>no link": "names no signature",
    }
    for markup, sentence in expected.items():
        url = site.serve("/broken.html", markup.encode())
        viewer = verify(extension, tab, url)
        assert sentence in viewer.text("[data-test=problem]")
        viewer.close()
    # A signature over a mail does not count as a signature over a page.
    url = site.publish("<p>x", letters.bob)
    site.serve("/page.p7s", letters.signed(mail_letters.mail(mail_letters.text("x"))))
    viewer = verify(extension, tab, url)
    assert state_of(viewer) != "verified"
    assert not any("page_view" in frame.url for frame in viewer.frames())
    viewer.close()


def test_a_stranger_is_told(extension: Extension, tab: Page, site: WebSite) -> None:
    authority = run(create_authority("Elsewhere CA", provider=NATIVE, at=now()))
    stranger = run(issue_identity(authority, "bob@example.test", provider=NATIVE, at=now()))
    viewer = verify(extension, tab, site.publish("<p>Trust me", stranger))
    assert state_of(viewer) == "signed-unverified"
    assert "No authority that you trust" in viewer.text(".state-statement")
    viewer.close()


def test_a_signer_whose_certificate_has_expired_is_told(
    extension: Extension, tab: Page, site: WebSite, letters: Letters
) -> None:
    def ago(hours: int) -> datetime.datetime:
        return now() - datetime.timedelta(hours=hours)

    issuing = issue_identity(
        letters.authority,
        "bob@example.test",
        provider=NATIVE,
        at=now(),
        details=Details(not_before=ago(20), not_after=ago(5)),
    )
    viewer = verify(extension, tab, site.publish("<p>Still true", run(issuing), at=ago(10)))
    assert state_of(viewer) == "signed-unverified"
    assert "was valid at the stated signing time and has expired since" in viewer.text(".state-statement")
    assert shown_in(viewer).text() == "Still true"
    viewer.close()


def test_only_what_the_page_names_a_hash_of_is_seen(
    extension: Extension, tab: Page, site: WebSite, letters: Letters
) -> None:
    picture, css = mail_letters.picture(), b"p { color: rgb(1, 2, 3) }"
    site.serve("/good.png", picture, "image/png")
    site.serve("/bare.png", picture, "image/png")
    site.serve("/good.css", css, "text/css")
    site.serve("/bad.css", b"p { color: red !important }", "text/css")

    def hashed(octets: bytes, name: str = "sha384") -> str:
        return f"{name}-{base64.b64encode(hashlib.new(name, octets).digest()).decode()}"

    url = site.publish(
        f'<base href="/nowhere/"><link rel=stylesheet href=/good.css integrity="{hashed(css)}">'
        f'<link rel=stylesheet href=/bad.css integrity="{hashed(css)}">'
        f'<img id=good src=/good.png integrity="md5-x {hashed(picture, "sha256")}"><img id=bare src=/bare.png>'
        # Only the hash of the strongest algorithm counts, even if a weaker one matches.
        f'<img id=weak src=/good.png integrity="{hashed(picture, "sha256")} {hashed(b"else", "sha512")}">'
        f'<img id=unknown src=/good.png integrity="md5-x"><p>Text',
        letters.bob,
    )
    site.serve("/nowhere/page.p7s", *site.served["/page.p7s"][:1])
    extension.browser.expect_error("integrity|digest|Content.Security|hash")
    viewer = verify(extension, tab, url)
    assert state_of(viewer) == "verified"
    page = shown_in(viewer)
    page.wait_for("() => document.getElementById('good').naturalWidth === 40")
    assert page.js("() => [...document.images].filter((one) => one.getAttribute('src')).map(({ id }) => id)") == [
        "good"
    ]
    assert page.js("() => getComputedStyle(document.querySelector('p')).color") == "rgb(1, 2, 3)"
    assert viewer.text("[data-test=left-out]").endswith(": 4")
    viewer.close()


def test_a_hostile_page_runs_and_asks_for_nothing(
    extension: Extension, tab: Page, site: WebSite, letters: Letters
) -> None:
    url = site.publish(
        "<meta http-equiv=refresh content='0; url=/evil-refresh'><script>fetch('/evil-script'); window.ran = 1</script>"
        "<style>@import '/evil-import'; body { background: url(/evil-css) }</style><body background=/evil-background>"
        "<p style='background: url(/evil-style)' onclick=\"window.ran = 1\">Text"
        "<img src=/evil-image onerror='window.ran = 1' srcset='/evil-srcset 2x'><iframe src=/evil-frame></iframe>"
        "<iframe srcdoc='<img src=/evil-inner>'></iframe><object data=/evil-object></object><embed src=/evil-embed>"
        "<video poster=/evil-poster src=/evil-video></video><link rel=prefetch href=/evil-prefetch>"
        "<svg><image href=/evil-svg /><use href='/evil-use#a'/></svg>"
        "<div><template shadowrootmode=open><img src=/evil-shadow></template></div>"
        "<form action=/evil-form><input type=image src=/evil-input><button id=go>Go</button></form>"
        "<a id=far href=/evil-link ping=/evil-ping>far</a><a id=near href='#end'>near</a>"
        "<a href='javascript:alert(1)'>no</a>"
        "<p id=end>End",
        letters.bob,
    )
    extension.browser.expect_error("Content.Security|evil|sandbox|may not load or link")
    # In its own tab the page may send all these requests. Only the requests after this count.
    target = tab_id_of_quiet_page(extension, tab, site, url)
    site.asked.clear()
    viewer = extension.browser.open(f"{extension.base}viewer/page_viewer.html?tab={target}")
    viewer.wait_for_selector(VERDICT, timeout_seconds=60)
    assert state_of(viewer) == "verified"
    page = shown_in(viewer)
    page.wait_for("() => document.getElementById('end') !== null")
    live = "() => document.querySelectorAll('script, iframe, meta[http-equiv=refresh]').length + (window.ran ?? 0)"
    assert page.js(live) == 0
    links = "() => [...document.links].map(({ id, href, target, rel }) => [id, href, target, rel])"
    assert page.js(links) == [["far", f"{site.origin}/evil-link", "_blank", "noreferrer noopener"]]
    page.click("#near")
    page.click("#go")
    assert page.url.startswith("about:srcdoc")
    assert page.text("#end") == "End"
    assert viewer.text("[data-test=scripts]").endswith(": 1")
    listed = "() => document.querySelector('[data-test=links]').textContent"
    assert "/evil-link" in viewer.wait_for_frame("page_view.html").js(listed)
    assert {path for path in site.asked if "evil" in path} == set()
    viewer.close()


def tab_id_of_quiet_page(extension: Extension, tab: Page, site: WebSite, url: str) -> int:
    """The id of a tab at this address that shows a harmless page, while the server sends the hostile page again."""
    hostile = site.served["/page.html"]
    site.serve("/page.html", b"<p>quiet")
    tab.goto(url)
    number = tab_id(extension, url)
    site.served["/page.html"] = hostile
    return number


def test_a_huge_page_is_refused(extension: Extension, tab: Page, site: WebSite, letters: Letters) -> None:
    site.publish("<p>x", letters.bob)
    url = site.serve("/huge.html", LINK.encode() + b"x" * 9_000_000)
    viewer = verify(extension, tab, url)
    assert "too large" in viewer.text("[data-test=problem]")
    viewer.close()


@pytest.mark.parametrize("sign", [True, False])
def test_an_encrypted_page_in_a_file_is_opened_by_the_viewer(
    extension: Extension, letters: Letters, tab: Page, sign: bool
) -> None:
    cms = run(
        protect_page(
            b"<h1>Salaries</h1>",
            address="https://clinic.example/",
            media_type=HTML,
            provider=NATIVE,
            signing=Signing(identities=[letters.bob], signing_time=now()) if sign else None,
            encrypting=Encrypting(recipients=[letters.alice.certificate]),
        )
    )
    viewer = extension.browser.open(extension.base + "viewer/viewer.html")
    viewer.wait_for_selector("[data-test=pick]")
    viewer.choose_files("#file", [letters.write("sealed.p7m", cms)])
    opened = extension.browser.wait_for_page("page_viewer.html")
    opened.wait_for_selector(VERDICT, timeout_seconds=60)
    assert state_of(opened) == ("verified" if sign else "encrypted-only")
    assert shown_in(opened).text() == "Salaries"
    # The extension's own page contains no word of the opened page.
    assert "Salaries" not in opened.js("() => document.documentElement.outerHTML")
    opened.close()


def test_a_page_encrypted_by_a_password_is_opened_by_it(extension: Extension, letters: Letters, tab: Page) -> None:
    cms = run(
        protect_page(
            b"Only words.",
            address="",
            media_type="text/plain; charset=utf-8",
            provider=NATIVE,
            encrypting=Encrypting(passwords=[b"lamp oak river"]),
        )
    )
    viewer = extension.browser.open(extension.base + "viewer/viewer.html")
    viewer.wait_for_selector("[data-test=pick]")
    viewer.choose_files("#file", [letters.write("password.p7m", cms)])
    opened = extension.browser.wait_for_page("page_viewer.html")
    opened.wait_for_selector("[data-test=passphrase]", timeout_seconds=60)
    for password in ("wrong", "lamp oak river"):
        opened.click("[data-test=passphrase]")
        opened.type(password)
        opened.click("[data-test=unlock]")
        if password == "wrong":
            failed = "() => Boolean(document.querySelector('[data-test=problem]')?.textContent)"
            opened.wait_for(failed, timeout_seconds=60)
            assert "The password does not open this page" in opened.text("[data-test=problem]")
    opened.wait_for_selector(".state-statement", timeout_seconds=60)
    assert shown_in(opened).text() == "Only words."
    assert "Signed for" not in opened.text(), "nobody signed it"
    opened.close()


def test_a_page_is_saved_as_it_stands(extension: Extension, tab: Page, site: WebSite, letters: Letters) -> None:
    site.serve("/dot.png", mail_letters.picture(), "image/png")
    site.serve("/looks.css", b"p { color: rgb(1, 2, 3) }", "text/css")
    url = site.serve(
        "/form.html",
        b"<!doctype html><title>An order: 7</title><link rel=stylesheet href=looks.css><script>1</script><p>Order"
        b"<img src=dot.png><form><input id=name><input type=password id=secret><input type=password id=shown"
        b' autocomplete="section-a current-password"><input id=dots style="-webkit-text-security: disc">'
        b"<textarea id=wish></textarea><textarea id=words autocomplete=one-time-code></textarea>"
        b'<textarea id=seed style="-webkit-text-security: disc"></textarea>'
        b"<input id=code autocomplete=one-time-code><input id=csc autocomplete=CC-CSC></form>",
    )
    tab.goto(url)
    tab.fill("#name", "Alice")
    tab.fill("#secret", "hunter2")
    tab.fill("#shown", "hunter3")
    tab.fill("#dots", "hunter4")
    tab.fill("#words", "hunter5")
    tab.fill("#seed", "hunter6")
    tab.fill("#code", "hunter7")
    tab.fill("#csc", "hunter8")
    # Pages change the type in this way to show a typed password.
    tab.js("() => { document.querySelector('#shown').type = 'text'; }")
    tab.fill("#wish", "red & blue")
    window = extension.browser.open(f"{extension.base}page_save/page_save.html?tab={tab_id(extension, url)}")
    window.wait_for_selector("[data-test=save]", timeout_seconds=60)
    assert window.text("[data-test=address]") == url
    preview = shown_in(window)
    preview.wait_for("() => document.images[0]?.naturalWidth === 40")
    window.js(IN_PAGE["aPageIsSavedAsItStands"])
    window.click("[data-test=encrypt]")
    window.click("[data-test=save]")
    # Nobody else is ticked, so the window asks once more.
    window.wait_for_text("Encrypt it for you only?", selector="[data-test=writer-only]")
    assert window.js("() => window.saved") is None
    window.click("[data-test=writer-only-add]")
    assert window.js("() => document.activeElement.matches('[data-test=add-reader]')")
    window.click("[data-test=save]")
    window.click("[data-test=writer-only-go]")
    window.wait_for_text("Saved", selector="[data-test=done]", timeout_seconds=60)
    cms = base64.b64decode(window.js("async () => new Uint8Array(await window.saved.arrayBuffer()).toBase64()"))
    window.close()
    anchor = parse_certificate((letters.folder / "ca.der").read_bytes())
    store = TrustStore.of(anchor, revocation=RevocationPolicy.NOT_CHECKED)
    opened = run(
        examine_page(cms, Judging(trust_store=store, at=now()), provider=NATIVE, keys=Keys(identities=[letters.alice]))
    )
    assert opened.report.state is State.VERIFIED
    assert (opened.address, opened.media_type) == (url, HTML)
    page = opened.page.decode()
    assert 'value="Alice"' in page
    assert "red &amp; blue</textarea>" in page
    assert "rgb(1, 2, 3)" in page
    assert "data:image/png;base64," in page
    assert "hunter" not in page
    assert "<script" not in page


@pytest.mark.parametrize(
    "field",
    [
        "<input name=user_pass {}>",
        "<input id=loginPassword {}>",
        "<label>Mot de passe <input {}></label>",
        '<input aria-label="Kennwort" {}>',
        '<input placeholder="Contraseña" {}>',
    ],
)
def test_a_secret_that_a_page_shows_as_text_is_not_copied(
    extension: Extension, tab: Page, site: WebSite, field: str
) -> None:
    markup = field.format("type=password class=secret") + '<input name=passenger value="Carol">'
    url = site.serve("/login.html", f"<!doctype html><meta charset=utf-8><title>Log in</title>{markup}".encode())
    tab.goto(url)
    tab.fill(".secret", "hunter2")
    tab.js("() => { document.querySelector('.secret').type = 'text'; }")
    window = extension.browser.open(f"{extension.base}page_save/page_save.html?tab={tab_id(extension, url)}")
    window.wait_for_selector("[data-test=save]", timeout_seconds=60)
    values = shown_in(window).js("() => [...document.querySelectorAll('input')].map(({ value }) => value)")
    window.close()
    assert values == ["", "Carol"]


def test_invisible_characters_of_a_saved_page_are_shown(extension: Extension, tab: Page, site: WebSite) -> None:
    body = (
        "<style>p::after { content: '\u200b' }</style><p>Pay 10\u200b0 EUR<p><b hidden>to \u202eeve</b>"
        "<input value='a\u2060b'>Seen."
    )
    url = site.serve("/unseen.html", f"<!doctype html><meta charset=utf-8><title>Order</title>{body}".encode())
    tab.goto(url)
    window = extension.browser.open(f"{extension.base}page_save/page_save.html?tab={tab_id(extension, url)}")
    window.wait_for_selector("[data-test=save]", timeout_seconds=60)
    assert window.text("[data-test=unseen]").splitlines() == ["Pay 10U+200B0 EUR", "to U+202Eeve", "aU+2060b"]
    assert "cannot be seen" in window.text()
    window.close()


def test_a_copy_has_the_address_that_the_page_had_when_it_was_copied(
    extension: Extension, tab: Page, site: WebSite
) -> None:
    site.serve("/dot.png", mail_letters.picture(), "image/png")
    pictures = "".join(f"<img src=dot.png?{number}>" for number in range(60))
    renaming = """<p id=at>/renaming.html</p><script>
      let number = 0;
      setInterval(() => {
        history.replaceState(null, "", `/renamed-${number += 1}`);
        document.getElementById("at").textContent = location.pathname;
      }, 60);
    </script>"""
    tab.goto(site.serve("/renaming.html", f"<!doctype html><title>Names</title>{renaming}{pictures}".encode()))
    # The address changes all the time, so the tab is found by its title.
    options = extension.open_options()
    find = "async () => (await (globalThis.browser ?? chrome).tabs.query({})).find(({ title }) => title === 'Names').id"
    window = extension.browser.open(f"{extension.base}page_save/page_save.html?tab={options.js(find)}")
    options.close()
    window.wait_for_selector("[data-test=save]", timeout_seconds=60)
    preview = shown_in(window)
    preview.wait_for("() => document.getElementById('at') !== null")
    assert window.text("[data-test=address]") == site.origin + preview.text("#at")
    window.close()
