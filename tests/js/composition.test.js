/**
 * The message that is being written: its changes, what a draft and the sending take from it, and that nothing of it
 * stays.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { draftContentOf, proposalOf } from "../../wasm_build/writing/draft_content.js";
import { BLANK, Composition } from "../../wasm_build/writing/composition.js";
import { DraftWatch } from "../../wasm_build/writing/draft_watch.js";
import { keptWordsOf, wordsOf, writtenContentOf } from "../../webbridge/pages/writing/outgoing_words.js";
import { optionsOf } from "../../webbridge/pages/writing/statements.js";
import { Sender } from "../../webbridge/pages/writing/sender.js";

/** @typedef {import("../../wasm_build/writing/composition.js").Proposal} Proposal */

const ANN = { name: "Ann", address: "ann@one.test" };
const BEN = { name: "", address: "ben@two.test" };
const POLICY = { policy: "1.2.3", name: "Example", classifications: [{ value: 5, name: "Internal" }] };
const FORWARD = { mail: "m", quote: "> Quoted", answersEncrypted: true, isWhole: true };
const OFFERS = { timestampHost: "tsa.test", labelPolicy: POLICY };

/**
 * @param {Partial<Proposal>} [proposal]
 * @param {Partial<import("../../wasm_build/writing/composition.js").Surroundings>} [surroundings]
 */
function compose(proposal = {}, surroundings = {}) {
  const directory = {
    find: async () => /** @type {const} */ ({ readiness: "none" }), takeFile: async () => /** @type {const} */ ({ readiness: "bad-file" }),
    readAddresses: async () => [],
  };
  return new Composition({ ...BLANK, ...proposal }, { directory, offers: OFFERS, ...surroundings });
}

/** @param {Composition} composition */
function senderOf(composition) {
  return new Sender({ address: "me@one.test", keys: { nameFor: () => "Me" } }, () => composition.values);
}

/** The number of changes that an act makes known. @param {Composition} composition @param {() => void} act */
function changesBy(composition, act) {
  let count = 0;
  const onChange = () => { count += 1; };
  composition.addEventListener("change", onChange);
  act();
  composition.removeEventListener("change", onChange);
  return count;
}

/** @param {string} name @param {string} content */
function attachment(name, content) {
  return { name, type: "text/plain", data: new TextEncoder().encode(content).buffer };
}

test("observers are told of each change of a value a line and the files", () => {
  const composition = compose({ to: [ANN] });
  assert.ok(changesBy(composition, () => composition.set({ subject: "Plans" })) > 0);
  assert.ok(changesBy(composition, () => composition.cc.type("ben@")) > 0);
  assert.ok(changesBy(composition, () => composition.cc.commit()) > 0);
  assert.ok(changesBy(composition, () => composition.lineOf(composition.people[0]).drop(composition.people[0])) > 0);
  assert.ok(changesBy(composition, () => composition.attached.replace([attachment("a.txt", "A")])) > 0);
  assert.equal(changesBy(composition, () => composition.values), 0);
});

test("observers see the new values", () => {
  const composition = compose();
  /** @type {string[]} */
  const seen = [];
  composition.addEventListener("change", () => seen.push(composition.values.text));
  composition.set({ text: "One" });
  composition.set({ text: "One two" });
  assert.deepEqual(seen, ["One", "One two"]);
});

test("a proposal alone is not begun and each thing that a person enters begins it", () => {
  const proposal = { to: [ANN], bcc: [BEN], subject: "Re: Plans", text: "\n> Quoted", attachments: [attachment("a.txt", "A")] };
  assert.equal(compose(proposal).isBegun, false);
  for (const enter of /** @type {((composition: Composition) => void)[]} */ ([
    (letter) => letter.set({ subject: "Plan" }), (letter) => letter.set({ text: "Yes\n> Quoted" }), (letter) => letter.set({ html: "<p><b>Quoted</b></p>" }),
    (letter) => letter.to.add(BEN), (letter) => letter.bcc.drop(letter.hidden[0]), (letter) => letter.attached.replace([]),
  ])) {
    const composition = compose(proposal);
    enter(composition);
    assert.equal(composition.isBegun, true, String(enter));
  }
});

test("a text that another field writes is not begun by it", () => {
  const composition = compose({ text: "One\r\ntwo" });
  composition.rewrite({ text: "One\ntwo", html: "" });
  assert.equal(composition.isBegun, false);
  composition.set({ text: "One" });
  composition.rewrite({ text: "One ", html: "" });
  assert.equal(composition.isBegun, true);
});

test("typed text becomes people when an address is complete", () => {
  const composition = compose();
  composition.to.type("ann@one.test");
  assert.deepEqual([composition.people.length, composition.hasTyped], [0, true]);
  composition.to.type("ann@one.test,");
  assert.deepEqual([composition.to.addresses, composition.to.typed, composition.hasTyped], [["ann@one.test"], "", false]);
});

test("people of bcc are hidden and the others open", () => {
  const composition = compose({ to: [ANN], bcc: [BEN] });
  composition.cc.add({ name: "", address: "cy@three.test" });
  const addresses = (/** @type {{address: string}[]} */ people) => people.map(({ address }) => address);
  assert.deepEqual(addresses(composition.open), ["ann@one.test", "cy@three.test"]);
  assert.deepEqual(addresses(composition.hidden), ["ben@two.test"]);
});

test("options count while the message is signed and only if they are offered", () => {
  const statements = { receipt: true, lasting: true, label: { policy: "1.2.3", classification: 5 } };
  const options = optionsOf(statements, POLICY);
  const composition = compose({ options });
  assert.deepEqual(composition.options, { receipt: true, lasting: true, label: "5" });
  composition.set({ sign: false });
  assert.deepEqual(composition.options, { receipt: false, lasting: false, label: "" });
  composition.set({ sign: true });
  assert.deepEqual(composition.options, { receipt: true, lasting: true, label: "5" });
  const elsewhere = compose({ options: optionsOf(statements, null) }, { offers: { timestampHost: "", labelPolicy: { ...POLICY, policy: "1.2.4" } } });
  assert.deepEqual(elsewhere.options, { receipt: true, lasting: false, label: "" });
});

test("a subject has one line", () => {
  assert.equal(compose({ subject: "Plans\r\nBcc: eve@four.test" }).values.subject, "PlansBcc: eve@four.test");
});

test("a draft keeps the message with its typed text", () => {
  const composition = compose({ to: [ANN], inReplyTo: "<1@one.test>", references: ["<1@one.test>"], answersEncrypted: true });
  composition.set({ subject: " Plans ", text: "See you", html: "<p><b>See</b> you</p>", encrypt: false, copy: 7, sharedFrom: "ward@one.test" });
  composition.cc.type("be");
  composition.attached.replace([attachment("a.txt", "A")]);
  const { fields, text, files } = draftContentOf(composition, "me@one.test");
  assert.deepEqual(fields, {
    from: "me@one.test", to: ['"Ann" <ann@one.test>'], cc: ["be"], bcc: [], subject: " Plans ",
    thread: { inReplyTo: "<1@one.test>", references: ["<1@one.test>"], hidden: [] }, forward: null, answersSealed: true,
    sign: true, seal: false, more: { receipt: false, lasting: false, label: "" }, secret: undefined, copy: 7, doubtful: [],
    sharedFrom: "ward@one.test", html: "<p><b>See</b> you</p>",
  });
  assert.equal(text, "See you");
  assert.deepEqual([files.fields, files.attachments], [{ aside: 0, forwarded: [] }, composition.attached.files]);
});

test("a continued draft keeps its choices and what only the extension knows", async () => {
  const first = compose({ to: [ANN] });
  first.set({ sign: false, encrypt: false, copy: false, text: "One" });
  const content = draftContentOf(first, "me@one.test");
  const aside = attachment("original.eml", "E");
  const draft = {
    held: { id: "d", revision: null, version: null, attempt: null }, mayBeSent: false,
    content: { ...content, fields: { ...content.fields, forward: FORWARD, secret: "S" }, files: { fields: { aside: 1, forwarded: [] }, attachments: [aside] } },
  };
  const composition = compose({ ...await proposalOf(draft.content, async () => []), draft });
  const { sign, encrypt, copy } = composition.values;
  assert.deepEqual([sign, encrypt, copy, composition.isBegun], [false, false, false, false]);
  const { fields, files } = draftContentOf(composition, "me@one.test");
  assert.deepEqual([fields.forward, fields.secret, files], [FORWARD, "S", { fields: { aside: 1, forwarded: [] }, attachments: [aside] }]);
});

test("the sending takes the message without typed text", () => {
  const composition = compose({ to: [ANN], bcc: [BEN], inReplyTo: "<1@one.test>" });
  composition.set({ subject: " Plans ", text: "See you", sharedFrom: "ward@one.test" });
  composition.cc.type("be");
  assert.deepEqual(wordsOf(composition, senderOf(composition), POLICY), {
    from: '"Me" <ward@one.test>', sentBy: '"Me" <me@one.test>', to: ['"Ann" <ann@one.test>'], cc: [], subject: "Plans", text: "See you", html: "",
    attachments: [], inReplyTo: "<1@one.test>", references: [], hidden: [], statements: { receipt: false, lasting: false, label: null },
  });
});

test("the outbox keeps the message to be written again", () => {
  const composition = compose({ to: [ANN], bcc: [BEN], attachments: [attachment("a.txt", "A")] });
  composition.set({ encrypt: false });
  const { to, bcc, sign, encrypt, sharedFrom, files } = keptWordsOf(composition, senderOf(composition), null);
  assert.deepEqual({ to, bcc, sign, encrypt, sharedFrom, files }, {
    to: [ANN], bcc: [BEN], sign: true, encrypt: false, sharedFrom: "", files: [{ name: "a.txt", type: "text/plain", data: "QQ==" }],
  });
});

test("the text of the written content changes with all but the files", () => {
  const content = (/** @type {(composition: Composition) => void} */ enter) => {
    const composition = compose({ to: [ANN] });
    enter(composition);
    return writtenContentOf(composition, senderOf(composition), POLICY);
  };
  const before = content(() => {});
  for (const enter of /** @type {((composition: Composition) => void)[]} */ ([
    (letter) => letter.set({ sign: false }), (letter) => letter.set({ encrypt: false }), (letter) => letter.set({ text: "One" }), (letter) => letter.bcc.add(BEN),
    (letter) => letter.set({ options: { receipt: true, lasting: false, label: "" } }),
  ])) assert.notEqual(content(enter), before, String(enter));
  assert.equal(content((letter) => letter.attached.replace([attachment("a.txt", "A")])), before);
});

test("nothing of a cleared message stays and nothing comes into it any more", async () => {
  const directory = {
    find: async () => /** @type {const} */ ({ readiness: "none" }), takeFile: async () => /** @type {const} */ ({ readiness: "bad-file" }),
    readAddresses: async () => [ANN],
  };
  const proposal = {
    to: [ANN], subject: "Secret plans", text: "Secret text", html: "<p><b>Secret</b> text</p>", attachments: [attachment("secret.txt", "Secret")],
    hidden: [], inReplyTo: "<secret@one.test>", sharedFrom: "secret@one.test", doubtful: { to: [BEN], cc: [] },
  };
  const composition = compose(proposal, { directory });
  composition.cc.type("secret");
  composition.bcc.addText("Secret person");
  const attaching = composition.attached.attach([new File(["Secret"], "secret2.txt")]);
  let seen = "";
  composition.addEventListener("change", () => { seen = composition.values.text + composition.values.subject; });
  composition.clear();
  assert.equal(seen, "");
  composition.set({ text: "Secret again" });
  await Promise.all([attaching, ...composition.lines.map((line) => line.lookedUp())]);
  const { fields, text, files } = draftContentOf(composition, "");
  const left = JSON.stringify([fields, text, files, composition.values, composition.proposal, composition.people, composition.attached.large]);
  assert.doesNotMatch(left, /secret|ann@|ben@/iu);
  assert.deepEqual([composition.attached.bytes, composition.isBegun, composition.hasTyped], [0, false, false]);
});

test("the original that a letter joins is no change by the person", () => {
  const proposal = { to: [ANN], subject: "Re", text: "\n", answersEncrypted: true };
  const composition = compose(proposal);
  const joined = {
    inReplyTo: "<1@one.test>", references: ["<1@one.test>"], hidden: [], subject: "Re: Plans\r\n", answersEncrypted: true,
    to: [BEN], cc: [], leaving: [ANN], quote: "> Quoted", attachments: [attachment("a.txt", "A")],
  };
  assert.equal(changesBy(composition, () => composition.join(joined)), 1);
  const { values: { subject, text }, to, attached, isBegun, proposal: { inReplyTo } } = composition;
  assert.deepEqual([subject, text, to.addresses, attached.files.length, inReplyTo], ["Re: Plans", "\n> Quoted", [BEN.address], 1, "<1@one.test>"]);
  assert.equal(isBegun, false);
  composition.set({ text: "Yes\n> Quoted" });
  assert.equal(composition.isBegun, true);
});

test("a letter that is written already stays begun when it joins the original", () => {
  const composition = compose({ text: "\n" });
  composition.set({ text: "Yes\n" });
  composition.join({
    inReplyTo: null, references: [], hidden: [], subject: "Re: Plans", answersEncrypted: false, to: [ANN], cc: [], leaving: [], quote: "> Quoted",
    attachments: [],
  });
  assert.deepEqual([composition.values.text, composition.isBegun], ["Yes\n> Quoted", true]);
});

test("an agreement to leave unencrypted is kept until the person is asked again, or another message begins", () => {
  const composition = compose({ answersEncrypted: true });
  assert.equal(composition.agreedClear, "");
  assert.equal(changesBy(composition, () => composition.agreeClear("question")), 1);
  assert.equal(composition.agreedClear, "question");
  composition.askAgain();
  assert.equal(composition.agreedClear, "");
  composition.agreeClear("question");
  composition.begin({ ...BLANK, answersEncrypted: true, encrypt: false });
  assert.equal(composition.agreedClear, "");
});

test("a letter that begins anew has nothing of what it was before", () => {
  const composition = compose({ to: [ANN], subject: "One", text: "One", attachments: [attachment("a.txt", "A")] });
  assert.equal(changesBy(composition, () => composition.begin({ ...BLANK, to: [BEN], sign: false })), 1);
  const { values: { subject, text, sign }, people, attached, isBegun } = composition;
  assert.deepEqual([subject, text, sign, people.map(({ address }) => address), attached.files], ["", "", false, [BEN.address], []]);
  assert.equal(isBegun, false);
});

test("a draft is due after each change that it keeps and not for what a program fills in", () => {
  const composition = compose({ to: [ANN] });
  /** @type {boolean[]} */
  const due = [];
  const watch = new DraftWatch(composition, {
    read: () => draftContentOf(composition, "me@one.test"), isDraftBegun: () => due.length > 0, onDue: ({ files }) => due.push(files),
  });
  watch.look();
  composition.begin({ ...BLANK, subject: "Filled in" });
  assert.deepEqual(due, []);
  composition.set({ subject: "Plans" });
  watch.look();
  composition.attached.replace([attachment("a.txt", "A")]);
  composition.set({ subject: "Filled in" });
  assert.deepEqual(due, [false, true, false]);
  watch.dispose();
  composition.set({ subject: "Other plans" });
  assert.equal(due.length, 3);
});

test("people without a certificate are looked up in the background and shown when one is found", async () => {
  /** @type {import("../../wasm_build/ui/recipient_line.js").Finding} */
  let finding = { readiness: "none" };
  const directory = {
    find: async () => finding, takeFile: async () => /** @type {const} */ ({ readiness: "bad-file" }), readAddresses: async () => [],
  };
  const composition = compose({ to: [ANN] }, { directory });
  await composition.to.lookedUp();
  const [person] = composition.people;
  const settled = () => new Promise((resolve) => { setTimeout(resolve, 0); });
  assert.equal(changesBy(composition, () => composition.lookUpMissing()), 0);
  await settled();
  assert.deepEqual(person.finding, { readiness: "none" });
  finding = { readiness: "password" };
  composition.lookUpMissing();
  assert.deepEqual(person.finding, { readiness: "none" });
  await settled();
  assert.deepEqual(person.finding, { readiness: "password" });
});

test("a decision about doubtful people is kept in the draft", () => {
  const composition = compose({ to: [ANN], doubtful: { to: [BEN], cc: [] } });
  const doubtfulPeople = () => draftContentOf(composition, "me@one.test").fields.doubtful;
  assert.deepEqual(doubtfulPeople(), [BEN.address]);
  assert.equal(changesBy(composition, () => composition.settleDoubtful()), 1);
  assert.deepEqual(doubtfulPeople(), []);
});

test("a file that is attached to an answer begins it", async () => {
  const composition = compose({ text: "\n" });
  composition.join({
    inReplyTo: null, references: [], hidden: [], subject: "Re: Plans", answersEncrypted: false, to: [ANN], cc: [], leaving: [], quote: "> Quoted",
    attachments: [],
  });
  assert.equal(composition.isBegun, false);
  await composition.attached.attach([new File(["A"], "a.txt")]);
  assert.equal(composition.isBegun, true);
});
