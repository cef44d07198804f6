"""Patterns that are built at run time, each with the reason and with examples that are judged instead."""

from __future__ import annotations

from typing import Final, NamedTuple


class Built(NamedTuple):
    """The reason why a pattern is built at run time, and examples of the finished pattern."""

    reason: str
    examples: tuple[str | bytes, ...]


_BOUNDARY: Final = "the boundary of a message, escaped"

# Patterns in Python, by the file and the source text of the pattern's expression.
BUILT: Final[dict[tuple[str, str], Built]] = {
    ("smime_core/mail/html_text.py", "f'</{name}(?=[\\\\s/>])'"): Built(
        "the name is one of eight elements", (r"</script(?=[\s/>])", r"</noframes(?=[\s/>])")
    ),
    ("smime_core/mime/multipart.py", "delimiter"): Built(_BOUNDARY, (rb"--aa(--)?[ \t]{0,99}+(?=\r?(?:\n|\Z))",)),
    ("smime_core/mime/multipart.py", "b'\\\\n' + delimiter"): Built(
        _BOUNDARY,
        (rb"\n--aa(--)?[ \t]{0,99}+(?=\r?(?:\n|\Z))", rb"\n--\ \ \-\-(--)?[ \t]{0,99}+(?=\r?(?:\n|\Z))"),
    ),
    ("smime_core/mime/line_window.py", "_BEHIND_BOUNDARY + b'(\\\\r\\\\n?+|\\\\n|\\\\Z)'"): Built(
        "a number", (rb"(--)?[ \t]{0,99}+(\r\n?+|\n|\Z)",)
    ),
    ("smime_core/mime/line_window.py", "_BEHIND_BOUNDARY + b'(\\\\r?\\\\n|\\\\r?\\\\Z)'"): Built(
        "a number", (rb"(--)?[ \t]{0,99}+(\r?\n|\r?\Z)",)
    ),
    ("smime_core/mime/line_ends.py", "b'\\\\r{0,%d}\\\\n' % _MAX_RETURNS"): Built("a number", (rb"\r{0,8}\n",)),
    (
        "smime_core/stream/part_search.py",
        "b'\\\\n' + delimiter_expression(entity.head) + b'\\\\r?\\\\n'",
    ): Built(_BOUNDARY, (rb"\n--aa(--)?[ \t]{0,99}+\r?\n", rb"\n--\ \ \-\-(--)?[ \t]{0,99}+\r?\n")),
    ("smime_core/stream/mail.py", "b'\\\\n' + expression + b'\\\\r?\\\\n'"): Built(
        _BOUNDARY, (rb"\n--aa(--)?[ \t]{0,99}+\r?\n", rb"\n--\ \ \-\-(--)?[ \t]{0,99}+\r?\n")
    ),
    (
        "smime_core/stream/mail_writing.py",
        "b'(?:\\\\A|\\\\n)' + delimiter_expression(entity.head) + b'\\\\r?\\\\n'",
    ): Built(_BOUNDARY, (rb"(?:\A|\n)--aa(--)?[ \t]{0,99}+\r?\n",)),
    ("tools/bench/large.py", "f'^{name}:\\\\s*(\\\\d+) kB'"): Built(
        "one of two names in the kernel's table", (r"^VmHWM:\s*(\d+) kB",)
    ),
    ("tests/support/browser/browsers.py", "pattern"): Built(
        "what a test expects of a browser's log", (r"Listening on port (\d+)",)
    ),
    ("tests/extension/options/test_strict.py", "f'\"{re.escape(name)}\":\\\\s*{{[^{{}}]*}}'"): Built(
        "the name of one of our own files", (r'"vault_worker\.js":\s*{[^{}]*}',)
    ),
    ("tools/conformance/readers/path_skips.py", "pattern"): Built("lists beside it, held against names", (r"a::b-.*",)),
    ("tests/command/test_readme.py", "f'^{target}:'"): Built("the name of a target in our Makefile", ("^demo:",)),
    ("tools/regexes/texts.py", "text"): Built("the pattern that is judged", ("a",)),
    ("tools/regexes/texts.py", "f'\\\\{code}'"): Built("one class, matched with one letter", (r"\d",)),
    ("tools/musts.py", "f'^test_(must_{number}_)?'"): Built("a number", (r"^test_(must_12_)?",)),
    (
        "tests/support/api_versions/__init__.py",
        "re.escape(route).replace('<>', '[^/]+').replace('\\\\ ', ' ')",
    ): Built("routes of our own API", (r"GET /api/folders/[^/]+/messages", r"POST /api/folders/[^/]+/[^/]+/move")),
    ("tests/support/pages/rule_bridge.py", "asked"): Built("requests, named by the tests", (r"GET /api/settings",)),
    ("tests/core/test_algorithms_page.py", "f'{label}(?![\\\\d/])'"): Built("a hash's name", (r"SHA-256(?![\d/])",)),
}

# Expressions in JavaScript, by the file and the source text of the expression.
BUILT_IN_JAVASCRIPT: Final[dict[tuple[str, str], Built]] = {
    ("tests/js/in_pages/pages/odd_answers.js", 'new RegExp(asked, "u")'): Built(
        "a path of the API that the test names", (r"^/api/folders$",)
    ),
    ("tests/js/in_pages/pages/odd_answers.js", "f"): Built("a search of the API for mails, and no pattern", ("f",)),
    (
        "wasm_build/ui/mail_header.js",
        'new RegExp(`^${name}[ \\\\t]*:(.*(?:\\\\r?\\\\n[ \\\\t].*)*)`, "im")',
    ): Built("the name of a header field, from our own code", (r"^subject[ \t]*:(.*(?:\r?\n[ \t].*)*)",)),
    (
        "browser_ext/content/any_webmail/head_lines.js",
        'new RegExp([TIME, NUMBERS, ...parts].join("|"), "iu")',
    ): Built(
        "the names of months and days and the units of time, from the browser",
        (
            r"(?:Nov|March)\.?,?\s*[0-9]",
            r"[0-9]\.?\s*(?:(?:de\s|of\s|-)\s*)?(?:Nov|March)(?![a-z])",
            r"(?<![a-z0-9])(?:[0-9]+\s+days\s+ago|in\s+[0-9]+\s+days|yesterday)(?![a-z])",
        ),
    ),
    ("browser_ext/content/any_webmail/head_lines.js", 'new RegExp(whole, "iu")'): Built(
        "the names of days and the spans of time, from the browser",
        (r"^\s*(?:[0-9]{1,2}\.\s?[0-9]{1,2}\.|(?:Fri|Friday)\.?,?(?:\s*[0-9]{1,2}\.?)?|\s*[0-9]+\s*h)\s*$",),
    ),
}
