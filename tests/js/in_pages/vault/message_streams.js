/** The functions that tests/vault/test_message_streams.py runs in pages. */

export async function streamInPage(verb, args, { size, sized = true, give = {}, expect = {}, ...options }) {
  const { source, drain, ofChunks } = await import("/stream_tools.js");
  const input = window.kept ? ofChunks(window.kept) : source(size, give);
  const announced = window.kept ? null : size + (give.head ?? "").length;
  const reports = [];
  const { output, reply } = vault.stream(verb, window.wake(args), {
    input, size: sized && announced ? announced : undefined, onProgress: (progress) => reports.push(progress), ...options,
  });
  try {
    const ok = await reply;
    const { chunks, ...seen } = await drain(output, expect);
    window.kept = chunks;
    return { ok, ...seen, told: reports };
  } catch ({ code, message }) {
    window.kept = null;
    return { error: { code, message }, told: reports };
  }
}

export async function holdingBack(verb, args, size) {
  const { source, drain } = await import("/stream_tools.js");
  let half = () => {};
  const reached = new Promise((resolve) => (half = resolve));
  const before = async (position) => { if (position >= size / 2) await reached; };
  const { output, reply } = vault.stream(verb, window.wake(args), {
    input: source(size, { before }), size, deadlineSeconds: 60,
    onProgress: ({ done }) => { if (done >= size / 4) half(); },
  });
  await reply;
  return (await drain(output)).length;
}

export async function holdingBackKept(verb, args) {
  const { drain } = await import("/stream_tools.js");
  const whole = new Uint8Array(await new Blob(window.kept).arrayBuffer());
  let half = () => {};
  const reached = new Promise((resolve) => (half = resolve));
  const input = new ReadableStream({
    async start(controller) {
      controller.enqueue(whole.slice(0, whole.length / 2));
      await reached;
      controller.enqueue(whole.slice(whole.length / 2));
      controller.close();
    },
  });
  const { output, reply } = vault.stream(verb, window.wake(args), {
    input, size: whole.length, deadlineSeconds: 60, onProgress: ({ done }) => { if (done >= whole.length / 4) half(); },
  });
  await reply;
  return (await drain(output)).length;
}

export async function refused(verb, args, kind) {
  const { source } = await import("/stream_tools.js");
  const log = (window.log = {});
  const endless = (chunk) => new ReadableStream({
    pull: (controller) => controller.enqueue(chunk()), cancel: () => void (log.cancelled = true),
  });
  const inputs = {
    announced: () => ({ input: source(100, { log }), size: 600_000_000 }),
    chunk: () => ({ input: endless(() => new Uint8Array(537_000_000)) }),
    longer: () => ({ input: source(20_000_000, { log }), size: 1_500_000 }),
    shorter: () => ({ input: source(2_000_000, { log }), size: 2_500_000 }),
    failing: () => ({ input: new ReadableStream({ pull: (controller) => controller.error(new Error("lost")) }) }),
    strings: () => ({ input: endless(() => "text") }),
    nothing: () => ({ input: null }),
  };
  const { output, reply } = vault.stream(verb, window.wake(args), inputs[kind]());
  const { code, message } = await reply.then(() => output.getReader().closed).catch((error) => error);
  return { code, message };
}

export async function stuckInPage(args, options) {
  const { source } = await import("/stream_tools.js");
  const log = (window.log = {});
  const before = async (position) => { if (position >= 2_000_000) await new Promise(() => {}); };
  const abort = (window.abort = new AbortController());
  const going = new Promise((resolve) => {
    const input = source(4_000_000, { before, log });
    window.stuck = vault.stream("stream.encrypt", window.wake(args), {
      input, size: 4_000_000, onProgress: resolve, signal: abort.signal, ...options });
    window.stuck.reply.catch((error) => (window.told = error.code));
  });
  await going;
}

export async function thereAndBack(make, read, size) {
  const { source, drain } = await import("/stream_tools.js");
  const made = vault.stream(make.verb, window.wake(make.args), { input: source(size), size });
  // A Blob stands outside the page, as a downloaded file does.
  const whole = await new Response(made.output).blob();
  const { output, reply } = vault.stream(read.verb, window.wake(read.args), { input: whole });
  const { report } = await reply;
  return [(await drain(output, { size })).equal, report?.state ?? null];
}

export async function readInPage(args, room) {
  const { drain } = await import("/stream_tools.js");
  const { output } = vault.stream("stream.verify", window.wake(args), { input: new Blob(window.kept) });
  const reader = output.getReader({ mode: "byob" });
  let buffer = new ArrayBuffer(room);
  const read = new ReadableStream({
    async pull(controller) {
      const { value, done } = await reader.read(new Uint8Array(buffer));
      if (done) return controller.close();
      controller.enqueue(value.slice());
      ({ buffer } = value);
    },
  });
  const { length, equal } = await drain(read, { size: 3_000_000 });
  return [length, equal];
}

export async function left(args, ending) {
  const chunks = [];
  const heard = ({ data }) => { if (data.chunk) chunks.push(data.chunk); };
  window.MessageChannel = class extends MessageChannel {
    constructor() {
      super();
      this.port1.addEventListener("message", heard);
    }
  };
  const input = new Blob([new Uint8Array(100_000).fill(7)]);
  const { output, reply } = vault.stream("stream.encrypt", window.wake(args), { input });
  await reply;
  const reader = output.getReader({ mode: "byob" });
  const read = reader.read(new Uint8Array(10));
  if (ending === "a part") await read;
  // The page is busy until the chunk has come.
  else for (const begun = performance.now(); performance.now() - begun < 1000;);
  await reader.cancel();
  const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
  for (let tries = 0; !chunks.length && tries < 100; tries++) await pause();
  return chunks.map((chunk) => [chunk.byteLength > 10, new Uint8Array(chunk).some((octet) => octet !== 0)]);
}

export async function judge(args, size) {
  const { source, drain, ofChunks } = await import("/stream_tools.js");
  const input = new Blob(window.kept);
  const { output, reply } = vault.stream("stream.verify", window.wake(args), { input, content: source(size) });
  const { report } = await reply;
  return [report.state, (await drain(output, { size })).equal];
}

export async function given(args) {
  const { drain, ofChunks } = await import("/stream_tools.js");
  const whole = new Uint8Array(1000).fill(1);
  const around = new Uint8Array(3000).fill(2);
  const part = around.subarray(1000, 2000);
  const { output } = vault.stream("stream.encrypt", window.wake(args), { input: ofChunks([whole, part]) });
  await drain(output);
  return [whole.length, part.length, around.every((octet) => octet === 2)];
}

export async function alter(fromEnd) {
  const whole = new Uint8Array(await new Blob(window.kept).arrayBuffer());
  whole[whole.length - fromEnd] ^= 1;
  window.kept = [whole];
}
