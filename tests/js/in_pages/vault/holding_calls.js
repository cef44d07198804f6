const holding = new BroadcastChannel("sealwax await");
let calls = 0, wanted = 0, release = () => {};
holding.onmessage = ({ data }) => {
  if (data.wanted !== undefined) {
    [calls, wanted] = [0, data.wanted];
    holding.postMessage({ ready: true });
  }
  if (data.released) release();
};
const hold = async (promise) => {
  const value = await promise;
  const released = new Promise((resolve) => { release = resolve; });
  holding.postMessage({ reached: true });
  await released;
  return value;
};
globalThis.watchDoor = ({ pyodide }) => {
  if (globalThis.isWatching) return;
  globalThis.isWatching = true;
  const door = pyodide.pyimport("sealwax_js");
  for (const [name, make] of Object.entries(door)) {
    door[name] = (...parameters) => {
      const made = make(...parameters);
      if (made?.promise && ++calls === wanted) made.promise = hold(made.promise);
      return made;
    };
  }
};
