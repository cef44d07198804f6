/** The functions that tests/vault/test_storm.py runs in pages. */

export async function storm({ mails, decrypting, seed, count, atOnce }) {
  let state = seed;
  const random = (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  let left = count;
  const end = performance.now() + 40_000;
  const outcomes = {};
  const note = (outcome) => { outcomes[outcome] = (outcomes[outcome] ?? 0) + 1; };
  const fail = ({ code, message, stack }) => {
    note(code ?? `raw: ${message} ${stack}`);
    if (code !== "vault-busy") return undefined;
    // As the message says: "try again in a moment".
    left += 1;
    return pause(300);
  };
  const judge = (octets, { content }) => note(new TextDecoder().decode(octets) === content ? "right" : "wrong");
  const pick = () => mails[random(mails.length)];
  const request = ({ cms, keys }) => ({ verb: "bytes.decrypt", args: window.wake({ cms, ...keys }) });
  const call = (options) => {
    const mail = pick();
    const { verb, args } = request(mail);
    return vault.call(verb, args, options).then(({ content }) => judge(content, mail), fail);
  };
  const abortLater = (longest) => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), random(longest));
    return abort.signal;
  };
  const stream = async (readsAll) => {
    const mail = pick();
    const input = new Blob([window.wake(mail.cms)]);
    const { output, reply } = vault.stream("stream.decrypt", window.wake({ form: "cms", ...mail.keys }), { input });
    reply.catch(() => {});
    const reader = output.getReader();
    if (!readsAll) {
      await pause(random(20));
      await reader.cancel();
      return note("cancelled");
    }
    const chunks = [];
    for (let next = await reader.read(); !next.done; next = await reader.read()) chunks.push(next.value);
    judge(await new Blob(chunks).arrayBuffer(), mail);
  };
  const acts = [
    () => call(), () => call(), () => call(),
    () => call({ signal: abortLater(30) }),
    () => call({ deadlineSeconds: random(30) / 1000 }),
    () => stream(true),
    () => stream(false),
    async () => {
      const chosen = [pick(), pick(), pick()];
      const signal = random(2) ? abortLater(60) : undefined;
      let index = 0;
      for await (const { ok, error } of vault.batch(chosen.map(request), { signal })) {
        if (error) await fail(error); else judge(ok.content, chosen[index]);
        index += 1;
        if (random(5) === 0) return;
      }
    },
    () => pause(random(30)).then(() => vault.retire()),
    () => pause(random(200)),
  ];
  const work = async () => {
    while (left-- > 0 && performance.now() < end) await acts[random(acts.length)]().catch(fail);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return outcomes;
}

export async function calm({ mails }) {
  const sixteen = Array.from({ length: 16 }, (_, index) => mails[index % mails.length]);
  const pause = () => new Promise((resolve) => setTimeout(resolve, 100));
  const decrypt = async ({ cms, keys, content }, tries = 100) => {
    try {
      const reply = await vault.call("bytes.decrypt", window.wake({ cms, ...keys }));
      return new TextDecoder().decode(reply.content) === content;
    } catch (error) {
      // Workers of the storm still clean up.
      if (error.code !== "vault-busy" || tries === 0) throw error;
      await pause();
      return decrypt({ cms, keys, content }, tries - 1);
    }
  };
  const answers = await Promise.all(sixteen.map((mail) => decrypt(mail)));
  await vault.close();
  return answers;
}
