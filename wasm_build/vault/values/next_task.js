/**
 * Resolves in a later task, before which the page draws and takes input, and a Worker hears the messages that wait. Unlike
 * a timer it has no least delay.
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
