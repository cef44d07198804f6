/** Makes and sends the signed receipt that a mail asks for. The request comes from the window in which the person has agreed. */
import { quoteMailbox } from "../../../wasm_build/ui/formats.js";
import { RequestError, required } from "../../shared/messages.js";
import { forWindow, handOver, load, unlessBegun } from "../writing/composing.js";
import * as keys from "../keys/keys.js";
import * as receipts from "./receipts.js";
import * as vault from "../keys/vault_link.js";
import { translate } from "../../texts/texts.js";

/**
 * Sends the receipt that a mail asks for.
 * @param {BodyOf<"receipt.send">} body @param {Sender} sender
 */
export async function send(body, sender) {
  const composition = await unlessBegun(body, sender);
  if (Object.values(composition.copies).includes("taken")) throw new RequestError("receipt-given");
  return giveReceipt(composition, async (id) => {
    const { envelope, ...made } = await makeReceipt(composition, id, body);
    return handOver(composition, [{ envelope, name: "receipt" }], made);
  });
}

/** Makes the receipt as a file, for a webmail that is gone or refuses the receipt. */
export const saveAsFile = forWindow((/** @type {BodyOf<"receipt.save">} */ body, composition) =>
  giveReceipt(composition, async (id) => (await makeReceipt(composition, id, body)).messages));

/**
 * Stores that a receipt is being given, and then gives the receipt. Removes the entry if the receipt was certainly not
 * sent, so that the person may give it later.
 * @template T @param {CompositionRecord} composition @param {(id: string) => Promise<T>} give
 */
async function giveReceipt({ id: composition, receipt }, give) {
  const { id } = required(receipt, "bad-request");
  await receipts.noteGiven({ id, composition });
  const forget = async () => {
    const { copies } = await load(composition);
    if (!Object.values(copies).some((state) => state !== "refused")) await receipts.forgetGiven(id);
  };
  try {
    const outcome = await give(id);
    if (typeof outcome === "object" && outcome && "sent" in outcome && !outcome.sent) await forget();
    return outcome;
  } catch (error) {
    await forget().catch(() => {});
    throw error;
  }
}

/** @param {CompositionRecord} composition @param {string} id @param {BodyOf<"receipt.save">} body */
async function makeReceipt({ mail }, id, { identity, from }) {
  const own = await keys.findIdentity(identity);
  if (own.locked) throw new RequestError("locked");
  // The chosen identity signs, and any identity may decrypt.
  const [signer, all] = [await keys.unlocked(identity), await keys.unlocked()];
  const subject = translate("receipt_subject");
  const { message, to } = await vault.call("letter.receipt", {
    mail, id, from: quoteMailbox({ name: own.name, address: from }), subject, at: new Date().toISOString(),
    messageId: `<${crypto.randomUUID()}@${from.split("@").at(-1)}>`, ...all, identities: [...signer.identities, ...all.identities],
  });
  return { envelope: { from, to, cc: [], bcc: [] }, messages: [message], subject };
}
