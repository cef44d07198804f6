/** The rows of drafts. Their subjects and recipients are sealed, and are shown only while the keys are unlocked. */

import { draftIdIn, readDraftMessage } from "../../../../wasm_build/ui/draft_message.js";
import { ApiError } from "../../app/api.js";
import { visibleName } from "../../../../wasm_build/ui/shown_names.js";
import { decryptSubjects } from "../../mail/hidden_subjects.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../keys/mail_vault.js").MailVault} MailVault */
/** @typedef {import("../draft_store.js").DraftStore} DraftStore */
/** @typedef {{translate: Catalogue, mailVault: MailVault, drafts: DraftStore}} DraftRowServices */
/**
 * The sealed subject and recipients, which a row cannot show while the keys are locked.
 * @typedef {{subject: string | null, to?: string}} Hidden
 */

/**
 * Opens the sealed subjects and recipients of the rows.
 * @param {DraftRowServices} services
 * @param {{bytes: ArrayBuffer}[]} rows
 * @param {{areDrafts: boolean}} options
 * @returns {Promise<Hidden[] | null>} null if the vault has failed at one of the messages
 */
export async function readHidden(services, rows, { areDrafts }) {
  if (!areDrafts) return (await decryptSubjects(services, rows))?.map((subject) => ({ subject })) ?? null;
  const texts = [];
  for (const row of rows) texts.push(await readDraft(services, row.bytes) ?? { subject: (await decryptSubjects(services, [row]))?.[0] ?? null });
  return texts;
}

/** @param {DraftRowServices} services @param {ArrayBuffer} bytes @returns {Promise<Hidden | null>} null if the message is no draft of Sealwax */
async function readDraft(services, bytes) {
  const id = draftIdIn(bytes);
  const parts = id ? readDraftMessage(new TextDecoder().decode(bytes)) : null;
  if (!id || !parts) return null;
  try {
    const { subject, to, cc, bcc } = await services.drafts.fieldsOf(id, parts);
    return { subject: subject || services.translate("no_subject"), to: visibleName([...to, ...cc, ...bcc].join(", ")) };
  } catch (error) {
    if (error instanceof ApiError && error.code === "draft-not-yours") return { subject: null };
    throw error;
  }
}
