/** The panel under the letter. It says how the letter will be sent, and each reason why it cannot be sent yet, with the remedies. */

import { html, uniqueId } from "./dom.js";
import { leavingMark } from "./state_mark.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/** @typedef {import("./recipients_field.js").Person} Person */
/** @typedef {import("./sending_plan.js").Letter} Letter */
/** @typedef {import("./sending_plan.js").Obstacle} Obstacle */
/** @typedef {import("./sending_plan.js").Remedy} Remedy */
/**
 * @typedef {{
 *   onUnlock: () => void, onAsk?: (person: Person) => void, onPassword?: (person: Person) => void,
 *   onEncryptOff: () => void, onSignOff: () => void, onLookUp: (person: Person) => void,
 *   onFile: (person: Person, file: File) => void, lookUpWords?: string,
 *   onLookUpAll?: (people: Person[]) => void, onRemoveAll?: (people: Person[]) => void, onParcel?: () => void,
 * }} Remedies the function for each remedy; `lookUpWords` is the label of the button for a look-up
 */

/**
 * @param {Catalogue} translate
 * @param {Remedies} remedies
 */
export function createPlanPanel(translate, remedies) {
  const sentence = html("p", { data: { test: "leaves" } });
  const mark = html("span", { class: "plan-mark" });
  const list = html("ul", { class: "obstacles", tabindex: -1, "aria-label": translate("obstacles_label") });
  const warned = html("ul", { class: "warnings", "aria-label": translate("warnings_label") });
  const id = uniqueId("plan");
  const element = html(
    "div",
    { class: "plan", id, "aria-live": "polite" },
    html("div", { class: "plan-line" }, mark, sentence),
    warned,
    list,
  );
  let drawn = "";

  return {
    element,
    id,
    focus: () => list.focus(),
    /**
     * @param {Letter} letter
     * @param {string} leaves
     * @param {Obstacle[]} found
     * @param {string[]} warnings
     */
    show(letter, leaves, found, warnings) {
      // Only changes are drawn again. Otherwise a screen reader would repeat the panel after every key press.
      if (sentence.textContent !== leaves) sentence.textContent = leaves;
      mark.replaceChildren(leavingMark(letter));
      element.dataset.leaves = letter.encrypt ? "encrypted" : letter.sign ? "signed" : "plain";
      const texts = [...warnings, ...found.map(({ text, remedies: ways }) => [text, ...ways].join(" "))].join("\n");
      if (texts === drawn) return;
      drawn = texts;
      warned.replaceChildren(...warnings.map((text) => html("li", { text, data: { test: "warning" } })));
      list.replaceChildren(...found.map((obstacle) => createObstacle(translate, obstacle, remedies)));
    },
  };
}

/**
 * @param {Catalogue} translate
 * @param {Obstacle} obstacle
 * @param {Remedies} remedies
 */
function createObstacle(translate, obstacle, remedies) {
  const actions = obstacle.remedies.map((remedy) => createRemedy(translate, remedy, obstacle, remedies));
  return html(
    "li",
    { class: "obstacle", data: { test: "obstacle", code: obstacle.code } },
    html("span", { text: obstacle.text }),
    actions.length > 0 ? html("div", { class: "actions" }, ...actions) : null,
  );
}

/**
 * @param {Catalogue} translate
 * @param {Remedy} remedy
 * @param {Obstacle} obstacle
 * @param {Remedies} remedies
 */
function createRemedy(translate, remedy, { person, people = [] }, remedies) {
  const named = (/** @type {string} */ text, /** @type {() => void} */ click) =>
    html("button", { type: "button", text, data: { test: `remedy-${remedy}` }, on: { click } });
  const button = (/** @type {string} */ key, /** @type {() => void} */ click) => named(translate(key), click);
  switch (remedy) {
    case "unlock":
      return button("unlock_keys", remedies.onUnlock);
    case "look-up-all":
      return button("look_up_all", () => remedies.onLookUpAll?.(people));
    case "remove-all":
      return button("remove_them", () => remedies.onRemoveAll?.(people));
    case "encrypt-off":
      return button("switch_encrypt_off", remedies.onEncryptOff);
    case "sign-off":
      return button("switch_sign_off", remedies.onSignOff);
    case "look-up":
      return named(remedies.lookUpWords ?? translate("look_up_again"), () => { if (person) remedies.onLookUp(person); });
    case "ask":
      return button("ask_for_certificate", () => { if (person) remedies.onAsk?.(person); });
    case "password":
      return button("use_password", () => { if (person) remedies.onPassword?.(person); });
    case "parcel":
      return button("send_as_parcel", () => remedies.onParcel?.());
    case "choose-file":
      return createFileRemedy(translate, (file) => { if (person) remedies.onFile(person, file); });
  }
}

/**
 * @param {Catalogue} translate
 * @param {(file: File) => void} onFile
 */
function createFileRemedy(translate, onFile) {
  const picker = html("input", {
    type: "file", class: "visually-hidden", accept: ".pem,.crt,.cer,.der,.p7b,.p7c,.vcf", data: { test: "remedy-choose-file" },
    on: { change: () => { if (picker.files?.[0]) onFile(picker.files[0]); } },
  });
  return html("label", { class: "button file-button" }, picker, translate("choose_certificate_file"));
}
