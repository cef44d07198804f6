/** The functions that tests/extension/in_pages/test_editors.py runs in pages. */

export async function aFieldThatThePageTakesOutForAWhileIsStillGuarded() {
  const field = document.querySelector("#field");
  field.remove();
  await new Promise((done) => setTimeout(done, 1500));
  document.querySelector("#go").before(field);
  field.value = "I owe you 1000";
}
