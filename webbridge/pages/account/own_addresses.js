/** The person's own addresses, for answers. */

import { sameAddress } from "../../../wasm_build/ui/formats.js";

/**
 * The addresses that get no copy of an answer. A key that several people share may have the address of a colleague. Its
 * addresses count only if the person may send from them.
 * @param {{
 *   address: string | null, keys: {identities: {addresses: string[], isShared?: boolean}[]}, api: {sharedAddresses: string[] | null},
 * }} services
 * @returns {string[]}
 */
export function ownAddresses(services) {
  return [services.address ?? "", ...ownKeyAddresses(services)];
}

/**
 * The addresses of the person's own keys. They come from the keys and not from a server.
 * @param {Parameters<typeof ownAddresses>[0]} services
 * @returns {string[]}
 */
export function ownKeyAddresses({ keys, api }) {
  const mayBe = (/** @type {string} */ address) => (api.sharedAddresses ?? []).some((shared) => sameAddress(shared, address));
  return keys.identities.flatMap(({ addresses, isShared }) => isShared ? addresses.filter(mayBe) : addresses);
}
