"""The outbox: what waits is sent once, whatever is lost on the way, and its failures are told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.pages.kept_mail import PARTS
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

# Makes `outbox` before a bridge that sends one message for a key, as the real one. `mode` is what happens to a request.
OUTBOX = """async () => {
  const { MailSource } = await import("/source/webbridge/pages/offline/mail_source.js");
  const { Outbox, LetterPost } = await import("/source/webbridge/pages/offline/outbox.js");
  const { ApiError } = await import("/source/webbridge/pages/api.js");
  globalThis.sent = [];
  globalThis.asked = [];
  globalThis.mode = "";
  globalThis.reach = false;
  globalThis.during = async () => {};
  const known = new Map();
  const away = () => { if (!reach) throw new ApiError("unreachable", "away"); };
  globalThis.api = {
    config: async () => away(),
    sendMessage: async (message, recipients, key) => {
      asked.push(key);
      if (!reach) return { outcome: "perhaps", savedTo: null, copy: true };
      if (["bad-argument", "message-too-large"].includes(mode)) throw new ApiError(mode, "no");
      if (mode === "refused") throw new ApiError("message-refused", "no");
      if (!known.has(key)) {
        known.set(key, mode === "perhaps" ? "perhaps" : "sent");
        sent.push([new TextDecoder().decode(message), recipients.join()]);
      }
      await during();
      if (mode === "lost") { reach = false; return { outcome: "perhaps", savedTo: null, copy: true }; }
      return { outcome: known.get(key), savedTo: null, copy: true };
    },
    lookForCopy: async (key) => {
      asked.push(`look ${key}`);
      if (mode === "no folder") throw new ApiError("not-offered", "a POP3 mailbox has no folder for sent mail");
      return mode === "found" ? { outcome: "sent" } : known.has(key) ? { outcome: "perhaps" } : null;
    },
    withdraw: async (key) => (known.has(key) ? { outcome: known.get(key) } : null),
  };
  Object.assign(globalThis, { ApiError, LetterPost });
  await begin();
  globalThis.place = new MailSource(api, kept);
  globalThis.patience = 60_000;
  globalThis.makeOutbox = () => new Outbox(api, kept, place, { patienceFor: () => patience });
  globalThis.outbox = makeOutbox();
  place.leave();
  const files = [{ name: "a.txt", type: "text/plain", data: "AAEC" }];
  globalThis.words = { to: ["bob@example.test"], subject: "Hello", text: "A text", files };
  globalThis.put = async (name, ...copies) => {
    const post = new LetterPost(api, outbox, () => words);
    for (const [index, one] of (copies.length > 0 ? copies : [name]).entries()) {
      const isLast = index >= copies.length - 1;
      await post.sendMessage(bytes(one), [`${one}@example.test`], `key of ${one}`, null, isLast);
    }
    return post.waits;
  };
  globalThis.until = async (test) => { while (!test()) await new Promise((resolve) => setTimeout(resolve, 10)); };
  globalThis.back = async () => {
    reach = true;
    const noticed = new Promise((resolve) => place.addEventListener("back", resolve, { once: true }));
    dispatchEvent(new Event("online"));
    await noticed;
    await settled();
  };
  globalThis.settled = () => navigator.locks.request(`sealwax-outbox ${kept.address}`, () => {});
  globalThis.states = () => outbox.letters.map(({ state, problem }) => problem ? `${state} ${problem}` : state);
  globalThis.lose = () => { reach = false; place.leave(); };
}"""


@pytest.fixture
def page(browser: Browser, demo_stack: DemoStack) -> Iterator[Page]:
    """A page of the origin with an empty outbox, without a connection."""
    page = browser.open(demo_stack.pages_url)
    page.js(PARTS)
    page.js(OUTBOX)
    yield page
    page.js("""async () => {
      lock(true);
      for (const { id } of await kept.readLetters()) await kept.removeLetter(id);
      await kept.end();
    }""")
    page.close()


@pytest.mark.thorough(False)
def test_what_waits_is_sent_once_and_in_its_order(page: Page) -> None:
    found = page.js("""async () => {
      const waits = [await put("one"), await put("two", "bcc", "open")];
      const before = [states(), asked.length];
      const other = makeOutbox();
      await other.refresh();
      await back();
      await other.send();
      await settled();
      return [waits, before, sent, states(), (await kept.readLetters()).length];
    }""")
    assert found == [
        [True, True],
        [["waiting", "waiting"], 0],
        [["one", "one@example.test"], ["bcc", "bcc@example.test"], ["open", "open@example.test"]],
        [],
        0,
    ]


@pytest.mark.thorough(False)
def test_a_lost_answer_sends_nothing_twice(page: Page) -> None:
    found = page.js("""async () => {
      await put("one");
      mode = "lost";
      await back();
      await until(() => place.isAway);
      const between = states();
      mode = "";
      await back();
      return [between, sent.length, asked, states()];
    }""")
    assert found == [["waiting"], 1, ["key of one", "key of one"], []]


@pytest.mark.thorough(False)
def test_a_bridge_that_never_answers_holds_no_other_letter_and_sends_nothing_twice(page: Page) -> None:
    found = page.js("""async () => {
      patience = 100;
      await put("one");
      await put("two");
      during = () => new Promise(() => {});
      await back();
      const proposal = await outbox.hold(outbox.letters[1].id);
      const between = [proposal.subject, states()];
      during = async () => {};
      await outbox.send();
      await settled();
      return [between, sent.map(([text]) => text), asked, states()];
    }""")
    assert found == [["Hello", ["waiting", "held"]], ["one"], ["key of one", "key of one"], ["held"]]


def test_a_lock_during_the_request_sends_nothing_twice(page: Page) -> None:
    found = page.js("""async () => {
      await put("one");
      during = async () => lock(false);
      await back();
      const between = [kept.state, states()];
      during = async () => {};
      lock(true);
      await until(() => asked.length === 2);
      await settled();
      return [between, sent.length, asked, (await kept.readLetters()).length];
    }""")
    assert found == [["locked", []], 1, ["key of one", "key of one"], 0]


@pytest.mark.parametrize("jump", [13 * 3_600_000, -3_600_000])
def test_a_request_that_the_bridge_has_forgotten_is_not_repeated_without_a_question(page: Page, jump: int) -> None:
    found = page.js(
        """async (jump) => {
          await put("one");
          mode = "lost";
          await back();
          await until(() => place.isAway);
          const now = Date.now();
          Date.now = () => now + jump;
          mode = "";
          await back();
          const told = [states(), asked.at(-1), sent.length, outbox.mayChange(outbox.letters[0])];
          await outbox.release(outbox.letters[0]);
          return [told, sent.length, asked.at(-1).startsWith("key"), states()];
        }""",
        jump,
    )
    assert found == [[["unknown"], "look key of one", 1, False], 2, False, []]


def test_a_refusal_is_told_and_another_try_has_another_key(page: Page) -> None:
    found = page.js("""async () => {
      await put("one");
      mode = "refused";
      await back();
      const told = [states(), sent.length, outbox.mayChange(outbox.letters[0])];
      mode = "";
      await outbox.release(outbox.letters[0]);
      return [told, sent.length, new Set(asked).size, states()];
    }""")
    assert found == [[["refused message-refused"], 0, True], 1, 2, []]


def test_a_message_without_a_confirmation_is_told(page: Page) -> None:
    found = page.js("""async () => {
      await put("one");
      await put("two");
      mode = "perhaps";
      await back();
      return [states(), sent.length];
    }""")
    assert found == [["unknown", "unknown"], 2]


def test_a_letter_that_is_changed_is_not_sent_and_comes_back_whole(page: Page) -> None:
    found = page.js("""async () => {
      await put("one");
      const { id } = outbox.letters[0];
      const proposal = await outbox.hold(id);
      await back();
      const held = [states(), sent.length, proposal.subject, [...new Uint8Array(proposal.attachments[0].data)]];
      const other = makeOutbox();
      await other.refresh();
      await other.send();
      const again = sent.length;
      await outbox.release(outbox.letters[0]);
      return [held, again, sent.length, await outbox.hold(id)];
    }""")
    assert found == [[["held"], 0, "Hello", [0, 1, 2]], 0, 1, None]


def test_a_letter_without_all_of_its_copies_is_not_sent(page: Page) -> None:
    """A page may end between the copy for people in Bcc and that for all others."""
    found = page.js("""async () => {
      const post = new LetterPost(api, outbox, () => words);
      await post.sendMessage(bytes("bcc"), ["bcc@example.test"], "key of bcc", null, false);
      await back();
      const [letter] = outbox.letters;
      const before = [states(), outbox.isWhole(letter), outbox.mayChange(letter)];
      await outbox.release(letter);
      const kept = [states(), sent.length];
      await post.sendMessage(bytes("open"), ["open@example.test"], "key of open", null, true);
      await outbox.send();
      return [before, kept, sent.map(([message]) => message), states()];
    }""")
    assert found == [[["held"], False, True], [["held"], 0], ["bcc", "open"], []]


def test_a_letter_that_cannot_be_kept_stays_where_it_was_written(page: Page) -> None:
    found = page.js("""async () => {
      const put_ = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = function (...all) {
        const request = put_.apply(this, all);
        if (this.name !== "letters") return request;
        const error = new DOMException("no room", "QuotaExceededError");
        Object.defineProperty(this.transaction, "error", { value: error });
        queueMicrotask(() => this.transaction.abort());
        return request;
      };
      const told = await put("one").catch(({ code }) => code);
      IDBObjectStore.prototype.put = put_;
      return [told, states(), asked.length];
    }""")
    assert found == ["storage-full", [], 0]


def test_a_copy_is_not_kept_alone_when_the_copies_before_cannot_be_read(page: Page) -> None:
    """Otherwise the people of the other copies would get nothing, and nobody would hear of it."""
    found = page.js("""async () => {
      const post = new LetterPost(api, outbox, () => words);
      await post.sendMessage(bytes("first"), ["first@example.test"], "key of first");
      const usual = kept.readLetters;
      kept.readLetters = async () => { throw new ApiError("storage-refused", "no"); };
      const second = post.sendMessage(bytes("second"), ["second@example.test"], "key of second");
      const refused = await second.then(() => "", ({ code }) => code);
      kept.readLetters = usual;
      await back();
      return [refused, sent];
    }""")
    assert found == ["storage-refused", [["first", "first@example.test"]]]


def test_with_a_connection_nothing_waits(page: Page) -> None:
    found = page.js("""async () => {
      await back();
      return [await put("one"), sent.length, (await kept.readLetters()).length];
    }""")
    assert found == [False, 1, 0]


def test_an_error_of_a_question_is_no_refusal_of_the_letter(page: Page) -> None:
    """A mailbox by POP3 has no folder for sent mail, so that nobody can look there for what was perhaps sent."""
    found = page.js("""async () => {
      await put("one");
      mode = "perhaps";
      const look = api.lookForCopy;
      api.lookForCopy = async (key) => { mode = "no folder"; return look(key); };
      await back();
      return [states(), outbox.mayChange(outbox.letters[0]), sent.length];
    }""")
    assert found == [["unknown"], False, 1]


@pytest.mark.parametrize("code", ["bad-argument", "message-too-large"])
def test_an_error_of_a_repeated_request_says_nothing_about_the_one_before(page: Page, code: str) -> None:
    found = page.js(
        """async (code) => {
          await put("one");
          mode = "lost";
          await back();
          await until(() => place.isAway);
          mode = code;
          await back();
          return [states(), sent.length, (await kept.readLetters()).length];
        }""",
        code,
    )
    assert found == [[], 1, 0]


def test_an_answer_of_the_person_counts_for_the_letter_that_was_shown(page: Page) -> None:
    """Another tab has sent the letter again since, and its answer was lost."""
    found = page.js("""async () => {
      await put("one");
      mode = "refused";
      await back();
      const [shown] = outbox.letters;
      const other = makeOutbox();
      await other.refresh();
      mode = "lost";
      await other.release(other.letters[0]);
      await until(() => place.isAway);
      mode = "";
      reach = true;
      place.leave();
      await outbox.release(shown);
      await back();
      await outbox.send();
      await settled();
      return [sent.length, states()];
    }""")
    assert found == [1, []]


@pytest.mark.thorough(False)
def test_a_letter_is_kept_or_refused_whatever_another_tab_has_done(page: Page) -> None:
    """The kept mail is ended in another tab, or begun anew: nothing of this tab is written under the earlier key."""
    found = page.js("""async () => {
      const other = make();
      await other.open();
      await other.end();
      const ended = await put("one").then((waits) => waits, ({ code }) => code);
      const told = [states(), kept.state];
      await other.begin({ address, config: {} }, secret());
      await kept.open();
      await other.end();
      await other.begin({ address, config: {} }, secret());
      const anew = await put("two");
      await outbox.refresh();
      return [ended, told, anew, states(), (await other.readLetters()).length];
    }""")
    assert found == ["unreachable", [[], "none"], True, ["waiting"], 1]


@pytest.mark.thorough(False)
def test_a_letter_that_comes_while_keeping_is_switched_off_is_kept_or_refused(page: Page) -> None:
    """The count of letters and the deletion are one step, at each moment at which another tab adds a letter."""
    found = page.js("""async () => {
      const other = make();
      const wrong = [];
      for (let step = 0; step < 24; step += 1) {
        await other.open();
        const adding = put(`letter ${step}`).then((waits) => waits, () => false);
        for (let turn = 0; turn < step; turn += 1) await new Promise((resolve) => { setTimeout(resolve); });
        const [isAdded, hasEnded] = await Promise.all([adding, other.end()]);
        const letters = await kept.readLetters();
        const isWrong = isAdded === hasEnded || letters.length !== Number(isAdded);
        if (isWrong) wrong.push([step, isAdded, hasEnded, letters.length]);
        for (const { id } of letters) await kept.removeLetter(id);
        await outbox.refresh();
        await other.begin({ address, config: {} }, secret());
        await kept.open();
      }
      await put("last");
      return [wrong, await other.end(), (await kept.readLetters()).length];
    }""")
    assert found == [[], False, 1]


def test_a_tab_that_begins_later_loses_no_letter(page: Page) -> None:
    found = page.js("""async () => {
      const late = make();
      await put("one");
      const before = await stored("accounts", "readonly", (store, done) => done(store.getAll()));
      keys.fileUnder = async () => bytes("another passphrase");
      await late.begin({ address, config: {} }, secret());
      const [account] = await stored("accounts", "readonly", (store, done) => done(store.getAll()));
      await outbox.refresh();
      return [states(), (await late.readLetters()).length, before.length, new TextDecoder().decode(account.keys)];
    }""")
    assert found == [["waiting"], 1, 1, "another passphrase"]


@pytest.mark.thorough(False)
def test_no_story_of_errors_calls_a_letter_changeable_that_somebody_got(page: Page) -> None:
    """Requests and questions fail before or after they have done their work, by any code; each story is drawn."""
    found = page.js("""async () => {
      const codes = [
        "not-offered", "no-such-folder", "bad-argument", "message-too-large", "mail-server-refused", "session-ended",
        "try-later", "mail-server-busy", "unreachable", "rate-limited",
      ];
      let state = 7;
      const draw = (count) => { state = (state * 48271) % 2147483647; return state % count; };
      const fail = (isOpen) => {
        const error = new ApiError(codes[draw(codes.length)], "drawn");
        error.isOpen = isOpen;
        throw error;
      };
      const known = new Map();
      const got = new Map();
      const ask = (key) => (known.has(key) ? { outcome: known.get(key) } : null);
      api.config = async () => {};
      api.sendMessage = async (message, recipients, key) => {
        if (draw(3) === 0) fail(false);
        if (!known.has(key)) {
          known.set(key, ["sent", "perhaps"][draw(2)]);
          got.set(recipients.join(), (got.get(recipients.join()) ?? 0) + 1);
        }
        if (draw(3) === 0) fail(true);
        return { outcome: draw(4) === 0 ? "perhaps" : known.get(key) };
      };
      api.lookForCopy = async (key) => (draw(3) === 0 ? fail(false) : ask(key));
      api.withdraw = async (key) => (draw(3) === 0 ? fail(false) : ask(key));
      reach = true;
      const wrong = [];
      for (let story = 0; story < 60; story += 1) {
        place.leave();
        const name = `story ${story}`;
        api.config = async () => { throw new ApiError("unreachable", "away"); };
        await put(name);
        api.config = async () => {};
        dispatchEvent(new Event("online"));
        await until(() => !place.isAway);
        for (let step = 0; step < 6; step += 1) {
          await settled();
          const letter = outbox.letters[0];
          if (!letter) break;
          const count = got.get(`${name}@example.test`) ?? 0;
          if (outbox.mayChange(letter) && count > 0) wrong.push(`${name}: ${letter.state} ${letter.problem}`);
          if (letter.state === "unknown") await outbox.remove(letter.id);
          else if (letter.state === "refused") await outbox.release(letter);
          else await outbox.send();
        }
        for (const { id } of outbox.letters) await outbox.remove(id);
        if ((got.get(`${name}@example.test`) ?? 0) > 1) wrong.push(`${name}: sent twice`);
      }
      return wrong;
    }""")
    assert found == []
