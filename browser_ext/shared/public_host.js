/** Recognises hosts of the public internet by their names, since an extension cannot learn the IP address of a host. */

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
 * Whether a host has a name of the public internet: no IP address, at least two labels, and no domain for local use.
 * @param {string} hostname as `URL` writes it
 */
export function isPublicHost(hostname) {
  // `URL` keeps a final dot and empty labels. Resolvers ignore the final dot, so this function removes it.
  const labels = hostname.toLowerCase().split(".").filter(Boolean);
  if (ADDRESS.test(hostname) || labels.length < 2) return false;
  return !LOCAL_DOMAINS.has(labels.at(-1) ?? "");
}
