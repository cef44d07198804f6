/** The choice how to forward a message: as text with its attachments, or as one attached file that includes the signatures. */
import { html, uniqueId } from "../../wasm_build/ui/dom.js";
import { translate } from "../texts/texts.js";

/**
 * @param {boolean} isWholeNow
 * @param {(isWhole: boolean) => Promise<boolean>} onChange resolves to true if the change was made. Otherwise the form
 *   shows the former choice again.
 * @returns {HTMLFieldSetElement}
 */
export function createForwardChoice(isWholeNow, onChange) {
  const name = uniqueId("forward");
  const radio = (/** @type {boolean} */ isWhole, /** @type {string} */ label) => {
    const input = html("input", {
      type: "radio", name, checked: isWhole === isWholeNow, data: { test: isWhole ? "forward-whole" : "forward-text" },
      on: { change: () => void change(isWhole) },
    });
    return { input, label: html("label", { class: "check" }, input, html("span", { text: label })) };
  };
  const [asText, whole] = [radio(false, translate("compose_forward_text")), radio(true, translate("compose_forward_whole"))];
  const choice = html("fieldset", { class: "forward-choice", data: { test: "forward-choice" } },
    html("legend", { text: translate("compose_forward_how") }), asText.label, whole.label);

  /** @param {boolean} isWhole */
  async function change(isWhole) {
    choice.disabled = true;
    const isDone = await onChange(isWhole);
    choice.disabled = false;
    whole.input.checked = isDone === isWhole;
    asText.input.checked = isDone !== isWhole;
    (isDone === isWhole ? whole : asText).input.focus();
  }

  return choice;
}
