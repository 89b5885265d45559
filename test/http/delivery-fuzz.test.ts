import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { z } from "zod";
import type { Logger } from "../../src/base/logger.ts";
import { Secret } from "../../src/base/secret.ts";
import { signDelivery } from "../../src/gitlab/signing-token.ts";
import { fc } from "../properties.ts";
import { payload, SECRET, setUp, tokensBy } from "./webhook-app.ts";

const KEY = new Uint8Array(32).fill(5);
const SIGNING_TOKEN = `whsec_${Buffer.from(KEY).toString("base64")}`;
const PASSED = "glpat-of-a-project-1234567890";
const SECRETS = [SECRET, SIGNING_TOKEN, PASSED, Buffer.from(KEY).toString("base64")];

const Refused = z.object({
  error: z.object({ code: z.string().regex(/^[a-z][a-z0-9-]+$/), message: z.string().min(1) }),
});
const Taken = z.object({ outcome: z.string(), delivery: z.string() });

/** A note event, beside the merge request events of the setup. */
const note = (): Record<string, unknown> => ({
  ...payload(),
  object_kind: "note",
  object_attributes: {
    id: 5,
    note: "@bot review",
    noteable_type: "MergeRequest",
    discussion_id: "d",
    url: "https://x",
  },
  merge_request: {
    iid: 1,
    state: "opened",
    title: "t",
    author_id: 3,
    source_branch: "a",
    target_branch: "b",
  },
});

type Path = readonly (string | number)[];

const pathsIn = (value: unknown, path: Path = []): readonly Path[] =>
  typeof value === "object" && value !== null
    ? [path, ...Object.entries(value).flatMap(([key, child]) => pathsIn(child, [...path, key]))]
    : [path];

const replaceAt = (value: unknown, [key, ...rest]: Path, by: unknown): unknown => {
  if (key === undefined) return by;
  if (Array.isArray(value))
    return value.map((child: unknown, at) =>
      String(at) === String(key) ? replaceAt(child, rest, by) : child,
    );
  return typeof value === "object" && value !== null
    ? Object.fromEntries(
        Object.entries(value).map(([name, child]: [string, unknown]) => [
          name,
          name === key ? replaceAt(child, rest, by) : child,
        ]),
      )
    : by;
};

const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1.5,
    2 ** 53,
    "",
    "\u0000",
    "\ud800",
    "a".repeat(5_000),
    [],
    {},
    [[]],
    "__proto__",
    SECRET,
    PASSED,
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

/** An event as GitLab sends it, with one to three things in it that are something else. */
const bent = fc
  .tuple(
    fc.constantFrom(payload(), note(), payload({ object_kind: "emoji" }), payload({ object_kind: "push" })),
    fc.array(fc.tuple(fc.nat(), odd), { minLength: 1, maxLength: 3 }),
  )
  .map(([event, changes]) =>
    changes.reduce<unknown>((bentEvent, [at, by]) => {
      const paths = pathsIn(bentEvent);
      return replaceAt(bentEvent, paths[at % paths.length] ?? [], by);
    }, event),
  )
  .map((value) => Buffer.from(JSON.stringify(value) ?? "null"));

const damaged = fc
  .tuple(bent, fc.nat(), fc.uint8Array({ maxLength: 4 }))
  .map(([bytes, at, by]) =>
    Buffer.concat([
      bytes.subarray(0, at % bytes.length),
      by,
      bytes.subarray((at % bytes.length) + by.length),
    ]),
  );

const body = fc.oneof(
  { weight: 5, arbitrary: bent },
  { weight: 3, arbitrary: damaged },
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
);

const HEADERS = [
  "x-gitlab-event",
  "x-gitlab-token",
  "x-gitlab-instance",
  "x-gitlab-event-uuid",
  "idempotency-key",
  "webhook-id",
  "webhook-timestamp",
  "webhook-signature",
  "content-type",
  "content-length",
  "content-encoding",
  "x-forwarded-for",
  "forwarded",
  "host",
  "authorization",
  "cookie",
  "expect",
  "transfer-encoding",
  "user-agent",
  "constructor",
];
const header = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    "0",
    "-1",
    "1e9",
    "application/json",
    "application/x+json; charset=utf-16",
    "v1,",
    "v1,AAAA v2,x",
    "gzip",
    "null",
    "100-continue",
    "127.0.0.1, ::1",
  ),
  fc.constantFrom(...SECRETS).map((secret) => secret.slice(0, -1)),
  fc.stringMatching(/^[\x20-\x7e\x80-\xff]{0,60}$/),
  fc.nat(3_000).map((length) => "x".repeat(length)),
);
const headers = fc.dictionary(fc.constantFrom(...HEADERS), header, { maxKeys: 4 });

const sign = (bytes: Uint8Array) => {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const mac = Buffer.from(signDelivery(KEY, "w-1", timestamp, bytes)).toString("base64");
  return { "webhook-id": "w-1", "webhook-timestamp": timestamp, "webhook-signature": `v1,${mac}` };
};

/** The ways in which a sender proves himself, and one who does not. */
const PROOFS = {
  secret: () => ({ "x-gitlab-token": SECRET }),
  "passed token": () => ({ "x-gitlab-token": PASSED }),
  signature: sign,
  none: () => ({ "x-gitlab-token": "made-up-token" }),
} as const;

const collecting = (lines: string[]): Logger => {
  const keep = (...parts: readonly unknown[]): void => void lines.push(JSON.stringify(parts));
  const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep, child: () => logger };
  return logger;
};

suite("any delivery", () => {
  for (const [name, prove] of Object.entries(PROOFS))
    test(`by ${name} is taken, or refused with a code: never a 5xx, and no secret in the answer or the log`, async () => {
      const lines: string[] = [];
      const { post } = setUp({
        verify: {
          secrets: name === "passed token" ? [] : [{ secret: new Secret(SECRET), projects: ["group/**"] }],
          signingTokens: [{ secret: new Secret(SIGNING_TOKEN), projects: null }],
          tokenPassThrough: name === "passed token",
        },
        tokens: tokensBy(async (token) =>
          token.reveal() === PASSED
            ? { kind: "proved", projectPath: "group/project" }
            : { kind: "refused", code: "token-wrong", message: "" },
        ),
        logger: collecting(lines),
      });
      await fc.assert(
        fc.asyncProperty(body, headers, async (bytes, others) => {
          const { status, text, headers: answered } = await post(bytes, { ...prove(bytes), ...others });
          assert.ok(status < 300 || (status >= 400 && status < 500), `${status} ${text}`);
          const answer: unknown = JSON.parse(text);
          if (status >= 400) Refused.parse(answer);
          else Taken.parse(answer);
          const told = `${text}${JSON.stringify([...answered])}${lines.splice(0).join("")}`;
          const inBody = (secret: string) => bytes.includes(secret);
          for (const secret of SECRETS) assert.ok(!told.includes(secret) || inBody(secret), told);
        }),
        { numRuns: 1_500 },
      );
    });
});
