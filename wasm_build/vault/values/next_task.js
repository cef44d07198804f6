/**
 * Resolves in a later task. Before that, the page draws and handles input, and a Worker receives waiting messages. Unlike
 * a timer, this has no minimum delay.
 * @returns {Promise<void>}
 */
export function nextTask() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
