/**
 * The guide for the first steps. The guide opens after the installation, remembers its current step, and ends with a
 * message that the person can open.
 */
import { api } from "../../shared/api.js";
import { required } from "../../shared/messages.js";
import { translate } from "../../texts/texts.js";
import * as database from "../../shared/database.js";
import * as keys from "../keys/keys.js";
import * as mails from "../mail/mails.js";
import * as vault from "../keys/vault_link.js";

const SETTING = "guide";
const PAGE = "guide/welcome.html";

/** Opens the guide in a tab. */
export async function open() {
  await api.tabs.create({ url: api.runtime.getURL(PAGE) });
}

/** The step at which the person left the guide, from 0. @returns {Promise<number>} */
export async function readStep() {
  return (await database.get("settings", SETTING))?.step ?? 0;
}

/** @param {{step: number}} body */
export async function keepStep({ step }) {
  await database.put("settings", { name: SETTING, step });
}

/**
 * Writes a welcome message that the person sends to themselves, encrypts it, and opens it in the viewer. The message is
 * signed if the private key is unlocked. Encrypting needs only the certificate, so a locked key does not stop the
 * guide. Rejects with `no-such-key` if there is no identity.
 */
export async function openMessage() {
  const own = required((await keys.identities()).at(0), "no-such-key");
  const { sealKey, identities } = await keys.unlocked(own.fingerprint);
  const isOpen = identities.length > 0;
  const [address = ""] = own.addresses;
  const { message } = await vault.call("message.compose", {
    draft: {
      from: address, to: [address], cc: [], subject: translate("welcome_title"), attachments: [],
      text: new TextEncoder().encode(translate("welcome_body")).buffer,
      date: new Date().toISOString(), messageId: `<${crypto.randomUUID()}@sealwax.invalid>`,
      inReplyTo: "", references: [], hidden: [],
    },
    sign: isOpen, identities, sealKey, recipients: [own.certificate],
  });
  await mails.openViewer(await mails.hold({ bytes: message, name: `${translate("welcome_title")}.eml` }));
}
