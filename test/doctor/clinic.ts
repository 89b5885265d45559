import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { type DoctorOptions, runDoctor } from "../../src/cli/doctor.ts";
import type { Environment } from "../../src/config/environment.ts";
import type { Diagnosis } from "../../src/doctor/diagnosis.ts";
import { type ModelStandIn, startModelStandIn } from "../../standins/model/model-stand-in.ts";
import type { StandInOptions } from "../../standins/gitlab/world.ts";
import { type HookWorld, openHookWorld, SECRET } from "../cli/hook-setup.ts";
import { recordedTerminal } from "../cli/recorded-terminal.ts";

const MODEL_KEY = "sk-key-to-look-for";

const Found = z.array(
  z.object({
    level: z.enum(["ok", "warn", "fail"]),
    check: z.string(),
    what: z.string(),
    code: z.string(),
    fixCode: z.string().nullable(),
    fix: z.string().nullable(),
  }),
);

/** What an examination came to. */
export type Report = {
  readonly code: number;
  readonly found: z.infer<typeof Found>;
  /** What is not well, as `level check`. */
  readonly ill: readonly string[];
  /** The first diagnosis of a check that is not well. */
  readonly of: (check: string) => {
    readonly level: string;
    readonly code: string;
    readonly what: string;
    readonly fix: string;
    readonly fixCode: string | null;
  };
};

/** A healthy setup, to plant faults in. */
export type Clinic = HookWorld & {
  readonly model: ModelStandIn;
  readonly folder: string;
  /** Writes the configuration, with some of the setup changed. */
  readonly configure: (
    change?: Change,
  ) => Promise<{ readonly config: string; readonly environment: Environment }>;
  /** Examines `team/shop`, with some of the setup changed. */
  readonly examine: (change?: Change, options?: DoctorOptions) => Promise<Report>;
};

/** What is changed: variables of the environment, and keys at the top of the configuration file. */
export type Change = {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly file?: Readonly<Record<string, unknown>>;
  readonly names?: readonly string[];
};

/** Our clock, so far ahead of the others'. */
export const clockAhead = (ms: number): Clock => ({ ...systemClock, now: () => Date.now() + ms });

/** Answers as our server does: a webhook is taken, and a mere look is refused. */
const answerLikeOurs = (world: HookWorld): void =>
  world.receiver.setAnswer(
    (response) => void response.writeHead(response.req.method === "POST" ? 200 : 405).end(),
  );

/** Opens a clinic: GitLab with a hook that arrives, a model that answers, and a folder for the store. */
export const openClinic = async (options: StandInOptions = {}): Promise<Clinic> => {
  const world = await openHookWorld({ version: "19.3.0", ...options });
  const model = await startModelStandIn({ apiKeys: [MODEL_KEY] });
  const folder = await mkdtemp(join(tmpdir(), "reviewflow-doctor-"));
  answerLikeOurs(world);
  assert.equal((await world.run("install", ["team/shop"], { yes: true })).code, 0);
  const { DIFY_URL: _url, DIFY_API_KEY: _key, ...base } = world.environment;
  const configure: Clinic["configure"] = async (change = {}) => {
    const config = join(folder, "reviewflow.yml");
    const file = {
      models: { main: { model: "stand-in", base_url: model.url, api_key: "${MODEL_KEY_HERE}" } },
      flows: [{ name: "review", file: "builtin:review", projects: ["team/shop"] }],
      ...change.file,
    };
    await writeFile(config, stringify(file));
    const environment = {
      ...base,
      MODEL_KEY_HERE: MODEL_KEY,
      REVIEWFLOW_DATA_DIR: join(folder, "store"),
      ...change.environment,
    };
    return { config, environment };
  };
  const examine = async (change: Change = {}, given: DoctorOptions = {}): Promise<Report> => {
    const { config, environment } = await configure(change);
    const terminal = recordedTerminal();
    const { names = [] } = change;
    const code = await runDoctor(names, { config, environment, json: true, ...terminal, ...given });
    const text = terminal.out() + terminal.err();
    const secrets = [SECRET, MODEL_KEY, base.GITLAB_TOKEN, base.GITLAB_ADMIN_TOKEN];
    for (const secret of secrets) assert.ok(!text.includes(String(secret)), "a secret was printed");
    const found = Found.parse(JSON.parse(terminal.out()));
    return {
      code,
      found,
      ill: found.filter(({ level }) => level !== "ok").map(({ level, check }) => `${level} ${check}`),
      of: (check) => {
        const one = found.find((diagnosis) => diagnosis.check === check && diagnosis.level !== "ok");
        assert.ok(one !== undefined, `${check} is well: ${JSON.stringify(found, null, 1)}`);
        return { level: one.level, code: one.code, what: one.what, fix: one.fix ?? "", fixCode: one.fixCode };
      },
    };
  };
  return {
    ...world,
    model,
    folder,
    configure,
    examine,
    [Symbol.asyncDispose]: async () => {
      await world[Symbol.asyncDispose]();
      await model[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** An address on loopback at which nobody listens. */
export const deadAddress = async (): Promise<string> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  assert.ok(typeof address === "object" && address !== null);
  return `http://127.0.0.1:${address.port}`;
};

/** The one diagnosis of a judgement. */
export const only = (diagnoses: readonly Diagnosis[]): Diagnosis => {
  const [first, ...more] = diagnoses;
  assert.ok(first !== undefined && more.length === 0, JSON.stringify(diagnoses));
  return first;
};
