/** The functions that tests/extension/compose/test_beginning.py runs in pages. */

export function holdOriginal() {
  const { runtime } = globalThis.browser ?? chrome;
  const { sendMessage } = runtime;
  const gate = new Promise((resolve) => { globalThis.letGo = resolve; });
  runtime.sendMessage = async (message) => {
    if (message.type === "compose.original") await gate;
    return sendMessage.call(runtime, message);
  };
}
