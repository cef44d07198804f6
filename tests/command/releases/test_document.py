"""A document is signed only if it consists of the markup that the pages use, and refers to files of the list."""

from __future__ import annotations

import random

import pytest

from sealwax.releases.document import find_references
from sealwax.words import Words
from tests.support.project import ROOT
from wasm_build.bundle.catalogues import with_sentences

LISTED = {"app.webmanifest", "main.js", "parcel.css", "parcel_main.js", "style.css", "icon.svg", "sub/a.js"}
EVIL = '<script src="https://evil.example/a.js"></script>'


def built(name: str) -> str:
    """A document of the pages as it is signed, with its sentence in all languages."""
    source = (ROOT / "webbridge/pages/markup" / name).read_text("utf-8")
    return with_sentences(source, Words()).decode()


DOCUMENT = built("index.html")


def test_the_document_of_the_pages_is_accepted() -> None:
    assert find_references(DOCUMENT, LISTED) == []


def test_the_page_of_parcels_has_no_other_markup() -> None:
    assert find_references(built("parcel.html"), LISTED) == []


@pytest.mark.parametrize(
    "html",
    [
        f"<!-->{EVIL}-->",
        f"<!--x--!>{EVIL}-->",
        f"<!---!>{EVIL}-->",
        f"<![CDATA[>{EVIL}]]>",
        f"<?x >{EVIL}?>",
        f"<!x{EVIL}>",
        f"<title></title ><textarea><script></textarea>{EVIL}",
        f"<svg><style><!--</style>{EVIL}--></style></svg>",
        f"<plaintext>{EVIL}",
        f"<xmp>{EVIL}</xmp>",
        f"<noscript>{EVIL}</noscript>",
        f"<p title='{EVIL}'>",
        '<link rel=preload as=image imagesrcset="https://evil.example/x 1x" imagesizes=1px>',
        '<script type=module src="main.js" attributionsrc="https://evil.example/x"></script>',
        '<script type=module src="main.js" ATTRIBUTIONSRC></script>',
        "<!-- a remark -->",
        '<a href="main.js" ping="https://evil.example">x</a>',
        '<script type="speculationrules" src="main.js"></script>',
        '<script type="importmap" src="main.js"></script>',
        '<script type="module" src="main.js">alert(1)</script>',
        '<script type="module" src="main.js"><p>alert(1)</p></script>',
        '<script type="module" src="main.js">',
        '<script src="main.js\n"></script>',
        '<script src="main&#46;js"></script>',
        '<script src="main.js" src="x.js"></script>',
        '<script src="../main.js"></script>',
        '<script src="%6dain.js"></script>',
        '<script src="main.js?x"></script>',
        '<script src="\\\\evil.example/a.js"></script>',
        '<script src="//evil.example/a.js"></script>',
        '<script src="https:main.js"></script>',
        '<script src="data:text/javascript,x"></script>',
        "<script src></script>",
        '<script src="main.js"/>',
        '<script\x0csrc="main.js"></script>',
        '<link rel="preconnect" href="main.js">',
        '<link rel="stylesheet" href="style.css" onload="x()">',
        '<meta name="referrer" content="unsafe-url">',
        '<meta name="Referrer" content="unsafe-url">',
        '<meta charset="utf-7">',
        '<meta http-equiv="refresh" content="0">',
        '<img srcset="https://evil.example/a.png 1x">',
        '<img src="missing.png">',
        '<p style="background: url(https://evil.example)">',
        '<base href="https://evil.example">',
        "<template shadowrootmode=open></template>",
        "<object data=x></object>",
        "<math><mtext>",
        "<\u017fcript src=main.js>",
        "<p",
        "bytes \ufffd that are no text",
    ],
)
def test_markup_that_could_lead_elsewhere_is_refused(html: str) -> None:
    assert find_references(DOCUMENT + html, LISTED) != []


@pytest.mark.parametrize(
    "html",
    [
        '<script type="module" src="main.js"></script>',
        "<SCRIPT SRC='sub/a.js' async></SCRIPT >",
        "<link rel=stylesheet href=style.css>",
        '<img src="./icon.svg" alt="">',
        '<p aria-label="x" data-x="y" class=z hidden>a > b &amp; c</p>',
    ],
)
def test_markup_of_pages_is_accepted(html: str) -> None:
    assert find_references(DOCUMENT + html, LISTED) == []


def test_nothing_hides_a_reference_from_the_check() -> None:
    """Wherever the reference to another server is in a text of markup, the document is refused."""
    chosen = random.Random(11)  # noqa: S311 (the same documents in each run)
    pieces = (
        *(
            "<!--",
            "-->",
            "--!>",
            "<!-->",
            "<![CDATA[",
            "]]>",
            "<?",
            "?>",
            "<!",
            ">",
            "<",
            "</",
            "/>",
            "'",
            '"',
            "=",
            " ",
            "\n",
        ),
        *("<title>", "</title>", "<textarea>", "</textarea>", "<style>", "</style>", "<svg>", "</svg>", "<noscript>"),
        *(
            "</noscript>",
            '<script src="main.js">',
            "</script>",
            "<p title='",
            '<p title="',
            "<p ",
            "<plaintext>",
            "x",
            "\0",
        ),
    )
    for _ in range(3000):
        around = [chosen.choice(pieces) for _ in range(chosen.randrange(8))]
        around.insert(chosen.randrange(len(around) + 1), chosen.choice((EVIL, EVIL.upper(), EVIL.replace('"', ""))))
        assert find_references("".join(around), LISTED) != [], around
