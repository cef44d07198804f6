/**
 * The people that a page or a link proposes for a letter. Only the core parses the proposed texts. Nobody has confirmed these
 * people, so the window of the letter shows them as proposals.
 */
import { addressKey, isAddress } from "../../../wasm_build/ui/formats.js";
import * as vault from "../keys/vault_link.js";

const MAX_PEOPLE = 50;
/** The limit of characters in all texts together. The vault's own limit is a little higher. */
const MAX_CHARACTERS = 100_000;

/** @typedef {import("../../../wasm_build/ui/formats.js").Mailbox} Mailbox */

/**
 * @param {{from: string, to: string[], cc: string[], bcc: string[]}} texts
 * @returns {Promise<{from: string, to: Mailbox[], cc: Mailbox[], bcc: Mailbox[]}>} without texts that name nobody
 */
export async function readProposed({ from, to, cc, bcc }) {
  const known = await readTexts([from, ...to, ...cc, ...bcc]);
  const people = (/** @type {string[]} */ texts) => uniqueOf(texts.flatMap((text) => known.get(text) ?? [])).slice(0, MAX_PEOPLE);
  return { from: people([from])[0]?.address ?? "", to: people(to), cc: people(cc), bcc: people(bcc) };
}

/** @param {string[]} texts @returns {Promise<Map<string, Mailbox[]>>} */
async function readTexts(texts) {
  const known = new Map(texts.filter(isAddress).map((address) => [address, [{ name: "", address }]]));
  let left = MAX_CHARACTERS;
  const unread = [...new Set(texts)].filter((text) => text.trim() && !known.has(text) && (left -= text.length) >= 0);
  if (unread.length === 0) return known;
  // If the vault fails, the letter begins without these people.
  const { mailboxes } = await vault.call("addresses.find", { texts: unread }).catch(() => ({ mailboxes: [] }));
  unread.forEach((text, index) => known.set(text, (mailboxes[index] ?? []).filter(({ address }) => address)));
  return known;
}

/** @param {Mailbox[]} mailboxes */
function uniqueOf(mailboxes) {
  const byAddress = new Map();
  for (const mailbox of mailboxes) if (!byAddress.has(addressKey(mailbox.address))) byAddress.set(addressKey(mailbox.address), mailbox);
  return [...byAddress.values()];
}
