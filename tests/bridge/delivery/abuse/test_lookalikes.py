"""Domains that look like those that people know."""

from __future__ import annotations

import unicodedata

import pytest

from webbridge.delivery.abuse import shapes
from webbridge.delivery.abuse.lookalikes import find_lookalike, has_mixed_scripts

KNOWN = ("127.0.0.1", "example.org", "mail.barclays.co.uk", "paypal.com", "apple.com", "stra\u00dfe.de")


@pytest.mark.parametrize(
    ("domain", "imitated"),
    [
        ("examp1e.org", "example.org"),
        ("exarnple.org", "example.org"),
        ("exam-ple.org", "example.org"),
        ("\u0435\u0445ample.org", "example.org"),
        ("EXAMP1E.org", "example.org"),
        ("\u00e9xample.org", "example.org"),
        ("examp\u0131e.org", "example.org"),
        ("mail.examp1e.org", "example.org"),
        ("example.org.evil.test", "example.org"),
        ("example.org-login.test", "example.org"),
        ("barc1ays.co.uk", "mail.barclays.co.uk"),
        ("paypai.com", "paypal.com"),
        ("xn--80ak6aa92e.com", "apple.com"),
        ("\u0430\u0440\u0440\u04cf\u0435.com", "apple.com"),
        ("vvww.paypa1.com", "paypal.com"),
    ],
)
def test_an_imitation_is_found(domain: str, imitated: str) -> None:
    assert find_lookalike(domain, KNOWN) == imitated


@pytest.mark.parametrize("place", range(1, 7))
@pytest.mark.parametrize(
    "sign", ["\u00ad", "\u034f", "\u061c", "\u200b", "\u200c", "\u200d", "\u2060", "\ufe0f", "\ufeff"]
)
@pytest.mark.parametrize("below", ["org", "org.evil.test"])
def test_no_character_that_shows_nothing_hides_an_imitation(sign: str, place: int, below: str) -> None:
    label = f"{'example'[:place]}{sign}{'example'[place:]}"
    domain = f"xn--{label.encode('punycode').decode()}.{below}"
    assert find_lookalike(domain, KNOWN) == "example.org"


@pytest.mark.parametrize("label", ["ex\uff41mple", "\u24d4xample", "exampl\u2147", "ex\u0410mple"])
def test_no_other_form_of_a_letter_hides_an_imitation(label: str) -> None:
    assert find_lookalike(f"xn--{label.encode('punycode').decode()}.org.evil.test", KNOWN) is not None


@pytest.mark.parametrize(
    "domain",
    [
        "example.org",
        "EXAMPLE.ORG",
        "example.org.",
        "mail.example.org",
        "mall.example.org",
        "example.com",
        "example-payments.test",
        "other.co.uk",
        "barclays.co.uk",
        "x.org",
        "apfel.de",
        "xn--strae-oqa.de",
        "localhost",
    ],
)
def test_other_domains_imitate_nothing(domain: str) -> None:
    assert find_lookalike(domain, KNOWN) is None


@pytest.mark.parametrize("domain", ["", "ex ample.org", "\u202e.org", "a\u0000.org\u00ad", "[192.0.2.1]"])
def test_a_text_that_is_no_domain_is_refused(domain: str) -> None:
    with pytest.raises(ValueError, match="a domain is expected"):
        find_lookalike(domain, KNOWN)


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("example.org", False),
        ("ex\u0430mple.org", True),
        ("xn--exmple-4nf.org", True),
        ("\u043f\u0440\u0438\u043c\u0435\u0440.org", False),
        ("\u65e5\u672c\u3054\u30ab.jp", False),
        ("sony\u65e5\u672c.jp", False),
        ("\u65e5\u0430.jp", True),
        ("caf\u00e9.fr", False),
        ("xn--zzzzzzzzzzzzzzzzzzzz.org", False),
    ],
)
def test_scripts_that_nobody_writes_in_one_word_are_found(domain: str, expected: bool) -> None:
    assert has_mixed_scripts(domain) is expected


def test_each_letter_of_the_table_has_one_shape_which_names_can_have() -> None:
    alike = [letter for row in shapes._ALIKE.values() for letter in row]
    assert len(alike) == len(set(alike))
    for letter in alike:
        # Marks and capitals are gone before the table is asked.
        assert unicodedata.normalize("NFD", letter.lower()) == letter, unicodedata.name(letter)


def test_a_shape_is_its_own_shape() -> None:
    for name in ("example.org", "rnicrosoft.com", "clown.org", "\u0430\u0440\u0440.com"):
        assert shapes.shape_of(shapes.shape_of(name)) == shapes.shape_of(name)
