import { z } from "zod";
import { parseDuration } from "../base/durations.ts";
import { Secret } from "../base/secret.ts";

/**
 * The configuration file's shape. Objects are strict: a key that we do not know is a mistake, most
 * often a misspelt one, and passing over it would hide that a setting has no effect.
 */

const duration = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((text, context) => {
      const ms = parseDuration(text);
      if (ms !== undefined) return ms;
      context.addIssue({
        code: "custom",
        message: `"${text}" is no duration; write for example 30s, 5m or 2h`,
      });
      return z.NEVER;
    });

const count = (least: number, most: number, fallback: number) =>
  z.coerce.number().int().min(least).max(most).default(fallback);

const secretText = z
  .string()
  .trim()
  .min(1, "is empty")
  .transform((text) => new Secret(text));

const encryptionKey = secretText.refine(
  (key) => Buffer.from(key.reveal(), "base64").length === 32,
  "must be 32 bytes in base64 (openssl rand -base64 32)",
);

/** An http or https address, without its trailing slashes. Names and passwords in it are refused. */
const address = z.string().transform((text, context) => {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    context.addIssue({
      code: "custom",
      message: "is no http or https address, such as https://gitlab.example.com",
    });
    return z.NEVER;
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    context.addIssue({ code: "custom", message: "must hold neither a name and password nor ? or #" });
    return z.NEVER;
  }
  return url.href.replace(/\/+$/, "");
});

const globs = z.array(z.string().min(1)).min(1, "names no project; leave the key out to mean every project");

const scopedSecret = z.union([
  secretText.transform((secret) => ({ secret, projects: null })),
  z.strictObject({ secret: secretText, projects: globs.nullable().default(null) }),
]);

const dify = z.strictObject({
  url: address,
  api_key: secretText,
  workflow_id: z.string().min(1).nullable().default(null),
  mode: z.enum(["streaming", "blocking"]).default("streaming"),
  idle_timeout: duration("60s"),
  total_timeout: duration("21m"),
  lookup_timeout: duration("2m"),
});

/** One flow and the projects that it reviews. */
export const FlowSection = z.strictObject({
  name: z.string().regex(/^[\w.-]{1,64}$/, "takes up to 64 letters, digits, dots, dashes and underscores"),
  projects: globs.default(["**"]),
  contract: z.enum(["classic", "note"]).default("classic"),
  review: z.enum(["once", "every-push"]).default("once"),
  language: z.string().min(1).max(64).default("English"),
  inputs: z.record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()])).optional(),
  output: z.string().min(1).nullable().default(null),
  dify,
});
export type FlowSection = z.infer<typeof FlowSection>;

/** The whole file, after references were replaced and the environment was added. */
export const ConfigFile = z.strictObject({
  gitlab: z.strictObject({
    url: address,
    token: secretText.nullable().default(null),
    timeout: duration("30s"),
  }),
  webhook: z
    .strictObject({
      secrets: z.array(scopedSecret).default([]),
      signing_tokens: z.array(scopedSecret).default([]),
      timestamp_tolerance: duration("5m"),
      token_pass_through: z.boolean().default(false),
    })
    .prefault({}),
  server: z
    .strictObject({ host: z.string().min(1).default("127.0.0.1"), port: count(0, 65_535, 8080) })
    .prefault({}),
  store: z
    .strictObject({
      folder: z.string().min(1).default(".data"),
      database_url: secretText.nullable().default(null),
    })
    .prefault({}),
  encryption_keys: z.array(encryptionKey).default([]),
  worker: z
    .strictObject({
      concurrency: count(1, 256, 4),
      per_project: count(1, 256, 2),
      attempts: count(1, 50, 5),
      backoff: duration("5s"),
      max_backoff: duration("10m"),
      stop_grace: duration("20s"),
    })
    .prefault({}),
  flows: z.array(FlowSection).min(1, "names no flow"),
  log: z
    .strictObject({ level: z.enum(["debug", "info", "warn", "error", "silent"]).default("info") })
    .prefault({}),
});
export type ConfigFile = z.infer<typeof ConfigFile>;
