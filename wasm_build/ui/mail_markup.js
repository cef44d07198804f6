/**
 * Cleans the markup of one part of a mail for a frame without scripts. Afterwards only links point to the network. The cleaning
 * is the second protection. The first protection is the frame itself, with its sandbox and its inherited content security policy.
 */
import { withFewMarks } from "./bounded_text.js";
import { cleanMarkup, writeDocument } from "./markup_cleaner.js";
import { cleanAddress } from "./shown_names.js";
import { Slices } from "./slices.js";

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
const OWN_STYLE = "body{font:16px/1.5 system-ui,sans-serif;margin:12px;color:#1d1b19;background:#fff;"
  + "overflow-wrap:anywhere}img{max-width:100%;height:auto}";
/** The style of the host name that is shown after each link. The mail's own styles must not hide or alter it. */
const HOST_STYLE = ["all:initial", "display:inline", "font:13px system-ui,sans-serif", "color:#57524c",
  "visibility:visible", "unicode-bidi:isolate"].map((declaration) => `${declaration}!important`).join(";");
/** The tags that are forbidden in mails, besides those that `cleanMarkup` always forbids. */
const FORBIDDEN_TAGS = ["form", "input", "button", "select", "option", "textarea", "label", "fieldset", "svg", "dialog", "map",
  "area", "title", "marquee"];
const FORBIDDEN_ATTRIBUTES = ["usemap", "tabindex"];
const PICTURE = /^image\/(png|jpeg|gif|webp)$/u;
const PICTURE_DATA = /^data:image\/(png|jpeg|gif|webp);base64,/iu;
const LINK = /^(https?|mailto):/iu;

/** @typedef {{url: string, place: string}} Target the address of a link, and its host or the mail addresses */

/**
 * @param {string} markup
 * @param {(contentId: string) => Promise<string | null>} findPicture the `data:` URL of a picture of the same part
 * @param {import("./slices.js").Slices} [slices] the work on the whole mail
 * @returns {Promise<{document: string, links: Target[], blocked: number} | null>} the frame's document, the targets of its links,
 *   and the number of removed references to the network; null for markup that changes when it is parsed again
 */
export async function prepareMail(markup, findPicture, slices = new Slices()) {
  const root = await cleanMarkup(markup, { forbiddenTags: FORBIDDEN_TAGS, forbiddenAttributes: FORBIDDEN_ATTRIBUTES, slices });
  if (!root) return null;
  const { body } = root;
  removeManyMarks(body);
  const blocked = removeForeignStyles(body) + (await fillPictures(body, findPicture));
  await slices.next();
  const links = await markLinks(body, slices);
  await slices.next();
  const document = await writeDocument(root, { policy: POLICY, style: OWN_STYLE, slices });
  return document === null ? null : { document, links, blocked };
}

/** Removes marks, because many marks on one letter take long to draw and cover other lines. @param {HTMLElement} body */
function removeManyMarks(body) {
  const walker = body.ownerDocument.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { currentNode } = walker;
    const text = currentNode.nodeValue ?? "";
    const few = withFewMarks(text);
    if (few !== text) currentNode.nodeValue = few;
  }
}

/**
 * Removes styles that would load something.
 * @param {HTMLElement} body @returns {number} the number of removed styles
 */
function removeForeignStyles(body) {
  let count = 0;
  const clean = (/** @type {string} */ css) => {
    // A backslash counts as such a word too, because escapes can hide the words.
    if (!/url\s*\(|image-set|@import|\\|src\s*\(/iu.test(css)) return css;
    count += 1;
    return "";
  };
  for (const sheet of body.querySelectorAll("style")) sheet.textContent = clean(sheet.textContent ?? "");
  for (const element of body.querySelectorAll("[style]")) {
    element.setAttribute("style", (element.getAttribute("style") ?? "").split(";").map(clean).join(";"));
  }
  return count;
}

/** @param {HTMLElement} body @param {(contentId: string) => Promise<string | null>} findPicture */
async function fillPictures(body, findPicture) {
  let blocked = 0;
  for (const element of body.querySelectorAll("[src]")) {
    const source = element.getAttribute("src") ?? "";
    const contentId = /^cid:(.+)$/isu.exec(source)?.[1];
    const picture = contentId && element instanceof HTMLImageElement ? await findPicture(decodeSafely(contentId)) : null;
    if (picture) element.setAttribute("src", picture);
    else if (!(element instanceof HTMLImageElement && PICTURE_DATA.test(source))) {
      element.removeAttribute("src");
      blocked += 1;
    }
  }
  return blocked;
}

/** @param {string} encoded @returns {string} */
function decodeSafely(encoded) {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

/**
 * Writes the host of its target after each link.
 * @param {HTMLElement} body @param {Slices} slices @returns {Promise<Target[]>}
 */
async function markLinks(body, slices) {
  const links = [];
  for (const element of body.querySelectorAll("[href]")) {
    await slices.next();
    const target = element instanceof HTMLAnchorElement ? readLink(element.getAttribute("href") ?? "") : null;
    if (!target) {
      element.removeAttribute("href");
      continue;
    }
    element.setAttribute("href", target.url);
    element.setAttribute("target", "_blank");
    element.setAttribute("rel", "noreferrer noopener");
    const host = body.ownerDocument.createElement("span");
    host.setAttribute("style", HOST_STYLE);
    host.textContent = ` [${target.place}]`;
    element.after(host);
    links.push(target);
  }
  return links;
}

/**
 * The target of a link to a web page or a mail address.
 * @param {string} url
 * @returns {Target | null} null for a link of another kind
 */
export function readLink(url) {
  if (!LINK.test(url.trim()) || !URL.canParse(url.trim())) return null;
  const target = new URL(url.trim());
  return { url: target.href, place: target.protocol === "mailto:" ? cleanAddress(peopleOf(target)) : target.host };
}

/** All recipients of a `mailto:` link. Its header fields can name further recipients (RFC 6068). @param {URL} link */
function peopleOf({ pathname, searchParams }) {
  const more = [...searchParams].filter(([name]) => /^(?:to|cc|bcc)$/iu.test(name)).map(([, address]) => address);
  return [decodeSafely(pathname), ...more].filter(Boolean).join(", ");
}

/** Whether a picture of this type can be shown in the text. @param {string} type */
export function isPicture(type) {
  return PICTURE.test(type);
}
