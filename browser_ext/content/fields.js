/** The fields of a page: the buttons beside them, and the frames that replace them. */
import { ask } from "./background_link.js";
import { editorAround } from "./editable.js";
import { editorAt } from "./editors.js";
import { findCms, holdsArmor, isField, textOf } from "./field_text.js";
import { fileName } from "./file_names.js";
import { fill } from "./filled_fields.js";
import { FrameHost } from "./frame_host.js";
import { nextStepAt } from "./next_step.js";
import { noteErrorFor } from "./notes.js";
import { problem } from "./problems.js";
import { asksFor, proposedBy } from "./smime_attributes.js";
import { world } from "./world.js";
import { translate } from "../texts/texts.js";

/** @type {WeakMap<HTMLElement, FrameHost>} */
const hostOf = new WeakMap();

/** @param {HTMLElement} element the field @param {HTMLElement} [place] the element that the frame replaces */
function hostFor(element, place = element) {
  const known = hostOf.get(place);
  if (known) return known;
  const onArmored = async (/** @type {string} */ armored) => {
    const refused = await fill(element, armored, host);
    if (!refused) host.say(nextStepAt(place));
    return refused;
  };
  const host = new FrameHost(place, { onArmored, holds: (cms) => holdsArmor(element, cms) });
  hostOf.set(place, host);
  return host;
}

/** @param {HTMLElement} element @param {HTMLElement} [place] */
function write(element, place = element) {
  const text = isField(element) || place !== element ? textOf(element) : "";
  return hostFor(element, place).open({ kind: "write", smime: element.dataset.smime ?? "", proposed: proposedBy(element), cms: "" }, text);
}

/**
 * @param {HTMLElement} element @param {string} [cms] the armored text to open; by default the first one in the element
 * @param {HTMLElement} [place]
 */
function open(element, cms = findCms(element), place = element) {
  return hostFor(element, place).open({ kind: "open", smime: element.dataset.smime ?? "", proposed: [], cms }, "");
}

/**
 * Opens the armored text of a field. If the field has no armored text, the frame for writing opens.
 * @param {Element | null} element
 * @returns {boolean} true if the element is a field
 */
export function activate(element) {
  const editor = element instanceof HTMLElement ? editorAt(element) : null;
  if (!editor) return false;
  const { place, field } = editor;
  if (!field) {
    noteErrorFor(place, problem("field-unreadable"));
    return true;
  }
  const host = hostFor(field, place);
  if (!host.isOpen) void host.attempt(() => (findCms(field) ? open(field, findCms(field), place) : write(field, place)));
  return true;
}

/**
 * Opens one armored text of an element that may hold other text too.
 * @param {HTMLElement} element @param {string} cms
 */
export function openAt(element, cms) {
  const host = hostFor(element);
  if (!host.isOpen) void host.attempt(() => open(element, cms));
  return true;
}

/**
 * Shows a button beside an element that asks for S/MIME or holds armored text. The function reads no sizes or
 * positions, so it does not make the browser compute the page's layout.
 * @param {HTMLElement} element
 * @returns {boolean} true if the extension can do something with the element
 */
export function offer(element) {
  if (element instanceof HTMLFormElement || editorAround(element)) return false;
  if (isEncryptedFileLink(element)) return offerFile(element);
  const isArmored = findCms(element) !== "";
  if (!isArmored && !(isField(element) && asksFor(element, "sign", "encrypt"))) return false;
  const host = hostFor(element);
  if (host.isOpen) return true;
  if (isArmored) host.offer(translate("open"), () => open(element));
  else host.offer(translate("button_write"), () => write(element));
  return true;
}

/** @param {HTMLElement} element @returns {element is HTMLAnchorElement} */
function isEncryptedFileLink(element) {
  return element instanceof HTMLAnchorElement && element.href !== "" && asksFor(element, "decrypt", "verify");
}

/** @param {HTMLAnchorElement} link */
function offerFile(link) {
  hostFor(link).offer(translate("button_open_file"), () => openFile(link));
  return true;
}

/** Opens a stored file in the viewer. Refuses links in a mail, which the sender has made. @param {HTMLAnchorElement} link */
async function openFile(link) {
  await world.watcher?.load("mail");
  if (!world.mail || world.mail.isOfMail(link)) throw problem("pick-in-text");
  const answer = await fetch(link.href, { mode: "same-origin" }).catch(() => null);
  if (!answer?.ok) throw problem("file-not-fetched");
  const { mail } = await ask("mail.hold", { bytes: await answer.arrayBuffer(), name: fileName(answer, link.href) });
  await ask("viewer.open", { mail });
}
