import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { WholeFloat } from "../../src/flow/exact.ts";
import { createCodeRunner } from "../../src/sandbox/create-code-runner.ts";
import { createAttempts } from "./attempt-code.ts";

const runner = createCodeRunner({ http: null, timeLimitMs: 30_000, pythonConcurrency: 1 });
before(async () => await runner.warmUp(new Set(["python3"])));
after(async () => await runner[Symbol.asyncDispose]());

const { attempt, failing } = createAttempts(runner, "python3");

describe("Python code", () => {
  it("gets its inputs by name and returns what json.dumps makes of the result", async () => {
    const code = `import json, re, math, datetime, collections, hashlib, base64, random, statistics, itertools, urllib.parse
def main(text: str, items: list, nothing) -> dict:
    print("ignored")
    return {
        "found": re.findall(r"[가-힣]+", text), "sum": sum(items), "root": math.sqrt(2.25), "none": nothing,
        "tuple": (1, True), "keys": {1: "a", None: "b"}, "date": datetime.date(2026, 1, 2).isoformat(),
        "hash": hashlib.sha256(b"x").hexdigest()[:8], "quoted": urllib.parse.quote("é"),
        "counted": collections.Counter("aab"), "nested": json.loads('{"a": [1.5]}'),
    }`;
    assert.deepEqual(await attempt(code, { text: "a 한글 b", items: [1, 2], nothing: null }), {
      found: ["한글"],
      sum: 3,
      root: 1.5,
      none: null,
      tuple: [1, true],
      keys: { 1: "a", null: "b" },
      date: "2026-01-02",
      hash: "2d711642",
      quoted: "%C3%A9",
      counted: { a: 2, b: 1 },
      nested: { a: [1.5] },
    });
  });

  it("has what Dify's runner imports behind the code, and zones", async () => {
    const code = `import datetime, zoneinfo
from zoneinfo import ZoneInfo
json = None
def main():
    seoul = datetime.datetime(2024, 1, 1, tzinfo=ZoneInfo("Asia/Seoul"))
    summer = datetime.datetime(2024, 7, 1, 12, tzinfo=ZoneInfo("America/New_York"))
    return {"json": json.dumps({"a": 1}), "b64": b64decode("YQ==").decode(), "seoul": str(seoul),
        "summer": [summer.tzname(), summer.astimezone(ZoneInfo("UTC")).isoformat()], "link": ZoneInfo("US/Pacific").key,
        "many": len(zoneinfo.available_timezones()) > 500, "local": datetime.datetime.fromtimestamp(0).hour}`;
    assert.deepEqual(await attempt(code), {
      json: '{"a": 1}',
      b64: "a",
      seoul: "2024-01-01 00:00:00+09:00",
      summer: ["EDT", "2024-07-01T16:00:00+00:00"],
      link: "US/Pacific",
      many: true,
      local: 0,
    });
    assert.match(
      await failing("import zoneinfo\ndef main(): return zoneinfo.ZoneInfo('Mars/Olympus').key"),
      /ZoneInfoNotFoundError: 'No time zone found with key Mars\/Olympus'$/,
    );
  });

  it("runs coroutines with asyncio", async () => {
    const code = `import asyncio, time
async def wait(x):
    await asyncio.sleep(0.01 * x)
    return x
async def both():
    return await asyncio.gather(wait(3), wait(1))
def main():
    time.sleep(0.001)
    return [asyncio.run(both()), asyncio.run(asyncio.wait_for(both(), 5)), asyncio.new_event_loop().run_until_complete(wait(1))]`;
    assert.deepEqual(await attempt(code), [[3, 1], [3, 1], 1]);
    const stuck = `import asyncio
async def never(): await asyncio.get_running_loop().create_future()
def main(): return asyncio.run(never())`;
    assert.match(await failing(stuck), /RuntimeError: nothing is left that could go on$/);
  });

  it("names the packages that are not there", async () => {
    for (const name of ["numpy", "jieba", "pandas", "httpx"])
      assert.match(
        await failing(`import ${name}\ndef main(): return 1`),
        new RegExp(`\nModuleNotFoundError: No module named '${name}'$`),
      );
  });

  it("shows a traceback of the author's own lines", async () => {
    const message = await failing("def inner(x):\n    return 1 / x\n\ndef main(x):\n    return inner(x)\n", {
      x: 0,
    });
    assert.match(message, /^!Traceback \(most recent call last\):\n {2}File "<code>", line 5, in main\n/);
    assert.match(message, /line 2, in inner\n {4}return 1 \/ x\n/);
    assert.match(message, /\nZeroDivisionError: division by zero$/);
    assert.ok(!message.includes("_run"));
  });

  it("names what it cannot run or return", async () => {
    assert.match(await failing("def main(:"), /SyntaxError: /);
    assert.match(await failing("x = 1"), /NameError: name 'main' is not defined$/);
    assert.match(
      await failing("def main(a): return a", { b: 1 }),
      /TypeError: main\(\) got an unexpected keyword/,
    );
    assert.match(
      await failing("def main(): return {1, 2}"),
      /TypeError: Object of type set is not JSON serializable$/,
    );
  });

  it("gives numbers in the form that Python has them in", async () => {
    assert.deepEqual(
      await attempt("def main(x): return [10 / 2, -0.0, 2 ** 60, float('nan'), -1e400, x, x == 2 ** 60]", {
        x: 2n ** 60n,
      }),
      [
        new WholeFloat(5),
        new WholeFloat(-0),
        2n ** 60n,
        Number.NaN,
        Number.NEGATIVE_INFINITY,
        2n ** 60n,
        true,
      ],
    );
  });

  it("starts every call from nothing", async () => {
    const leave = `import json, sys, builtins
json.dumps = None
builtins.left = "secret"
sys.modules["left"] = "secret"
open("/tmp/left", "w").write("secret")
def main(): return 1`;
    await attempt(leave);
    const look = `import builtins, sys, os
def main(): return [hasattr(builtins, "left"), "left" in sys.modules, os.path.exists("/tmp/left")]`;
    assert.deepEqual(await attempt(look), [false, false, false]);
  });

  it("draws other random numbers every time", async () => {
    const code = "import random, uuid\ndef main(): return [random.random(), str(uuid.uuid4())]";
    const [first, second] = [await attempt(code), await attempt(code)];
    assert.notDeepEqual(first, second);
  });
});
