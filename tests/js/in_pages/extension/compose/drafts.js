/** The functions that tests/extension/compose/test_drafts.py runs in pages. */

export function letter() {
  const named = (test) => document.querySelector(`[data-test=${test}]`);
  const all = (test, root = document) => [...root.querySelectorAll(`[data-test=${test}]`)];
  const people = (test) => all("recipient", named(test).closest(".recipients")).map(({ dataset }) => dataset.address);
  return {
    from: named("compose-from").value, to: people("compose-to"), cc: people("compose-cc"), bcc: people("compose-bcc"),
    subject: named("compose-subject").value, text: named("compose-text").value,
    files: [...named("compose-attachments").children].map(({ innerText }) => innerText),
    sign: named("switch-sign").checked, encrypt: named("switch-encrypt").checked,
    forward: all("forward-whole").map(({ checked }) => checked),
  };
}
