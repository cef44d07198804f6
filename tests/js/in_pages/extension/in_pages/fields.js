/** The functions that tests/extension/in_pages/test_fields.py runs in pages. */

export function handlersOfFormdataRunOnceAndWhatTheyAddIsSent() {
  window.heard = [];
  const note = ({ eventPhase, formData }) => { heard.push(eventPhase); formData.append("token", "t"); };
  for (const target of [window, document.forms[0]]) target.addEventListener("formdata", note, target === window);
  document.forms[0].onformdata = note;
  addEventListener("formdata", note);
}

export function aScriptThatAltersAFieldAndSubmitsByItselfGetsANoteAndNoWindow() {
  const [form] = document.forms;
  form.letter.value = "I owe you 1000";
  form.addEventListener("submit", () => { window.heard = true; });
  form.requestSubmit();
}

export function aFieldOfAnyKindHoldsEncryptedTextThatOpensAgain() {
  for (const type of ["input", "change"]) {
    addEventListener(type, (event) => { window.seen = [...(window.seen ?? []), event.type]; });
  }
}

export function theToolbarOpensAnInputInAShadowRoot() {
  const root = document.querySelector("#host").attachShadow({ mode: "open" });
  root.innerHTML = "<input style='display:block;width:100%' value='Already typed.'>";
  root.querySelector("input").focus();
}
