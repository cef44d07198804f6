/**
 * The questions that a person answers in a window of the extension, and the one rule for all of them: an answer counts for
 * the question that the window drew, and for no other (`shared/question.js`).
 */
import { RequestError } from "../shared/messages.js";
import { digestOf } from "../shared/question.js";
import * as backup from "./backup.js";
import * as composing from "./composing.js";
import * as contacts from "./contacts.js";
import * as pages from "./pages.js";
import * as prompts from "./prompts.js";
import * as trust from "./trust.js";
import { inTurn } from "./turns.js";

/**
 * @typedef {{
 *   turn: (body: any) => string, read: (body: any, sender: chrome.runtime.MessageSender) => Promise<object | null>,
 * }} Question `turn` names what is decided; `read` gives the question as it stands, null where it was answered before
 */

/** By the message that agrees. @type {Record<string, Question>} */
export const QUESTIONS = {
  "prompt.agree": { turn: ({ job }) => `job ${job}`, read: prompts.question },
  "prompt.leave": { turn: ({ job }) => `job ${job}`, read: prompts.question },
  "trust.accept": { turn: ({ fingerprint }) => `proposal ${fingerprint}`, read: trust.question },
  "authority.accept": { turn: () => "own authority", read: trust.ownAuthorityQuestion },
  "change.accept": { turn: () => "changes", read: contacts.question },
  "change.refuse": { turn: () => "changes", read: contacts.question },
  "backup.restore": { turn: () => "backup", read: backup.review },
  "page.seal": { turn: ({ page }) => `page ${page}`, read: async (body) => pages.question(body) },
  "compose.send": { turn: ({ composition }) => `composition ${composition}`, read: composing.question },
  "compose.save": { turn: ({ composition }) => `composition ${composition}`, read: composing.question },
};

/**
 * Acts on an answer when it is one to the question as it stands; both in one turn.
 * @param {string} type
 * @param {any} body
 * @param {chrome.runtime.MessageSender} sender
 * @param {() => unknown} act
 */
export function answer(type, body, sender, act) {
  if (!Object.hasOwn(QUESTIONS, type)) return act();
  const { turn, read } = QUESTIONS[type];
  return inTurn(turn(body), async () => {
    const question = await read(body, sender);
    if (question && (await digestOf(question)) !== body.shown) throw new RequestError("question-changed");
    return act();
  });
}
