/** The functions that tests/extension/in_pages/test_next_step.py runs in pages. */

export async function nextStep(markup) {
  const { nextStepAt } = await import("/source/browser_ext/content/next_step.js");
  const place = document.createElement("div");
  globalThis.policy ??= trustedTypes.createPolicy("sealwax", { createHTML: (text) => text });
  place.innerHTML = policy.createHTML(markup);
  document.body.append(place);
  try {
    return nextStepAt(place.querySelector("#field"));
  } finally {
    place.remove();
  }
}
