/** Which hosts are on the public internet by their name. What a name resolves to, an extension cannot see. */

/**
 * Names that public DNS does not give out: RFC 6761, RFC 6762 appendix G, RFC 7686, RFC 8375, RFC 9476, and `internal`,
 * which ICANN has reserved.
 */
const LOCAL_DOMAINS = new Set([
  "alt", "arpa", "corp", "example", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain", "localhost",
  "onion", "private", "test",
]);
const ADDRESS = /^[\d.]+$|^\[/u;

/**
 * Whether a host is a name of the public internet: no address, no single label, and no domain for local use.
 * @param {string} hostname as `URL` writes it
 */
export function isPublicHost(hostname) {
  // The root's dot changes nothing for the resolver, and so nothing here. `URL` keeps it, and keeps empty labels too.
  const labels = hostname.toLowerCase().split(".").filter(Boolean);
  if (ADDRESS.test(hostname) || labels.length < 2) return false;
  return !LOCAL_DOMAINS.has(labels.at(-1) ?? "");
}
