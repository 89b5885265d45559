import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { silentLogger } from "../../src/base/logger.ts";
import { createIdentity } from "../../src/wiring/identity.ts";

/** A GitLab that never answers, as long as it is not told that nobody waits any more. */
const silentGitLab = () => {
  let calls = 0;
  return {
    calls: () => calls,
    currentUser: (signal?: AbortSignal) => {
      calls += 1;
      return new Promise<never>((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
      });
    },
  };
};

describe("who we are at GitLab", () => {
  it("is no longer asked once we stop, and nobody is told of a failure", async () => {
    const warnings: string[] = [];
    const logger = {
      ...silentLogger,
      warn: (_facts: object, message: string) => void warnings.push(message),
    };
    const identity = createIdentity();
    const gitlab = silentGitLab();
    const asking = [
      identity.learn(gitlab, logger),
      identity.learn(gitlab, logger, new AbortController().signal),
    ];
    identity.stop();
    await Promise.all(asking);
    await identity.learn(gitlab, logger);
    assert.equal(gitlab.calls(), 2);
    assert.deepEqual(warnings, []);
    assert.equal(identity.current(), null);
  });

  it("is asked again when nobody answered in time, and not when it is known", async () => {
    const identity = createIdentity();
    const gitlab = silentGitLab();
    await identity.learn(gitlab, silentLogger, AbortSignal.timeout(1));
    assert.equal(identity.current(), null);
    const bot = { id: 7, username: "bot" };
    let calls = 0;
    const answering = { currentUser: async () => ((calls += 1), bot) };
    await identity.learn(answering, silentLogger);
    await identity.learn(answering, silentLogger);
    assert.deepEqual([identity.current(), calls], [bot, 1]);
  });
});
