/** The address of a bridge at which certificates are looked up. */
import { RequestError } from "./messages.js";

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * Throws `bad-directory` for an address that is no bridge's, or not a safe one.
 * @param {string} directory
 * @returns {string} its origin, empty for no address
 */
export function directoryOrigin(directory) {
  if (!directory) return "";
  const url = URL.canParse(directory) ? new URL(directory) : null;
  // Whom somebody writes to is nobody else's business: in clear to this machine alone.
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK.has(url.hostname));
  if (!url || !isSafe || url.username || url.password) throw new RequestError("bad-directory");
  return url.origin;
}

/**
 * Where the bridge answers whose pages name this address. A bridge elsewhere does not lead to this machine. Throws
 * `unsafe-directory` for an address to which nothing is sent.
 * @param {string} named @param {string} directory the origin of the pages, as `directoryOrigin` gave it
 * @returns {string} an origin
 */
export function apiOrigin(named, directory) {
  const isInClear = directory.startsWith("http:");
  try {
    const origin = directoryOrigin(named) || directory;
    if (isInClear || origin.startsWith("https:")) return origin;
  } catch {
    // Told below: the person has entered another address than this one.
  }
  throw new RequestError("unsafe-directory");
}

/** The match pattern of an address, which names no port. @param {string} address @returns {string} */
export function directoryPattern(address) {
  const { protocol, hostname } = new URL(address);
  return `${protocol}//${hostname}/*`;
}
