/** The webmails that the person has taught the extension: shown with all that they contain, saved as files and loaded. */
import { saveFile } from "../../wasm_build/ui/attachments.js";
import { html } from "../../wasm_build/ui/dom.js";
import { text } from "../shared/i18n.js";
import { ask } from "../shared/request.js";
import { button, byId, inputById, openForm, showProblem } from "./parts.js";

/** @param {Recipe} recipe @param {HTMLElement} remove the button that removes it */
export function recipeCard(recipe, remove) {
  const save = button(text("recipeSave"), { class: "quiet", data: { test: "recipe-save" }, on: { click: () => saveRecipe(recipe) } });
  return html("li", { class: "card", data: { test: "recipe-card" } }, html("div", { class: "who" }, ...describeRecipe(recipe)), save, remove);
}

/** Loads a recipe from the chosen file, after the person has seen its origin and everything in it. @param {() => Promise<void>} refresh */
export function watchRecipeFile(refresh) {
  const input = inputById("recipe-file");
  input.addEventListener("change", async () => {
    const [file] = input.files ?? [];
    if (!file) return;
    input.value = "";
    showProblem("recipe-problem", null);
    const octets = await file.arrayBuffer();
    const recipe = await ask("recipes.review", { bytes: octets.slice(0) }).catch((error) => showProblem("recipe-problem", error));
    if (!recipe) return;
    openForm({
      title: text("recipeLoad"), verb: text("recipeLoadGo"), test: "recipe",
      content: [html("p", { text: text("recipeLoadHint") }), html("div", { class: "card" }, html("div", { class: "who" }, ...describeRecipe(recipe)))],
      onSubmit: async () => {
        await ask("recipes.import", { bytes: octets.slice(0) });
        await refresh();
      },
    });
  });
}

/** All that a recipe contains. @param {Recipe} recipe */
export function describeRecipe({ origin, source: { selector, template }, form }) {
  const fields = Object.entries(form).filter(([, one]) => one).map(([name, one]) => `${name}: ${one}`);
  const part = (/** @type {string} */ key, /** @type {string[]} */ values) => values.length > 0 && html("div", { class: "muted" }, text(key),
    ...values.flatMap((value) => [html("br"), html("code", { text: value, dir: "ltr", class: "fingerprint" })]));
  return [
    html("div", { class: "name", text: origin, dir: "ltr" }), part("recipeSelector", selector ? [selector] : []),
    part("recipeTemplate", template ? [template] : []), part("recipeForm", fields),
  ];
}

/** @param {Recipe} recipe */
function saveRecipe(recipe) {
  const octets = new TextEncoder().encode(JSON.stringify(recipe, null, 2));
  saveFile(`${new URL(recipe.origin).hostname}.json`, octets.buffer);
}
