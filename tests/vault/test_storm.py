"""Many operations at once, of which some are stopped in every way: each other answer is the right one."""

from __future__ import annotations

from typing import Any, Final

import pytest

from smime_core import blocking
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.provider import NewKey
from tests.support.people import person
from tests.support.vault.operations import sealed
from tests.support.vault.page import PROVIDER, OpenPage, b64

pytestmark = pytest.mark.browser

# So many requests are open at once: some beyond the limit of the vault, which is 16.
AT_ONCE: Final = 18
# Runs `count` operations, of which those that find the vault busy are not counted, for 40 seconds at most. Returns how
# often each outcome came: "right", "wrong", or the code of an error.
STORM: Final = """async ({ mails, decrypting, seed, count, atOnce }) => {
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
}"""
# The outcomes of an operation that is stopped, or comes when too many are open.
STOPPED: Final = {"vault-aborted", "vault-timeout", "vault-busy", "cancelled"}


def mails() -> list[dict[str, Any]]:
    """Encrypted contents, all different, for two persons with RSA and EC keys, each with the reader's keys."""
    readers = [person(name, key) for name in ("alice", "bob") for key in (NewKey.RSA_2048, NewKey.P256)]
    made = []
    for number, reader in enumerate(readers * 3):
        content = f"Mail {number}. " * (50 * (number + 1))
        encrypting = Encrypting(recipients=[reader.certificate])
        cms = blocking.encrypt_bytes(content.encode(), encrypting, provider=PROVIDER)
        made.append({"content": content, "cms": b64(cms), "keys": sealed(reader)})
    return made


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in range(2, 8))])
@pytest.mark.parametrize("strict", [False, pytest.param(True, marks=pytest.mark.thorough)])
def test_operations_that_are_stopped_take_nothing_from_others(
    open_vault_page: OpenPage, seed: int, strict: bool
) -> None:
    page = open_vault_page(options={"strict": strict})
    given = {"mails": mails(), "seed": seed, "count": 150, "atOnce": AT_ONCE}
    outcomes = page.js(STORM, given)
    assert outcomes.keys() <= {"right", *STOPPED}, outcomes
    assert outcomes["right"] >= 20, outcomes
    assert STOPPED & outcomes.keys(), outcomes
    # The storm leaves nothing open: a full set of requests finds room.
    calm = """async ({ mails }) => {
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
    }"""
    assert page.js(calm, given) == [True] * 16
