/** How a message would leave: the sentence, the obstacles and the red question follow from its people and the policy. */
import assert from "node:assert/strict";
import { before, test } from "node:test";

import { BLANK, Composition } from "../../wasm_build/writing/composition.js";
import { questionWords } from "../../wasm_build/writing/clear_words.js";
import { LetterPlan } from "../../wasm_build/writing/letter_plan.js";
import { sharedWords, speak } from "./support/catalogues.js";

/** @typedef {import("../../wasm_build/ui/recipient_line.js").Finding} Finding */
/** @typedef {import("../../wasm_build/writing/letter_plan.js").ClearHost} ClearHost */
/** @typedef {import("../../wasm_build/writing/composition.js").Proposal} Proposal */

const OFFERS = { timestampHost: "", labelPolicy: null };
/** @type {import("../../wasm_build/ui/catalogue.js").Catalogue} */
let translate;

before(() => {
  speak("en");
  translate = sharedWords();
});

/**
 * @param {Record<string, Finding["readiness"]>} people
 * @param {{proposal?: Partial<Proposal>, clear?: Partial<ClearHost>, unlocked?: boolean}} [around]
 */
async function planFor(people, { proposal = {}, clear = {}, unlocked = true } = {}) {
  const find = async (/** @type {string} */ address) => /** @type {Finding} */ (findingOf(people[address] ?? "none"));
  const composition = new Composition({ ...BLANK, ...proposal, to: Object.keys(people).map((address) => ({ name: "", address })) }, {
    directory: { find, takeFile: find, readAddresses: async () => [] }, offers: OFFERS,
  });
  await composition.to.lookedUp();
  const plan = new LetterPlan(translate, composition, {
    sender: { address: "alice@example.org", unlocked, hasOwnIdentity: true, ownAddresses: [] }, ways: ["look-up", "parcel", "encrypt-off"],
    maxBytes: 1_000_000, hasPassword: false, offers: OFFERS, obstaclesHere: () => [],
    clear: { policy: { mode: "allow-unknown", neverDomains: [] }, ways: () => null, hasEncrypted: () => false, ...clear },
  });
  return { composition, plan };
}

/** @param {Finding["readiness"]} readiness */
function findingOf(readiness) {
  const check = { usable: readiness === "ready", warnings: [], reasons: [{ code: "certificate-expired", sentence: "" }] };
  return readiness === "ready" || readiness === "unusable" ? { readiness, check } : { readiness };
}

const [BOB, CAROL, EVE] = ["bob@example.org", "carol@example.net", "eve@example.org"];

test("a message to somebody for whom nothing was found can be sent, and offers the ways", async () => {
  const { plan } = await planFor({ [CAROL]: "none" });
  assert.deepEqual([plan.letter.encrypt, plan.blocking], [false, []]);
  assert.match(plan.sentence, /^No certificate was ever found for \S+, so the message is sent unencrypted\./);
  assert.deepEqual(plan.obstacles.map(({ code, remedies }) => [code, remedies]), [["certificate-none", ["look-up", "parcel", "encrypt-off"]]]);
  assert.deepEqual(plan.urgentWarnings, ["unencrypted"]);
});

test("the ways are not offered again once they are remembered", async () => {
  const { plan } = await planFor({ [CAROL]: "none" }, { clear: { ways: (name) => (name === "@example.net" ? "clear" : null) } });
  assert.deepEqual([plan.letter.encrypt, plan.obstacles], [false, []]);
  assert.match(plan.sentence, /^No certificate was ever found/);
});

test("Send is not blocked where it asks, and the message stays encrypted until then", async () => {
  for (const readiness of /** @type {const} */ (["unusable", "failed", "bad-file"])) {
    const { plan } = await planFor({ [BOB]: readiness });
    assert.deepEqual([plan.leaving.kind, plan.letter.encrypt, plan.blocking], ["ask", true, []]);
  }
});

test("an agreement lets the message leave, and ends with another person", async () => {
  const { composition, plan } = await planFor({ [BOB]: "unusable" });
  const { leaving } = plan;
  composition.agreeClear(leaving.kind === "ask" ? leaving.key : "");
  assert.equal(plan.letter.encrypt, false);
  composition.to.add({ name: "", address: EVE });
  await composition.to.lookedUp();
  assert.deepEqual([plan.leaving.kind, plan.letter.encrypt], ["ask", true]);
});

test("a person to whom encrypted mail was sent is asked about", async () => {
  const { plan } = await planFor({ [CAROL]: "none" }, { clear: { hasEncrypted: (address) => address === CAROL } });
  assert.equal(plan.leaving.kind, "ask");
});

test("a forbidden message is blocked, offers no unencrypted way, and says who forbids it", async () => {
  const { composition, plan } = await planFor({ [CAROL]: "none" }, { clear: { policy: { mode: "allow-unknown", neverDomains: ["example.net"] } } });
  assert.deepEqual(plan.blocking.map(({ code }) => code), ["clear-refused"]);
  assert.match(plan.blocking[0]?.text ?? "", /^Your organisation does not allow unencrypted messages to \S*carol@example.net/);
  assert.ok(plan.obstacles.every(({ remedies }) => !remedies.includes("encrypt-off")));
  composition.set({ encrypt: false });
  assert.deepEqual(plan.blocking.map(({ code }) => code), ["clear-refused"]);
});

test("a parcel avoids what forbids unencrypted mail", async () => {
  const { plan } = await planFor({ [CAROL]: "none" }, { clear: { policy: { mode: "never", neverDomains: [] } } });
  assert.equal(plan.isSolvedByParcel(plan.obstacles), true);
});

test("the question names the people and the causes", async () => {
  const { composition, plan } = await planFor({ [BOB]: "unusable", [CAROL]: "none", [EVE]: "ready" }, { proposal: { answersEncrypted: true } });
  const { leaving } = plan;
  assert.equal(leaving.kind, "ask");
  const words = leaving.kind === "ask" ? questionWords(leaving, composition.people, translate) : "";
  assert.match(words, /^The message that you reply to was encrypted/);
  assert.match(words, /certificate of .?bob@example.org.? cannot be used: The certificate has expired/);
  assert.match(words, /can be encrypted for \S*eve@example.org/);
  assert.match(words, /No certificate was ever found for \S*carol@example.net/);
});

test("the question names somebody for whom nothing was found beside the one with a cause", async () => {
  const { composition, plan } = await planFor({ [BOB]: "failed", [CAROL]: "none" });
  const { leaving } = plan;
  const words = leaving.kind === "ask" ? questionWords(leaving, composition.people, translate) : "";
  assert.match(words, /certificate of .?bob@example.org.? could not be looked up/);
  assert.match(words, /No certificate was ever found for \S*carol@example.net/);
});


test("while the keys are locked nobody counts as one for whom nothing was found", async () => {
  const { composition, plan } = await planFor({ [CAROL]: "none" }, { unlocked: false });
  for (const sign of [true, false]) {
    composition.set({ sign });
    assert.deepEqual([plan.letter.encrypt, plan.isUndecided, plan.blocking.map(({ code }) => code)], [true, true, ["locked"]]);
  }
  composition.set({ encrypt: false });
  assert.deepEqual([plan.letter.encrypt, plan.blocking], [false, []]);
});
