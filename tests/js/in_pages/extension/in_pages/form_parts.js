/** The functions that tests/extension/in_pages/test_form_parts.py runs in pages. */

export function properties() {
  const names = new Set();
  for (let kind = HTMLFormElement.prototype; kind; kind = Object.getPrototypeOf(kind)) {
    for (const name of Object.getOwnPropertyNames(kind)) names.add(name);
  }
  return [...names].sort();
}

export function addFields(names) {
  const form = document.getElementById("form");
  for (const name of names) {
    const field = document.createElement("input");
    [field.name, field.value, field.type] = [name, "1", "hidden"];
    Node.prototype.appendChild.call(form, field);
  }
}
