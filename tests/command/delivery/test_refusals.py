"""Refusals that people meet when they open a parcel: each has its own sentence."""

from __future__ import annotations

import pytest

from tests.support.delivery.lab import BOB, DeliveryLab, Sent

pytestmark = pytest.mark.server

WRONG = "abandon ability able about above absent"


@pytest.fixture
def sent(post: DeliveryLab) -> Sent:
    post.lab.write("a.txt", b"a")
    return post.send("a.txt")


def other_words(words: str) -> str:
    """Six words of the same list in another order."""
    return " ".join(reversed(words.split()))


def test_wrong_words_are_counted_and_then_the_sender_is_asked(post: DeliveryLab, sent: Sent) -> None:
    wrong = other_words(sent.words)
    for _ in range(5):
        result = post.open(sent, words=wrong)
        assert (result.code, "ask the sender for them again" in result.line) == (1, True)
    result = post.open(sent)
    assert (result.code, "wrong too often: ask the sender" in result.line) == (1, True)
    assert post.got() == {}


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("expired", "sealwax: the parcel has expired: ask the sender to send it again"),
        ("withdrawn", "sealwax: the sender has withdrawn the parcel"),
        ("used-up", "sealwax: the parcel was downloaded as often as its sender allows: ask the sender"),
    ],
)
def test_the_end_of_a_parcel_is_told_to_the_right_words_only(
    post: DeliveryLab, sent: Sent, state: str, sentence: str
) -> None:
    post.service.only().state = state
    assert post.open(sent).line == sentence
    assert "the words do not open this parcel" in post.open(sent, words=other_words(sent.words)).line


def test_an_unknown_parcel_looks_like_wrong_words(post: DeliveryLab, sent: Sent) -> None:
    unknown = Sent(reference="", link=sent.link[:-3] + "AAA"[:2] + "A", words=sent.words)
    assert "the words do not open this parcel" in post.open(unknown).line


def test_a_word_of_no_list_is_named_by_its_place(post: DeliveryLab, sent: Sent) -> None:
    post.service.requests.clear()
    words = [*sent.words.split()[:2], "qqqqqq", *sent.words.split()[3:]]
    result = post.open(sent, words=" ".join(words))
    assert (result.code, "word 3" in result.line) == (1, True)
    assert not any(word in result.line.split() for word in words)
    assert post.service.requests == []


def test_words_may_be_typed_as_people_type(post: DeliveryLab, sent: Sent) -> None:
    assert post.open(sent, words=sent.words.upper().replace(" ", ", ")).code == 0


@pytest.mark.parametrize(
    "link",
    [
        "https://mail.example.org/parcel.html",
        "https://mail.example.org/parcel.html#short",
        "https://mail.example.org/#AAAAAAAAAAAAAAAAAAAAAA",
        "http://mail.example.org/parcel.html#AAAAAAAAAAAAAAAAAAAAAA",
        "https://a b/parcel.html#AAAAAAAAAAAAAAAAAAAAAA",
    ],
)
def test_a_link_that_is_none_is_not_asked(post: DeliveryLab, link: str) -> None:
    post.lab.write("words.txt", b"one two three four five six\n")
    post.service.requests.clear()
    result = post.lab.sealwax("deliver", "open", link, "--words-file", "words.txt")
    assert (result.code, post.service.requests) == (2, [])
    assert result.line


def test_words_in_a_damaged_link_are_not_quoted(post: DeliveryLab) -> None:
    link = "https://mail.example.org/parcel.htm#AAAAAAAAAAAAAAAAAAAAAA.secret-words-of-the-sender-here"
    assert "secret" not in post.lab.sealwax("deliver", "open", link).line


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("send",), "--to"),
        (("send", "--to", BOB), "--message"),
        (("send", "--to", "nobody", "a.txt"), "--to"),
        (("send", "--to", BOB, "--message", "x", "--days", "91"), "--days"),
        (("send", "--to", BOB, "no such file"), "no such file"),
        (("send", "--to", BOB, "ids"), "ids"),
        (("send", "--to", BOB, "--message", "x", "--words-file", "-"), "--words-file"),
        (("send", "--to", BOB, "--message", "x", "--words-in-link", "--words-file", "w"), "--words-in-link"),
        (("send", "--to", BOB, "--message", "-", "--identity", "-"), "standard input"),
        (("send", "--to", BOB, "--subject", "x", "ids/bob.pem"), "--subject"),
        (("open", "no such folder", "--words-file", "words.txt"), "no such folder"),
        (("open", "ids", "--words-file", "w", "--identity", "ids/bob.p12"), "--words-file"),
        (("list", "--server", "https://other.example.org"), "--address"),
        (("list", "--server", "http://other.example.org"), "https"),
        (("token", "--server", "https://other.example.org", "--address", "nobody"), "--address"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_line(post: DeliveryLab, arguments: tuple[str, ...], word: str) -> None:
    post.lab.write("words.txt", b"one two three four five six\n")
    result = post.lab.sealwax("deliver", *arguments)
    assert (result.code, word in result.line) == (2, True)
    assert post.service.parcels == {}
