/**
 * Copies the page of a tab as it is shown now. The copy contains the values of the page's fields, and the styles and
 * pictures that the page may read. It contains no scripts, no closed shadow roots (such as the extension's own frames),
 * and no values of fields for passwords or other secrets.
 */

/** The names, labels and hints of fields for a secret, in the extension's five languages. */
const SECRET_NAME = /^(?:\w{0,40}[_-])?(?:pass|pin|otp|tan|cvc|cvv)$/iu;
const SECRET_WORD = /pass[ _-]?(?:wor[dt]|phrase|code|key)|passwd|pwd|kennwort|secret|geheim|mot[ _-]?de[ _-]?passe|contrase|كلمة (?:ال)?(?:مرور|سر)/iu;
const SECRET_PURPOSE = /\b(?:current-password|new-password|one-time-code|cc-csc)\b/iu;
const FIELDS = "input, textarea, select, option";
const STYLES = "style, link[rel~=stylesheet i]";
const LEFT_OUT = "script, noscript, template, iframe, frame, object, embed, link, base, meta";

/**
 * @param {{maxPictures: number, maxPictureBytes: number}} limits
 * @returns {Promise<{address: string, title: string, markup: string}>}
 */
export async function copyPage(limits) {
  // The address and the title are read together with the page, before any `await`, because a script may change them
  // while pictures are fetched.
  const address = location.href;
  const { title } = document;
  const copy = /** @type {HTMLElement} */ (document.documentElement.cloneNode(true));
  fillIn(copy);
  takeStyles(copy);
  await takePictures(copy, limits);
  leaveOut(copy);
  const charset = document.createElement("meta");
  charset.setAttribute("charset", "utf-8");
  (copy.querySelector("head") ?? copy).prepend(charset);
  return { address, title, markup: `<!doctype html>\n${copy.outerHTML}\n` };
}

/** Writes the values of the page's fields into the copy. @param {HTMLElement} copy */
function fillIn(copy) {
  const copies = [...copy.querySelectorAll(FIELDS)];
  [...document.querySelectorAll(FIELDS)].forEach((field, index) => {
    const copiedField = copies[index];
    if (field instanceof HTMLTextAreaElement) copiedField.textContent = holdsSecret(field) ? "" : field.value;
    else if (field instanceof HTMLOptionElement) copiedField.toggleAttribute("selected", field.selected);
    else if (field instanceof HTMLInputElement) {
      copiedField.toggleAttribute("checked", field.checked);
      if (["password", "file", "hidden"].includes(field.type) || holdsSecret(field)) copiedField.removeAttribute("value");
      else copiedField.setAttribute("value", field.value);
    }
  });
}

/**
 * Whether a field of another type than "password" is for a secret, judged by its purpose, name, label and style.
 * @param {HTMLInputElement | HTMLTextAreaElement} field
 */
function holdsSecret(field) {
  // The attribute and not the property `autocomplete`: Firefox gives "" for values that it does not know.
  return SECRET_PURPOSE.test(field.getAttribute("autocomplete") ?? "")
    || [field.name, field.id].some((name) => SECRET_NAME.test(name) || SECRET_WORD.test(name))
    || [field.placeholder, field.ariaLabel, ...[...(field.labels ?? [])].map((label) => label.textContent)]
      .some((words) => SECRET_WORD.test(words ?? ""))
    || !["", "none"].includes(getComputedStyle(field).getPropertyValue("-webkit-text-security"));
}

/** @param {HTMLElement} copy */
function takeStyles(copy) {
  const sheets = [...document.querySelectorAll(STYLES)];
  [...copy.querySelectorAll(STYLES)].forEach((element, index) => {
    const { sheet, media } = /** @type {HTMLStyleElement} */ (sheets[index]);
    const style = document.createElement("style");
    if (media) style.media = media;
    style.textContent = rulesOf(sheet);
    element.replaceWith(style);
  });
}

/**
 * The rules of a stylesheet; "" for a stylesheet of another origin, which the page may not read.
 * @param {CSSStyleSheet | null} sheet
 */
function rulesOf(sheet) {
  try {
    return [...(sheet?.cssRules ?? [])].map(({ cssText }) => cssText).join("\n");
  } catch {
    return "";
  }
}

/** @param {HTMLElement} copy @param {{maxPictures: number, maxPictureBytes: number}} limits */
async function takePictures(copy, { maxPictures, maxPictureBytes }) {
  const pictures = [...document.images];
  let left = maxPictureBytes;
  for (const [index, element] of [...copy.querySelectorAll("img")].entries()) {
    const source = pictures[index]?.currentSrc ?? "";
    element.removeAttribute("srcset");
    if (source.startsWith("data:")) continue;
    element.removeAttribute("src");
    const blob = source && index < maxPictures ? await fetchPicture(source) : null;
    if (!blob || blob.size > left) continue;
    left -= blob.size;
    element.setAttribute("src", `data:${blob.type};base64,${new Uint8Array(await blob.arrayBuffer()).toBase64()}`);
  }
}

/** Fetches a picture. Returns null for a picture of another origin, which the page may not read. @param {string} source */
async function fetchPicture(source) {
  try {
    const blob = await (await fetch(source, { cache: "force-cache" })).blob();
    return blob.type.startsWith("image/") ? blob : null;
  } catch {
    return null;
  }
}

/**
 * Removes scripts, handlers, frames and the like, and makes the addresses of links absolute.
 * @param {HTMLElement} copy
 */
function leaveOut(copy) {
  for (const element of copy.querySelectorAll(LEFT_OUT)) element.remove();
  for (const element of copy.querySelectorAll("*")) {
    for (const { name } of [...element.attributes]) if (name.startsWith("on")) element.removeAttribute(name);
  }
  for (const anchor of copy.querySelectorAll("a[href]")) {
    const href = anchor.getAttribute("href") ?? "";
    if (!href.startsWith("#") && URL.canParse(href, document.baseURI)) anchor.setAttribute("href", new URL(href, document.baseURI).href);
  }
}
