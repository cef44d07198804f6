/**
 * What runs in a tab, after the person's click, to fetch or copy its page: the tab's own origin may be asked there and
 * nowhere else, so that no permission for a site is needed. Nothing that comes back is believed: the vault verifies
 * the bytes, and the view the hash of everything that the page loads.
 *
 * Each function is sent to the tab by itself and uses nothing from outside.
 */

/** @typedef {{problem: string} | {page: string, type: string, signature: string, resources: {url: string, octets: string}[]}} Published octets in base64 */
/** @typedef {{maxPageBytes: number, maxSignatureBytes: number, maxResources: number, maxResourceBytes: number}} FetchLimits */

/**
 * The page as its server sends it now, the signature that it names, and what it loads with a hash.
 * @param {string} address
 * @param {FetchLimits} limits
 * @returns {Promise<Published>}
 */
export async function fetchPublished(address, limits) {
  /** @param {string} url @param {number} maxBytes @param {RequestInit} [options] */
  async function take(url, maxBytes, options = {}) {
    const response = await fetch(url, { cache: "no-store", redirect: "error", referrerPolicy: "no-referrer", ...options });
    if (!response.ok || !response.body) throw new Error("not-found");
    const reader = response.body.getReader();
    const chunks = [];
    let length = 0;
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      length += value?.length ?? 0;
      if (length > maxBytes) throw new Error("too-large");
      chunks.push(/** @type {BlobPart} */ (value));
    }
    const octets = new Uint8Array(await new Blob(chunks).arrayBuffer());
    return { octets, headers: response.headers };
  }
  /** @param {Uint8Array} octets @returns {string} */
  const encode = (octets) => /** @type {any} */ (octets).toBase64();
  /** @param {string | null} header RFC 8288 */
  function signatureOf(header) {
    for (const [, url, parameters] of (header ?? "").matchAll(/<([^<>]*)>([^,<]*)/gu)) {
      const relations = parameters.split(";").map((one) => one.split("=", 2)).filter(([name]) => isRelation(name));
      const words = relations.flatMap(([, value]) => (value ?? "").replaceAll('"', " ").toLowerCase().split(/\s/u));
      if (words.includes("smime-signature")) return url;
    }
    return null;
  }
  /** @param {string} name */
  function isRelation(name) {
    return name.trim().toLowerCase() === "rel";
  }

  let page;
  try {
    page = await take(address, limits.maxPageBytes);
  } catch (error) {
    return { problem: /** @type {Error} */ (error).message === "too-large" ? "page-too-large" : "page-unreachable" };
  }
  const found = new DOMParser().parseFromString(new TextDecoder().decode(page.octets), "text/html");
  const base = new URL(found.querySelector("base[href]")?.getAttribute("href") ?? "", address).href;
  const link = found.querySelector('link[rel~="smime-signature" i][href]')?.getAttribute("href");
  const named = link ?? signatureOf(page.headers.get("link"));
  if (named === null || named === undefined || !URL.canParse(named, link ? base : address)) {
    return { problem: "page-not-signed" };
  }
  let signature;
  try {
    signature = await take(new URL(named, link ? base : address).href, limits.maxSignatureBytes, { credentials: "omit" });
  } catch {
    return { problem: "page-signature-unreachable" };
  }
  const resources = [];
  let left = limits.maxResourceBytes;
  for (const element of [...found.querySelectorAll("link[integrity], img[integrity]")].slice(0, limits.maxResources)) {
    const name = element.getAttribute(element.localName === "link" ? "href" : "src") ?? "";
    if (!URL.canParse(name, base)) continue;
    const { href: url } = new URL(name, base);
    try {
      const { octets } = await take(url, left, { credentials: "omit", integrity: element.getAttribute("integrity") ?? "" });
      left -= octets.length;
      resources.push({ url, octets: encode(octets) });
    } catch {
      // Shown as left out.
    }
  }
  const type = page.headers.get("content-type") ?? "";
  return { page: encode(page.octets), type, signature: encode(signature.octets), resources };
}

/**
 * A file that a link leads to.
 * @param {string} address
 * @param {number} maxBytes
 * @returns {Promise<{octets: string, type: string} | null>} octets in base64
 */
export async function fetchLinked(address, maxBytes) {
  try {
    const response = await fetch(address, { cache: "no-store", referrerPolicy: "no-referrer" });
    if (!response.ok || !response.body) return null;
    const reader = response.body.getReader();
    const chunks = [];
    let length = 0;
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      length += value?.length ?? 0;
      if (length > maxBytes) throw new Error("too-large");
      chunks.push(/** @type {BlobPart} */ (value));
    }
    const octets = new Uint8Array(await new Blob(chunks).arrayBuffer());
    return { octets: /** @type {any} */ (octets).toBase64(), type: response.headers.get("content-type") ?? "" };
  } catch {
    return null;
  }
}

/** Whether a page says that there is a signature for it. @returns {boolean} */
export function namesSignature() {
  return document.querySelector('link[rel~="smime-signature" i][href]') !== null;
}

/**
 * The page as it stands: fields as they are filled in (passwords left out, as far as the page says that they are), styles and pictures inside as far as the
 * page may read them, no scripts. What stands in closed shadow roots, as the extension's own frames, is not in it.
 * @param {{maxPictures: number, maxPictureBytes: number}} limits
 * @returns {Promise<{address: string, title: string, markup: string}>}
 */
export async function copyPage({ maxPictures, maxPictureBytes }) {
  /** How pages call the field for a secret, in the five languages: its names, and its label and hints. */
  const secretName = /^(?:\w{0,40}[_-])?(?:pass|pin|otp|tan|cvc|cvv)$/iu;
  const secretWord = /pass[ _-]?(?:wor[dt]|phrase|code|key)|passwd|pwd|kennwort|secret|geheim|mot[ _-]?de[ _-]?passe|contrase|كلمة (?:ال)?(?:مرور|سر)/iu;
  /** A page may show a password as text, or draw dots over text. @param {HTMLInputElement | HTMLTextAreaElement} field */
  const holdsSecret = (field) =>
    // The attribute itself: Firefox does not know every word of it.
    /\b(?:current-password|new-password|one-time-code|cc-csc)\b/iu.test(field.getAttribute("autocomplete") ?? "")
    || [field.name, field.id].some((name) => secretName.test(name) || secretWord.test(name))
    || [field.placeholder, field.ariaLabel, ...[...(field.labels ?? [])].map((label) => label.textContent)]
      .some((words) => secretWord.test(words ?? ""))
    || !["", "none"].includes(getComputedStyle(field).getPropertyValue("-webkit-text-security"));
  // Read in the same moment as the page itself: a script of the page may change both while pictures are fetched.
  const address = location.href;
  const { title } = document;
  const copy = /** @type {HTMLElement} */ (document.documentElement.cloneNode(true));
  const [fields, copies] = [document, copy].map((root) => [...root.querySelectorAll("input, textarea, select, option")]);
  fields.forEach((field, index) => {
    const kept = copies[index];
    if (field instanceof HTMLTextAreaElement) kept.textContent = holdsSecret(field) ? "" : field.value;
    else if (field instanceof HTMLOptionElement) kept.toggleAttribute("selected", field.selected);
    else if (field instanceof HTMLInputElement) {
      kept.toggleAttribute("checked", field.checked);
      if (["password", "file", "hidden"].includes(field.type) || holdsSecret(field)) kept.removeAttribute("value");
      else kept.setAttribute("value", field.value);
    }
  });
  const sheets = [...document.querySelectorAll("style, link[rel~=stylesheet i]")];
  [...copy.querySelectorAll("style, link[rel~=stylesheet i]")].forEach((element, index) => {
    const { sheet, media } = /** @type {HTMLStyleElement} */ (sheets[index]);
    let css = "";
    try {
      css = [...(sheet?.cssRules ?? [])].map(({ cssText }) => cssText).join("\n");
    } catch {
      // A stylesheet of another origin, which the page may not read.
    }
    const style = document.createElement("style");
    if (media) style.media = media;
    style.textContent = css;
    element.replaceWith(style);
  });
  const pictures = [...document.images];
  let left = maxPictureBytes;
  for (const [index, element] of [...copy.querySelectorAll("img")].entries()) {
    const source = pictures[index]?.currentSrc ?? "";
    element.removeAttribute("srcset");
    if (source.startsWith("data:")) continue;
    element.removeAttribute("src");
    if (!source || index >= maxPictures) continue;
    try {
      const blob = await (await fetch(source, { cache: "force-cache" })).blob();
      if (blob.size > left || !blob.type.startsWith("image/")) continue;
      left -= blob.size;
      const octets = /** @type {any} */ (new Uint8Array(await blob.arrayBuffer())).toBase64();
      element.setAttribute("src", `data:${blob.type};base64,${octets}`);
    } catch {
      // A picture of another origin, which the page may not read.
    }
  }
  for (const element of copy.querySelectorAll("script, noscript, template, iframe, frame, object, embed, link, base, meta")) {
    element.remove();
  }
  for (const element of copy.querySelectorAll("*")) {
    for (const { name } of [...element.attributes]) if (name.startsWith("on")) element.removeAttribute(name);
  }
  for (const anchor of copy.querySelectorAll("a[href]")) {
    const href = anchor.getAttribute("href") ?? "";
    if (!href.startsWith("#") && URL.canParse(href, document.baseURI)) anchor.setAttribute("href", new URL(href, document.baseURI).href);
  }
  const charset = document.createElement("meta");
  charset.setAttribute("charset", "utf-8");
  (copy.querySelector("head") ?? copy).prepend(charset);
  return { address, title, markup: `<!doctype html>\n${copy.outerHTML}\n` };
}
