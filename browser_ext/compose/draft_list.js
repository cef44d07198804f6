/** The list of letters that were begun and not sent. */
import { html } from "../../wasm_build/ui/dom.js";
import { locale, text } from "../shared/i18n.js";

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
      html("span", { class: "who", text: text("composeDraftFrom", format.format(new Date(at))) }),
      html("button", { type: "button", text: text("composeDraftContinue"), data: { test: "draft-continue" }, on: { click: () => onContinue(id) } }),
      html("button", { type: "button", class: "quiet", text: text("composeDraftDrop"), data: { test: "draft-drop" }, on: { click: () => void drop() } }));
    return row;
  });
  return [html("p", { text: text("composeDrafts") }), html("ul", { class: "list" }, ...rows)];
}
