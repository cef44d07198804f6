/** The functions that tests/pages/test_parcel_refusals.py runs in pages: the field for the words of a parcel. */

/** An answer about the typed words that comes after the opening has failed. Returns the sentence below the field. */
export async function aLateAnswerAboutTheWords() {
  const { createStartView } = await import("/source/wasm_build/parcels/start_view.js");
  const answers = [];
  const view = createStartView({
    translate: (key) => key, checkWords: () => new Promise((resolve) => { answers.push(resolve); }), open: async () => "These words open nothing.",
  }, "");
  document.body.append(view.element);
  const area = view.element.querySelector("[data-test=words]");
  area.value = "one two three four five six";
  area.dispatchEvent(new Event("input"));
  while (!answers.length) await new Promise((resolve) => { setTimeout(resolve, 50); });
  view.element.querySelector("form").requestSubmit();
  const problem = view.element.querySelector("[data-test=words-problem]");
  while (!problem.textContent) await new Promise((resolve) => { setTimeout(resolve, 50); });
  answers.forEach((answer) => answer(""));
  await new Promise((resolve) => { setTimeout(resolve, 50); });
  view.element.remove();
  return problem.textContent;
}
