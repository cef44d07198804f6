/** The functions that tests/vault/test_rewound_verbs.py runs in pages. */

export async function streamInPage(verb, args, input) {
  const { output, reply } = vault.stream(verb, window.wake(args), { input: new Blob([window.wake(input)]) });
  try {
    await reply;
    return (await new Response(output).arrayBuffer()).byteLength;
  } catch (error) {
    return error.code;
  }
}
