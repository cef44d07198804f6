/**
 * Cleans foreign markup for a frame without scripts. The views of mail and of pages share this code. DOMPurify, a separate
 * script, must be loaded first.
 *
 * Markup can change its meaning when it is written out and parsed again ("mutation"). The result of `cleanMarkup` is
 * stable: the sanitizer finds nothing more in it, and parsing its text gives the same tree. The frame parses as
 * `DOMParser` does, with scripting disabled.
 */

import { Slices } from "./slices.js";
import { parseMarkup, sanitize } from "./trusted_markup.js";

/** Elements that load, run, navigate or hide something. They are forbidden in mail and in pages. */
const FORBIDDEN_TAGS = ["iframe", "frame", "frameset", "object", "embed", "audio", "video", "source", "track", "picture",
  "math", "link", "meta", "base", "template", "canvas", "portal", "fencedframe", "noscript", "slot", "selectedcontent",
  "use", "image", "feimage", "foreignobject", "animate", "animatemotion", "animatetransform", "set"];
const FORBIDDEN_ATTRIBUTES = ["srcset", "background", "poster", "ping", "action", "formaction", "longdesc", "cite",
  "profile", "autofocus", "contenteditable", "popover", "popovertarget", "commandfor", "accesskey", "is", "slot", "target",
  "integrity", "nonce", "http-equiv"];
const ADDRESS = /^(?:https?|mailto|cid|data):/iu;
const ADDRESS_OR_RELATIVE = /^(?:(?:https?|mailto|data):|[^a-z]|[a-z+.\-]+(?:[^a-z+.\-:]|$))/iu;
/** A mutation becomes visible in the second round. Markup that still changes after these rounds is not shown. */
const MAX_ROUNDS = 5;

/**
 * Each round is a separate slice, because the sanitiser needs a whole text.
 * @param {string} markup
 * @param {{isWhole?: boolean, forbiddenTags?: string[], forbiddenAttributes?: string[], slices?: Slices}} [options] `isWhole`: a
 *   page with head and relative addresses
 * @returns {Promise<Document | null>} null for markup that still changes after `MAX_ROUNDS`
 */
export async function cleanMarkup(markup, { isWhole = false, forbiddenTags = [], forbiddenAttributes = [], slices = new Slices() } = {}) {
  const options = {
    FORBID_TAGS: [...FORBIDDEN_TAGS, ...forbiddenTags], FORBID_ATTR: [...FORBIDDEN_ATTRIBUTES, ...forbiddenAttributes],
    ALLOW_DATA_ATTR: false, ALLOW_ARIA_ATTR: false, WHOLE_DOCUMENT: isWhole, FORCE_BODY: !isWhole,
    ALLOWED_URI_REGEXP: isWhole ? ADDRESS_OR_RELATIVE : ADDRESS,
  };
  let text = markup;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const sanitized = sanitize(text, options);
    await slices.next();
    const root = parseMarkup(sanitized);
    const written = isWhole ? root.documentElement.outerHTML : root.body.innerHTML;
    await slices.next();
    if (written === text) return root;
    text = written;
  }
  return null;
}

/**
 * The source of a document for the frame, with the Content Security Policy at its beginning.
 * @param {Document} root the result of `cleanMarkup`; the caller may have changed attributes and added text
 * @param {{policy: string, style?: string, slices?: Slices}} head
 * @returns {Promise<string | null>} null if the frame would parse the source to another tree than `root`
 */
export async function writeDocument(root, { policy, style = "", slices = new Slices() }) {
  const metas = [["http-equiv", "Content-Security-Policy", policy], ["name", "referrer", "no-referrer"],
    ["http-equiv", "x-dns-prefetch-control", "off"]];
  const first = metas.map(([kind, name, content]) => {
    const meta = root.createElement("meta");
    meta.setAttribute(kind, name);
    meta.setAttribute("content", content);
    return meta;
  });
  const own = root.createElement("style");
  own.textContent = style;
  // No script in the frame could stop a drag, so the markup itself forbids dragging.
  for (const element of root.querySelectorAll("a, img")) element.setAttribute("draggable", "false");
  root.head.prepend(...first, ...(style ? [own] : []));
  const { outerHTML } = root.documentElement;
  const source = `<!doctype html>${outerHTML}`;
  await slices.next();
  return parseMarkup(source).documentElement.outerHTML === outerHTML ? source : null;
}
