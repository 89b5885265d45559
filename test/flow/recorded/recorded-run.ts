import { existsSync, readdirSync, readFileSync } from "node:fs";
import { z } from "zod";
import { Json, JsonObject } from "../../../src/base/json.ts";

const RecordedNode = z.object({
  id: z.string(),
  type: z.string(),
  /** `retry` is a failed try before the last one. */
  status: z.enum(["succeeded", "failed", "exception", "retry"]),
  outputs: JsonObject.default({}),
  handle: z.string().optional(),
  /** The round of the innermost iteration or loop around it. */
  index: z.number().nullish(),
  error: z.string().optional(),
});
export type RecordedNode = z.infer<typeof RecordedNode>;

/** The first rule whose `when` is part of the messages answers; without one, the scripted model's own rule. */
export const ModelRule = z.object({
  when: z.string().default(""),
  text: z.string().default(""),
  error: z.string().optional(),
});
export type ModelRule = z.infer<typeof ModelRule>;

export const RecordedRun = z.object({
  run: z.string().default(""),
  file: z.string().optional(),
  inputs: JsonObject.default({}),
  query: z.string().optional(),
  model: z.array(ModelRule).default([]),
  /** Dify refuses the file when it builds the graph. */
  build_error: z.string().optional(),
  /** A code node reads the clock or draws at random, or two runs differed: nothing to compare. */
  clock: z.boolean().default(false),
  unstable: z.boolean().default(false),
  status: z.enum(["succeeded", "partial-succeeded", "failed", "stopped", "paused"]).default("failed"),
  outputs: JsonObject.nullish().transform((outputs) => outputs ?? {}),
  error: z.string().optional(),
  /** A long text stands by its length, digest and beginning. */
  text: z.union([z.string(), JsonObject]).default(""),
  /** The text held ids that were drawn at random, and is not in the record. */
  text_has_random_ids: z.boolean().default(false),
  /** What a model's thoughts showed while it answered. */
  reasoning_stream: z.string().default(""),
  nodes: z.array(RecordedNode).default([]),
  calls: z.array(z.object({ node: z.string(), messages: z.string() })).default([]),
});
export type RecordedRun = z.infer<typeof RecordedRun>;

const RecordedFile = z.object({ file: z.string().optional(), runs: z.array(RecordedRun) });

/** One run of a workflow file on Dify's engine, with the file's text. */
export type RecordedCase = {
  /** The file and the run, such as `review.yml A`. */
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly run: RecordedRun;
};

const readJson = (url: URL): Json => Json.parse(JSON.parse(readFileSync(url, "utf8")));

/** The cases of one folder of records, for workflow files that lie in the first of `folders` that has them. */
export const readRecordedCases = (records: URL, folders: readonly URL[]): readonly RecordedCase[] =>
  readdirSync(records)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .flatMap((name) => {
      const { file: only, runs } = RecordedFile.parse(readJson(new URL(encodeURIComponent(name), records)));
      return runs.map((run, index) => {
        const file = run.file ?? only ?? "";
        const place = folders
          .map((folder) => new URL(encodeURIComponent(file), folder))
          .find((url) => existsSync(url));
        if (place === undefined) throw new Error(`No folder has ${file}.`);
        const label = run.file === undefined ? run.run : `answer ${index % 9}`;
        return { name: `${file} ${label}`, file, text: readFileSync(place, "utf8"), run };
      });
    });
