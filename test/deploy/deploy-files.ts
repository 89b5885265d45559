import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";

/** The repository's root, with its slash. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The text of a file in deploy/. */
export const readDeployFile = (name: string): string => readFileSync(`${ROOT}deploy/${name}`, "utf8");

const Service = z.looseObject({
  image: z.string().optional(),
  pull_policy: z.string().optional(),
  build: z
    .object({ context: z.string(), dockerfile: z.string(), args: z.record(z.string(), z.string()) })
    .optional(),
  env_file: z.array(z.string()).default([]),
  secrets: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  user: z.string().optional(),
  networks: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.unknown()).default({}),
});
/** One service of a compose file. */
export type Service = z.infer<typeof Service>;

const Compose = z.object({
  services: z.record(z.string(), Service),
  volumes: z.record(z.string(), z.unknown()).default({}),
  networks: z.record(z.string(), z.unknown()).default({}),
  secrets: z.record(z.string(), z.object({ file: z.string() })).default({}),
});
/** A compose file, as far as the tests look at it. */
export type Compose = z.infer<typeof Compose>;

/** Parses a compose file of deploy/. */
export const readCompose = (name: string): Compose =>
  Compose.parse(parse(readDeployFile(name), { merge: true }));

/** The instructions of the Dockerfile, with continued lines joined. */
export const readDockerfile = (): readonly { readonly name: string; readonly rest: string }[] =>
  readDeployFile("Dockerfile")
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\\\n\s*/g, " ")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [name = "", ...rest] = line.trim().split(/\s+/);
      return { name, rest: rest.join(" ") };
    });

/** The environment that the image sets. */
export const imageEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    readDockerfile()
      .filter(({ name }) => name === "ENV")
      .flatMap(({ rest }) => rest.split(/\s+/))
      .map((pair) => {
        const [name = "", value = ""] = pair.split("=");
        return [name, value];
      }),
  );
