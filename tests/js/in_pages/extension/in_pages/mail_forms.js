/** The functions that tests/extension/in_pages/test_mail_forms.py runs in pages. */

export function show(markup, focus) {
  document.body.innerHTML = markup;
  const frame = document.querySelector("iframe");
  const loaded = frame ? new Promise((resolve) => frame.addEventListener("load", resolve)) : null;
  return Promise.resolve(loaded).then(() => {
    (frame?.contentDocument.body ?? document.querySelector(focus)).focus();
    const form = mailForms.findMailForm();
    return form && mailForms.fieldsOf(mailForms.focusedMailForm());
  });
}

export function fill(markup, isNested) {
  const place = document.createElement("div");
  let inner = place;
  for (let count = 0; count < (isNested ? 500 : 5000); count += 1) {
    const part = document.createElement("div");
    part.innerHTML = markup;
    inner.append(part);
    if (isNested) inner = part;
  }
  document.body.replaceChildren(place);
  place.querySelector("textarea, input").focus();
  const start = performance.now();
  mailForms.findMailForm();
  return performance.now() - start;
}
