"""Equal mail addresses, and the addresses that a condition covers (MUSTS 37)."""

from __future__ import annotations

import pytest

from smime_core.text.mail_address import addresses_match, is_covered, parse_address


@pytest.mark.parametrize(
    ("address", "conditions"),
    [
        ("a@example.test", ["a@example.test"]),
        ("A@Example.Test", ["b@example.test", "a@example.test"]),
        ("a@example.test", ["@EXAMPLE.test"]),
        ("a@bücher.example", ["@xn--bcher-kva.example"]),
    ],
)
def test_a_condition_covers_its_address_or_its_domain(address: str, conditions: list[str]) -> None:
    assert is_covered(address, conditions)


@pytest.mark.parametrize(
    ("address", "conditions"),
    [
        ("a@example.test", []),
        ("a@example.test", ["b@example.test"]),
        ("a@mail.example.test", ["@example.test"]),
        ("a@badexample.test", ["@example.test"]),
        ("a", ["@", ""]),
        ("is a", ["a"]),
        ("@example.test", ["@example.test"]),
        ("", ["@example.test"]),
        ("a@example.test@evil.test", ["@example.test"]),
    ],
)
def test_a_condition_covers_nothing_else(address: str, conditions: list[str]) -> None:
    assert not is_covered(address, conditions)


def test_an_address_is_compared_as_a_whole() -> None:
    assert addresses_match("a@example.test", "A@EXAMPLE.TEST")
    assert not addresses_match("a@example.test", "a@example.test.")


@pytest.mark.parametrize(
    "text",
    [
        *(f"{blank}a@example.test" for blank in "\t\n\r\0\x0b\x7f \u00a0\u2003\u200b\u202e\ufeff\ufffd"),
        *(f"a@example.test{blank}" for blank in "\t\n\r\0\x0b\x7f \u00a0\u2003\u200b\u202e\ufeff\ufffd."),
        *(
            "a b@example.test",
            "a@exam ple.test",
            "a@example..test",
            "a..b@example.test",
            ".a@b.test",
            "a.@b.test",
        ),
        *(
            "",
            "a",
            "@",
            "a@",
            "@example.test",
            "a@b@c.test",
            '"a@example.test',
            '"a\tb"@example.test',
            '""@b.test',
        ),
        *("a(comment)@example.test", "<a@example.test>", "a@example.test,b@example.test", "a@192.0.2.1", "a@[]"),
        *("a@ex\u200dample.test", "a@\u0301example.test", "a@example\u3002test", "a@\uff47oogle.test", "\ud800@a.test"),
        "a@" + "b." * 200 + "test",
        "a" * 320 + "@b.test",
    ],
)
def test_other_text_is_no_address_and_equals_not_even_itself(text: str) -> None:
    assert parse_address(text) is None
    assert not addresses_match(text, text)
    assert not is_covered(text, [text])


def test_quotes_that_are_not_needed_mean_nothing() -> None:
    parsed = parse_address(r'"\a\l\ice"@Example.test')
    assert parsed == parse_address("alice@example.test")
    assert parsed is not None
    assert parsed.text == "alice@Example.test"
    quoted = parse_address(r'"a \"b\" c\d"@example.test')
    assert quoted is not None
    assert (quoted.local_part, quoted.text) == ('a "b" cd', r'"a \"b\" cd"@example.test')


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
        ("a@bu\u0308cher.example", "a@bücher.Example"),
        # Domains that only IDNA 2008 converts in this way.
        ("a@stra\u00dfe.example", "a@xn--strae-oqa.example"),
        ("a@STRA\u1e9eE.example", "a@xn--strae-oqa.example"),
        ("a@\u03b2\u03cc\u03bb\u03bf\u03c2.example", "a@xn--nxasmm1c.example"),
    ],
)
def test_a_domain_is_the_same_in_each_of_its_forms(one: str, other: str) -> None:
    assert addresses_match(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a@fa\u00df.example", "a@fass.example"),  # two domains by IDNA 2008, one by IDNA 2003
        ("a@\uff47oogle.example", "a@google.example"),
        ("a@google\u3002example", "a@google.example"),
        ("a@x\u200dy.example", "a@xy.example"),
        ("stra\u00dfe@example.test", "strasse@example.test"),
        ("\u212aevin@example.test", "kevin@example.test"),
        ("\u00c4@example.test", "\u00e4@example.test"),
    ],
)
def test_addresses_that_look_alike_are_not_the_same(one: str, other: str) -> None:
    assert not addresses_match(one, other)
    assert not is_covered(one, [other])


# A sample of each range of characters that nobody sees, or that look like a blank.
INVISIBLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b\u180e\u200b\u200d\u2028\u202e\u2065"
    "\u2066\u2800\u3164\ufe00\ufe0f\ufeff\uffa0\U000e0100"
)


@pytest.mark.parametrize("character", INVISIBLE, ids=ascii)
@pytest.mark.parametrize("form", ["{}alice@example.test", "al{}ice@example.test", '"al {}ice"@example.test'])
def test_no_address_has_a_character_that_nobody_sees(form: str, character: str) -> None:
    """As an SmtpUTF8Mailbox of a certificate, it would look like the address of somebody else."""
    assert parse_address(form.format("")) is not None
    assert parse_address(form.format(character)) is None


def test_an_address_beyond_ascii_that_people_see_is_one() -> None:
    for local_part in ("müller", "علي", "山田", "jose\u0301", "\u0915\u094d\u0937"):
        assert parse_address(f"{local_part}@example.test") is not None
