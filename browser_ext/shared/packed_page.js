/** An opened page, packed for its view: the page, then the resources that it loads. */
import { packParts } from "./packed_parts.js";

/**
 * @param {{page: ArrayBuffer, mediaType: string, address: string, resources: {url: string, bytes: ArrayBuffer}[]}} opened
 * @returns {ArrayBuffer}
 */
export function packPage({ page, mediaType, address, resources }) {
  const facts = { mediaType, address, urls: resources.map(({ url }) => url) };
  return packParts(facts, [page, ...resources.map((resource) => resource.bytes)]);
}
