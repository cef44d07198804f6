/** The list of letters that were begun and not sent. */
import { html } from "../../wasm_build/ui/dom.js";
import { locale, translate } from "../texts/texts.js";

/**
 * @param {{id: string, at: string}[]} drafts
 * @param {{onContinue: (id: string) => void, onDrop: (id: string) => Promise<boolean>}} options `onDrop`
 *   resolves to true if the draft is gone
 * @returns {HTMLElement[]}
 */
export function createDraftList(drafts, { onContinue, onDrop }) {
  const format = new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" });
  const rows = drafts.map(({ id, at }) => {
    const drop = async () => { if (await onDrop(id)) row.remove(); };
    const row = html("li", { class: "card", data: { test: "draft" } },
      html("span", { class: "who", text: translate("compose_draft_from", { first: format.format(new Date(at)) }) }),
      html("button", { type: "button", text: translate("compose_draft_continue"), data: { test: "draft-continue" }, on: { click: () => onContinue(id) } }),
      html("button", { type: "button", class: "quiet", text: translate("compose_draft_drop"), data: { test: "draft-drop" }, on: { click: () => void drop() } }));
    return row;
  });
  return [html("p", { text: translate("compose_drafts") }), html("ul", { class: "list" }, ...rows)];
}
