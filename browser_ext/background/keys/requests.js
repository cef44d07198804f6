/** Keys that were made in this browser and wait for their certificates. */
import { RequestError } from "../../shared/messages.js";
import * as database from "../../shared/database.js";
import * as keys from "./keys.js";
import * as session from "./session.js";
import * as vault from "./vault_link.js";

/**
 * Makes a key and the request for its certificate.
 * @param {{addresses: string[], commonName: string, kind: string, passphrase: EncryptedSecret}} body
 * @returns {Promise<{request: ArrayBuffer}>} PKCS#10 as PEM, for the authority
 */
export async function make({ addresses, commonName, kind, passphrase }) {
  if (!addresses.length) throw new RequestError("no-address");
  const { request, key } = await vault.call("request.make", { addresses, commonName, kind, passphrase });
  const id = crypto.randomUUID();
  await database.put("requests", { id, addresses, commonName, kind, createdAt: new Date().toISOString(), request, key });
  return { request };
}

/**
 * Joins a waiting key with the certificates in the authority's files. The new identity signs from now on. Older
 * identities of the same address are kept, since they open older mail.
 * @param {{id: string, files: ArrayBuffer[], passphrase: EncryptedSecret}} body
 */
export async function finish({ id, files, passphrase }) {
  const waiting = await database.find("requests", id, "no-such-key");
  const { id: sessionId, sealKey } = await session.keyForUnlock();
  const { identities, p12, authority } = await vault.call("request.finish", { key: waiting.key, passphrase, files, sealKey });
  await keys.keepKeyFile({ name: waiting.addresses[0], p12, origin: "request" }, identities, sessionId);
  await keys.prefer({ fingerprint: identities[0].fingerprint });
  await database.remove("requests", id);
  await keys.proposeAuthority(authority, identities);
}
