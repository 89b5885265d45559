import { reasonOf } from "../../../src/base/reason.ts";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { readConfig } from "../../../src/cli/read-config.ts";
import { readSet } from "../../../src/eval/set/read-set.ts";
import { parseFindings } from "../../../src/review/findings/parse-findings.ts";
import { parseRepositoryConfig } from "../../../src/review/rules/parse-repository-config.ts";
import { readRuleFile } from "../../../src/review/rules/read-rule-files.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { startReviewflow } from "../../../src/main.ts";
import { VARIABLES } from "../../../src/config/environment.ts";
import { request } from "../../store/store-requests.ts";
import { createPlanted, PLANTED, type Repository } from "../../cli/review-repository.ts";
import { nginxOrReason } from "../../deploy/find-nginx.ts";
import { makeCertificate, replaceOnce } from "../../deploy/start-nginx.ts";
import { freePort } from "../../free-port.ts";
import { readCompose, readDeployFile } from "../../deploy/deploy-files.ts";
import { openPlace, type Place, type Ran, type RunOptions } from "./open-place.ts";
import { type Block, readBlocks, ROOT } from "./read-blocks.ts";
import { english as t, saying } from "../../messages/saying.ts";

/** Blocks that no test runs, by how they begin, with the reason. */
export const EXCEPTIONS: readonly (readonly [document: string, start: string, reason: string])[] = [
  ["README.md", "GitLab ──webhook──▶", "a drawing"],
  ["README.ja.md", "GitLab ──webhook──▶", "a drawing"],
  ["README.ko.md", "GitLab ──webhook──▶", "a drawing"],
  ["docs/metrics.md", "delivery   ", "a drawing of spans; test/telemetry/tracing.test.ts holds their names"],
  [
    "docs/install.md",
    "sudo git clone",
    "needs root and a running systemd; test/deploy/systemd.test.ts reads the unit",
  ],
  ["docs/install.md", "docker build", "needs a Docker daemon; test/deploy/dockerfile.test.ts reads the file"],
];

const isExcepted = (block: Block): boolean =>
  EXCEPTIONS.some(([document, start]) => block.document === document && block.text.startsWith(start));

export const BLOCKS = readBlocks();
const SECRETS = { GITLAB_TOKEN: "glpat-...", WEBHOOK_SECRET: "a-long-random-text" };
const GITLAB = { GITLAB_URL: "https://gitlab.example.com", ...SECRETS };
const MODEL = { MODEL_NAME: "gpt-4o", MODEL_API_KEY: "sk-..." };

const placeOf = ({ document, line }: Block): string => `${document}:${line}`;

/**
 * Tests every block of the documents that `isMeant` chooses: programs run, in a fresh folder as the reader has it,
 * and all else is read by what reads it. In several test files, since servers take their time.
 */
export const testBlocks = (isMeant: (document: string) => boolean): void => {
  void describe("the code blocks of the documents", () => {
    const CHOSEN = BLOCKS.filter((block) => isMeant(block.document));
    let place: Place;
    before(async () => {
      place = await openPlace();
    });
    /** What is ended first, since it works in the folders of the place. */
    const running = new AsyncDisposableStack();
    after(async () => {
      await running.disposeAsync();
      await place[Symbol.asyncDispose]();
    });

    /** A value of the kind that a variable's name tells. */
    const valueOf = (name: string): string => {
      if (name.endsWith("_SIGNING_TOKEN")) return `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
      return /(?<!DATABASE)_URL$/.test(name) ? "https://chat.example.com/hooks/1" : "a-long-secret-value";
    };

    /** A part of a server's settings, with what the rest of a server needs from the environment. */
    const readSettings = async ({ text }: Block): Promise<void> => {
      const folder = place.empty();
      for (const [, path = ""] of text.matchAll(/\bfile: (rules\/[\w-]+\.md)/g)) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), "Be brief.\n");
      }
      const file = join(folder, "reviewflow.yml");
      await writeFile(file, text);
      const named = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => [name, valueOf(name)] as const);
      const needsModel = !/^models:/m.test(text) && !/^ +dify:\n/m.test(text);
      const dify = { DIFY_URL: "https://dify.example.com", DIFY_API_KEY: "app-..." };
      const environment = {
        ...GITLAB,
        ...(needsModel ? MODEL : /^models:/m.test(text) ? {} : dify),
        ...Object.fromEntries(named),
      };
      const config = readConfig(environment, file);
      assert.ok(config.flows.length > 0);
    };

    const readCase = async ({ text }: Block): Promise<void> => {
      const tree = BLOCKS.find((block) => block.text.startsWith("my-set/")) ?? assert.fail();
      // The folder as it is drawn: names by their indentation, what ends in a slash is a folder.
      const set = place.empty();
      const path: string[] = [];
      for (const line of tree.text.trimEnd().split("\n")) {
        const [, indent = "", name = ""] = /^( *)(\S+)/.exec(line) ?? [];
        path.splice(indent.length / 2);
        path.push(name);
        const target = join(set, ...path);
        if (name.endsWith("/")) await mkdir(target, { recursive: true });
        else
          await writeFile(
            target,
            name === "case.yml" ? text : name.endsWith(".diff") ? PATCH : "Be brief.\n",
          );
      }
      const { cases } = await readSet(join(set, "my-set"));
      assert.equal(cases.length, 1);
      assert.equal(cases[0]?.expected.length, 1);
    };

    const READERS: readonly (readonly [start: string, read: (block: Block) => void | Promise<void>])[] = [
      ["my-set/", () => readCase(BLOCKS.find(({ text }) => text.startsWith("title: Show")) ?? assert.fail())],
      ["title: Show", readCase],
      ["eval:\n", ({ text }) => void GitLabJobs.parse(parse(text))],
      ["scrape_configs:", ({ text }) => void Prometheus.parse(parse(text))],
      ["# .reviewflow.yml", ({ text }) => assert.deepEqual(parseRepositoryConfig(text).problems, [])],
      [
        "---\n",
        ({ text }) => {
          const { rules, problems } = readRuleFile({ path: ".reviewflow/rules/scripts.md", text });
          assert.deepEqual([rules.length, problems], [1, []]);
        },
      ],
      ["{path, line", ({ text }) => readFindingKeys(text)],
      ["[Service]", ({ text }) => readDropIn(text)],
      ["docker compose", ({ text }) => readComposeCommand(text)],
      ["kubectl create namespace", ({ text }) => readHelmCommands(text)],
      ["include:", ({ text }) => readComponentUse(text)],
    ];

    const PROGRAMS = CHOSEN.filter((block) => !isExcepted(block) && readerOf(block, READERS) !== null);
    for (const block of PROGRAMS)
      test(`${placeOf(block)} is read`, async () => await readerOf(block, READERS)?.(block));

    const YAML = CHOSEN.filter((block) => readerOf(block, READERS) === null && block.language === "yaml");
    for (const block of YAML) test(`${placeOf(block)} is taken as settings`, () => readSettings(block));

    /** How a block is prepared and looked at, by how it begins; a server's folder with its .env when left out. */
    const SETUPS: readonly (readonly [start: string, setup: (block: Block) => Promise<Setup>])[] = [
      [
        "npm run quickstart",
        async () => ({
          folder: place.copy(false),
          sees: RegExp(`src/cart\\.js:3 \\(${t("thread.state.resolved")}\\)`),
        }),
      ],
      [
        "npm install --omit=dev",
        async () => {
          const folder = place.copy(false);
          const answers = [
            "https://gitlab.example.com",
            "glpat-...",
            "my-group/my-project",
            "gpt-4o",
            "",
            "sk-...",
          ];
          const look = async (): Promise<void> => {
            for (const name of [".env", "reviewflow.yml"]) assert.ok(existsSync(join(folder, name)), name);
          };
          return { folder, input: [...answers, "", "", ""].join("\n"), sees: /READY/, look };
        },
      ],
      [
        "export GITLAB_URL=https://gitlab.example.com\n",
        async () => ({ folder: place.copy(true), sees: /READY/ }),
      ],
      [
        "GITLAB_ADMIN_TOKEN=",
        async () => ({
          folder: await configured(),
          sees: saying("hook.sum.done"),
        }),
      ],
      [
        "export MODEL_NAME=gpt-5-mini MODEL_API_KEY=sk-...\nreviewflow eval",
        async () => {
          const folder = place.copy(true);
          return {
            folder,
            look: async () => assert.match(await readFile(join(folder, "report.html"), "utf8"), /<html/),
          };
        },
      ],
      [
        "export GITLAB_URL=https://gitlab.example.com GITLAB_TOKEN",
        async () => ({ folder: place.empty(), sees: saying("cli.eval.recorded-all") }),
      ],
      [
        "reviewflow eval import",
        async () => ({ folder: await foreignSets(), sees: saying("cli.eval.imported") }),
      ],
      ["reviewflow flow check", async () => ({ folder: place.copy(true), sees: saying("cli.flow.can-run") })],
      ["npm install\nnpm pack", async () => ({ folder: place.copy(false), sees: /^0\.1\.0$/m })],
      [
        "mkdir -p ~/nginx",
        async () => ({ folder: await nginxFolder(), sees: /syntax is ok/, skip: nginxOrReason().skip }),
      ],
      ["reviewflow lessons", async () => ({ ...(await beside()), sees: saying("cli.lessons.saved") })],
      [
        "export MODEL_NAME=gpt-5-mini MODEL_API_KEY=sk-...   #",
        async () => ({ folder: (await planted()).folder, sees: /src\/sum\.js\n {2}3 {2}\S/ }),
      ],
      [
        "export GITLAB_TOKEN=glpat-...  ",
        async () => {
          const look = async (): Promise<void> => assert.ok(place.notesOf("group/project") > 2);
          return { folder: place.empty(), environment: MODEL, sees: saying("cli.review.published"), look };
        },
      ],
      [
        "printf '#!/bin/sh",
        async () => {
          const { folder, git } = await planted();
          git("switch", "-q", "main");
          await writeFile(join(folder, "src/sum.js"), PLANTED);
          git("add", "-A");
          const look = async (): Promise<void> => {
            const { code, output } = await place.run("git commit -q -m Mistake", {
              folder,
              environment: MODEL,
            });
            assert.deepEqual([code, /src\/sum\.js/.test(output)], [1, true], output);
          };
          return { folder, look };
        },
      ],
      ["   GITLAB_URL=", async () => ({ folder: place.copy(true), sees: /READY/ })],
      ["GITLAB_URL=", async () => ({ folder: place.copy(true), sees: /READY/ })],
      ["reviewflow shadow", async () => ({ ...(await beside()), sees: saying("cli.shadow.decided") })],
      [
        "npx reviewflow serve --config examples/boot",
        async () => ({ folder: place.copy(true), environment: GITLAB, sees: /READY/ }),
      ],
      [
        "npx reviewflow serve --config examples/senior",
        async () => ({
          folder: place.copy(true),
          environment: { ...GITLAB, MODEL_API_KEY: "sk-..." },
          sees: RegExp(
            `READY[\\s\\S]*${saying("rules.flow-only").source}|${saying("rules.flow-and-branch").source}`,
            "u",
          ),
        }),
      ],
    ];

    const ENV = Object.entries({ ...GITLAB, ...MODEL })
      .map(([name, value]) => `${name}=${value}\n`)
      .join("");
    /** A copy in which a server was set up by `init`. */
    const configured = async (): Promise<string> => {
      const folder = place.copy(true);
      await writeFile(join(folder, ".env"), ENV);
      return folder;
    };
    /** A second terminal beside a server that has heard of group/project and has a candidate. */
    let second: Promise<RunOptions> | null = null;
    const beside = (): Promise<RunOptions> => (second ??= startBeside());
    const startBeside = async (): Promise<RunOptions> => {
      const folder = await configured();
      const port = String(await freePort());
      const shadow = BLOCKS.find((block) => block.document === "docs/shadow.md" && block.language === "yaml");
      await writeFile(join(folder, "reviewflow.yml"), shadow?.text ?? "");
      await writeFile(join(folder, "next-review.yml"), await readFile(`${ROOT}flows/review.yml`, "utf8"));
      await writeFile(join(folder, ".env"), `REVIEWFLOW_CONFIG=reviewflow.yml\n${ENV}`);
      const environment = {
        ...GITLAB,
        ...MODEL,
        GITLAB_URL: place.gitlabUrl,
        REVIEWFLOW_PORT: port,
        REVIEWFLOW_DATA_DIR: join(folder, ".data"),
      };
      const config = readConfig(environment, join(folder, "reviewflow.yml"));
      const { store } = running.use(await startReviewflow(config, { logger: silentLogger }));
      await store.accept(
        request({ decide: () => ({ kind: "ignore", reason: reasonOf("nothing-to-review") }) }),
      );
      return { folder, environment: { REVIEWFLOW_PORT: port } };
    };
    const planted = async (): Promise<Repository> => {
      return running.use(await createPlanted());
    };
    const foreignSets = async (): Promise<string> => {
      const folder = place.empty();
      const url = "https://github.com/owner/name/pull/1";
      const files = {
        "dataset/positive_samples.json": [
          {
            githubPrUrl: url,
            comments: [{ note: "Wrong.", path: "a.js", side: "right", from_line: 1, to_line: 1 }],
          },
        ],
        "offline/golden_comments/name.json": [
          { pr_title: "t", url, comments: [{ comment: "Wrong.", severity: "High" }] },
        ],
      };
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), JSON.stringify(content));
      }
      await mkdir(join(folder, "diffs"));
      await writeFile(join(folder, "diffs/owner-name-1.diff"), PATCH);
      return folder;
    };
    /** A copy with a certificate and a port of its own, for a machine on which others test, too. */
    const nginxFolder = async (): Promise<string> => {
      const folder = place.copy(true);
      makeCertificate(join(folder, "deploy/tls"));
      const site = join(folder, "deploy/nginx/site.conf");
      await copyFile(`${ROOT}deploy/nginx/site.conf`, `${site}.new`);
      await rename(`${site}.new`, site);
      replaceOnce(site, "listen 8443 ssl", `listen 127.0.0.1:${await freePort()} ssl`);
      return folder;
    };

    const SHELL = CHOSEN.filter(
      (block) => !isExcepted(block) && readerOf(block, READERS) === null && block.language !== "yaml",
    );
    const outcomes = new Map<string, Promise<Ran>>();
    for (const block of SHELL)
      test(`${placeOf(block)} runs`, async (context) => {
        const [, prepare] = SETUPS.find(([start]) => block.text.startsWith(start)) ?? assert.fail(block.text);
        // What stands in several documents word for word runs once.
        const known = outcomes.get(block.text);
        const setup = known === undefined ? await prepare(block) : null;
        if (setup?.skip !== undefined && setup.skip !== false) return context.skip(setup.skip);
        const running = known ?? place.run(block.text, setup ?? {});
        outcomes.set(block.text, running);
        const { code, output } = await running;
        assert.equal(code, 0, output);
        if (setup === null) return;
        if (setup.sees !== undefined) assert.match(output, setup.sees);
        await setup.look?.();
      });
  });
};

/** A block's folder and what is seen afterwards. */
type Setup = RunOptions & {
  readonly sees?: RegExp;
  readonly look?: () => Promise<void>;
  readonly skip?: string | false;
};

function readerOf<Reader>(
  block: Block,
  readers: readonly (readonly [start: string, read: Reader])[],
): Reader | null {
  return readers.find(([start]) => block.text.startsWith(start))?.[1] ?? null;
}

const PATCH =
  "diff --git a/src/paging.js b/src/paging.js\n--- a/src/paging.js\n+++ b/src/paging.js\n@@ -8,3 +8,4 @@\n a\n+b\n c\n d\n";

const GitLabJobs = z.record(
  z.string(),
  z.strictObject({
    script: z.array(z.string()),
    artifacts: z.strictObject({
      when: z.enum(["always", "on_success", "on_failure"]),
      paths: z.array(z.string()),
    }),
  }),
);

const Prometheus = z.strictObject({
  scrape_configs: z.array(
    z.strictObject({
      job_name: z.string(),
      authorization: z.strictObject({ credentials_file: z.string() }),
      static_configs: z.array(z.strictObject({ targets: z.array(z.string().regex(/^[\w.-]+:\d+$/)) })),
    }),
  ),
});

/** The keys that the document lists for a finding are the ones that are read. */
const readFindingKeys = (text: string): void => {
  const keys = text.replaceAll(/[{}?\s]/g, "").split(",");
  const values: Readonly<Record<string, unknown>> = {
    path: "a.js",
    line: 3,
    end_line: 4,
    side: "new",
    quote: "const a = 1;",
    severity: "major",
    category: "bug",
    confidence: 0.75,
    title: "A title",
    body: "A body.",
    suggestion: "const a = 2;",
  };
  assert.deepEqual(keys.toSorted(), Object.keys(values).toSorted());
  const { findings, rejected } = parseFindings(JSON.stringify({ findings: [values] }), { paths: ["a.js"] });
  assert.deepEqual(rejected, []);
  const read = JSON.stringify(findings[0]);
  for (const value of Object.values(values)) assert.ok(read.includes(JSON.stringify(value)), String(value));
};

/** A drop-in of systemd: what it loads is what the variable's file is. */
const readDropIn = (text: string): void => {
  const [, credential = "", path = ""] = /^LoadCredential=([\w-]+):(\/\S+)$/m.exec(text) ?? [];
  assert.notEqual(path, "");
  const [, name = "", used = ""] = /^Environment=(\w+)_FILE=%d\/([\w-]+)$/m.exec(text) ?? [];
  assert.equal(used, credential);
  assert.ok(VARIABLES.some((variable) => variable.secret && variable.name === name));
};

/** What compose is started with: files that are there and parse, each service an image or a build. */
const readComposeCommand = (text: string): void => {
  const files = [...text.matchAll(/-f deploy\/(\S+)/g)].map(([, file = ""]) => file);
  assert.match(text.trim(), /^docker compose (-f \S+ )+--env-file \.env up -d$/);
  const services = new Map(files.flatMap((file) => Object.entries(readCompose(file).services)));
  assert.ok(services.size > 0);
  const [first = ""] = files;
  for (const [name, { image, build }] of Object.entries(readCompose(first).services))
    assert.ok(image !== undefined || build !== undefined, name);
};

/** What the chart is installed with: a Secret of variables that are secrets, and values that the chart has. */
const readHelmCommands = (text: string): void => {
  const secrets = [...text.matchAll(/--from-literal=(\w+)=/g)].map(([, name = ""]) => name);
  assert.ok(secrets.length > 0);
  for (const name of secrets)
    assert.ok(
      VARIABLES.some((one) => one.secret && one.name === name),
      name,
    );
  const values = z.record(z.string(), z.unknown()).parse(parse(readDeployFile("helm/values.yaml")));
  for (const [, path = ""] of text.matchAll(/--set ([\w.]+)=/g)) {
    const [name = "", key = ""] = path.split(".");
    if (name === "env")
      assert.ok(
        VARIABLES.some((one) => !one.secret && one.name === key),
        key,
      );
    else assert.ok(key === "" ? name in values : key in z.looseObject({}).parse(values[name]), path);
  }
  assert.match(text, /helm install reviewflow deploy\/helm --namespace reviews\b/);
};

/** How the component is included: by its file's name, with inputs that it has and every one that it needs. */
const readComponentUse = (text: string): void => {
  const { include } = z
    .object({
      include: z.tuple([z.object({ component: z.string(), inputs: z.record(z.string(), z.string()) })]),
    })
    .parse(parse(text));
  const [{ component, inputs }] = include;
  const name = /\/(?<name>\w+)@[\d.]+$/.exec(component)?.groups?.["name"] ?? "";
  const [head = ""] = readDeployFile(`../templates/${name}.yml`).split("\n---\n");
  const Input = z.object({ default: z.string().optional() });
  const { spec } = z.object({ spec: z.object({ inputs: z.record(z.string(), Input) }) }).parse(parse(head));
  for (const key of Object.keys(inputs)) assert.ok(key in spec.inputs, key);
  for (const [key, input] of Object.entries(spec.inputs))
    if (input.default === undefined) assert.ok(key in inputs, key);
};
