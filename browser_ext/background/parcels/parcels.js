/**
 * The notices of parcels. A page of the extension (`parcel/`) opens the parcels. It derives the key and decrypts in a vault of
 * its own. This module passes the links to that page, reads the list of servers, and supplies the person's trust for judging a
 * parcel.
 */
import { parseNoticeAddress } from "../../../wasm_build/parcels/notice_address.js";
import { api } from "../../shared/api.js";
import { namedAddress } from "../../shared/directory_address.js";
import { RequestError } from "../../shared/messages.js";
import { findApi } from "../writing/bridge_requests.js";
import * as checkedSites from "../browser/checked_sites.js";
import * as fields from "../pages/fields.js";
import * as keys from "../keys/keys.js";
import * as mails from "../mail/mails.js";
import * as memory from "../browser/memory.js";
import * as policy from "../browser/policy.js";
import * as trust from "../people/trust.js";
import * as vault from "../keys/vault_link.js";

const PAGE = "parcel/parcel.html";

/**
 * Opens the page for the address of a notice; for "" the person pastes an address into the page. The address may contain the six
 * words, so it is kept only in memory, and never becomes the address of a tab.
 * @param {BodyOf<"parcel.open">} body
 */
export async function open({ address }) {
  const id = address ? crypto.randomUUID() : "";
  if (id) await memory.write(`parcel:${id}`, address);
  await api.tabs.create({ url: api.runtime.getURL(id ? `${PAGE}?parcel=${id}` : PAGE) });
}

/** The address for which the page was opened; "" after the first call. @param {BodyOf<"parcel.claim">} body */
export async function claim({ parcel }) {
  const address = (await memory.read(`parcel:${parcel}`)) ?? "";
  await memory.forget(`parcel:${parcel}`);
  return { address };
}

/** Those of the given addresses whose servers are in the list. @param {BodyOf<"parcel.listed">} body */
export async function listed({ addresses }) {
  const origins = new Set((await checkedSites.list()).map(({ origin }) => origin));
  return { addresses: addresses.filter((address) => origins.has(parseNoticeAddress(address)?.origin ?? "")) };
}

/**
 * The list's information on a notice's server, before anything is sent to the server. `mayAsk` is true if the person may allow
 * that this parcel is opened from a server outside the list.
 * @param {BodyOf<"parcel.look">} body
 */
export async function look({ origin }) {
  const [sites, { ownSites }] = await Promise.all([checkedSites.list(), policy.read()]);
  const hosts = sites.map((site) => new URL(site.origin).host);
  return { isListed: sites.some((site) => site.origin === origin), hosts, mayAsk: ownSites };
}

/**
 * The address of the server's API. Rejects with `parcel-server-refused` if the organisation does not admit the server. Rejects
 * with `site-servers-changed` if the pages name another API than the one that the person has accepted.
 * @param {BodyOf<"parcel.server">} body
 */
export async function findServer({ origin }) {
  const [sites, { ownSites }] = await Promise.all([checkedSites.list(), policy.read()]);
  const site = sites.find((checkedSite) => checkedSite.origin === origin);
  if (!site && !ownSites) throw new RequestError("parcel-server-refused");
  const address = await findApi(origin);
  if (site?.servers && namedAddress(site.servers.api, origin) !== address) throw new RequestError("site-servers-changed");
  return { api: address };
}

/**
 * Keeps a certificate that came with a parcel, and opens the page on which the person decides whether to trust it.
 * @param {BodyOf<"parcel.propose">} body
 */
export async function propose({ certificates, fingerprint }) {
  const { certificates: described } = await vault.call("certificate.describe", { certificates, ...(await trust.judging()) });
  await fields.proposeOneOf(described.map((description) => ({ fingerprint: description.fingerprint, certificate: description.certificate })), fingerprint);
}

/**
 * The decrypted nonce of a server's challenge. With it, a person proves that they have the key for a parcel. The vault decrypts
 * challenges only.
 * @param {BodyOf<"parcel.answer">} body
 */
export async function answer({ challenge, fingerprint }) {
  return vault.call("parcel.answer", { challenge, ...(await unlocked(fingerprint)) });
}

/**
 * The verdict on a manifest that was opened with a key of the person. The manifest's content is encrypted for the page.
 * @param {BodyOf<"parcel.verify">} body
 */
export async function verify({ manifest, parcel, readers, fingerprint, replyKey, crls, ocsp, asked, unavailable }) {
  return vault.call("parcel.verify", {
    manifest, parcel, readers, replyKey, ...(await unlocked(fingerprint)), ...(await trust.judging({ crls, ocsp, asked, unavailable })),
  });
}

/** The content of a chunk, encrypted for the page. @param {BodyOf<"parcel.decrypt">} body */
export async function decrypt({ cms, sha256, cmsBytes, contentBytes, fingerprint, replyKey }) {
  return vault.call("parcel.decrypt", { cms, chunk: { sha256, cmsBytes, contentBytes }, replyKey, ...(await unlocked(fingerprint)) });
}

/**
 * A receipt for a parcel, signed with the key that opens the parcel. The vault verifies the sender again, and signs only if the
 * sender asks for a receipt.
 * @param {BodyOf<"parcel.receipt">} body
 */
export async function confirm({ manifest, parcel, fingerprint, crls, ocsp, asked, unavailable }) {
  return vault.call("parcel.receipt", {
    manifest, parcel, ...(await unlocked(fingerprint)), ...(await trust.judging({ crls, ocsp, asked, unavailable })),
  });
}

/** The private key of this certificate, as arguments for the vault. Rejects with `locked`. @param {string} fingerprint */
async function unlocked(fingerprint) {
  const ownKeys = await keys.unlocked(fingerprint);
  if (!ownKeys.identities.length) throw new RequestError("locked");
  return ownKeys;
}

/** Opens an attached message in the viewer. @param {BodyOf<"parcel.attached">} body */
export async function openAttached({ name, envelope }) {
  await mails.openViewer(await vault.call("mail.hold-envelope", { envelope, name }));
}
