"""Unlocking again after a reload: two halves of a key, one in the browser and one with the bridge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from smime_core.errors import DecryptionError
from tests.support.browser.browsers import Browser
from tests.support.browser.databases import WALK
from tests.support.browser.page import ENTER, Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.reloads import RECORDS, TAKE, choose_minutes, wait_for_records, wait_until_unlocked
from tests.support.vault.verbs import call
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/reload_unlock.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

NEEDLE_BYTES = 32

# A tab with a bridge and a vault in the page. The database is the browser's own. A test moves the clock.
TAB = """
  const { KeyRing } = await import("/source/webbridge/pages/keys/keys.js");
  const { openWithPasskey } = await import("/source/webbridge/pages/keys/device_bundles.js");
  const { ReloadUnlock } = await import("/source/webbridge/pages/keys/reload_unlock.js");
  const { openReloads } = await import("/source/webbridge/pages/keys/reload_database.js");
  const { accountDigest } = await import("/source/webbridge/pages/app/state_database.js");
  const MINUTE = 60000, HOUR = 60 * MINUTE;
  const wall = Date.now.bind(Date);
  let shift = 0;
  Date.now = () => wall() + shift;
  const account = await accountDigest("a@example.test");
  const refuse = (code) => { throw Object.assign(new Error(code), { code }); };
  const bridge = {
    half: null, name: "", calls: [], age: 0, says: null, takes: 0,
    async make(name) {
      this.calls.push("make");
      await new Promise((resolve) => setTimeout(resolve, this.takes));
      this.name = name;
      this.half = crypto.getRandomValues(new Uint8Array(32));
      return this.half.slice().buffer;
    },
    async take(name) {
      this.calls.push("take");
      if (this.says) refuse(this.says);
      if (!this.half || name !== this.name) refuse("half-gone");
      const half = this.half.slice().buffer;
      this.half = null;
      return { half, ageMilliseconds: this.age };
    },
    async noteUse(name) {
      this.calls.push("use");
      if (!this.half || name !== this.name) refuse("half-gone");
    },
    async delete() { this.calls.push("delete"); this.half = null; },
  };
  const asked = [];
  const openTab = async ({ isOwn = true, longest = 15, during = () => undefined } = {}) => {
    const addresses = ["a@example.test"];
    const identity = { sealed: new ArrayBuffer(3), certificate: new ArrayBuffer(4), fingerprint: "f", addresses };
    const vault = { call: async (verb, args) => {
      asked.push([verb, args.context]);
      await during(verb);
      return verb === "reload.seal" ? { kept: [new ArrayBuffer(5)] } : { identities: [identity] };
    } };
    const ring = new KeyRing(async () => vault);
    const reload = new ReloadUnlock(ring, bridge, { mayKeep: () => isOwn });
    reload.allow(longest);
    const reasons = [];
    ring.addEventListener("locked", ({ reason }) => reasons.push(reason));
    await reload.begin("a@example.test");
    return {
      ring, reload, reasons,
      unlock: () => openWithPasskey(ring, "a", new ArrayBuffer(8), { buffer: new ArrayBuffer(4096), length: 0 }),
      resume: async () => (await reload.isDue()) && reload.resume(async () => false),
    };
  };
  const read = () => openReloads.exists().then((is) => (is ? openReloads.read(account) : null));
  const until = async (isSo) => {
    const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
    for (let tries = 0; tries < 100 && !(await isSo()); tries += 1) await pause();
    return isSo();
  };
  // A tab whose keys were unlocked and are kept, and then was closed.
  const left = async (minutes = 15) => {
    const tab = await openTab();
    await tab.reload.choose(minutes);
    await tab.unlock();
    await until(async () => (await read()) !== null);
    tab.ring.lock("left");
    return tab;
  };
"""


@pytest.fixture
def empty(browser: Browser, demo_stack: DemoStack) -> Iterator[Page]:
    """A page of the origin that serves the modules, with storage of its own."""
    page = browser.open_private(demo_stack.pages_url)
    yield page
    page.close()


def test_nothing_is_kept_unless_the_person_chooses_it(empty: Page) -> None:
    seen = empty.js(f"""async () => {{ {TAB}
      const tab = await openTab();
      await tab.unlock();
      await new Promise((resolve) => setTimeout(resolve, 100));
      return [tab.reload.minutes, bridge.calls, await read(), await tab.resume()];
    }}""")
    assert seen == [0, [], None, False]


@pytest.mark.thorough(False)
def test_a_reload_within_the_minutes_unlocks_and_makes_new_halves(empty: Page) -> None:
    seen = empty.js(f"""async () => {{ {TAB}
      await left();
      const before = await read();
      bridge.takes = 500;
      const tab = await openTab();
      const isUnlocked = await tab.resume();
      await until(async () => (await read())?.name !== before.name && (await read()) !== null);
      const after = await read();
      return {{
        isUnlocked, way: tab.ring.way, calls: bridge.calls, isNew: before.name !== after.name,
        begun: after.begun - before.begun, verbs: asked.map(([verb]) => verb),
      }};
    }}""")
    assert seen["isUnlocked"] is True
    assert seen["way"] == "reload"
    assert seen["calls"] == ["make", "take", "make"]
    assert seen["isNew"] is True
    # The session began when it did: the time that the bridge takes does not make it younger.
    assert abs(seen["begun"]) <= 250
    assert seen["verbs"] == ["passkey.open", "reload.seal", "reload.open", "reload.seal"]


@pytest.mark.parametrize(
    ("minutes", "later", "refusal"),
    [(5, 4.9, None), (5, 5.1, "over"), (15, 14.9, None), (15, 15.1, "over"), (15, -1, "clock")],
)
def test_the_minutes_count_by_the_clock(empty: Page, minutes: float, later: float, refusal: str | None) -> None:
    seen = empty.js(
        f"""async (minutes, later) => {{ {TAB}
      await left(minutes);
      shift += later * MINUTE;
      const tab = await openTab();
      return [await tab.resume(), tab.reload.refusal, (await read()) !== null && !tab.ring.unlocked];
    }}""",
        minutes,
        later,
    )
    assert seen == [refusal is None, refusal, False]


def test_the_deadlines_of_the_unlocking_go_on(empty: Page) -> None:
    seen = empty.js(f"""async () => {{ {TAB}
      await left(15);
      shift += 14 * MINUTE;
      const tab = await openTab();
      const idle = [await tab.resume()];
      shift += 2 * MINUTE;
      tab.ring.check();
      idle.push(...tab.reasons);
      // Reload after reload, and somebody is active all the time.
      let last = await left(15), count = 0;
      for (let tries = 0; tries < 100; tries += 1) {{
        shift += 10 * MINUTE;
        const next = await openTab();
        if (!(await next.resume())) break;
        count += 1;
        next.ring.touch();
        await until(async () => (await read())?.used > Date.now() - MINUTE);
        next.ring.lock("left");
        last = next;
      }}
      return [idle, count];
    }}""")
    # 12 hours have 72 times ten minutes, and at the end of the last one they are over.
    assert seen == [[True, "idle"], 71]


def test_a_clock_that_was_set_back_prolongs_nothing(empty: Page) -> None:
    """The bridge says how old its half is."""
    seen = empty.js(f"""async () => {{ {TAB}
      await left(15);
      bridge.age = 14 * MINUTE;
      const tab = await openTab();
      const isUnlocked = await tab.resume();
      const ages = [tab.ring.ages.used, tab.ring.ages.begun].map((one) => Math.round(one / MINUTE));
      shift += 2 * MINUTE;
      tab.ring.check();
      return [isUnlocked, ages, tab.reasons];
    }}""")
    assert seen == [True, [14, 14], ["idle"]]


@pytest.mark.parametrize("reason", ["hand", "idle", "too-long", "clock", "elsewhere", "strict"])
def test_a_lock_deletes_the_record_and_the_half(empty: Page, reason: str) -> None:
    seen = empty.js(
        f"""async (reason) => {{ {TAB}
      const tab = await openTab();
      await tab.reload.choose(15);
      await tab.unlock();
      await until(async () => (await read()) !== null);
      tab.ring.lock(reason);
      await until(async () => (await read()) === null);
      const next = await openTab();
      return [bridge.half, await read(), await next.resume(), next.reload.refusal];
    }}""",
        reason,
    )
    assert seen == [None, None, False, None]


def test_a_tab_that_is_closed_right_after_a_lock_leaves_nothing_that_opens(empty: Page) -> None:
    """Neither the record nor the half was deleted in time."""
    seen = empty.js(f"""async () => {{ {TAB}
      const tab = await openTab();
      await tab.reload.choose(15);
      await tab.unlock();
      await until(async () => (await read()) !== null);
      const [record, half, name] = [await read(), bridge.half, bridge.name];
      tab.ring.lock("hand");
      await until(async () => (await read()) === null);
      await openReloads.write(record);
      Object.assign(bridge, {{ half, name, calls: [] }});
      const next = await openTab();
      return [await next.resume(), bridge.calls, await read(), next.reload.refusal];
    }}""")
    assert seen == [False, ["delete"], None, None]


def test_a_lock_in_another_tab_while_a_reload_unlocks_leaves_it_locked(empty: Page) -> None:
    seen = empty.js(f"""async () => {{ {TAB}
      const ends = [];
      for (const when of ["reload.open", "take"]) {{
        await left(15);
        const tab = await openTab({{ during: (verb) => {{ if (verb === when) tab.reload.cancel(); }} }});
        const {{ take }} = bridge;
        if (when === "take") bridge.take = async (name) => {{ tab.reload.cancel(); return take.call(bridge, name); }};
        ends.push(await tab.resume(), tab.ring.unlocked);
        bridge.take = take;
        await until(async () => (await read()) === null);
        ends.push(await read());
      }}
      return ends;
    }}""")
    assert seen == [False, False, None] * 2


@pytest.mark.parametrize("code", ["half-gone", "reload-forbidden", "try-later", "unreachable"])
def test_a_half_that_the_bridge_refuses_is_told(empty: Page, code: str) -> None:
    seen = empty.js(
        f"""async (code) => {{ {TAB}
      await left(15);
      bridge.says = code;
      const tab = await openTab();
      const first = [await tab.resume(), tab.reload.refusal];
      await tab.unlock();
      return [...first, tab.reload.refusal];
    }}""",
        code,
    )
    assert seen == [False, "refused", None]


def test_a_half_that_is_lost_while_unlocked_is_made_anew(empty: Page) -> None:
    seen = empty.js(f"""async () => {{ {TAB}
      const tab = await openTab();
      await tab.reload.choose(15);
      await tab.unlock();
      await until(async () => (await read()) !== null);
      const {{ name }} = await read();
      bridge.half = null;
      tab.ring.touch();
      await until(async () => (await read()).name !== name);
      return [bridge.calls, tab.ring.unlocked, bridge.half !== null];
    }}""")
    assert seen == [["make", "use", "make"], True, True]


@pytest.mark.parametrize(
    ("longest", "choices"), [(0, []), (1, [1]), (5, [1, 5]), (10, [1, 5, 10]), (15, [1, 5, 15])], ids=str
)
def test_no_more_than_the_operator_allows_can_be_chosen(empty: Page, longest: int, choices: list[int]) -> None:
    seen = empty.js(
        f"""async (longest) => {{ {TAB}
      const first = await openTab();
      await first.reload.choose(15);
      const tab = await openTab({{ longest }});
      const elsewhere = await openTab({{ longest, isOwn: false }});
      return [tab.reload.choices, tab.reload.minutes, elsewhere.reload.choices, elsewhere.reload.minutes];
    }}""",
        longest,
    )
    assert seen == [choices, longest, [], 0]


def test_on_a_computer_of_somebody_else_nothing_is_kept_or_used(empty: Page) -> None:
    seen = empty.js(f"""async () => {{ {TAB}
      await left(15);
      bridge.calls.length = 0;
      const tab = await openTab({{ isOwn: false }});
      const resumed = await tab.resume();
      await tab.unlock();
      await new Promise((resolve) => setTimeout(resolve, 100));
      return [resumed, bridge.calls];
    }}""")
    assert seen == [False, []]


@pytest.fixture
def keeper(browser: Browser, demo_stack: DemoStack, alice: Account) -> Iterator[MailPages]:
    """A person who has chosen that a reload needs no passphrase for 5 minutes."""
    pages = MailPages(browser, demo_stack.pages_url, alice)
    pages.enter()
    choose_minutes(pages, 5)
    yield pages
    pages.close()


@pytest.mark.thorough(False)
def test_a_reload_reads_on_without_a_passphrase_and_a_lock_ends_that(keeper: MailPages, demo_stack: DemoStack) -> None:
    keeper.page.reload()
    wait_until_unlocked(keeper)
    keeper.open_message(demo_stack.mail_server.messages(keeper.account.address)[0].uid)
    assert keeper.state == "verified"
    wait_for_records(keeper, 1)
    keeper.page.click(named("lock"))
    wait_for_records(keeper, 0)
    keeper.page.reload()
    keeper.page.js("() => { location.hash = '#/keys'; }")
    keeper.page.wait_for_selector(named("unlock-form"), timeout_seconds=OPERATION_SECONDS)
    assert not keeper.is_unlocked()


@pytest.mark.thorough(False)
def test_the_database_has_no_key_in_clear_and_either_half_alone_opens_nothing(
    keeper: MailPages, demo_stack: DemoStack
) -> None:
    (record,) = keeper.page.js(f"() => ({RECORDS})()")
    der = keeper.account.identity.private_key.pkcs8_der
    # Pieces of the private key, but for the first bytes, which are the same in every key of its kind.
    needles = [list(der[at : at + NEEDLE_BYTES]) for at in range(64, len(der) - NEEDLE_BYTES, NEEDLE_BYTES)]
    seen = keeper.page.js(WALK, needles)
    assert seen["records"] >= 1
    assert (seen["keys"], seen["found"]) == (0, 0)
    status, taken = keeper.page.js(TAKE, demo_stack.api_url, record["name"], keeper.account.address)
    assert (status, len(taken)) == (200, 36)
    ours, theirs = bytes(record["half"]), bytes(taken[:32])
    identities = [bytes(identity) for identity in record["kept"]]
    context = f"{record['account']} {record['begun']}"

    def opened(halves: bytes, context: str = context) -> int:
        return len(
            call("reload.open", context=context, halves=halves, kept=identities, sealKey=b"k" * 32)["identities"]
        )

    assert opened(ours + theirs) == 1
    for halves in (ours + bytes(32), bytes(32) + theirs, ours + ours, theirs + theirs, theirs + ours):
        with pytest.raises(DecryptionError):
            opened(halves)
    # Neither another account nor an earlier beginning can be written into the record.
    with pytest.raises(DecryptionError):
        opened(ours + theirs, f"{record['account']} {record['begun'] + 1}")
    assert keeper.page.js(TAKE, demo_stack.api_url, record["name"], keeper.account.address)[0] == 404


def test_a_half_that_is_gone_is_told_with_the_form_for_the_passphrase(keeper: MailPages, demo_stack: DemoStack) -> None:
    keeper.page.browser.expect_error("404")
    (record,) = keeper.page.js(f"() => ({RECORDS})()")
    assert keeper.page.js(TAKE, demo_stack.api_url, record["name"], keeper.account.address)[0] == 200
    keeper.page.reload()
    keeper.page.wait_for_text("did not give its half", selector=named("locked-note"), timeout_seconds=OPERATION_SECONDS)
    assert not keeper.is_unlocked()
    keeper.unlock()
    wait_until_unlocked(keeper)


def test_signing_out_deletes_the_record(keeper: MailPages) -> None:
    keeper.page.click(named("sign-out"))
    keeper.page.wait_for_selector(named("sign-in-form"))
    wait_for_records(keeper, 0)


def test_what_is_typed_while_the_bridge_refuses_late_is_not_lost(keeper: MailPages) -> None:
    """The bridge takes longer than the page waits with its first view."""
    page = keeper.page
    slow = IN_PAGE["slow"]
    browser = page.browser
    script = browser.bidi.command("script.addPreloadScript", functionDeclaration=slow, contexts=[page.context])[
        "script"
    ]
    page.reload()
    page.wait_for_selector(named("unlocking-again"), timeout_seconds=OPERATION_SECONDS)
    page.wait_for_selector(named("unlock-form"), timeout_seconds=OPERATION_SECONDS)
    page.click(f"{named('unlock-form')} {named('passphrase')}")
    page.type(keeper.account.key_passphrase)
    page.js("() => globalThis.release()")
    page.wait_for_text("did not give its half", selector=named("locked-note"))
    page.press(ENTER)
    wait_until_unlocked(keeper)
    browser.bidi.command("script.removePreloadScript", script=script)


def test_strict_cleanup_keeps_the_choice(keeper: MailPages, demo_stack: DemoStack) -> None:
    """The switch locks the keys. The vault of the strict setting makes the record and opens it."""
    keeper.page.click(named("switch-strict"))
    wait_for_records(keeper, 0)
    keeper.unlock()
    wait_for_records(keeper, 1)
    keeper.page.reload()
    wait_until_unlocked(keeper)
    keeper.open_message(demo_stack.mail_server.messages(keeper.account.address)[0].uid)
    assert keeper.state == "verified"


def test_two_tabs_that_are_loaded_at_once_use_one_half(keeper: MailPages, demo_stack: DemoStack) -> None:
    beside = MailPages(keeper.page.browser, demo_stack.pages_url, keeper.account, beside=keeper.page)
    wait_until_unlocked(beside)
    for pages in (keeper, beside):
        pages.page.js("() => { location.reload(); }")
    for pages in (keeper, beside):
        wait_until_unlocked(pages)
    beside.close()
