/** The address of a bridge. The bridge looks up certificates and sends messages. */
import { RequestError } from "./messages.js";

/** A path before `/api`, in the form that the bridge's setting `api_prefix` has. */
const PREFIX = /^(?:\/[A-Za-z0-9][A-Za-z0-9._~-]*)*$/u;
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * The origin of a bridge. Throws `bad-directory` unless the address is valid, has no user name and no password, and begins with
 * `https:`, or with `http:` on this machine.
 * @param {string} directory
 * @returns {string} the origin; "" for an empty address
 */
export function directoryOrigin(directory) {
  if (!directory) return "";
  const url = URL.canParse(directory) ? new URL(directory) : null;
  // The mail addresses that people look up are private, so a bridge without TLS must be on this machine.
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK.has(url.hostname));
  if (!url || !isSafe || url.username || url.password) throw new RequestError("bad-directory");
  return url.origin;
}

/** The origin of a bridge or of another server; "" for an address that is refused. @param {string} address */
export function safeOrigin(address) {
  try {
    return directoryOrigin(address);
  } catch {
    return "";
  }
}

/**
 * The address of a server that the bridge's pages name: the API (without `/api`) or a key server. Throws
 * `unsafe-directory` if nothing may be sent there. An address without TLS is allowed only on this machine, and only if the
 * pages have no TLS either.
 * @param {string} named "" for the origin of the pages
 * @param {string} directory the origin of the pages, as `directoryOrigin` gave it
 * @returns {string} an origin, or an origin with a path
 */
export function namedAddress(named, directory) {
  const isInClear = directory.startsWith("http:");
  try {
    const origin = directoryOrigin(named) || directory;
    const path = named && new URL(named).pathname.replace(/\/$/u, "");
    if ((isInClear || origin.startsWith("https:")) && PREFIX.test(path)) return origin + path;
  } catch {
    // The person has not entered this address, so the error below is not `bad-directory`.
  }
  throw new RequestError("unsafe-directory");
}

/** The match pattern for a host on all ports: Firefox's patterns name no port. @param {string} address @returns {string} */
export function directoryPattern(address) {
  const { protocol, hostname } = new URL(address);
  return `${protocol}//${hostname}/*`;
}
