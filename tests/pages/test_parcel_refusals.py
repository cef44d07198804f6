"""Wrong words, and parcels that are damaged, cut, mixed, over or withdrawn: a clear sentence, and nothing shown."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable

import pytest
from werkzeug.wrappers import Request, Response

from smime_core.parcels import make_parcel_id, make_secret
from tests.support.browser.browsers import Browser
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import named
from tests.support.pages.parcels import MESSAGE, OPEN, Change, ParcelPage, ParcelRig, Sent, letter
from tests.support.people import PROVIDER

IN_PAGE = page_scripts("pages/parcel_words.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

TEXT = "The key is under the third step."
MANIFEST = "/api/open/objects/manifest"
WRONG = make_secret(PROVIDER)
LOST = "ERR_|NetworkError|Cross-Origin|CORS|Failed to|40[13]|410|429|status of"


@pytest.fixture
def sent(parcel_rig: ParcelRig) -> Sent:
    signer = parcel_rig.stack.accounts[1].identity
    return parcel_rig.send({MESSAGE: letter("Plans", TEXT), "a.txt": b"A" * 1000}, kind="message", signer=signer)


@pytest.fixture
def reader(browser: Browser, parcel_rig: ParcelRig, sent: Sent) -> ParcelPage:
    browser.expect_error(LOST)
    return ParcelPage(browser, sent.link(parcel_rig.stack.pages_url))


@pytest.mark.thorough(False)
def test_a_late_answer_about_the_words_takes_no_refusal_away(reader: ParcelPage) -> None:
    assert reader.page.js(IN_PAGE["aLateAnswerAboutTheWords"]) == "These words open nothing."


def replace(body: bytes) -> Change:
    def change(_: Request, answer: Response) -> Response:
        answer.set_data(body)
        return answer

    return change


def change_enclosed(name: str, change: Callable[[bytearray], object]) -> Change:
    """A change of one object that comes along with the ticket."""

    def changed(_: Request, answer: Response) -> Response:
        members = answer.get_json()
        data = bytearray(b64decode(members["enclosed"][name]))
        change(data)
        members["enclosed"][name] = b64encode(data).decode()
        answer.set_data(json.dumps(members))
        return answer

    return changed


@pytest.mark.thorough(False)
def test_a_wrong_word_is_named_by_its_place_and_the_server_is_not_asked(
    reader: ParcelPage, parcel_rig: ParcelRig, sent: Sent
) -> None:
    words = sent.words.split()
    words[2] = "xylofone"
    reader.type_words(" ".join(words))
    # The problem is named while the person types.
    assert "Word 3" in reader.wait_for_words_problem()
    reader.press_open()
    assert "Word 3" in reader.wait_for_words_problem()
    reader.type_words(" ".join(sent.words.split()[:5]))
    reader.press_open()
    assert "not 6 words" in reader.wait_for_words_problem()
    assert parcel_rig.asked == []
    # The person corrects the words where they are.
    reader.open(sent.words)
    assert reader.state == "verified"
    reader.close()


@pytest.mark.thorough(False)
def test_wrong_words_and_no_such_parcel_look_alike(browser: Browser, reader: ParcelPage, parcel_rig: ParcelRig) -> None:
    elsewhere = ParcelPage(browser, f"{parcel_rig.stack.pages_url}/parcel.html#{make_parcel_id(PROVIDER)}")
    sentences = []
    for page in (reader, elsewhere):
        page.type_words(WRONG)
        page.press_open()
        sentences.append(page.wait_for_words_problem())
        page.close()
    assert sentences[0] == sentences[1]
    assert "These words do not open a secure message" in sentences[0]


def test_after_five_wrong_tries_the_sender_must_allow_more(reader: ParcelPage, sent: Sent) -> None:
    reader.type_words(WRONG)
    for _ in range(5):
        reader.press_open()
        reader.wait_for_words_problem()
        reader.page.wait_for_selector(f"{named('open-parcel')}:not([aria-disabled])")
    reader.type_words(sent.words)
    reader.press_open()
    code, sentence = reader.wait_for_error()
    assert (code, "Ask the sender to allow more tries" in sentence) == ("too-many-tries", True)
    reader.close()


@pytest.mark.thorough(False)
def test_a_withdrawn_parcel_is_called_withdrawn(reader: ParcelPage, parcel_rig: ParcelRig, sent: Sent) -> None:
    parcel_rig.withdraw(sent)
    reader.type_words(sent.words)
    reader.press_open()
    code, sentence = reader.wait_for_error()
    assert (code, "withdrawn" in sentence) == ("withdrawn", True)
    reader.close()


def test_an_expired_parcel_is_called_expired(reader: ParcelPage, parcel_rig: ParcelRig, sent: Sent) -> None:
    def expire(_: Request, answer: Response) -> Response:
        text = b'{"code": "expired", "message": "over"}'
        return Response(text, 410, dict(answer.headers), mimetype="application/json")

    parcel_rig.meddle("POST", "/api/open", expire)
    reader.type_words(sent.words)
    reader.press_open()
    code, sentence = reader.wait_for_error()
    assert (code, "expired" in sentence) == ("expired", True)
    reader.close()


@pytest.mark.thorough(False)
@pytest.mark.parametrize(("path", "code"), [(MANIFEST, "parcel-damaged"), ("/api/open/objects/0", "parcel-damaged")])
def test_a_damaged_object_shows_nothing(
    reader: ParcelPage, parcel_rig: ParcelRig, sent: Sent, path: str, code: str
) -> None:
    def damage(_: Request, answer: Response) -> Response:
        data = bytearray(answer.get_data())
        data[len(data) // 2] ^= 1
        answer.set_data(bytes(data))
        return answer

    parcel_rig.meddle("GET", path, damage)
    reader.type_words(sent.words)
    reader.press_open()
    shown_code, sentence = reader.wait_for_error()
    assert shown_code in {code, "decryption-error"}
    assert "Ask the sender to send it again" in sentence
    assert TEXT not in reader.page.text()
    reader.page.wait_for_selector(named("complain"))
    assert "failed" in parcel_rig.states_of(sent)
    reader.close()


@pytest.mark.parametrize("name", ["manifest", "0"])
def test_a_damaged_object_that_came_along_shows_nothing(
    reader: ParcelPage, parcel_rig: ParcelRig, sent: Sent, name: str
) -> None:
    def damage(data: bytearray) -> None:
        data[len(data) // 2] ^= 1

    parcel_rig.meddle("POST", OPEN, change_enclosed(name, damage))
    reader.type_words(sent.words)
    reader.press_open()
    assert reader.wait_for_error()[0] in {"parcel-damaged", "decryption-error"}
    assert TEXT not in reader.page.text()
    reader.close()


@pytest.mark.parametrize("name", ["manifest", "0"])
def test_an_object_that_came_along_in_another_size_is_fetched(
    reader: ParcelPage, parcel_rig: ParcelRig, sent: Sent, name: str
) -> None:
    parcel_rig.meddle("POST", OPEN, change_enclosed(name, bytearray.pop))
    reader.open(sent.words)
    assert (reader.state, TEXT in reader.page.text()) == ("verified", True)
    assert parcel_rig.objects_asked() == [name]
    reader.close()


def test_objects_that_cannot_be_read_are_fetched(reader: ParcelPage, parcel_rig: ParcelRig, sent: Sent) -> None:
    def scramble(_: Request, answer: Response) -> Response:
        answer.set_data(json.dumps({**answer.get_json(), "enclosed": {"manifest": "*", "0": 7, "1": None}}))
        return answer

    parcel_rig.meddle("POST", OPEN, scramble)
    reader.open(sent.words)
    assert (reader.state, TEXT in reader.page.text()) == ("verified", True)
    reader.close()


def test_a_cut_object_shows_nothing(reader: ParcelPage, parcel_rig: ParcelRig, sent: Sent) -> None:
    def cut(_: Request, answer: Response) -> Response:
        answer.set_data(answer.get_data()[:-1])
        return answer

    parcel_rig.meddle("GET", "/api/open/objects/0", cut)
    reader.type_words(sent.words)
    reader.press_open()
    assert reader.wait_for_error()[0] == "parcel-cut"
    assert TEXT not in reader.page.text()
    reader.close()


def test_swapped_chunks_show_nothing(browser: Browser, parcel_rig: ParcelRig) -> None:
    browser.expect_error(LOST)
    sent = parcel_rig.send({MESSAGE: letter("One", TEXT), "b": letter("Two", TEXT)}, kind="message")
    first, second = sent.draft.chunks
    assert len(first) == len(second)
    parcel_rig.meddle("GET", "/api/open/objects/0", replace(second))
    reader = ParcelPage(browser, sent.link(parcel_rig.stack.pages_url))
    reader.type_words(sent.words)
    reader.press_open()
    assert reader.wait_for_error()[0] in {"parcel-damaged", "parcel-mixed"}
    assert TEXT not in reader.page.text()
    reader.close()


def test_the_page_goes_on_when_the_server_is_back(reader: ParcelPage, parcel_rig: ParcelRig, sent: Sent) -> None:
    def fail(_: Request, answer: Response) -> Response:
        text = b'{"code": "store-unavailable", "message": "later"}'
        return Response(text, 503, dict(answer.headers), mimetype="application/json")

    parcel_rig.meddle("POST", "/api/open/start", fail)
    reader.type_words(sent.words)
    reader.press_open()
    assert reader.wait_for_error()[0] == "store-unavailable"
    parcel_rig.changes.clear()
    reader.page.click(named("try-again"))
    reader.open(sent.words)
    assert TEXT in reader.page.text(named("body"))
    reader.close()
