"""PDF files for tests: plain ones, and ones that try to run, to fetch, or never to end."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def pdf(*lines: str) -> bytes:
    """A file with a page for each line."""
    return pdf_of([text_content(line) for line in lines])


def narrow_pdf(count: int) -> bytes:
    """A file whose first ten pages are strips, 14,400 times as high as wide, and whose others are ordinary pages."""
    lines = [text_content(f"Page {number}") for number in range(1, count + 1)]
    return pdf_of(lines).replace(b"/MediaBox [0 0 595 842]", b"/MediaBox [0 0 1 14400]", 10)


def text_content(line: str) -> bytes:
    """The content of a page with one line."""
    return b"BT /F1 24 Tf 72 700 Td (%s) Tj ET" % line.encode("latin-1")


def pdf_of(
    contents: Sequence[bytes],
    *,
    page: bytes = b"",
    catalog: bytes = b"",
    trailer: bytes = b"",
    resources: bytes = b"",
    further: Mapping[int, bytes] | None = None,
) -> bytes:
    """A file with a page for each content.

    `page`, `catalog`, `trailer` and `resources` are added to their dictionaries. `further` are objects by their
    numbers, from 100 on.
    """
    objects = {1: b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog, 3: _FONT}
    pages = [10 + 2 * index for index in range(len(contents))]
    kids = b" ".join(b"%d 0 R" % number for number in pages)
    objects[2] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(pages))
    for number, content in zip(pages, contents, strict=True):
        own = b"/Contents %d 0 R /Resources << /Font << /F1 3 0 R >> %s >> %s" % (number + 1, resources, page)
        objects[number] = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] %s >>" % own
        objects[number + 1] = stream(content)
    return write({**objects, **(further or {})}, trailer=trailer)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """A stream object."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), entries, content)


def write(objects: Mapping[int, bytes], *, trailer: bytes = b"") -> bytes:
    """The file with these objects, of which 1 is the catalogue."""
    out, places = bytearray(b"%PDF-1.7\n"), {}
    for number, text in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    table = len(out)
    out += b"xref\n0 1\n0000000000 65535 f \n"
    out += b"".join(b"%d 1\n%010d 00000 n \n" % (number, place) for number, place in places.items())
    size = max(objects) + 1
    out += b"trailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, table)
    return bytes(out)


def reaching_pdfs(url: str) -> dict[str, bytes]:
    """Files of one page that try to run a script, or to ask the server at `url` for something."""
    address = url.encode()
    script = (
        b"<< /S /JavaScript /JS (app.launchURL\\('%s/js'\\); fetch\\('%s/fetch'\\); this.submitForm\\('%s'\\)) >>"
        % (
            address,
            address,
            address,
        )
    )
    link = b"<< /Type /Annot /Subtype /Link /Rect [0 0 595 842] /A << /S /URI /URI (%s/link) >> >>" % address
    launch = b"<< /S /Launch /F (%s/launch) /NewWindow true >>" % address
    submit = b"<< /S /SubmitForm /F << /FS /URL /F (%s/form) >> /Flags 4 >>" % address
    remote = b"<< /S /GoToR /F << /FS /URL /F (%s/other.pdf) >> /D [0 /Fit] >>" % address
    image = stream(
        b"",
        b"/Type /XObject /Subtype /Image /Width 4 /Height 4 /BitsPerComponent 8 /ColorSpace /DeviceRGB"
        b" /F << /FS /URL /F (%s/image) >> /FFilter /DCTDecode" % address,
    )
    font = b"<< /Type /Font /Subtype /TrueType /BaseFont /A /FontDescriptor 101 0 R >>"
    descriptor = b"<< /Type /FontDescriptor /FontName /A /Flags 4 /FontFile2 102 0 R >>"
    font_file = stream(b"", b"/F << /FS /URL /F (%s/font) >>" % address)
    xfa = stream(
        b'<xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/"><template><image href="%s/xfa"/></template></xdp:xdp>' % address
    )
    words = text_content("Shown")
    return {
        "a script on opening": pdf_of([words], catalog=b"/OpenAction %s" % script),
        "a script on each page": pdf_of([words], page=b"/AA << /O %s /C %s >>" % (script, script)),
        "a script with a name": pdf_of([words], catalog=b"/Names << /JavaScript << /Names [(a) %s] >> >>" % script),
        "a link": pdf_of([words], page=b"/Annots [%s]" % link),
        "a program": pdf_of([words], catalog=b"/OpenAction %s" % launch),
        "a form": pdf_of([words], catalog=b"/OpenAction %s" % submit),
        "another file": pdf_of([words], catalog=b"/OpenAction %s" % remote),
        "a picture elsewhere": pdf_of(
            [words + b" /I1 Do"], resources=b"/XObject << /I1 100 0 R >>", further={100: image}
        ),
        "a font elsewhere": pdf_of(
            [words + b" BT /F2 24 Tf 72 600 Td (x) Tj ET"],
            resources=b"/Font << /F1 3 0 R /F2 100 0 R >>",
            further={100: font, 101: descriptor, 102: font_file},
        ),
        "a form of XFA": pdf_of([words], catalog=b"/AcroForm << /XFA 100 0 R /Fields [] >>", further={100: xfa}),
    }


def locked_pdf() -> bytes:
    """A file that only a password opens."""
    entry = b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4 >>" % (b"41" * 32, b"42" * 32)
    return pdf_of([text_content("Secret")], trailer=b"/Encrypt 100 0 R /ID [<00> <00>]", further={100: entry})


def endless_pdf() -> bytes:
    """A small file whose page takes hours: each of nested forms draws the next one ten times."""
    depth = 12
    forms = {
        100 + level: stream(
            b"/X Do " * 10 if level < depth else b"0 0 1 1 re f ",
            b"/Type /XObject /Subtype /Form /BBox [0 0 595 842]"
            + (b" /Resources << /XObject << /X %d 0 R >> >>" % (101 + level) if level < depth else b""),
        )
        for level in range(depth + 1)
    }
    return pdf_of([b"/X Do"], resources=b"/XObject << /X 100 0 R >>", further=forms)


def bomb_pdf(megabytes: int) -> bytes:
    """A small file whose page is long when it is unpacked."""
    once = zlib.compress(b"0 0 m " * (megabytes * 170_000), 9)
    return pdf_of([b""], further={11: stream(zlib.compress(once, 9), b"/Filter [/FlateDecode /FlateDecode]")})
