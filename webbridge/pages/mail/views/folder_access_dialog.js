/** The dialog in which a person gives others rights in a folder, changes these rights, and takes them away. */

import { createForm, html, inputField, openDialog, problem, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { folderTitle, isolate, sameAddress } from "../../../../wasm_build/ui/formats.js";
import { LEVELS, namesPerson } from "../folder_access.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/**
 * @typedef {{
 *   translate: Catalogue, api: BridgeApi, announce: Announce, sentenceFor: SentenceFor, address: string | null,
 *   attempt: Attempt,
 * }} FolderAccessServices
 */
/** @typedef {import("../folder_answers.js").Folder} Folder */
/** @typedef {import("../folder_access.js").Grant} Grant */
/** @typedef {import("../folder_access.js").GivenLevel} GivenLevel */

/** @param {FolderAccessServices} services @param {Folder} folder */
export async function openFolderAccess(services, folder) {
  const { translate, api } = services;
  const title = isolate(folderTitle(folder, translate));
  const titleId = uniqueId("access");
  const failure = problem("access-error");
  const list = html("ul", { class: "cards", "aria-busy": "true", data: { test: "access-list" } }, html("li", { text: translate("loading") }));
  const name = inputField(translate("access_name"), {
    type: "text", inputmode: "email", autocomplete: "off", autocapitalize: "off", spellcheck: "false", dir: "ltr", maxlength: 254,
    data: { test: "access-name" },
  });
  const level = levelField(translate, "read");
  const give = html("button", { class: "primary", type: "submit", text: translate("access_give"), data: { test: "access-give" } });
  const close = html("button", { type: "button", text: translate("close"), data: { test: "access-close" }, on: { click: () => dialog.close() } });

  /** Runs a change and shows the list after it. @param {() => Promise<Grant[]>} change @param {string} [sentence] */
  const run = async (change, sentence) => {
    failure.textContent = "";
    try {
      draw(await change());
      if (sentence) services.announce(sentence);
    } catch (error) {
      failure.textContent = services.sentenceFor(error);
    }
  };
  /** @param {Grant[]} grants */
  const draw = (grants) => {
    list.removeAttribute("aria-busy");
    const cards = grants.map((grant) => createGrant(translate, grant, {
      onLevel: (next) => run(() => api.access.give(folder.id, grant.name, next), translate("access_given", { name: isolate(grant.name) })),
      onRemove: () => run(() => api.access.withdraw(folder.id, grant.name), translate("no_access", { name: isolate(grant.name) })),
    }));
    list.replaceChildren(...(cards.length > 0 ? cards : [html("li", { class: "empty", text: translate("access_none") })]));
  };
  const send = () => {
    const person = name.input.value.trim();
    if (!namesPerson(person)) return void (failure.textContent = translate("access_no_person"));
    if (sameAddress(person, services.address ?? "")) return void (failure.textContent = translate("access_own_stay"));
    return services.attempt(give, translate("folder_changing"), failure, async () => {
      draw(await api.access.give(folder.id, person, /** @type {GivenLevel} */ (level.select.value)));
      services.announce(translate("access_given", { name: isolate(person) }));
      name.input.value = "";
      name.input.focus();
    });
  };

  const dialog = openDialog(
    { titleId, test: "access-dialog" },
    html("h2", { id: titleId, class: "folder-name", text: translate("access_title", { folder: title }) }),
    html("div", { class: "stack" }, html("p", { text: translate("access_no_keys") }), list, failure),
    createForm({ class: "stack" }, send, name.element, level.element, levelMeanings(translate), html("div", { class: "actions" }, give)),
    html("div", { class: "actions" }, close),
  );
  close.focus();
  await run(() => api.access.list(folder.id));
}

/**
 * @param {Catalogue} translate
 * @param {Grant} grant
 * @param {{onLevel: (level: GivenLevel) => void, onRemove: () => void}} actions
 */
function createGrant(translate, { name, person, own, level, rights }, { onLevel, onRemove }) {
  const heading = html("h3", { class: "card-title", dir: "auto", text: name });
  if (own || !person) {
    return html(
      "li", { class: "card", data: { test: "grant", name } }, heading,
      html("p", { text: own ? translate("access_own") : translate("access_fixed", { rights }) }),
    );
  }
  return html(
    "li", { class: "card stack", data: { test: "grant", name } }, heading, levelField(translate, level, { name, rights, onLevel }).element,
    html("div", { class: "actions" }, html("button", {
      type: "button", text: translate("remove"), "aria-label": translate("remove_named", { name }), data: { test: "access-remove" },
      on: { click: onRemove },
    })),
  );
}

/**
 * A choice of a level.
 * @param {Catalogue} translate
 * @param {Grant["level"]} current
 * @param {{name: string, rights: string, onLevel: (level: GivenLevel) => void}} [of] the person whose level it is
 */
function levelField(translate, current, of) {
  const id = uniqueId("level");
  const select = html("select", { id, data: { test: "access-level" } }, ...LEVELS.map((level) => html("option", { value: level, text: translate(`access_${level}`) })));
  // Rights that another program has set stay until the user chooses one of our levels.
  if (of && current === "other") select.append(html("option", { value: "other", disabled: true, text: translate("access_other", { rights: of.rights }) }));
  select.value = current;
  if (of) select.addEventListener("change", () => of.onLevel(/** @type {GivenLevel} */ (select.value)));
  const label = of ? translate("access_level_of", { name: of.name }) : translate("access_level");
  return {
    element: html("div", { class: "field" }, html("label", { for: id, class: of ? "visually-hidden" : "", text: label }), select), select,
  };
}

/** @param {Catalogue} translate */
function levelMeanings(translate) {
  return html("dl", { class: "meanings" }, ...LEVELS.flatMap((level) => [
    html("dt", { text: translate(`access_${level}`) }), html("dd", { text: translate(`access_${level}_meaning`) }),
  ]));
}
