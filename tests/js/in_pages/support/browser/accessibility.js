/** The functions that tests/support/browser/accessibility.py runs in pages. */

export async function runInPage(ignored) {
  const rules = Object.fromEntries(ignored.map((rule) => [rule, { enabled: false }]));
  const options = { resultTypes: ["violations"], iframes: false, preload: false, rules };
  const { violations } = await axe.run(document, options);
  return violations.map(({ id, help, nodes }) => `${id} (${help}): ` + nodes.map(({ target, any, all, none }) =>
    `${target.join(" ")} [${[...any, ...all, ...none].map(({ message }) => message).join("; ")}]`).join(" | "));
}

export function beginAtTheTop() {
  const begin = document.createElement("span");
  begin.id = "begin";
  begin.tabIndex = -1;
  (document.querySelector("dialog:modal") ?? document.body).prepend(begin);
  begin.focus();
}
