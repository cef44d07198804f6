/** The functions that tests/extension/options/account/test_key_settings.py runs in pages. */

export function states() {
  return ({
    revocation: document.getElementById("revocation").value, harvest: document.getElementById("harvest").checked,
    strict: document.getElementById("strict").checked,
    recipes: document.querySelectorAll("[data-test=recipe-card]").length,
  });
}

export function choose(id, value) {
  const choice = document.getElementById(id);
  choice.value = value;
  choice.dispatchEvent(new Event("change"));
}
