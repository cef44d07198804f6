/**
 * The addresses of the person's key server. The pages of the bridge name some of these addresses. The signed list of
 * the organisation's servers names further ones. They are used if the server does not answer.
 */
import { KeyServer } from "../../../wasm_build/vault/account/key_server.js";
import { KeyServerFinder } from "../../../wasm_build/vault/account/key_server_finder.js";
import { api } from "../../shared/api.js";
import { directoryPattern, namedAddress } from "../../shared/directory_address.js";
import { RequestError, required } from "../../shared/messages.js";
import * as bridge from "../writing/bridge.js";
import { ask, readJson } from "../writing/bridge_requests.js";
import * as vault from "../keys/vault_link.js";

/** @typedef {import("../../../wasm_build/vault/account/key_server_finder.js").Kept} Kept */
/** @typedef {import("../../../wasm_build/vault/account/key_server_finder.js").Discovery & {keyServers: string[]}} Discovery `keyServers`: the addresses */

const caller = {
  /** @param {string} verb @param {any} args @returns {Promise<any>} */
  call: (verb, args) => vault.call(/** @type {keyof import("../keys/vault_link.js").Verbs} */ (verb), args),
};

/**
 * The key server that the pages of the person's bridge name, "" if they name none, and the list of this server's
 * addresses.
 * @returns {Promise<{server: string, discovery: Discovery | null}>}
 */
export async function readNamed() {
  const directory = required((await bridge.read()).directory, "no-directory");
  const response = await ask(`${directory}/config.json`, { credentials: "omit" });
  const { keyServer, discovery } = response.ok ? await readJson(response) : {};
  return {
    server: typeof keyServer === "string" && keyServer ? namedAddress(keyServer, directory) : "",
    discovery: discovery ? checkDiscovery(discovery, directory) : null,
  };
}

/** @param {Record<string, unknown>} named @param {string} directory @returns {Discovery} */
function checkDiscovery({ key, url, keyServers }, directory) {
  const areTexts = typeof key === "string" && typeof url === "string" && URL.canParse(url) && Array.isArray(keyServers);
  if (!areTexts) throw new RequestError("directory-failed");
  namedAddress(new URL(url).origin, directory);
  return { key, url, keyServers: keyServers.map((server) => namedAddress(String(server), directory)) };
}

/**
 * The client of a key server. If an address does not answer, the client continues with the next one.
 * @param {{server: string, user: string, discovery?: Discovery | null}} account
 * @param {Kept} kept where the last valid list is stored
 */
export function createServer({ server, user, discovery }, kept) {
  if (!discovery) return new KeyServer(server);
  const finder = new KeyServerFinder(async () => caller, discovery, () => user, kept);
  return new KeyServer(server, { find: async () => onlyGranted(server, await finder.find(server)) });
}

/**
 * The server's first address, and the further addresses that the person has granted. Rejects with `key-server-elsewhere` if there
 * are further addresses and none of them is granted.
 * @param {string} server @param {string[]} addresses
 */
async function onlyGranted(server, addresses) {
  const others = addresses.filter((address) => address !== server);
  const areGranted = await Promise.all(others.map((address) => api.permissions.contains({ origins: [directoryPattern(address)] })));
  const granted = others.filter((_, place) => areGranted[place]);
  if (others.length && !granted.length) throw new RequestError("key-server-elsewhere");
  return addresses.filter((address) => address === server || granted.includes(address));
}
