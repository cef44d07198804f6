/**
 * Names of people as text beside their addresses. `smime_core/text/shown_name.py` has the same rules.
 *
 * A certificate or a header field may hold any text as a name. Beside an address, such a text must not look like another
 * address, change the direction of writing, or push the address out of sight.
 */

/** @typedef {import("./formats.js").Mailbox} Mailbox */

/** A longer name is cut, because it would push the address beside it out of sight. */
const MAX_SHOWN_NAME_CHARACTERS = 100;
/** Only this number of a name's characters is read. */
const MAX_READ_NAME_CHARACTERS = 1_000;
/**
 * Characters without a picture: format characters with the marks of direction, halves of surrogate pairs, characters of other
 * categories that programs may ignore, and the empty braille pattern.
 */
const INVISIBLE = /[\p{Cf}\p{Cs}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;
const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}\s]+/gu;
/** The signs of an address, and their look-alikes that do not decompose into them: an enclosed a, and angle brackets. */
const ADDRESS_SIGN = /[@<>\u24b6\u24d0\u02c2\u02c3\u1433\u1438\u16b2\u2039\u203a\u2329\u232a\u276c-\u2771\u27e8\u27e9\u29fc\u29fd\u3008\u3009\u{16f3f}\u{1d236}\u{1d237}\u{1f130}\u{1f150}\u{1f170}]/u;

/** The value after a label, up to the next label. The core does not escape values. */
const COMMON_NAME = /(?:^|, )CN=((?:[^,]|,(?! (?:[A-Za-z]+|[0-9.]+)=))+)/u;
const ORGANISATION = /(?:^|, )O=((?:[^,]|,(?! (?:[A-Za-z]+|[0-9.]+)=))+)/u;

/** A name in one line of any length, without invisible characters. @param {string} name */
export function visibleName(name) {
  return name.replace(INVISIBLE, "").replace(BREAKS, " ").trim();
}

/** A name in one line of at most 100 characters, without invisible characters. It may be empty. @param {string} name */
export function cleanName(name) {
  const line = [...visibleName(firstOf(name, MAX_READ_NAME_CHARACTERS))];
  return line.length <= MAX_SHOWN_NAME_CHARACTERS ? line.join("") : `${line.slice(0, MAX_SHOWN_NAME_CHARACTERS).join("")}…`;
}

/** Whether a name has the sign @ or an angle bracket in any form, so that people could take it for an address. @param {string} name */
export function looksLikeAddress(name) {
  return ADDRESS_SIGN.test(name) || ADDRESS_SIGN.test(name.normalize("NFKD"));
}

/**
 * An address in which invisible characters, such as those that change the direction of writing, have a picture.
 * @param {string} address
 */
export function cleanAddress(address) {
  return address.replace(INVISIBLE, "\ufffd").replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, "\ufffd");
}

/** A name that may be shown beside an address; "" if people could take the name for another address. @param {string} name */
export function nameBeside(name) {
  const shown = cleanName(name);
  return looksLikeAddress(shown) ? "" : shown;
}

/**
 * The name of a mailbox, for a place that has room only for the name or the address. A name that could be taken for
 * another address is replaced with the address, or with "?" if there is none. Returns "" if the mailbox has neither.
 * @param {Mailbox} mailbox
 */
export function shortName({ name, address }) {
  return nameBeside(name) || cleanAddress(address) || (name && "?");
}

/**
 * The holder of a certificate in one line: the first address, or the core's name. The distinguished name is for the details.
 * @param {{addresses: string[], name: string}} certificate
 */
export function holderText({ addresses: [address], name }) {
  if (address !== undefined) return cleanAddress(address);
  return (looksLikeAddress(name) ? "" : visibleName(name)) || "?";
}

/**
 * The name for people in a distinguished name as the core writes it, such as "CN=Example CA, O=Example": the common name, or
 * else the organisation. A text without either, or whose name could be taken for an address, is returned whole. The details of
 * a certificate show the whole text.
 * @param {string} distinguishedName
 */
export function readableName(distinguishedName) {
  const text = visibleName(firstOf(distinguishedName, MAX_READ_NAME_CHARACTERS));
  const name = COMMON_NAME.exec(text)?.[1] ?? ORGANISATION.exec(text)?.[1] ?? "";
  return cleanName(name && !looksLikeAddress(name) ? name : text);
}

/** The first characters of a text, without half surrogate pairs. @param {string} text @param {number} count */
function firstOf(text, count) {
  return [...text.slice(0, 2 * count)].slice(0, count).join("");
}
