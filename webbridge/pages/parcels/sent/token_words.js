/** The names of tokens, and the command that keeps a token on a computer. */

const MAX_NAME_CHARACTERS = 100;
/** The characters that the bridge refuses in a name: a slash, control characters, and every blank except the plain one. */
const REFUSED = /[/\p{C}]|[^\P{Z} ]/u;
/** The texts that a shell does not change. */
const PLAIN = /^[\w@%+=:,./-]+$/u;

/** Whether a token can have this name. Dots alone would change the address of a request. @param {string} name */
export function isTokenName(name) {
  return (
    name !== "" &&
    !name.startsWith(" ") &&
    !REFUSED.test(name) &&
    [...name].length <= MAX_NAME_CHARACTERS &&
    name !== "." &&
    name !== ".."
  );
}

/**
 * The command line that keeps a token. The token itself is not in it, because other programs can read command lines.
 * @param {string} base the address of the pages
 * @param {string} address
 */
export function tokenCommand(base, address) {
  const pages = new URL(".", base).href.replace(/\/$/u, "");
  return `sealwax deliver token --server ${quoted(pages)} --address ${quoted(address)}`;
}

/** A word, quoted for the shells of Unix. @param {string} word */
function quoted(word) {
  return PLAIN.test(word) && !word.startsWith("-") ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
