/** The functions that tests/pages/test_outbox.py runs in pages. */

export async function outboxInPage() {
  const { MailSource } = await import("/source/webbridge/pages/offline/mail_source.js");
  const { Outbox } = await import("/source/webbridge/pages/offline/outbox.js");
  const { LetterPost } = await import("/source/webbridge/pages/offline/letter_post.js");
  const { removeBoxes } = await import("/source/webbridge/pages/offline/letter_store.js");
  const { accountDigest } = await import("/source/webbridge/pages/app/state_database.js");
  const { ApiError } = await import("/source/webbridge/pages/app/api.js");
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
  globalThis.letters = makeLetters();
  globalThis.makeOutbox = (kept = letters) => new Outbox(api, kept, place, { patienceFor: () => patience });
  // Another tab signs out. The person has agreed to lose no letter.
  globalThis.signOut = async () => removeBoxes([await accountDigest(address)], []);
  globalThis.outbox = makeOutbox();
  place.leave();
  const files = [{ name: "a.txt", type: "text/plain", data: "AAEC" }];
  globalThis.words = { to: ["bob@example.test"], subject: "Hello", text: "A text", files };
  globalThis.put = async (name, ...copies) => {
    const post = new LetterPost(api, outbox, () => words);
    for (const [index, copy] of (copies.length > 0 ? copies : [name]).entries()) {
      const isLast = index >= copies.length - 1;
      await post.sendMessage(bytes(copy), [`${copy}@example.test`], `key of ${copy}`, null, isLast);
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
}

export async function whatWaitsIsSentOnceAndInItsOrder() {
  const waits = [await put("one"), await put("two", "bcc", "open")];
  const before = [states(), asked.length];
  const other = makeOutbox();
  await other.refresh();
  await back();
  await other.send();
  await settled();
  return [waits, before, sent, states(), (await letters.readLetters()).length];
}

export async function aLostAnswerSendsNothingTwice() {
  await put("one");
  mode = "lost";
  await back();
  await until(() => place.isAway);
  const between = states();
  mode = "";
  await back();
  return [between, sent.length, asked, states()];
}

export async function aBridgeThatNeverAnswersHoldsNoOtherLetterAndSendsNothingTwice() {
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
}

export async function aLockDuringTheRequestSendsNothingTwice() {
  await put("one");
  during = async () => lock(false);
  await back();
  const between = [kept.state, states()];
  during = async () => {};
  lock(true);
  await until(() => asked.length === 2);
  await settled();
  return [between, sent.length, asked, (await letters.readLetters()).length];
}

export async function aRequestThatTheBridgeHasForgottenIsNotRepeatedWithoutAQuestion(jump) {
  await put("one");
  mode = "lost";
  await back();
  await until(() => place.isAway);
  const now = Date.now();
  Date.now = () => now + jump;
  mode = "";
  await back();
  const snapshot = [states(), asked.at(-1), sent.length, outbox.mayChange(outbox.letters[0])];
  await outbox.release(outbox.letters[0]);
  return [snapshot, sent.length, asked.at(-1).startsWith("key"), states()];
}

export async function aRefusalIsToldAndAnotherTryHasAnotherKey() {
  await put("one");
  mode = "refused";
  await back();
  const snapshot = [states(), sent.length, outbox.mayChange(outbox.letters[0])];
  mode = "";
  await outbox.release(outbox.letters[0]);
  return [snapshot, sent.length, new Set(asked).size, states()];
}

export async function aMessageWithoutAConfirmationIsTold() {
  await put("one");
  await put("two");
  mode = "perhaps";
  await back();
  return [states(), sent.length];
}

export async function aLetterThatIsChangedIsNotSentAndComesBackWhole() {
  await put("one");
  const { id } = outbox.letters[0];
  const proposal = await outbox.hold(id);
  await back();
  const snapshot = [states(), sent.length, proposal.subject, [...new Uint8Array(proposal.attachments[0].data)]];
  const other = makeOutbox();
  await other.refresh();
  await other.send();
  const again = sent.length;
  await outbox.release(outbox.letters[0]);
  return [snapshot, again, sent.length, await outbox.hold(id)];
}

export async function aLetterWithoutAllOfItsCopiesIsNotSent() {
  const post = new LetterPost(api, outbox, () => words);
  await post.sendMessage(bytes("bcc"), ["bcc@example.test"], "key of bcc", null, false);
  await back();
  const [letter] = outbox.letters;
  const before = [states(), outbox.isWhole(letter), outbox.mayChange(letter)];
  await outbox.release(letter);
  const snapshot = [states(), sent.length];
  await post.sendMessage(bytes("open"), ["open@example.test"], "key of open", null, true);
  await outbox.send();
  return [before, snapshot, sent.map(([message]) => message), states()];
}

export async function aLetterThatCannotBeKeptStaysWhereItWasWritten() {
  const put_ = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = function (...all) {
    const request = put_.apply(this, all);
    if (this.name !== "letters") return request;
    const error = new DOMException("no room", "QuotaExceededError");
    Object.defineProperty(this.transaction, "error", { value: error });
    queueMicrotask(() => this.transaction.abort());
    return request;
  };
  const refusal = await put("one").catch(({ code }) => code);
  IDBObjectStore.prototype.put = put_;
  return [refusal, states(), asked.length];
}

export async function aCopyIsNotKeptAloneWhenTheCopiesBeforeCannotBeRead() {
  const post = new LetterPost(api, outbox, () => words);
  await post.sendMessage(bytes("first"), ["first@example.test"], "key of first");
  const usual = letters.readLetters;
  letters.readLetters = async () => { throw new ApiError("storage-refused", "no"); };
  const second = post.sendMessage(bytes("second"), ["second@example.test"], "key of second");
  const refused = await second.then(() => "", ({ code }) => code);
  letters.readLetters = usual;
  await back();
  return [refused, sent];
}

export async function anErrorOfAQuestionIsNoRefusalOfTheLetter() {
  await put("one");
  mode = "perhaps";
  const look = api.lookForCopy;
  api.lookForCopy = async (key) => { mode = "no folder"; return look(key); };
  await back();
  return [states(), outbox.mayChange(outbox.letters[0]), sent.length];
}

export async function anErrorOfARepeatedRequestSaysNothingAboutTheOneBefore(code) {
  await put("one");
  mode = "lost";
  await back();
  await until(() => place.isAway);
  mode = code;
  await back();
  return [states(), sent.length, (await letters.readLetters()).length];
}

export async function anAnswerOfThePersonCountsForTheLetterThatWasShown() {
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
}

export async function aLetterIsKeptOrRefusedWhateverAnotherTabHasDone() {
  await letters.canKeep();
  await signOut();
  const ended = await put("one").then((waits) => waits, ({ code }) => code);
  const snapshot = [states(), await letters.count()];
  await letters.canKeep();
  await signOut();
  const other = makeLetters();
  await other.canKeep();
  const anew = await put("two");
  await outbox.refresh();
  return [ended, snapshot, anew, states(), (await other.readLetters()).length];
}

export async function aLetterThatComesDuringASignOutIsKeptOrRefused() {
  const wrong = [];
  for (let step = 0; step < 24; step += 1) {
    await letters.canKeep();
    const adding = put(`letter ${step}`).then((waits) => waits, () => false);
    for (let turn = 0; turn < step; turn += 1) await new Promise((resolve) => { setTimeout(resolve); });
    const [isAdded, hasEnded] = await Promise.all([adding, signOut()]);
    const count = await letters.count();
    if (isAdded === hasEnded || count !== Number(isAdded)) wrong.push([step, isAdded, hasEnded, count]);
    for (const { id } of await letters.readLetters()) await letters.removeLetter(id);
    await outbox.refresh();
  }
  await put("last");
  return [wrong, await signOut(), (await letters.readLetters()).length];
}

export async function twoTabsThatBeginTogetherLoseNoLetter() {
  const [one, two] = [makeLetters(), makeLetters()];
  await Promise.all([one.keepLetter("one", { text: "one" }), two.keepLetter("two", { text: "two" })]);
  const read = async (tab) => (await tab.readLetters()).map(({ id, text }) => `${id} ${text}`).sort();
  return [await read(one), await read(two), await read(makeLetters())];
}

export async function aLetterIsEitherSentOrTakenBack() {
  reach = true;
  await place.reaches();
  dispatchEvent(new Event("online"));
  await until(() => !place.isAway);
  const now = Date.now;
  const wrong = [];
  const counts = [0, 0];
  const tabs = [makeOutbox(makeLetters()), makeOutbox(makeLetters())];
  for (let step = 0; step < 30; step += 1) {
    Date.now = now;
    const post = new LetterPost(api, outbox, () => words);
    post.delay = { kind: "undo", seconds: 20 };
    await post.sendMessage(bytes(`letter ${step}`), ["bob@example.test"], `key of letter ${step}`);
    const before = sent.length;
    for (const tab of tabs) await tab.refresh();
    Date.now = () => now() + 60_000;
    const pause = () => new Promise((resolve) => { setTimeout(resolve, step % 6); });
    const acts = [() => tabs[0].send(), () => tabs[1].hold(post.id), () => outbox.send()];
    const turned = [...acts.slice(step % 3), ...acts.slice(0, step % 3)];
    const outcomes = [];
    for (const act of turned) {
      outcomes.push(act());
      if (step % 2) await pause();
    }
    const held = (await Promise.all(outcomes)).find(Boolean) ?? null;
    await tabs[0].send();
    await settled();
    const isSent = sent.length - before;
    if (isSent + Number(held !== null) !== 1 || (held && held.subject !== "Hello")) wrong.push([step, isSent, held !== null]);
    counts[held ? 1 : 0] += 1;
    await outbox.remove(post.id);
  }
  Date.now = now;
  return [wrong, counts.every((count) => count > 0), new Set(asked).size === asked.length];
}

export async function noStoryOfErrorsCallsALetterChangeableThatSomebodyGot() {
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
}

export async function page() {
  lock(true);
  for (const { id } of await letters.readLetters()) await letters.removeLetter(id);
  await kept.end();
}
