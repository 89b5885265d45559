import { systemClock } from "../base/clock.ts";
import { silentLogger, type Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import type { Diagnosis } from "../doctor/diagnosis.ts";
import { examineStart, type StartSubject } from "../doctor/examine-start.ts";
import { renderDiagnosis, renderSum } from "../doctor/render-diagnosis.ts";
import { createGitLabClient } from "../gitlab/client.ts";
import { askModel } from "../llm/ask-model.ts";
import { languageOfTerminal } from "../messages/choose-language.ts";
import { FALLBACK } from "../messages/language.ts";
import { translator } from "../messages/format-message.ts";
import { toRouting } from "../wiring/model-routing.ts";
import { openRunners, type Runners } from "../wiring/open-runners.ts";
import { flowSubjects } from "./doctor-flows.ts";
import { printable, processTerminal, type Terminal } from "./terminal.ts";

/** How long each thing outside may take to answer while the server starts, in milliseconds. */
const START_LIMIT_MS = 400;
/** The same for `serve --check`, whose caller wants to know. */
const CHECK_LIMIT_MS = 10_000;

const TOKEN = "GITLAB_TOKEN";

const subjectOf = (config: Config, runners: Runners): StartSubject => {
  const { url, token, timeoutMs } = config.gitlab;
  const options = { clock: systemClock, logger: silentLogger, maxAttempts: 1, tokenName: TOKEN };
  return {
    gitlab:
      token === null
        ? null
        : { client: createGitLabClient({ url, token, timeoutMs, ...options }), tokenName: TOKEN },
    models: toRouting(config).models.map((model) => ({
      name: model.name,
      model: model.model,
      ask: (signal) => askModel(model, signal),
    })),
    flows: flowSubjects(config, runners).filter(({ isDify }) => isDify),
    nowMs: systemClock.now,
  };
};

const LEVELS = { ok: "info", warn: "warn", fail: "error" } as const;

/** Says in the log what a server that has started found around it, a line each, and what to change. Never rejects. */
export const reportStart = async (config: Config, runners: Runners, logger: Logger): Promise<void> => {
  const t = translator(FALLBACK);
  const { concurrency, perProject } = config.worker;
  logger.info({ concurrency, perProject }, t("start.worker", { concurrency, perProject }));
  try {
    for (const { level, check, what, fix } of await examineStart(subjectOf(config, runners), START_LIMIT_MS))
      logger[LEVELS[level]](
        { check, code: what.code, ...(fix === null ? {} : { fix: t.message(fix) }) },
        t.message(what),
      );
  } catch (error) {
    logger.warn({ error: String(error) }, "What is around the server could not be looked at");
  }
};

/**
 * `reviewflow serve --check`: looks at what a server needs, says what it found, and starts nothing. Returns the exit code:
 * 1 where something is refused or away.
 */
export const checkStart = async (
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
  write: Terminal["write"] = processTerminal.write,
): Promise<number> => {
  const t = translator(languageOfTerminal(environment));
  await using runners = await openRunners(config, { clock: systemClock, logger: silentLogger });
  const diagnoses: readonly Diagnosis[] = await examineStart(subjectOf(config, runners), CHECK_LIMIT_MS);
  for (const diagnosis of diagnoses) write(printable(renderDiagnosis(t, diagnosis)));
  write(renderSum(t, diagnoses));
  return diagnoses.some(({ level, what }) => level === "fail" || what.code === "start.late") ? 1 : 0;
};
