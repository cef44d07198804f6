/** The address of a bridge. The bridge looks up certificates and sends messages. */
import { RequestError } from "./messages.js";

/** A path before `/api`, in the form that the bridge's setting `api_prefix` has. */
const PREFIX = /^(?:\/[A-Za-z0-9][A-Za-z0-9._~-]*)*$/u;
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * The origin of a bridge. Throws `bad-directory` for an address that is not safe or cannot be that of a bridge.
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
 * The address of the bridge's API, as the bridge's pages name it, without `/api`. Throws `unsafe-directory` if nothing may be sent
 * to this address. Without TLS, the address must be on this machine, and the pages that name it must be without TLS too.
 * @param {string} named @param {string} directory the origin of the pages, as `directoryOrigin` gave it
 * @returns {string} an origin, or an origin with a path
 */
export function apiAddress(named, directory) {
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

/** The match pattern for an address. Match patterns name no port. @param {string} address @returns {string} */
export function directoryPattern(address) {
  const { protocol, hostname } = new URL(address);
  return `${protocol}//${hostname}/*`;
}
