/** The buttons below an opened message: reply, reply to all, forward, and forward as a file. */

import { addressedBy, answerTo, forwardOf } from "../../../../wasm_build/ui/answer.js";
import { html } from "../../../../wasm_build/ui/dom.js";
import { problem } from "../../../../wasm_build/ui/parts.js";
import { ownAddresses, ownKeyAddresses } from "../../account/own_addresses.js";
import { isEncrypted } from "../report.js";

/** @typedef {import("../../app/app.js").App} App */
/** @typedef {import("../../keys/mail_vault.js").OpenedMessage} OpenedMessage */

/** The name of a message that is attached as a file. It does not tell the subject, which may be encrypted. */
const WHOLE_NAME = "message.eml";

/**
 * @param {App} app @param {OpenedMessage} opened @param {() => Promise<ArrayBuffer>} readSource gives the bytes of the message
 * @returns {{element: HTMLElement, settle: (settled: OpenedMessage) => void}} `settle` takes a later verdict, by which answers
 *   are addressed from then on
 */
export function createAnswerActions(app, opened, readSource) {
  const { translate } = app;
  // The later verdict comes with other copies of the attachments, which are overwritten.
  let judged = opened;
  const button = (/** @type {string} */ key, /** @type {string} */ test, /** @type {() => void} */ click) => html("button", {
    type: "button", class: test === "reply" ? "primary" : "", text: translate(key), data: { test }, on: { click },
  });
  const failure = problem("answer-error");
  const whole = button("forward_whole", "forward-whole", () => {
    void app.attempt(whole, translate("opening"), failure, () => forwardWhole(app, judged, readSource));
  });
  if (app.keys.identities.some(({ isShared }) => isShared) && !app.api.sharedAddresses) void app.api.sendingOffers().catch(() => undefined);
  const hasOthers = !opened.reply.people.isWhole || recipientsOf(app, opened, true).length > recipientsOf(app, opened, false).length;
  const answer = (/** @type {boolean} */ toAll) => { failure.textContent = reply(app, judged, toAll); };
  const element = html(
    "div", { class: "stack" },
    html(
      "div", { class: "actions" },
      button("reply", "reply", () => answer(false)),
      hasOthers ? button("reply_all", "reply-all", () => answer(true)) : null,
      button("forward", "forward", () => forward(app, judged)),
      whole,
    ),
    failure,
  );
  const settle = (/** @type {OpenedMessage} */ { report, reply: people }) => { judged = { ...opened, report, reply: people }; };
  return { element, settle };
}

/** @param {App} app @param {OpenedMessage} opened @param {boolean} toAll */
function recipientsOf(app, opened, toAll) {
  const { to, cc, doubtful } = answerTo(app.translate, opened, { toAll, own: ownAddresses(app), ownSigners: ownKeyAddresses(app) });
  return [...to, ...cc, ...doubtful.to, ...doubtful.cc];
}

/**
 * @param {App} app @param {OpenedMessage} opened @param {boolean} toAll
 * @returns {string} a sentence if there are too many recipients; else ""
 */
function reply(app, opened, toAll) {
  const { quote, tooMany, ...proposal } = answerTo(app.translate, opened, { toAll, own: ownAddresses(app), ownSigners: ownKeyAddresses(app) });
  if (tooMany) return app.translate("answer_too_many", { count: tooMany });
  app.write({ ...proposal, addressed: addressedBy(opened), parcelLine: proposal.service ? firstLine(opened.text) : "", text: quote });
  return "";
}

/** @param {string} text */
function firstLine(text) {
  return text.split(/\r?\n/u, 1)[0] ?? "";
}

/** @param {App} app @param {OpenedMessage} opened */
function forward(app, opened) {
  const { quote, tooMany: _, ...proposal } = forwardOf(app.translate, opened);
  // The view of the message overwrites its own attachments when it is left.
  const attachments = opened.attachments.map(({ name, type, data }) => ({ name, type, data: data.slice(0) }));
  app.write({ ...proposal, text: quote, attachments });
}

/** @param {App} app @param {OpenedMessage} opened @param {() => Promise<ArrayBuffer>} readSource */
async function forwardWhole(app, opened, readSource) {
  const message = await readSource();
  // The new readers have no key to the encrypted message. Its signatures stay.
  const data = isEncrypted(opened.report) ? await app.mailVault.decrypt(message) : message;
  const { quote: _, tooMany: __, ...proposal } = forwardOf(app.translate, opened);
  app.write({ ...proposal, text: "", attachments: [{ name: WHOLE_NAME, type: "message/rfc822", data }] });
}
