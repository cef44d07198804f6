/** A `mailto:` address as the beginning of a letter (RFC 6068). */

/** The header fields of a letter that an address may fill. All others are ignored (RFC 6068 section 4). */
const RECIPIENTS = /** @type {const} */ (["to", "cc", "bcc"]);
const MAX_RECIPIENTS = 50;
const MAX_CHARACTERS = 100_000;

/** @typedef {{to: string[], cc: string[], bcc: string[], subject: string, text: string}} Beginning */

/** @param {string} address @returns {Beginning | null} null if it is not a `mailto:` address */
export function readMailto(address) {
  if (!/^mailto:/iu.test(address) || address.length > MAX_CHARACTERS) return null;
  const [path = "", query = ""] = address.slice("mailto:".length).split("#", 1)[0].split(/\?(.*)/su);
  /** @type {Beginning} */
  const letter = { to: listOf(path), cc: [], bcc: [], subject: "", text: "" };
  for (const pair of query.split("&")) {
    const [name = "", value = ""] = pair.split(/=(.*)/su);
    const field = decode(name).toLowerCase();
    const recipient = RECIPIENTS.find((kind) => kind === field);
    if (recipient) letter[recipient].push(...listOf(value));
    else if (field === "subject") letter.subject = decode(value).replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
    else if (field === "body") letter.text = decode(value).replace(/\r\n?/gu, "\n");
  }
  for (const recipient of RECIPIENTS) letter[recipient] = [...new Set(letter[recipient])].slice(0, MAX_RECIPIENTS);
  return letter;
}

/**
 * The texts in a list of addresses, which commas separate. A comma inside an address is encoded (RFC 6068 section 2).
 * Only the core parses the texts.
 * @param {string} list
 */
function listOf(list) {
  return list.split(",").map((text) => decode(text).trim()).filter(Boolean);
}

/** A plus sign stays as it is, unlike in forms. @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
