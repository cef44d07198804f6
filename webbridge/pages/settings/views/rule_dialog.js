/** The dialog in which a person writes or changes one rule. */

import { createForm, html, inputField, openDialog, problem, switchField, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { folderTitle } from "../../../../wasm_build/ui/formats.js";
import { hasAction } from "../filter_changes.js";
import { MAX_TEXT_CHARACTERS } from "../filter_requests.js";
import { createConditionRows } from "./condition_rows.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/** @typedef {import("../../mail/folder_answers.js").Folder} Folder */
/** @typedef {import("../filter_requests.js").Rule} Rule */
/** @typedef {import("../filter_requests.js").FilterOffers} FilterOffers */
/**
 * @typedef {{rule: Rule, title: string, folders: Folder[], offers: FilterOffers, save: (rule: Rule) => Promise<void>}} RuleOptions
 * `save` rejects if the rule was not saved; the dialog then stays open
 */

/**
 * @param {{translate: Catalogue, attempt: Attempt}} services
 * @param {RuleOptions} options
 */
export function openRuleDialog(services, { rule, title, folders, offers, save }) {
  const { translate } = services;
  const titleId = uniqueId("rule");
  const failure = problem("filter-rule-error");
  const name = inputField(translate("filter_name"), {
    type: "text", autocomplete: "off", dir: "auto", maxlength: MAX_TEXT_CHARACTERS, value: rule.name, data: { test: "filter-name" },
  }, { hint: translate("filter_name_hint") });
  const conditions = createConditionRows(translate, rule.conditions);
  const all = choiceField(translate("filter_when"), "filter-all", [["all", translate("filter_all")], ["any", translate("filter_any")]]);
  all.select.value = rule.all ? "all" : "any";
  const actions = createActions(translate, rule, { folders, offers });
  const saveButton = html("button", { class: "primary", type: "submit", text: translate("save"), data: { test: "filter-rule-save" } });

  const submit = () => {
    const read = conditions.read();
    if (read === null) return void (failure.textContent = translate("filter_condition_missing"));
    const written = { ...rule, name: name.input.value.trim(), all: all.select.value === "all", conditions: read, ...actions.read() };
    if (!hasAction(written)) return void (failure.textContent = translate("filter_action_missing"));
    return services.attempt(saveButton, translate("copies_saving"), failure, async () => {
      await save(written);
      dialog.close();
    });
  };
  const dialog = openDialog(
    { titleId, test: "filter-dialog" },
    html("h2", { id: titleId, text: title }),
    createForm(
      { class: "stack" }, submit, name.element, all.element, conditions.element, actions.element, failure,
      html(
        "div", { class: "actions" }, saveButton,
        html("button", { type: "button", text: translate("cancel"), on: { click: () => dialog.close() } }),
      ),
    ),
  );
  name.input.focus();
}

/**
 * The fields for the actions that the mail server offers.
 * @param {Catalogue} translate
 * @param {Rule} rule
 * @param {{folders: Folder[], offers: FilterOffers}} place
 */
function createActions(translate, rule, { folders, offers }) {
  const move = folderField(translate, "filter-move", { label: "filter_move_to", none: "filter_move_none", folders, chosen: rule.moveTo });
  const copy = folderField(translate, "filter-copy", { label: "filter_copy_to", none: "filter_copy_none", folders, chosen: rule.copyTo });
  const read = switchField(translate("filter_reads"), "filter-read", () => {});
  const flagged = switchField(translate("filter_flags"), "filter-flagged", () => {});
  const stop = switchField(translate("filter_stops"), "filter-stop", () => {});
  read.input.checked = rule.read;
  flagged.input.checked = rule.flagged;
  stop.input.checked = rule.stop;
  return {
    element: html(
      "fieldset", { class: "switches stack" }, html("legend", { text: translate("filter_actions") }),
      offers.move && move.element, offers.copy && copy.element, offers.marks && read.element, offers.marks && flagged.element, stop.element,
    ),
    read: () => ({
      moveTo: move.select.value || null, copyTo: copy.select.value || null,
      read: read.input.checked, flagged: flagged.input.checked, stop: stop.input.checked,
    }),
  };
}

/**
 * @param {Catalogue} translate
 * @param {string} test
 * @param {{label: string, none: string, folders: Folder[], chosen: string | null}} options the keys of the words
 */
function folderField(translate, test, { label, none, folders, chosen }) {
  const isGone = chosen !== null && !folders.some(({ id }) => id === chosen);
  const field = choiceField(translate(label), test, [
    ["", translate(none)],
    ...folders.map((folder) => /** @type {[string, string]} */ ([folder.id, folderTitle(folder, translate)])),
    ...(isGone ? [/** @type {[string, string]} */ ([chosen, translate("filter_folder_gone")])] : []),
  ]);
  field.select.value = chosen ?? "";
  return field;
}

/** @param {string} label @param {string} test @param {[string, string][]} choices values and words */
function choiceField(label, test, choices) {
  const id = uniqueId("choice");
  const select = html("select", { id, data: { test } }, ...choices.map(([value, text]) => html("option", { value, text })));
  return { element: html("div", { class: "field" }, html("label", { for: id, text: label }), select), select };
}
