/** The functions that tests/pages/test_more_options.py runs in pages. */

export async function aLetterThatComesBackKeepsItsStatements(policy) {
  const { LetterOptions } = await import("/source/webbridge/pages/writing/views/letter_options.js");
  const make = (labelPolicy) => new LetterOptions((key) => key, { timestampHost: "tsa.test", labelPolicy }, {
    copy: document.createElement("div"), isOwnComputer: true, onChange: () => {}, onUnstamped: () => {},
  });
  const kept = { receipt: true, lasting: true, label: { policy: "1.2.3.4", classification: 6 } };
  return [policy, { ...policy, policy: "1.2.3.5" }, null].map((one) => {
    const options = make(one);
    options.set(kept);
    return options.statements;
  });
}

export function choose(label) {
  const select = document.querySelector("[data-test=label]");
  select.value = label;
  select.dispatchEvent(new Event("change"));
}
