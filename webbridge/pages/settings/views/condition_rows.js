/** The part of a rule's form with its conditions: a row for each, which can be added and removed. */

import { html, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { kindOf } from "../filter_changes.js";
import { MAX_CONDITIONS, MAX_TEXT_CHARACTERS } from "../filter_requests.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../filter_requests.js").Condition} Condition */

const KINDS = /** @type {const} */ ([
  "from_contains", "from_is", "to_contains", "to_is", "subject_contains", "subject_is", "size_over", "size_under",
]);

/**
 * @param {Catalogue} translate
 * @param {Condition[]} conditions
 */
export function createConditionRows(translate, conditions) {
  /** @type {ReturnType<typeof createRow>[]} */
  const rows = [];
  const list = html("ul", { class: "cards", data: { test: "filter-conditions" } });
  const add = html("button", {
    type: "button", text: translate("filter_condition_add"), data: { test: "filter-condition-add" },
    on: { click: () => append(null).focus() },
  });
  const update = () => {
    add.hidden = rows.length >= MAX_CONDITIONS;
    rows.forEach((row) => { row.removal.hidden = rows.length === 1; });
  };
  const append = (/** @type {Condition | null} */ condition) => {
    const row = createRow(translate, condition, () => {
      rows.splice(rows.indexOf(row), 1);
      row.element.remove();
      update();
      add.focus();
    });
    rows.push(row);
    list.append(row.element);
    update();
    return row;
  };
  for (const condition of conditions.length > 0 ? conditions : [null]) append(condition);
  return {
    element: html("div", { class: "stack" }, list, html("div", { class: "actions" }, add)),
    /** The conditions; null if one has no text or no size, which then has the focus. @returns {Condition[] | null} */
    read() {
      const wrong = rows.find((row) => row.read() === null);
      wrong?.focus();
      return wrong ? null : rows.map((row) => /** @type {Condition} */ (row.read()));
    },
  };
}

/**
 * @param {Catalogue} translate
 * @param {Condition | null} condition
 * @param {() => void} onRemove
 */
function createRow(translate, condition, onRemove) {
  const [kindId, valueId] = [uniqueId("kind"), uniqueId("value")];
  const kind = html(
    "select", { id: kindId, data: { test: "filter-kind" }, on: { change: () => update() } },
    ...KINDS.map((name) => html("option", { value: name, text: translate(`filter_kind_${name}`) })),
  );
  const input = html("input", { id: valueId, autocomplete: "off", dir: "auto", maxlength: MAX_TEXT_CHARACTERS, data: { test: "filter-value" } });
  const label = html("label", { for: valueId });
  const removal = html("button", { type: "button", text: translate("remove"), data: { test: "filter-condition-remove" }, on: { click: onRemove } });
  const update = () => {
    const isSize = kind.value.startsWith("size_");
    input.inputMode = isSize ? "numeric" : "text";
    label.textContent = translate(isSize ? "filter_size_value" : "filter_text_value");
  };
  kind.value = condition ? kindOf(condition) : KINDS[0];
  input.value = condition === null ? "" : condition.field === "size" ? String(condition.kilobytes) : condition.text;
  update();
  const element = html(
    "li", { class: "card stack", data: { test: "filter-condition" } },
    html("div", { class: "field" }, html("label", { for: kindId, text: translate("filter_kind") }), kind),
    html("div", { class: "field" }, label, input), html("div", { class: "actions" }, removal),
  );
  return { element, removal, focus: () => input.focus(), read: () => readCondition(kind.value, input.value.trim()) };
}

/** @param {string} kind @param {string} value @returns {Condition | null} null without a text, or without a size of at least 1 */
function readCondition(kind, value) {
  const [field, match] = kind.split("_");
  if (field !== "size") return value ? /** @type {Condition} */ ({ field, match, text: value }) : null;
  const kilobytes = Number(value);
  return Number.isSafeInteger(kilobytes) && kilobytes > 0 ? /** @type {Condition} */ ({ field, match, kilobytes }) : null;
}
