/**
 * The sentence about the person's next step. After the extension has encrypted a field or a file, the person must press
 * the page's own button. The extension presses nothing. The sentence quotes the button's label, which is the page's
 * text. So the sentence is shown only in a note in the page, and labels that could falsify the sentence are not quoted.
 */
import { controlsOf, formOf, isVisible, textOf, visibleTextOf } from "./dom_tree.js";
import { translate } from "../texts/texts.js";

const MAX_LABEL_CHARACTERS = 30;
/** Invisible characters, and characters that change the order of letters. */
const UNSEEN = /\p{C}/u;
/** A label with this name is not quoted, because it would look like a button of the extension. */
const OWN_NAME = /sealwax/i;

/** The sentence about the next step. @param {Element} element the field or file control that was filled */
export function nextStepAt(element) {
  const form = formOf(element);
  const labels = new Set(form ? submitButtonsOf(form).map(labelOf) : []);
  const [label] = labels;
  if (labels.size !== 1 || !isQuotable(label)) return translate("next_step");
  // The isolate (UAX 9, FSI and PDI) keeps a label in another writing direction from reordering the sentence.
  return translate("next_step_named", { label: `\u2068${label}\u2069` });
}

/** The visible buttons that submit a form. @param {HTMLFormElement} form */
function submitButtonsOf(form) {
  return [...controlsOf(form)].filter((control) => isSubmitButton(control) && isVisible(control));
}

/** @param {Element} control @returns {control is HTMLButtonElement | HTMLInputElement} */
function isSubmitButton(control) {
  return (control instanceof HTMLButtonElement || control instanceof HTMLInputElement) && control.type === "submit";
}

/** The label of a button; "" if it has invisible characters. @param {Element} button */
function labelOf(button) {
  const isInput = button instanceof HTMLInputElement;
  // The whole text is tested, because Chromium leaves invisible characters out of the visible text.
  if (UNSEEN.test((isInput ? button.value : textOf(button) ?? "").replace(/\s/gu, ""))) return "";
  return (isInput ? button.value : visibleTextOf(/** @type {HTMLElement} */ (button))).replace(/\s+/gu, " ").trim();
}

/** @param {string} label */
function isQuotable(label) {
  return label !== "" && label.length <= MAX_LABEL_CHARACTERS && !OWN_NAME.test(label);
}
