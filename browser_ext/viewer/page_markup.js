/**
 * Prepares a page for a frame without scripts, from exactly the verified bytes, in the signed charset. Pictures and
 * stylesheets are included only if the page itself has a matching hash for them. All others are left out and counted,
 * so that the reader knows that something is missing. The frame's sandbox and the inherited Content Security Policy
 * protect the reader.
 */
import { cleanMarkup, writeDocument } from "../../wasm_build/ui/markup_cleaner.js";
import { ON_PRESS, isWithin } from "../../wasm_build/ui/markup_bounds.js";
import { Slices } from "../../wasm_build/ui/slices.js";
import { parseMarkup } from "../../wasm_build/ui/trusted_markup.js";

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:";
/** The hash algorithms, the strongest last (Subresource Integrity, section 3.3.3). */
const HASHES = ["sha256", "sha384", "sha512"];
const HASH = /^(sha256|sha384|sha512)-([A-Za-z0-9+/_-]+={0,2})(?:\?.*)?$/u;
/** The elements whose addresses `removeAddresses` keeps. `markLinks` and `fillPictures` check these addresses. */
const WITH_ADDRESS = ["a", "area", "img"];
/** Removed elements of these kinds are counted, because they would show, play or load something. */
const COUNTED = "iframe, frame, object, embed, portal, template, audio[src], video, source[src], source[srcset], fencedframe, "
  + "math, canvas, use, foreignObject";
const PICTURES = [
  { type: "image/png", starts: [0x89, 0x50, 0x4e, 0x47] }, { type: "image/jpeg", starts: [0xff, 0xd8, 0xff] },
  { type: "image/gif", starts: [0x47, 0x49, 0x46, 0x38] }, { type: "image/webp", starts: [0x52, 0x49, 0x46, 0x46] },
];
const FOREIGN_CSS = /url\(\s*["']?(?!["']?(?:data:|#))[^)"'\s]|@import|image-set\(\s*["'](?!data:)/giu;
const LINK = /^(?:https?|mailto):/iu;
const MARKUP_TYPES = ["text/html", "application/xhtml+xml"];
const CHARSET_SEARCHED = 1024;

/** @typedef {{url: string, bytes: Uint8Array}} Loaded */
/** @typedef {{bytes: Uint8Array, mediaType: string, address: string, resources: Loaded[]}} SignedPage */

/**
 * @param {SignedPage} page
 * @returns {Promise<{document: string, links: string[], leftOut: number, scripts: number} | null>} null for a file that
 *   is not a page, text or picture, and for markup that changes its meaning when it is parsed again
 */
export async function preparePage(page) {
  const type = page.mediaType.split(";")[0].trim().toLowerCase();
  if (MARKUP_TYPES.includes(type)) return prepareMarkup(page);
  const root = document.implementation.createHTMLDocument("");
  const picture = type.startsWith("image/") ? pictureType(page.bytes) : null;
  if (picture) {
    const element = root.createElement("img");
    element.src = dataUrl(page.bytes, picture);
    root.body.append(element);
  } else if (type.startsWith("text/")) {
    const element = root.createElement("pre");
    element.textContent = decode(page);
    root.body.append(element);
  } else {
    return null;
  }
  return finish(root, { links: [], leftOut: 0, scripts: 0 });
}

/** Whether the page is so large that showing it would block the window. @param {SignedPage} page */
export async function isTooLarge(page) {
  const type = page.mediaType.split(";")[0].trim().toLowerCase();
  if (!MARKUP_TYPES.includes(type)) return type.startsWith("text/") && page.bytes.length > ON_PRESS.letters;
  return !(await isWithin(decode(page), ON_PRESS, new Slices()));
}

/** @param {SignedPage} page */
async function prepareMarkup(page) {
  const root = parseMarkup(decode(page));
  const base = baseOf(root, page.address);
  const scripts = root.querySelectorAll("script").length;
  let leftOut = root.querySelectorAll(COUNTED).length;
  leftOut += await fillStylesheets(root, base, page.resources);
  leftOut += await fillPictures(root, base, page.resources);
  leftOut += countForeignStyles(root);
  for (const style of root.querySelectorAll("style")) style.textContent = withoutTags(style.textContent ?? "");
  const cleaned = await cleanMarkup(root.documentElement.outerHTML, { isWhole: true });
  if (!cleaned) return null;
  removeAddresses(cleaned);
  const links = markLinks(cleaned, base);
  return finish(cleaned, { links, leftOut, scripts });
}

/** Decodes with the signed charset, or else with the charset that the page names, or else as UTF-8. @param {SignedPage} page */
function decode({ bytes, mediaType }) {
  const named = /;\s*charset\s*=\s*"?([^\s;"]+)/iu.exec(mediaType)?.[1];
  const label = named ?? charsetIn(new TextDecoder("latin1").decode(bytes.subarray(0, CHARSET_SEARCHED))) ?? "utf-8";
  try {
    return new TextDecoder(label).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

/** The charset of the first `meta` element that names one. @param {string} start */
function charsetIn(start) {
  const values = [...start.matchAll(/<meta\b([^<>]*)/giu)].map(([, text]) => text.split(/charset\s*=/iu)[1]);
  return values.map((text) => /^\s*(?:["']\s*)?([\w:.-]+)/u.exec(text ?? "")?.[1]).find((name) => name !== undefined);
}

/** @param {Document} root @param {string} address */
function baseOf(root, address) {
  const named = root.querySelector("base[href]")?.getAttribute("href") ?? "";
  return URL.canParse(named, address || undefined) ? new URL(named, address || undefined).href : address;
}

/**
 * @param {Document} root @param {string} base @param {Loaded[]} resources
 * @returns {Promise<number>} the number left out
 */
async function fillStylesheets(root, base, resources) {
  let leftOut = 0;
  for (const element of root.querySelectorAll("link")) {
    if (!/(?:^|\s)stylesheet(?:\s|$)/iu.test(element.getAttribute("rel") ?? "")) {
      element.remove();
      continue;
    }
    const bytes = await findLoaded(element, "href", base, resources);
    const style = root.createElement("style");
    style.media = element.getAttribute("media") ?? "";
    style.textContent = bytes ? new TextDecoder().decode(bytes) : "";
    if (!bytes) leftOut += 1;
    element.replaceWith(style);
  }
  return leftOut;
}

/**
 * @param {Document} root @param {string} base @param {Loaded[]} resources
 * @returns {Promise<number>} the number left out
 */
async function fillPictures(root, base, resources) {
  let leftOut = 0;
  for (const element of root.querySelectorAll("img, input[src], image, feImage, [background]")) {
    const isLoaded = element.localName === "img" && element.hasAttribute("integrity");
    const bytes = isLoaded ? await findLoaded(element, "src", base, resources) : null;
    const type = bytes && pictureType(bytes);
    if (bytes && type) element.setAttribute("src", dataUrl(bytes, type));
    else if (removeSources(element)) leftOut += 1;
    element.removeAttribute("srcset");
  }
  return leftOut;
}

/** @param {Element} element @returns {boolean} true if the element had an address outside the page */
function removeSources(element) {
  let hadAddress = false;
  for (const name of ["src", "srcset", "background", "href", "xlink:href"]) {
    const value = element.getAttribute(name)?.trim() ?? "";
    if (!value || /^(?:data:image\/|#)/iu.test(value)) continue;
    element.removeAttribute(name);
    hadAddress = true;
  }
  return hadAddress;
}

/**
 * The bytes that were loaded for an element; null unless they match a hash of the element.
 * @param {Element} element @param {string} name @param {string} base @param {Loaded[]} resources
 * @returns {Promise<Uint8Array | null>}
 */
async function findLoaded(element, name, base, resources) {
  const value = element.getAttribute(name) ?? "";
  if (!URL.canParse(value, base || undefined)) return null;
  const { href } = new URL(value, base || undefined);
  const resource = resources.find(({ url }) => url === href);
  return resource && (await fits(resource.bytes, element.getAttribute("integrity") ?? "")) ? resource.bytes : null;
}

/**
 * Whether bytes match a hash of the strongest algorithm in `integrity`.
 * @param {Uint8Array} bytes @param {string} integrity
 */
async function fits(bytes, integrity) {
  const hashes = integrity.trim().split(/\s+/u).map((text) => HASH.exec(text)).filter((match) => match !== null);
  if (!hashes.length) return false;
  const strongest = HASHES.findLast((kind) => hashes.some(([, name]) => name === kind)) ?? "";
  const digest = await crypto.subtle.digest(strongest.replace("sha", "SHA-"), /** @type {BufferSource} */ (bytes));
  const computed = new Uint8Array(digest).toBase64();
  return hashes.some(([, kind, hash]) => kind === strongest && hash.replaceAll("-", "+").replaceAll("_", "/") === computed);
}

/**
 * @param {Document} root @returns {number} the number of files that styles would load; the frame's policy forbids that
 */
function countForeignStyles(root) {
  const styles = [...root.querySelectorAll("style")].map((element) => element.textContent ?? "");
  const attributes = [...root.querySelectorAll("[style]")].map((element) => element.getAttribute("style") ?? "");
  return [...styles, ...attributes].reduce((sum, css) => sum + (css.match(FOREIGN_CSS)?.length ?? 0), 0);
}

/**
 * Escapes `<` in a style, because the cleaner would mistake an SVG `data:` URL for markup and remove the style.
 * @param {string} css
 */
function withoutTags(css) {
  return css.replace(/<(?=[/\w!])/gu, "\\3c ");
}

/** Removes the remaining addresses, except those of links and pictures. @param {Document} root */
function removeAddresses(root) {
  for (const element of root.querySelectorAll("*")) {
    for (const { name, value } of [...element.attributes]) {
      const isOwn = WITH_ADDRESS.includes(element.localName) && (name === "href" || name === "src");
      const isAddress = /^(?:src|href|xlink:href|data|codebase|archive|manifest)$/iu.test(name) && !/^(?:data:image\/|#)/iu.test(value);
      const points = name !== "style" && /url\s*\(\s*["']?(?!["']?#)/iu.test(value);
      if (/^on/iu.test(name) || (isAddress && !isOwn) || points) element.removeAttribute(name);
    }
  }
}

/**
 * Makes links open in new tabs. Removes the addresses of links within the page, because browsers would resolve them
 * against the view's address, and open the view instead.
 * @param {Document} root
 * @param {string} base
 */
function markLinks(root, base) {
  const links = new Set();
  for (const element of root.querySelectorAll("a, area")) {
    const named = element.getAttribute("href")?.trim() ?? "";
    element.removeAttribute("xlink:href");
    element.removeAttribute("href");
    if (!named || named.startsWith("#") || !URL.canParse(named, base || undefined)) continue;
    const { href } = new URL(named, base || undefined);
    if (!LINK.test(href)) continue;
    links.add(href);
    element.setAttribute("href", href);
    element.setAttribute("target", "_blank");
    element.setAttribute("rel", "noreferrer noopener");
    element.setAttribute("title", href);
  }
  return [...links];
}

/**
 * @template T
 * @param {Document} root
 * @param {T} facts
 * @returns {Promise<(T & {document: string}) | null>}
 */
async function finish(root, facts) {
  const document = await writeDocument(root, { policy: POLICY });
  return document === null ? null : { ...facts, document };
}

/** @param {Uint8Array} bytes @returns {string | null} */
function pictureType(bytes) {
  return PICTURES.find(({ starts }) => starts.every((byte, index) => bytes[index] === byte))?.type ?? null;
}

/** @param {Uint8Array} bytes @param {string} type */
function dataUrl(bytes, type) {
  return `data:${type};base64,${bytes.toBase64()}`;
}
