/**
 * The questions that a person answers in a window of the extension. One rule holds for all of them: an answer is valid
 * only for the question that the window showed (`shared/question.js`).
 */
import { RequestError } from "../../shared/messages.js";
import { digestOf } from "../../shared/question.js";
import * as backup from "../keys/backup.js";
import * as composing from "../writing/composing.js";
import * as contacts from "../people/contacts.js";
import * as pages from "../pages/pages.js";
import * as prompts from "./prompts.js";
import * as roamingSettings from "../account/roaming_settings.js";
import * as trust from "../people/trust.js";
import { inTurn } from "../browser/turns.js";

/**
 * `turn` returns a name for the decision, so that two answers to the same question run one after the other. `read` returns the
 * current question, or null if it was answered before.
 * @template {MessageType} T
 * @typedef {{turn: (body: BodyOf<T>) => string, read: (body: BodyOf<T>, sender: Sender) => Promise<object | null>}} Question
 */

/** The question that each of these messages answers. @type {{[T in MessageType]?: Question<T>}} */
export const QUESTIONS = {
  "prompt.agree": { turn: ({ job }) => `job ${job}`, read: prompts.question },
  "prompt.leave": { turn: ({ job }) => `job ${job}`, read: prompts.question },
  "trust.accept": { turn: ({ fingerprint }) => `proposal ${fingerprint}`, read: trust.question },
  "authority.accept": { turn: () => "own authority", read: trust.ownAuthorityQuestion },
  "change.accept": { turn: () => "changes", read: contacts.question },
  "change.refuse": { turn: () => "changes", read: contacts.question },
  "offer.accept": { turn: () => "offers", read: roamingSettings.question },
  "offer.decline": { turn: () => "offers", read: roamingSettings.question },
  "backup.restore": { turn: () => "backup", read: backup.review },
  "page.encrypt": { turn: ({ page }) => `page ${page}`, read: async (body) => pages.question(body) },
  "compose.send": { turn: ({ composition }) => `composition ${composition}`, read: composing.question },
  "receipt.send": { turn: ({ composition }) => `composition ${composition}`, read: composing.question },
  "receipt.save": { turn: ({ composition }) => `composition ${composition}`, read: composing.question },
  "parcel.plan": { turn: ({ composition }) => `composition ${composition}`, read: composing.question },
  "parcel.finish": { turn: ({ composition }) => `composition ${composition}`, read: composing.question },
  "compose.save": { turn: ({ composition }) => `composition ${composition}`, read: composing.question },
};

/**
 * Carries out an answer if it has the hash of the current question; rejects with `question-changed` otherwise. The
 * check and the action are one turn.
 * @template {MessageType} T
 * @param {T} type
 * @param {BodyOf<T>} body
 * @param {Sender} sender
 * @param {() => unknown} act
 */
export function answer(type, body, sender, act) {
  const definition = QUESTIONS[type];
  if (!definition) return act();
  return inTurn(definition.turn(body), async () => {
    const question = await definition.read(body, sender);
    const shown = "shown" in body ? body.shown : "";
    if (question && (await digestOf(question)) !== shown) throw new RequestError("question-changed");
    return act();
  });
}
