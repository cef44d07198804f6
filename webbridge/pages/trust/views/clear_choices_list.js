/**
 * The person's choices for people without a certificate: unencrypted, as a parcel, or never unencrypted. The section can
 * be put into any view.
 */

import { createForm, html, inputField, problem } from "../../../../wasm_build/ui/dom.js";
import { isAddress } from "../../../../wasm_build/ui/formats.js";
import { domainKey } from "../../../../wasm_build/ui/leaving_clear.js";

/** @typedef {import("../clear_choices.js").ClearChoices} ClearChoices */
/**
 * @typedef {{
 *   translate: import("../../../../wasm_build/ui/catalogue.js").Catalogue, announce: import("../../app/services.js").Announce,
 *   clear: Pick<ClearChoices, "list" | "remember" | "forget">,
 * }} ClearChoicesServices
 */

/** @param {ClearChoicesServices} services */
export function createClearChoices(services) {
  const { translate } = services;
  const list = html("div", {});
  const heading = html("h2", { tabindex: -1, text: translate("clear_heading") });
  const draw = () => list.replaceChildren(drawChoices(services, remove));
  const remove = (/** @type {string} */ name) => {
    services.clear.forget(name);
    draw();
    services.announce(translate("clear_removed", { name: shownName(translate, name) }));
    // The button that had the focus was removed with its card.
    heading.focus();
  };
  draw();
  return html(
    "section", { class: "stack", data: { test: "clear-choices" } },
    heading, html("p", { class: "field-hint", text: translate("clear_meaning") }), list, createNeverForm(services, draw),
  );
}

/** @param {ClearChoicesServices} services @param {(name: string) => void} onRemove */
function drawChoices({ translate, clear }, onRemove) {
  const cards = clear.list.map(({ name, way }) => {
    const shown = shownName(translate, name);
    return html(
      "li", { class: "card", data: { test: "clear-choice", name, way } },
      html("h3", { class: "card-title", dir: "auto", text: shown }), html("p", { text: wayWords(translate, way) }),
      html("div", { class: "actions" }, html("button", {
        type: "button", text: translate("remove"), "aria-label": translate("remove_named", { name: shown }),
        data: { test: "clear-remove" }, on: { click: () => onRemove(name) },
      })),
    );
  });
  return cards.length > 0 ? html("ul", { class: "cards" }, ...cards) : html("p", { class: "empty", text: translate("clear_none") });
}

/** @param {ClearChoicesServices["translate"]} translate @param {import("../clear_choices.js").ClearWay} way */
function wayWords(translate, way) {
  if (way === "never") return translate("clear_way_never");
  return way === "parcel" ? translate("send_as_parcel") : translate("switch_encrypt_off");
}

/**
 * The form that forbids unencrypted mail to an address or a domain.
 * @param {ClearChoicesServices} services @param {() => void} onKept
 */
function createNeverForm(services, onKept) {
  const { translate, clear } = services;
  const failure = problem("clear-error");
  const field = inputField(translate("clear_never_label"), {
    type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", dir: "ltr", data: { test: "clear-never" },
  });
  const keep = () => {
    const name = nameOf(field.input.value.trim());
    failure.textContent = name ? "" : translate("clear_never_wrong");
    if (!name) return field.input.focus();
    clear.remember([name], "never");
    field.input.value = "";
    onKept();
    services.announce(translate("clear_kept", { name: shownName(translate, name) }));
  };
  return createForm(
    { class: "stack" }, keep, field.element, failure,
    html("div", { class: "actions" }, html("button", { type: "submit", text: translate("save"), data: { test: "clear-never-add" } })),
  );
}

/** The name of a choice for a typed text; "" for neither an address nor a domain. @param {string} text */
function nameOf(text) {
  if (isAddress(text)) return text;
  const domain = domainKey(text);
  return domain.includes(".") ? `@${domain}` : "";
}

/** @param {ClearChoicesServices["translate"]} translate @param {string} name */
function shownName(translate, name) {
  return name.startsWith("@") ? translate("clear_everyone_at", { domain: name.slice(1) }) : name;
}
