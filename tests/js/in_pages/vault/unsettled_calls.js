/** The functions that tests/vault/test_unsettled_calls.py runs in pages. */

export async function streamInPage(args, input) {
  const blob = new Blob([window.wake(input)]);
  const { output, reply } = vault.stream("stream.decrypt", window.wake(args), { input: blob });
  return reply.then(() => new Response(output).arrayBuffer()).then(() => "answered", ({ code }) => code);
}
