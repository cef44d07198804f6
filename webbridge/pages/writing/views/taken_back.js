/** Taking a message back from the outbox, and writing it again with all its words, people and files. */

import { mailboxesOf } from "../../../../wasm_build/writing/draft_content.js";
import { optionsOf } from "../statements.js";

/**
 * @typedef {{
 *   mailVault: import("../../keys/mail_vault.js").MailVault,
 *   readonly signatureOffers: import("../../../../wasm_build/ui/signature_options.js").SignatureOffers,
 * }} RewritingServices
 */
/**
 * `hasDraft` says whether a letter is begun in the writing view.
 * @typedef {RewritingServices & {
 *   translate: import("../../../../wasm_build/ui/catalogue.js").Catalogue, away: import("../../offline/away.js").Away,
 *   sentenceFor: import("../../app/services.js").SentenceFor, write: import("../../app/services.js").Write,
 *   hasDraft: () => boolean, navigate: import("../../app/services.js").Navigate,
 *   done: Pick<import("../../app/done_notice.js").DoneNotice, "say">,
 * }} TakeBackServices
 */

/**
 * Takes a message back before it is sent. If it has left already, says so.
 * @param {TakeBackServices} services @param {string} id @param {HTMLButtonElement} button
 */
export async function takeBack(services, id, button) {
  const { translate, away: { outbox }, done } = services;
  button.disabled = true;
  try {
    const held = await outbox.hold(id);
    if (!held) return done.say(translate("undo_send_too_late"));
    if (!services.hasDraft()) return services.write(await proposalOf(services, held));
    done.say(translate("undo_send_in_outbox"));
    services.navigate("/outbox");
  } catch (error) {
    done.say(services.sentenceFor(error));
  } finally {
    button.disabled = false;
  }
}

/**
 * The words of a waiting letter as a proposal for the writing view.
 * @param {RewritingServices} services
 * @param {import("../../offline/outbox.js").Held} letter
 * @returns {Promise<import("../../../../wasm_build/writing/composition.js").Proposal>}
 */
export async function proposalOf({ mailVault, signatureOffers }, { to, cc = [], bcc = [], statements, ...rest }) {
  const options = statements && optionsOf(statements, signatureOffers.labelPolicy);
  const [open = [], copied = [], hidden = []] = await Promise.all(
    [to, cc, bcc].map((line) => mailboxesOf(line, (texts) => mailVault.readAddresses(texts))),
  );
  return { ...rest, options, to: open, cc: copied, bcc: hidden };
}
