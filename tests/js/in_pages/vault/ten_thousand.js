/** The functions that tests/vault/test_ten_thousand.py runs in pages. */

export async function many(operations, content, count) {
  const expected = new Uint8Array(window.wake(content));
  const isRight = (value, member) => member === "report" ? value.state === "verified"
    : member === "content" ? expected.every((byte, index) => new Uint8Array(value)[index] === byte)
    : value.byteLength > 0;
  const wrong = [];
  for (let number = 0; number < count; number++) {
    const [verb, args, member] = operations[number % operations.length];
    const outcome = await vault.call(verb, window.wake(args)).then((reply) => reply[member], ({ code }) => code);
    if (typeof outcome === "string" || !isRight(outcome, member)) wrong.push([number, verb, String(outcome)]);
  }
  return wrong;
}
