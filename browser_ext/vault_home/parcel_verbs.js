/**
 * The verbs of the vault's owner for a parcel that a key of the person opens. Names of files and their content leave encrypted
 * to the page that shows the parcel; the report leaves without them.
 */
import { encryptTo } from "../shared/channel.js";
import { callVault } from "./vault_access.js";

export const parcelVerbs = {
  "parcel.answer": (/** @type {Encrypted<VaultArgs<"parcel.answer">>} */ args) => callVault("parcel.answer", args),
  "parcel.verify": verify,
  "parcel.decrypt": decrypt,
};

/** @param {Encrypted<VaultArgs<"parcel.verify">> & {replyKey: ArrayBuffer}} body */
async function verify({ replyKey, ...args }) {
  const { report, lookups, certificates, sender, to, created, files } = await callVault("parcel.verify", args);
  const packed = new TextEncoder().encode(JSON.stringify({ sender, to, created, files })).buffer;
  return { report, lookups, certificates, envelope: await encryptTo(replyKey, "opened parcel", packed) };
}

/** @param {Encrypted<VaultArgs<"parcel.decrypt">> & {replyKey: ArrayBuffer}} body */
async function decrypt({ replyKey, ...args }) {
  const { content } = await callVault("parcel.decrypt", args);
  return { envelope: await encryptTo(replyKey, "parcel chunk", content) };
}
