/** The list of letters that were begun and not sent. */
import { html } from "../../wasm_build/ui/dom.js";
import { shortMoment } from "../../wasm_build/ui/formats.js";
import { translate } from "../texts/texts.js";

/**
 * @param {{id: string, at: string}[]} drafts
 * @param {{onContinue: (id: string) => void, onDrop: (id: string) => Promise<boolean>}} options `onDrop`
 *   resolves to true if the draft is gone
 * @returns {HTMLElement[]}
 */
export function createDraftList(drafts, { onContinue, onDrop }) {
  const rows = drafts.map(({ id, at }) => {
    const drop = async () => { if (await onDrop(id)) row.remove(); };
    const row = html("li", { class: "card", data: { test: "draft" } },
      html("span", { class: "who", text: translate("compose_draft_from", { first: shortMoment(at) }) }),
      html("button", { type: "button", text: translate("compose_draft_continue"), data: { test: "draft-continue" }, on: { click: () => onContinue(id) } }),
      html("button", { type: "button", class: "quiet", text: translate("compose_draft_drop"), data: { test: "draft-drop" }, on: { click: () => void drop() } }));
    return row;
  });
  return [html("p", { text: translate("compose_drafts") }), html("ul", { class: "list" }, ...rows)];
}
