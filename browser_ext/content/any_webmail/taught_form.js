/**
 * The form for mail that the person has taught. The recipe names its fields. Their content is read as in any other form
 * for mail.
 */
import { isVisible } from "../dom_tree.js";
import { editableIn, placeAround } from "../mail_forms.js";
import { problem } from "../problems.js";
import { readRecipe } from "./recipes.js";
import { findSelected } from "./selectors.js";

/** @typedef {import("../mail_forms.js").MailForm} MailForm */

/**
 * The taught form in this document; null if nothing was taught, or the document has none of its fields. Throws
 * `recipe-form-misfit` with a found `element` if the document has only some of them.
 * @returns {Promise<MailForm | null>}
 */
export async function taughtForm() {
  const { form } = await readRecipe();
  const find = (/** @type {string} */ selector) =>
    /** @type {HTMLElement[]} */ (findSelected(selector, [document])).find((element) => isVisible(element, { visibilityProperty: true }));
  const [subject, editor, to, cc] = [form.subject, form.text, form.to, form.cc].map(find);
  if (!subject && !editor) return null;
  const isEditor = editor && (!(editor instanceof HTMLIFrameElement) || editableIn(editor));
  if (!subject || !editor || !isEditor || (form.to && !to)) throw Object.assign(problem("recipe-form-misfit"), { element: subject ?? editor });
  // Pages hide their file inputs behind buttons of their own.
  const files = findSelected(form.file, [document]).find((input) => input instanceof HTMLInputElement && input.type === "file");
  const recipientFields = Object.entries({ to, cc }).flatMap(([kind, element]) => (element ? [{ kind, element }] : []));
  return {
    place: placeAround(editor, subject, ...recipientFields.map(({ element }) => element)), editor, subject, found: recipientFields,
    files: /** @type {HTMLInputElement | undefined} */ (files),
  };
}
