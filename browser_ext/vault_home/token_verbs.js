/**
 * The verbs of the vault's owner (the context that runs the vault) for the token that the person needs to send parcels. Like a
 * draft, the stored token is encrypted under a key of the person. It is bound to its server. Replies have the token encrypted for
 * the background, which sends it to the server.
 */
import { overwrite } from "../../wasm_build/vault/memory/cleanup.js";
import { encryptTo } from "../shared/channel.js";
import { callVault, openSecret } from "./vault_access.js";

/** @typedef {Omit<Encrypted<VaultArgs<"draft.seal">>, "draft"> & {token: EncryptedSecret}} Sealing */
/** @typedef {Encrypted<VaultArgs<"draft.open">> & {replyKey: ArrayBuffer}} Opening */

const PURPOSE = "parcel token";

export const tokenVerbs = {
  /**
   * A typed token, encrypted for the background, which tries it at its server.
   * @param {{token: EncryptedSecret, replyKey: ArrayBuffer}} body
   */
  "token.show": async ({ token, replyKey }) => encryptTo(replyKey, PURPOSE, await typedToken(token)),
  /** @param {Sealing} body */
  "token.seal": async ({ token, ...keys }) => callVault("draft.seal", { ...keys, draft: await typedToken(token) }),
  /** @param {Opening} body */
  "token.open": async ({ replyKey, ...sealed }) => encryptTo(replyKey, PURPOSE, (await callVault("draft.open", sealed)).draft),
};

/** @param {EncryptedSecret} token */
async function typedToken(token) {
  const { buffer, length } = await openSecret("passphrase", token);
  const typed = buffer.slice(0, length);
  overwrite(buffer);
  return typed;
}
