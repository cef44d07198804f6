/**
 * Sends a letter through the person's bridge. Each message of the letter has a key, which is stored with the draft
 * before the bridge gets the message. So a message is not sent twice if the window is closed or the bridge's answer is
 * lost. Before a letter is sent again, the bridge is asked about its earlier messages. The record of a message is found
 * by the recipients and the content, so a message with a changed text has another record. If an earlier version was
 * sent, the person is asked.
 */
import { addressKey } from "../../../wasm_build/ui/formats.js";
import { hexFromBytes } from "../../../wasm_build/vault/values/hexadecimal.js";
import { RequestError } from "../../shared/messages.js";
import { tellProgress } from "../../shared/progress.js";
import * as bridge from "./bridge.js";
import * as bridgeDrafts from "./bridge_drafts.js";
import { checkHandedOver, copyName, makeMessages, ofWindow, planCopies, SHOWN_BYTES } from "./composing.js";
import * as drafts from "./drafts.js";
import { accountName } from "../browser/hashes.js";
import { inTurn } from "../browser/turns.js";

const KEY_BYTES = 24;
/** The bridge remembers a key for a day. After that it reports "unknown" even for a message that was sent. */
const REMEMBERED_MILLISECONDS = 23 * 60 * 60 * 1000;

/**
 * The outcome of the message at which the letter stopped, or "sent". `isPartial` means that other messages of the
 * letter were sent. `host` is the host of the bridge.
 * @typedef {bridge.Outcome & {host: string, isPartial: boolean}} Result
 */
/**
 * A letter, known by the id of its draft, and the bridge that sends the letter now. `account` is a hash of the bridge's address
 * and the signed-in mail address. `planned` are the names of the letter's messages, once they are known.
 * @typedef {{id: string, keys: Record<string, SendingRecord>, planned: Set<string> | null, host: string, account: string}} Letter
 */

/**
 * Sends a letter through the bridge that the window named. With `again` the person has agreed to send a message once more that
 * was perhaps sent. With `anew` the person has agreed to send this version although an earlier version was sent, or another
 * browser has perhaps sent the letter.
 * @param {BodyOf<"compose.send">} body @param {Sender} sender
 * @returns {Promise<import("./composing.js").Delivered>}
 */
export async function send(body, sender) {
  checkHandedOver(await ofWindow(body.composition, sender), body);
  const { directory, host, address } = await bridge.read();
  if (host !== body.bridge) throw new RequestError("bridge-changed");
  if (addressKey(address) !== addressKey(body.from)) throw new RequestError("bridge-signed-out");
  if (!body.draft) throw new RequestError("bad-request");
  const account = await accountName({ directory, address });
  return inTurn(`sending ${body.draft}`, () => sendInTurn(body, { host, account }));
}

/**
 * @param {BodyOf<"compose.send">} body @param {{host: string, account: string}} by
 * @returns {Promise<import("./composing.js").Delivered>}
 */
async function sendInTurn(body, by) {
  /** @type {Letter} */
  const letter = { id: body.draft, keys: await drafts.sending(body.draft), planned: null, ...by };
  const unsettled = await settle(letter, body.again);
  if (unsettled) return { sent: false, problem: "", files: [], shown: null, byBridge: unsettled };
  const named = await Promise.all((await planCopies(body)).map(async (copy) => ({ copy, name: await copyName(copy, body.version) })));
  letter.planned = new Set(named.map(({ name }) => name));
  if (!body.anew) await checkVersion(letter);
  const left = named.filter(({ name }) => letter.keys[name]?.state !== "sent");
  const { messages } = left.length ? await makeMessages(body, left.map(({ copy }) => copy)) : { messages: [] };
  const shown = messages[0]?.slice(0, SHOWN_BYTES) ?? null;
  /** @type {bridge.Outcome} */
  let outcome = { outcome: "sent", copy: "unwanted" };
  for (const [index, { copy, name }] of left.entries()) {
    tellProgress(body.composition, { stage: "deliver", done: index, total: left.length > 1 ? left.length : null });
    const { to, cc, bcc } = copy.envelope;
    // Only the last copy is kept in Sent. It is the copy for To and Cc.
    outcome = await sendOne(letter, name, { message: messages[index], recipients: [...to, ...cc, ...bcc], keepsCopy: index === left.length - 1 });
    if (outcome.outcome !== "sent") return { sent: false, problem: "", files: [], shown, byBridge: resultOf(letter, outcome) };
  }
  return { sent: true, problem: "", files: [], shown, byBridge: resultOf(letter, outcome) };
}

/**
 * Rejects with `sending-earlier` if this letter was sent to other recipients or with another text. Rejects with
 * `draft-elsewhere` if another browser may have sent the letter.
 * @param {Letter} letter
 */
async function checkVersion({ id, keys, planned }) {
  if (Object.entries(keys).some(([name, { state }]) => state === "sent" && !planned?.has(name))) throw new RequestError("sending-earlier");
  if (await bridgeDrafts.isElsewhere(id)) throw new RequestError("draft-elsewhere");
}

/**
 * Asks the bridge about messages of earlier tries whose outcome is not known, even if the recipients of the letter have changed.
 * A message of another bridge or account cannot be looked up here, so it counts as perhaps sent.
 * @param {Letter} letter @param {boolean} again
 * @returns {Promise<Result | null>} an outcome that is still not known for certain; null if all are known
 */
async function settle(letter, again) {
  for (const [name, { key, state, at, by }] of Object.entries(letter.keys)) {
    if (state !== "begun" && state !== "perhaps") continue;
    // Records of older versions of the extension do not name the bridge that got the message. In that case this bridge
    // is asked.
    const isAskedHere = !by || by.account === letter.account;
    const answer = isAskedHere ? await bridge.look(key) : /** @type {bridge.Outcome} */ ({ outcome: "perhaps" });
    const isForgotten = answer.outcome === "unknown" && (!by || state === "perhaps" || Date.now() - at > REMEMBERED_MILLISECONDS);
    const isUnsent = answer.outcome === "unknown" && !isForgotten;
    // The upload of the message may still be on its way. It must not arrive after another message of the letter was
    // sent.
    const settled = isUnsent ? await bridge.withdraw(key) : answer;
    if (settled.outcome === "withdrawn") {
      await write(letter, name, { key, state: "refused", at, by });
      continue;
    }
    /** @type {bridge.Outcome} */
    const outcome = isForgotten ? { outcome: "perhaps" } : settled;
    // The answer is stored only if it came from the bridge that got the message. That bridge may know more later.
    if (isAskedHere) await note(letter, name, outcome);
    if (outcome.outcome === "perhaps" && again) await write(letter, name, { key, state: "refused", at, by, isAgreed: true });
    else if (outcome.outcome === "perhaps" || outcome.outcome === "unanswered") return resultOf({ ...letter, host: (by ?? letter).host }, outcome);
  }
  return null;
}

/** @param {Letter} letter @param {string} name @param {{message: ArrayBuffer, recipients: string[], keepsCopy: boolean}} copy */
async function sendOne(letter, name, copy) {
  const known = letter.keys[name];
  const by = { host: letter.host, account: letter.account };
  // A message that certainly did not leave may use its key again. After a refusal a new key is needed, because the
  // bridge would repeat the refusal.
  const { key, at } = known && known.state !== "refused" ? known : { key: makeKey(), at: Date.now() };
  const agreed = known?.isAgreed ? { isAgreed: true } : {};
  await write(letter, name, { key, state: "begun", at, by, ...agreed });
  const outcome = await bridgeDrafts.deleteBeforeSending(letter.id)
    .then(() => bridge.send({ key, ...copy }))
    .catch(async (error) => {
      // The draft is still at the bridge, or the bridge has refused the session and so this request. The outcome of an
      // earlier request with this key is still not known.
      await write(letter, name, known?.state === "begun" ? known : { key, state: "refused", at, by, ...agreed });
      throw error;
    });
  await note(letter, name, outcome);
  return outcome;
}

/** @param {Letter} letter @param {string} name @param {bridge.Outcome} outcome */
async function note(letter, name, { outcome }) {
  if (outcome === "unanswered" || outcome === "unknown") return;
  await write(letter, name, { ...letter.keys[name], state: outcome });
}

/** @param {Letter} letter @param {string} name @param {SendingRecord} record */
async function write(letter, name, record) {
  letter.keys = { ...letter.keys, [name]: record };
  await drafts.noteSending(letter.id, name, record);
}

/** @param {Letter} letter @param {bridge.Outcome} outcome @returns {Result} */
function resultOf({ host, keys, planned }, outcome) {
  const sent = Object.entries(keys).filter(([name, { state }]) => state === "sent" && (!planned || planned.has(name)));
  return { ...outcome, host, isPartial: outcome.outcome !== "sent" && sent.length > 0 };
}

function makeKey() {
  return hexFromBytes(crypto.getRandomValues(new Uint8Array(KEY_BYTES)).buffer);
}
