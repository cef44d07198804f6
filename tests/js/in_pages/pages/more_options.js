/** The functions that tests/pages/test_more_options.py runs in pages. */

export async function aLetterThatComesBackKeepsItsStatements(policy) {
  const { Composition, BLANK } = await import("/source/wasm_build/writing/composition.js");
  const { LetterOptions } = await import("/source/wasm_build/writing/letter_options.js");
  const { optionsOf, statementsOf } = await import("/source/webbridge/pages/writing/statements.js");
  const statements = { receipt: true, lasting: true, label: { policy: "1.2.3.4", classification: 6 } };
  return [policy, { ...policy, policy: "1.2.3.5" }, null].map((labelPolicy) => {
    const offers = { timestampHost: "tsa.test", labelPolicy };
    const composition = new Composition({ ...BLANK, options: optionsOf(statements, labelPolicy) }, { directory: null, offers });
    const options = new LetterOptions((key) => key, composition, offers);
    // The shown options become those of the message when the person changes one of them.
    options.element.querySelector("[data-test=switch-receipt]").dispatchEvent(new Event("change"));
    return statementsOf(composition.options, labelPolicy);
  });
}

export function choose(label) {
  const select = document.querySelector("[data-test=label]");
  select.value = label;
  select.dispatchEvent(new Event("change"));
}
