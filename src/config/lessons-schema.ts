import { z } from "zod";
import { problemCode } from "../base/data-problems.ts";
import type { Secret } from "../base/secret.ts";
import { address, count, globs, secretText } from "./schema-values.ts";

/** What is learnt from what people make of findings, and where flows find it. */
export const LessonsSection = z
  .strictObject({
    /** Whether outcomes are kept at all. */
    enabled: z.boolean().default(true),
    /** Whether reviews are told of the lessons, where a project has not turned its own off. */
    serve: z.boolean().default(true),
    /** One outcome may be a mood. */
    least_outcomes: count(1, 100, 2),
    /** Datasets of Dify that get the lessons of projects; the first that names a project gets its own. */
    dify: z
      .array(
        z.strictObject({
          projects: globs.default(["**"]),
          url: address,
          /** A key of Dify's knowledge API, which is another one than an app's. */
          api_key: secretText,
          dataset_id: z.uuid(problemCode("config.not-a-dataset-id")),
        }),
      )
      .default([]),
  })
  .prefault({});

/** A dataset of Dify that gets the lessons of some projects. */
type LessonsDatasetConfig = {
  readonly projects: readonly string[];
  readonly url: string;
  readonly apiKey: Secret;
  readonly datasetId: string;
};

/** What is learnt from what people make of findings, and where flows find it. */
export type LessonsConfig = {
  readonly enabled: boolean;
  readonly serve: boolean;
  readonly leastOutcomes: number;
  readonly dify: readonly LessonsDatasetConfig[];
};

/** The section as the program uses it. */
export const toLessons = ({
  enabled,
  serve,
  least_outcomes: leastOutcomes,
  dify,
}: z.infer<typeof LessonsSection>): LessonsConfig => ({
  enabled,
  serve,
  leastOutcomes,
  dify: dify.map(({ projects, url, api_key: apiKey, dataset_id: datasetId }) => ({
    projects,
    url,
    apiKey,
    datasetId,
  })),
});
