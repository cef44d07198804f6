/**
 * The filters of the account: rules, the vacation reply, and the filters of another program. Each change is saved at once.
 *
 * Filters of another program are replaced or run only after a question.
 */

import { ask } from "../../../../wasm_build/ui/ask.js";
import { html, problem, switchField } from "../../../../wasm_build/ui/dom.js";
import { dayOnly, isolate } from "../../../../wasm_build/ui/formats.js";
import { ApiError } from "../../app/api.js";
import { actionWords, conditionWords, newRule, ruleTitle, withMoved, withoutRule, withRule } from "../filter_changes.js";
import { MAX_RULES } from "../filter_requests.js";
import { openRuleDialog } from "./rule_dialog.js";
import { newVacation, openVacationDialog } from "./vacation_dialog.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("../../mail/folder_answers.js").Folder} Folder */
/** @typedef {import("../filter_requests.js").Filters} Filters */
/** @typedef {import("../filter_requests.js").KeptFilters} KeptFilters */
/** @typedef {import("../filter_requests.js").Rule} Rule */
/** @typedef {import("../filter_requests.js").Vacation} Vacation */
/**
 * @typedef {{
 *   translate: Catalogue, api: BridgeApi, announce: Announce, attempt: Attempt, sentenceFor: SentenceFor,
 * }} FiltersServices
 */

/** @param {FiltersServices} services @returns {{element: HTMLElement}} */
export function createFiltersSection(services) {
  const section = new FiltersSection(services);
  void section.load();
  return { element: section.element };
}

class FiltersSection {
  #services;
  #failure = problem("filters-error");
  #body = html("div", { class: "stack" });
  #title;
  /** @type {Folder[]} */
  #folders = [];
  /** @type {KeptFilters | null} */
  #kept = null;

  /** @param {FiltersServices} services */
  constructor(services) {
    const { translate } = services;
    this.#services = services;
    this.#title = html("h2", { id: "filters-title", tabindex: -1, text: translate("filters_title") });
    this.element = html(
      "section", { class: "stack", "aria-labelledby": "filters-title", data: { test: "filters" } },
      this.#title, html("p", { class: "lede", text: translate("filters_meaning") }), this.#failure, this.#body,
    );
  }

  /** Loads the filters and shows them. Without filters at the account's mail server, the section is hidden. */
  async load() {
    const { api, translate } = this.#services;
    try {
      [this.#kept, this.#folders] = await Promise.all([api.filters.load(), api.folders()]);
      this.#draw(this.#kept);
    } catch (error) {
      this.element.hidden = error instanceof ApiError && error.code === "not-offered";
      this.#failure.textContent = this.#services.sentenceFor(error);
      this.#body.replaceChildren(html("div", { class: "actions" }, html("button", {
        type: "button", text: translate("try_again"), data: { test: "filters-again" },
        on: { click: () => { this.#failure.textContent = ""; void this.load(); } },
      })));
    }
  }

  /**
   * Saves a change and shows the result. If the filters were changed elsewhere, shows those and rejects.
   * @param {Partial<Filters>} change @param {{replace?: boolean}} [options]
   */
  async #save(change, options) {
    const { api, translate } = this.#services;
    if (this.#kept === null) return;
    try {
      this.#kept = await api.filters.save({ ...this.#kept, ...change }, options);
    } catch (error) {
      if (error instanceof ApiError && ["filters-changed", "filters-of-others"].includes(error.code)) await this.load();
      throw error;
    }
    this.#draw(this.#kept);
    this.#services.announce(translate("filters_saved"));
  }

  /** Saves a change that a button or a switch has asked for. @param {Partial<Filters>} change @param {{replace?: boolean}} [options] */
  async #try(change, options) {
    const before = this.#kept;
    this.#failure.textContent = "";
    try {
      await this.#save(change, options);
    } catch (error) {
      this.#failure.textContent = this.#services.sentenceFor(error);
      // A switch shows again what the mail server has.
      if (before && this.#kept === before) this.#draw(before);
    }
    // The button is gone, and with it the focus.
    this.#title.focus();
  }

  /** @param {KeptFilters} kept */
  #draw(kept) {
    const isOthers = kept.changed || kept.other !== null;
    this.#body.replaceChildren(...(isOthers ? [this.#createOthers(kept)] : this.#createOwn(kept)));
  }

  /** The part about filters of another program, before the person has decided about them. @param {KeptFilters} kept */
  #createOthers({ changed, other, offers }) {
    const { translate } = this.#services;
    const name = isolate(other ?? "");
    const replace = this.#button("filters_replace", "filters-replace", () => ask({
      title: translate("filters_replace_question"), meaning: translate(changed ? "filters_replace_changed" : "filters_replace_other", { name }),
      keep: translate("cancel"), go: translate("filters_replace"), test: "filters-replace-go", isDanger: changed,
      onGo: () => void this.#try({}, { replace: true }),
    }));
    const include = this.#button("filters_include", "filters-include", () => ask({
      title: translate("filters_include_question"), meaning: translate("filters_include_meaning", { name }),
      keep: translate("cancel"), go: translate("filters_include"), test: "filters-include-go",
      onGo: () => void this.#try({ include: other }),
    }));
    return html(
      "div", { class: "stack" },
      html("p", { data: { test: "filters-of-others" }, text: translate(changed ? "filters_changed" : "filters_other", { name }) }),
      html("div", { class: "actions" }, !changed && offers.include && include, replace),
    );
  }

  /** @param {KeptFilters} kept */
  #createOwn(kept) {
    const { translate } = this.#services;
    const { rules, active, version, include, offers } = kept;
    const add = this.#button("filter_add", "filter-add", () => this.#edit(null));
    const isOff = !active && version !== "";
    return [
      isOff && html("p", { text: translate("filters_off") }),
      isOff && html("div", { class: "actions" }, this.#button("filters_turn_on", "filters-turn-on", () => void this.#try({}))),
      rules.length > 0
        ? html("ol", { class: "cards", data: { test: "filter-rules" } }, ...rules.map((rule) => this.#createRule(rule)))
        : html("p", { class: "empty", text: translate("filters_none") }),
      rules.length < MAX_RULES && html("div", { class: "actions" }, add),
      include !== null && this.#createInclude(include),
      offers.vacation && this.#createVacation(kept),
    ].filter((part) => part !== false);
  }

  /** @param {Rule} rule */
  #createRule(rule) {
    const { translate } = this.#services;
    const title = ruleTitle(translate, rule);
    const rules = this.#kept?.rules ?? [];
    const place = rules.indexOf(rule);
    const act = (/** @type {string} */ key, /** @type {string} */ test, /** @type {() => void} */ onClick) =>
      this.#button(key, test, onClick, translate("filter_button_named", { act: translate(key), name: isolate(title) }));
    const choice = switchField(translate("filter_on"), "filter-on", (on) => void this.#try({ rules: withRule(rules, rule, { ...rule, on }) }));
    choice.input.checked = rule.on;
    return html(
      "li", { class: "card stack", data: { test: "filter-rule" } },
      html("h3", { class: "card-title", dir: "auto", text: title }),
      rule.conditions.length > 1 && html("p", { class: "note", text: translate(rule.all ? "filter_all" : "filter_any") }),
      html("ul", {}, ...rule.conditions.map((condition) => html("li", { dir: "auto", text: conditionWords(translate, condition) }))),
      html("p", { text: actionWords(translate, rule, this.#folders).join(" · ") }),
      choice.element,
      html(
        "div", { class: "actions" }, act("filter_edit", "filter-edit", () => this.#edit(rule)),
        place > 0 && act("filter_earlier", "filter-earlier", () => void this.#try({ rules: withMoved(rules, rule, -1) })),
        place < rules.length - 1 && act("filter_later", "filter-later", () => void this.#try({ rules: withMoved(rules, rule, 1) })),
        act("delete", "filter-delete", () => this.#askToDelete(rule, title)),
      ),
    );
  }

  /** @param {Rule} rule @param {string} title */
  #askToDelete(rule, title) {
    const { translate } = this.#services;
    ask({
      title: translate("filter_delete_question"), meaning: isolate(title), keep: translate("keep"), go: translate("delete"),
      test: "filter-delete-go", isDanger: true, onGo: () => void this.#try({ rules: withoutRule(this.#kept?.rules ?? [], rule) }),
    });
  }

  /** @param {Rule | null} rule null for a new one */
  #edit(rule) {
    const { translate } = this.#services;
    if (this.#kept === null) return;
    openRuleDialog(this.#services, {
      rule: rule ?? newRule(), title: translate(rule ? "filter_edit_title" : "filter_add"), folders: this.#folders, offers: this.#kept.offers,
      save: (written) => this.#save({ rules: withRule(this.#kept?.rules ?? [], rule, written) }),
    });
  }

  /** @param {string} name */
  #createInclude(name) {
    const { translate } = this.#services;
    return html(
      "div", { class: "stack", data: { test: "filters-included" } },
      html("p", { text: translate("filters_included", { name: isolate(name) }) }),
      html("div", { class: "actions" }, this.#button("filters_include_end", "filters-include-end", () => void this.#try({ include: null }))),
    );
  }

  /** @param {KeptFilters} kept */
  #createVacation({ vacation, offers }) {
    const { translate } = this.#services;
    const edit = this.#button(vacation ? "filter_edit" : "vacation_write", "vacation-edit", () => openVacationDialog(this.#services, {
      vacation: vacation ?? newVacation(), hasDates: offers.dates, save: (written) => this.#save({ vacation: written }),
    }), translate("filter_button_named", { act: translate(vacation ? "filter_edit" : "vacation_write"), name: translate("vacation_title") }));
    const choice = switchField(translate("filter_on"), "vacation-on", (on) => void this.#try({ vacation: vacation && { ...vacation, on } }));
    choice.input.checked = vacation?.on === true;
    return html(
      "div", { class: "card stack", data: { test: "vacation" } },
      html("h3", { class: "card-title", text: translate("vacation_title") }),
      vacation && html("p", { dir: "auto", text: vacation.subject || vacation.text }),
      vacation && html("p", { class: "note", text: daysOf(translate, vacation) }),
      vacation && choice.element,
      html("div", { class: "actions" }, edit),
    );
  }

  /** @param {string} key @param {string} test @param {() => void} click @param {string} [label] */
  #button(key, test, click, label) {
    return html("button", { type: "button", text: this.#services.translate(key), "aria-label": label, data: { test }, on: { click } });
  }
}

/** @param {Catalogue} translate @param {Vacation} vacation */
function daysOf(translate, { first, last }) {
  const [from, to] = [first, last].map((day) => (day === null ? "" : dayOnly([day, "12:00"].join("T"))));
  if (first && last) return translate("vacation_between", { from, to });
  if (first) return translate("vacation_from", { from });
  return last ? translate("vacation_to", { to }) : "";
}
