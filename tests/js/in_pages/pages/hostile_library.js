const server = SERVER;
const tries = {
  fetch: () => fetch(server + "/fetch", { mode: "no-cors" }),
  request: () => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    Object.assign(request, { onload: resolve, onerror: reject });
    request.open("GET", server + "/request");
    request.send();
  }),
  socket: () => new Promise((resolve, reject) => {
    const socket = new WebSocket(server.replace("http", "ws") + "/socket");
    Object.assign(socket, { onopen: resolve, onerror: reject });
  }),
  events: () => new Promise((resolve, reject) => {
    const source = new EventSource(server + "/events");
    Object.assign(source, { onopen: resolve, onerror: reject });
  }),
  script: () => importScripts(server + "/script"),
  module: () => import(server + "/module"),
  font: () => new FontFace("a", `url(${server}/font)`).load(),
  evaluated: () => eval("1"),
  worker: () => new Worker(URL.createObjectURL(new Blob([""]))),
  database: () => new Promise((resolve, reject) => {
    Object.assign(indexedDB.open("sealwax"), { onsuccess: resolve, onerror: reject });
  }),
  caches: () => caches.keys(),
};
onmessage = async ({ ports: [port] }) => {
  const reached = [];
  for (const [name, act] of Object.entries(tries)) {
    await Promise.resolve().then(act).then(() => reached.push(name), () => {});
  }
  port.onmessage = () => {
    const canvas = new OffscreenCanvas(10, 10);
    canvas.getContext("2d");
    const bitmap = canvas.transferToImageBitmap();
    port.postMessage({ type: "drawn", page: 1, bitmap, text: JSON.stringify({ origin, reached }) }, [bitmap]);
  };
  port.postMessage({ type: "ready" });
  port.postMessage({ type: "opened", pages: 1, width: 100, height: 100 });
};
