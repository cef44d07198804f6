onmessage = ({ data }) => {
  if (data.kind !== "start") throw new Error("a crash");
  navigator.locks.request(data.lock, () => {
    postMessage({ kind: "ready", startKind: "snapshot", milliseconds: 0 });
    return new Promise(() => {});
  });
};
