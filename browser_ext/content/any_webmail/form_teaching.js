/**
 * The person teaches the extension the form in which people write messages in this webmail. The person points at the
 * fields of the form one after the other, and can then store the form.
 */
import { ask } from "../background_link.js";
import { askToKeep, Bar, stopAction } from "./bar.js";
import { startPicking } from "./picker.js";
import { selectorForField } from "./selectors.js";
import { translate } from "../../texts/texts.js";

/** @typedef {import("./recipes.js").FormRecipe} FormRecipe */
/** @typedef {{name: keyof FormRecipe, hint: string, selector: string, mayMiss: boolean}} Step */

const LINES = "input:not([type=hidden], [type=file]), textarea, select, [contenteditable]:not([contenteditable=false]), [role=textbox], [role=combobox]";
const EDITORS = "textarea, [contenteditable]:not([contenteditable=false]), [role=textbox], iframe";
/** The fields of the form. @type {Step[]} */
const STEPS = [
  { name: "to", hint: "teach_to", selector: LINES, mayMiss: false },
  { name: "cc", hint: "teach_cc", selector: LINES, mayMiss: true },
  { name: "subject", hint: "teach_subject", selector: LINES, mayMiss: false },
  { name: "text", hint: "teach_text", selector: EDITORS, mayMiss: false },
];

/**
 * Begins with the first field, in all frames. The frame with the first field must have the other fields too.
 * @param {() => void} done is called after the person has stored the form
 */
export function startTeachingForm(done) {
  teach({ to: "", cc: "", subject: "", text: "", file: "" }, STEPS, done);
}

/** @param {FormRecipe} form the fields that are known @param {Step[]} steps the remaining steps @param {() => void} done */
function teach(form, [step, ...later], done) {
  if (!step) return teachFile(form, done);
  const { name, hint, selector, mayMiss } = step;
  const take = (/** @type {HTMLElement} */ element) => {
    const fieldSelector = selectorForField(element);
    if (fieldSelector) teach({ ...form, [name]: fieldSelector }, later, done);
    else new Bar("").say(translate("teach_no_name"), stopAction());
  };
  const skip = { label: translate("teach_none"), act: () => teach(form, later, done) };
  startPicking({
    hint: translate(hint), selector, choose: take, actions: mayMiss ? [skip] : [], isHere: step !== STEPS[0],
  });
}

/**
 * Waits until the person has pressed the control that chooses a file. The page gets the press, and then clicks its file
 * input, which may be hidden. The extension stops this click, so no dialog opens.
 * @param {FormRecipe} form @param {() => void} done
 */
function teachFile(form, done) {
  const bar = new Bar("");
  const go = (/** @type {string} */ file) => propose({ ...form, file }, done);
  bar.say(translate("teach_file"), { label: translate("teach_none"), act: () => go("") }, stopAction());
  bar.listen("click", (event) => {
    const [input] = event.composedPath();
    if (!(input instanceof HTMLInputElement && input.type === "file")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    go(selectorForField(input));
  });
}

/** Asks whether to store the form. @param {FormRecipe} form @param {() => void} done */
function propose(form, done) {
  askToKeep(translate("teach_form_found", { site: `\u2068${location.host}\u2069` }), () => ask("recipe.keep-form", form), done);
}
