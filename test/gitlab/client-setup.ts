import assert from "node:assert/strict";
import { inspect } from "node:util";
import { z } from "zod";
import { GitLabError } from "../../src/base/errors.ts";
import { Secret } from "../../src/base/secret.ts";
import type { GitLabCall } from "../../src/gitlab/call.ts";
import { type GitLabClientOptions, createGitLabClient } from "../../src/gitlab/client.ts";
import { type Handler, createFastClock, startTinyGitLab } from "./tiny-gitlab.ts";

/** A token that must show up nowhere. */
export const TOKEN = "glpat-very-secret-token";
/** The only shape that the tiny server speaks of. */
export const User = z.object({ id: z.number() });

/** A client with a fast clock towards a tiny server. */
export const setUpClient = async (
  handler: Handler,
  options: Partial<GitLabClientOptions> = {},
  path = "",
) => {
  const server = await startTinyGitLab(handler);
  const { clock, sleeps } = createFastClock();
  const calls: GitLabCall[] = [];
  const client = createGitLabClient({
    url: server.url + path,
    token: new Secret(TOKEN),
    clock,
    random: () => 0,
    onCall: (call) => calls.push(call),
    ...options,
  });
  return {
    server,
    client,
    sleeps,
    calls,
    getUser: () => client.json({ route: "/user" }, User),
    postNote: () => client.json({ method: "POST", route: "/notes", body: { body: "hello" } }, User),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
};

/** The error that a call ends in; it must be ours and must not hold the token. */
export const failureOf = async (promise: Promise<unknown>): Promise<GitLabError> => {
  const error = await promise.then(
    () => assert.fail("should have failed"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof GitLabError, inspect(error));
  assert.doesNotMatch(inspect(error), /very-secret/);
  return error;
};
