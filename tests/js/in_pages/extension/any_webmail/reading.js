/** The functions that tests/extension/any_webmail/test_reading.py runs in pages. */

export function controlsNamedAsThePropertiesOfAFormHideNoMail(head, mail) {
  const names = new Set();
  for (let prototype = HTMLFormElement.prototype; prototype; prototype = Object.getPrototypeOf(prototype)) {
    for (const name of Object.getOwnPropertyNames(prototype)) names.add(name);
  }
  const controls = [...names].map((name) => `<input type=hidden name="${name}">`).join("");
  document.body.innerHTML = `<form>${controls}${head}${mail}</form>`;
}
