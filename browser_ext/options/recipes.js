/** The recipes: webmails that the person has taught the extension. Shows, saves and loads recipes. */
import { saveFile } from "../../wasm_build/ui/attachments.js";
import { html } from "../../wasm_build/ui/dom.js";
import { translate } from "../texts/texts.js";
import { ask } from "../shared/request.js";
import { button, inputById, openForm, showProblem } from "./parts.js";

/** @param {Recipe} recipe @param {HTMLElement} remove the button that removes it */
export function recipeCard(recipe, remove) {
  const save = button(translate("save_as_file"), { class: "quiet", data: { test: "recipe-save" }, on: {
    click: () => saveFile(`${new URL(recipe.origin).hostname}.json`, JSON.stringify(recipe, null, 2)),
  } });
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
    const bytes = await file.arrayBuffer();
    const recipe = await ask("recipes.review", { bytes: bytes.slice(0) }).catch((error) => showProblem("recipe-problem", error));
    if (!recipe) return;
    openForm({
      title: translate("recipe_load"), verb: translate("recipe_load_go"), test: "recipe",
      content: [html("p", { text: translate("recipe_load_hint") }), html("div", { class: "card" }, html("div", { class: "who" }, ...describeRecipe(recipe)))],
      onSubmit: async () => {
        await ask("recipes.import", { bytes: bytes.slice(0) });
        await refresh();
      },
    });
  });
}

/** Everything in a recipe, for the person to read. @param {Recipe} recipe */
export function describeRecipe({ origin, source: { selector, template }, form }) {
  const fields = Object.entries(form).filter(([, fieldSelector]) => fieldSelector).map(([name, fieldSelector]) => `${name}: ${fieldSelector}`);
  const part = (/** @type {string} */ key, /** @type {string[]} */ values) => values.length > 0 && html("div", { class: "muted" }, translate(key),
    ...values.flatMap((value) => [html("br"), html("code", { text: value, dir: "ltr", class: "fingerprint" })]));
  return [
    html("div", { class: "name", text: origin, dir: "ltr" }), part("recipe_selector", selector ? [selector] : []),
    part("recipe_template", template ? [template] : []), part("recipe_form", fields),
  ];
}
