/** Finds host names that people may mistake for another name. */

/** Letters that look like others in many fonts, each with its replacement in comparisons. @type {[RegExp, string][]} */
const ALIKE = [[/rn/gu, "m"], [/vv/gu, "w"], [/cl/gu, "d"], [/[1i|]/gu, "l"], [/0/gu, "o"], [/5/gu, "s"], [/-/gu, ""]];
/** Shorter names are not compared for one changed character, since too many real names differ by one character. */
const MIN_COMPARED_CHARACTERS = 6;

/** Whether a name has letters beyond ASCII. `URL` writes these as punycode (RFC 3492). @param {string} host */
export function hasForeignLetters(host) {
  return host.split(".").some((label) => label.startsWith("xn--"));
}

/**
 * The host in `listed` that `host` may imitate; "" for none.
 * @param {string} host @param {string[]} listed
 */
export function imitated(host, listed) {
  return listed.find((listedHost) => listedHost !== host && isAlike(nameOf(host), nameOf(listedHost))) ?? "";
}

/** @param {string} host */
function nameOf(host) {
  return host.replace(/:\d+$/u, "").toLowerCase();
}

/** @param {string} name @param {string} other */
function isAlike(name, other) {
  if (name === other) return true;
  // The listed name with more text after it, as in mail.example.org.evil.test.
  if (name.startsWith(`${other}.`) || name.startsWith(`${other}-`)) return true;
  const [first, second] = [skeletonOf(name), skeletonOf(other)];
  return first === second || (other.length >= MIN_COMPARED_CHARACTERS && isOneChange(first, second));
}

/** @param {string} name */
function skeletonOf(name) {
  return ALIKE.reduce((text, [pattern, shown]) => text.replace(pattern, shown), name);
}

/** Whether the texts differ by one added, removed or changed character, or a swap. @param {string} text @param {string} other */
function isOneChange(text, other) {
  const [short, long] = text.length <= other.length ? [text, other] : [other, text];
  if (long.length - short.length > 1) return false;
  let start = 0;
  while (start < short.length && short[start] === long[start]) start += 1;
  const rest = short.slice(start);
  if (short.length < long.length) return rest === long.slice(start + 1);
  const swapped = `${short[start + 1] ?? ""}${short[start] ?? ""}${short.slice(start + 2)}`;
  return short.slice(start + 1) === long.slice(start + 1) || swapped === long.slice(start);
}
