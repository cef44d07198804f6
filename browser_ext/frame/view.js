/**
 * The sandboxed view of a field. In a page, only this document has the field's plaintext. The view has an opaque
 * origin, no extension API and no network; its only link is one MessagePort. This file is bundled as a classic script,
 * because an opaque origin loads no modules.
 */
import { encryptTo } from "../shared/channel.js";
import { ViewPort } from "../shared/view_port.js";

const VISIBILITY_DELAY_MILLISECONDS = 100;

/** True after the editor has lost the focus, until the person comes back with a click or the Tab key. */
let isLost = false;
/** Whether the page fades, masks or shrinks the frame. */
let isAltered = false;
/** Whether the page covers the editor. Only Chromium detects this. */
let isCovered = false;
/** True for an editor, false for text that is only shown. */
let isWatched = false;
const box = document.createElement("div");
box.className = "text";
// These attributes switch off services that copy the text elsewhere: spell checkers, translators and form histories.
const KEPT_IN = {
  spellcheck: "false", translate: "no", autocomplete: "off", autocapitalize: "off", autocorrect: "off", "data-gramm": "false",
};
for (const [name, value] of Object.entries(KEPT_IN)) box.setAttribute(name, value);

const port = new ViewPort({ write, read, prepare, show, encrypt, attend, freeze });
box.addEventListener("input", () => port.tell({ type: "typed" }));

/** @param {{label: string, text: string}} body */
function write({ label, text }) {
  box.setAttribute("role", "textbox");
  box.setAttribute("aria-multiline", "true");
  box.setAttribute("aria-label", label);
  box.contentEditable = "plaintext-only";
  box.textContent = text;
  document.body.append(box);
  watchAttention();
  box.focus();
}

/** @param {{label: string}} body @returns {Promise<ArrayBuffer>} the key to the text */
function read({ label }) {
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", label);
  box.tabIndex = 0;
  document.body.append(box);
  return port.makeKeys();
}

function prepare() {
  return port.makeKeys();
}

/** @param {{envelope: Envelope}} body */
async function show({ envelope }) {
  const bytes = await port.open("opened text", envelope);
  box.textContent = new TextDecoder().decode(bytes);
  new Uint8Array(bytes).fill(0);
}

/** @param {{publicKey: ArrayBuffer}} body */
function encrypt({ publicKey }) {
  return encryptTo(publicKey, "text", new TextEncoder().encode(box.innerText).buffer);
}

/** @param {{seen: boolean}} body */
function attend({ seen }) {
  isAltered = !seen;
  showAttention();
}

/** @param {{frozen: boolean}} body */
function freeze({ frozen }) {
  box.contentEditable = frozen ? "false" : "plaintext-only";
  if (frozen) return;
  // The editor has the focus again, because the person has just answered in the extension's own window.
  isLost = false;
  box.focus();
  showAttention();
}

/**
 * Makes the editor grey while typed keys would go elsewhere, or while the page covers the editor. A page can take the
 * focus by opening a window, and return it by closing the window. So the editor stays grey until the person comes back
 * with a click or the Tab key. The grey only informs the person. It does not keep keys from the page that are typed
 * meanwhile.
 */
function watchAttention() {
  isWatched = true;
  addEventListener("focus", showAttention);
  addEventListener("blur", () => {
    isLost = true;
    showAttention();
  });
  addEventListener("pointerdown", comeBack, true);
  addEventListener("keyup", (event) => void (event.key === "Tab" && comeBack(event)), true);
  if ("isVisible" in IntersectionObserverEntry.prototype) watchVisibility();
}

function showAttention() {
  if (isWatched) box.classList.toggle("unsure", isLost || isAltered || isCovered || !document.hasFocus());
}

/** @param {Event} event */
function comeBack(event) {
  if (!event.isTrusted) return;
  isLost = false;
  showAttention();
}

function watchVisibility() {
  const options = { threshold: [0, 1], trackVisibility: true, delay: VISIBILITY_DELAY_MILLISECONDS };
  new IntersectionObserver((entries) => {
    const { isVisible, intersectionRatio } = /** @type {IntersectionObserverEntry & {isVisible: boolean}} */ (entries.at(-1));
    isCovered = !(isVisible && intersectionRatio === 1);
    showAttention();
  }, options).observe(document.documentElement);
}
