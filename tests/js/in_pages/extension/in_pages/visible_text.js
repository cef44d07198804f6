/** The functions that tests/extension/in_pages/test_visible_text.py runs in pages. */

export async function many() {
  const { visibleText } = await import("/source/browser_ext/shared/visible_text.js");
  const { formSections } = await import("/source/browser_ext/shared/form_question.js");
  const drawn = (value) => {
    const box = document.createElement("div");
    box.append(...visibleText(value));
    return [box.querySelectorAll(".unseen").length, box.textContent.slice(0, 60), box.textContent.slice(-9)];
  };
  const entry = { name: "n", value: "v\u200b".repeat(200), label: "", hidden: false };
  const form = {
    topOrigin: "https://a.example", origin: "https://a.example", action: "https://a.example/", method: "post",
    enctype: "", nonce: "", submitter: [], entries: Array(1900).fill(entry),
  };
  const sections = formSections(form).flatMap((section) => [...section.querySelectorAll(".unseen")]);
  const same = drawn("a" + "\u200b".repeat(900000) + "b");
  return { same, turns: drawn("v\u200b".repeat(400000)), form: sections.length };
}
