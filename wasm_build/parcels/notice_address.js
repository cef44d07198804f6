/** The address in a notice: the server's page of parcels, with the link in the fragment. */

import { parseLink, withoutEnd } from "./link.js";

/** @typedef {import("./link.js").ParcelLink & {origin: string, host: string}} NoticeAddress `host` is in ASCII, with its port */

const PATH = "/parcel.html";
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);
/** The characters that people and mail programs put around an address. */
const AROUND = /[<>()[\]{}"',;\s]/u;
const MAX_CHARACTERS = 2_000;

/**
 * @param {string} text an address, as it was pasted or is in a page
 * @returns {NoticeAddress | null} null if it is not the address of a parcel
 */
export function parseNoticeAddress(text) {
  const address = text.slice(0, MAX_CHARACTERS).trim().replace(/^[<("']/u, "");
  const url = URL.canParse(address) ? new URL(withoutEnd(address, AROUND)) : null;
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK.has(url.hostname));
  if (!url || !isSafe || url.username || url.password || url.pathname !== PATH) return null;
  const link = parseLink(url.hash);
  return link && { ...link, origin: url.origin, host: url.host };
}
