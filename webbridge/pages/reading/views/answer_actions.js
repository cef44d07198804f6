/** The buttons below an opened message: reply, reply to all, forward, and forward as a file. */

import { addressedBy, answerTo, forwardOf } from "../../../../wasm_build/ui/answer.js";
import { html, problem } from "../../../../wasm_build/ui/dom.js";
import { ownAddresses, ownKeyAddresses } from "../../account/own_addresses.js";
import { isEncrypted } from "../report.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/** @typedef {import("../../keys/keys.js").KeyRing} KeyRing */
/** @typedef {import("../../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../../app/services.js").Write} Write */
/** @typedef {import("../../keys/mail_vault.js").MailVault} MailVault */
/**
 * @typedef {{
 *   translate: Catalogue, attempt: Attempt, keys: KeyRing, api: BridgeApi, write: Write, mailVault: MailVault,
 *   address: string | null,
 * }} AnswerServices
 */
/** @typedef {import("../../keys/mail_vault.js").OpenedMessage} OpenedMessage */

/** The name of a message that is attached as a file. The name does not contain the subject, which may be encrypted. */
const WHOLE_NAME = "message.eml";

/**
 * @param {AnswerServices} services
 * @param {OpenedMessage} opened
 * @param {() => Promise<ArrayBuffer>} readSource gives the bytes of the message
 * @returns {{element: HTMLElement, settle: (settled: OpenedMessage) => void}} `settle` gets a later verdict. From then
 *   on, this verdict decides to whom answers are addressed
 */
export function createAnswerActions(services, opened, readSource) {
  const { translate } = services;
  // The later verdict comes with new copies of the attachments, which are overwritten.
  let judged = opened;
  const button = (/** @type {string} */ key, /** @type {string} */ test, /** @type {() => void} */ click) => html("button", {
    type: "button", class: test === "reply" ? "primary" : "", text: translate(key), data: { test }, on: { click },
  });
  const failure = problem("answer-error");
  const whole = button("forward_whole", "forward-whole", () => {
    void services.attempt(whole, translate("opening"), failure, () => forwardWhole(services, judged, readSource));
  });
  const { keys, api } = services;
  const isSharing = keys.identities.some(({ isShared }) => isShared);
  if (isSharing && !api.sharedAddresses) void api.sendingOffers().catch(() => undefined);
  const hasOthers = !opened.reply.people.isWhole || recipientsOf(services, opened, true).length > recipientsOf(services, opened, false).length;
  const answer = (/** @type {boolean} */ toAll) => { failure.textContent = reply(services, judged, toAll); };
  const element = html(
    "div", { class: "stack" },
    html(
      "div", { class: "actions" },
      button("reply", "reply", () => answer(false)),
      hasOthers ? button("reply_all", "reply-all", () => answer(true)) : null,
      button("forward", "forward", () => forward(services, judged)),
      whole,
    ),
    failure,
  );
  return { element, settle: ({ report, reply: people }) => { judged = { ...opened, report, reply: people }; } };
}

/** @param {AnswerServices} services @param {OpenedMessage} opened @param {boolean} toAll */
function recipientsOf(services, opened, toAll) {
  const { to, cc, doubtful } = answerTo(services.translate, opened, answering(services, toAll));
  return [...to, ...cc, ...doubtful.to, ...doubtful.cc];
}

/**
 * @param {AnswerServices} services @param {OpenedMessage} opened @param {boolean} toAll
 * @returns {string} a sentence if there are too many recipients; else ""
 */
function reply(services, opened, toAll) {
  const { quote, tooMany, ...proposal } = answerTo(services.translate, opened, answering(services, toAll));
  if (tooMany) return services.translate("answer_too_many", { count: tooMany });
  services.write({ ...proposal, addressed: addressedBy(opened), parcelLine: proposal.service ? firstLine(opened.text) : "", text: quote });
  return "";
}

/** The person's own addresses, for `answerTo`. @param {AnswerServices} services @param {boolean} toAll */
function answering(services, toAll) {
  return { toAll, own: ownAddresses(services), ownSigners: ownKeyAddresses(services) };
}

/** @param {string} text */
function firstLine(text) {
  return text.split(/\r?\n/u, 1)[0] ?? "";
}

/** @param {AnswerServices} services @param {OpenedMessage} opened */
function forward(services, opened) {
  const { quote, tooMany: _, ...proposal } = forwardOf(services.translate, opened);
  // The message view overwrites its attachments when the person leaves it.
  const attachments = opened.attachments.map(({ name, type, data }) => ({ name, type, data: data.slice(0) }));
  services.write({ ...proposal, text: quote, attachments });
}

/** @param {AnswerServices} services @param {OpenedMessage} opened @param {() => Promise<ArrayBuffer>} readSource */
async function forwardWhole(services, opened, readSource) {
  const message = await readSource();
  // The new readers have no key to an encrypted message, so it is decrypted. Its signatures stay.
  const data = isEncrypted(opened.report) ? await services.mailVault.decrypt(message) : message;
  const { quote: _, tooMany: __, ...proposal } = forwardOf(services.translate, opened);
  services.write({ ...proposal, text: "", attachments: [{ name: WHOLE_NAME, type: "message/rfc822", data }] });
}
