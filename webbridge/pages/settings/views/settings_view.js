/**
 * The view of the settings: the sections with their search, and beside them one section. A narrow page shows either the
 * sections or the section.
 */

import { html, inputField } from "../../../../wasm_build/ui/dom.js";
import { findSection, findSettings, SECTIONS, settingPath } from "../setting_list.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").View} View */
/** @typedef {import("../setting_list.js").SectionName} SectionName */
/** @typedef {{translate: Catalogue, mailPath: () => string}} SettingsServices */
/** A setting in its section. `name` is that of the list. @typedef {{name: string, element: HTMLElement | null, close?: () => void}} SettingPart */
/** Makes the settings of each section. @typedef {Record<SectionName, () => SettingPart[]>} SectionParts */
/** @typedef {{section?: string, setting?: string}} SettingsPlace the parts of the page's address; without them the first section is shown */

/**
 * @param {SettingsServices} services
 * @param {SectionParts} parts
 * @param {SettingsPlace} place
 * @returns {View}
 */
export function createSettingsView(services, parts, { section: name = "", setting }) {
  const { translate } = services;
  const section = findSection(name) ?? SECTIONS[0];
  const shown = parts[section.name]().filter(({ element }) => element !== null);
  const isList = !findSection(name);
  const title = html("h1", { class: "list-title", tabindex: -1, text: translate("settings_title") });
  const heading = html(isList ? "h2" : "h1", { class: "section-title", tabindex: -1, text: translate(section.titleKey) });
  for (const { name: settingName, element } of shown) if (element) element.dataset.setting = settingName;
  return {
    element: html(
      "div", { class: "settings", data: { test: "settings-view", section: section.name, pane: isList ? "sections" : "section" } },
      createSections(translate, isList ? title : null, isList ? "" : section.name),
      html(
        "div", { class: "settings-section stack", data: { test: `section-${section.name}` } },
        html("a", { class: "settings-back", href: "#/settings", text: translate("settings_title"), data: { test: "settings-back" } }),
        heading, ...shown.map(({ element }) => element),
      ),
    ),
    heading: isList ? title : heading,
    titleKey: "settings_title",
    focus: () => focusSetting(shown, setting, isList ? title : heading),
    close: () => shown.forEach((part) => part.close?.()),
  };
}

/**
 * The links to the sections, and the field that finds a setting.
 * @param {Catalogue} translate @param {HTMLElement | null} title the title of the page; null if a section has it
 * @param {string} current the name of the shown section
 */
function createSections(translate, title, current) {
  const links = html("ul", { class: "settings-list" }, ...SECTIONS.map(({ name, titleKey }) => html("li", {}, html("a", {
    class: "folder", href: `#${settingPath(name)}`, text: translate(titleKey), "aria-current": name === current ? "page" : null,
    data: { test: "settings-section-link", section: name },
  }))));
  const results = html("ul", { class: "settings-list", hidden: true, data: { test: "settings-results" } });
  const said = html("p", { class: "note", role: "status", data: { test: "settings-said" } });
  const field = inputField(translate("settings_search"), {
    type: "search", autocomplete: "off", data: { test: "settings-search" }, on: { input: () => search() },
  });
  const search = () => {
    const typed = field.input.value.trim();
    const found = findSettings(translate, typed);
    links.hidden = typed !== "";
    results.hidden = typed === "";
    results.replaceChildren(...found.map(drawFound));
    said.textContent = typed && found.length === 0 ? translate("settings_none") : "";
  };
  return html(
    "nav", { class: "settings-sections stack", "aria-label": translate("settings_title") },
    title ?? html("p", { class: "list-title", text: translate("settings_title") }), field.element, said, results, links,
  );
}

/** @param {import("../setting_list.js").FoundSetting} setting */
function drawFound({ path, title, section }) {
  return html("li", {}, html(
    "a", { class: "folder", href: `#${path}`, data: { test: "settings-result" } },
    html("span", { text: title }), title === section ? null : html("span", { class: "note", text: section }),
  ));
}

/**
 * Puts the focus on the heading of the setting that the address names, or else of the section.
 * @param {SettingPart[]} shown @param {string | undefined} setting @param {HTMLElement} heading
 */
function focusSetting(shown, setting, heading) {
  const element = shown.find(({ name }) => name === setting)?.element;
  if (!element || element.hidden) return heading.focus();
  const title = /** @type {HTMLElement} */ (element.querySelector("h2") ?? element);
  if (!title.hasAttribute("tabindex")) title.tabIndex = -1;
  title.focus();
  element.scrollIntoView({ block: "start" });
}
