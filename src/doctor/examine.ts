import type { Clock } from "../base/clock.ts";
import { diagnoseNotices, type ServerNotices } from "./diagnose-notices.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { examineAddress, type ResolveHost } from "./examine-address.ts";
import { examineFlows, type FlowSubject } from "./examine-flows.ts";
import { examineGitLab, type GitLabSubject } from "./examine-gitlab.ts";
import { examineProjects, type ProjectsSubject } from "./examine-projects.ts";
import { diagnoseMachine, type MachineFacts } from "./diagnose-machine.ts";
import { diagnoseModel } from "./diagnose-model.ts";
import { diagnoseStore } from "./diagnose-store.ts";
import { type ModelSubject, probeModel } from "./probe-model.ts";
import { probeStore, type StorePlace } from "./probe-store.ts";

/** Everything around a server that is looked at. */
export type Examination = {
  readonly clock: Clock;
  readonly machine: MachineFacts;
  readonly store: StorePlace;
  readonly gitlab: GitLabSubject & { readonly url: string };
  readonly projects: Pick<ProjectsSubject, "names" | "flowOf" | "hooks" | "resend">;
  /** Asks the running server which notices did not arrive; null where nobody is to be told of anything. */
  readonly notices: (() => Promise<ServerNotices>) | null;
  readonly flows: readonly FlowSubject[];
  readonly models: readonly ModelSubject[];
  readonly resolve: ResolveHost;
};

const FLOW_TIMEOUT_MS = 15_000;
const MODEL_TIMEOUT_MS = 120_000;
const ADDRESS_TIMEOUT_MS = 10_000;

/** Projects mostly share one address; more are not asked. */
const MAX_ADDRESSES = 5;

/** Looks at everything, one after another, and yields what it finds as it finds it. */
export async function* examine(subject: Examination): AsyncGenerator<Diagnosis> {
  const { clock, gitlab, projects } = subject;
  yield* diagnoseMachine(subject.machine);
  yield* diagnoseStore(await probeStore(subject.store));
  if (subject.notices !== null) yield* diagnoseNotices(await subject.notices());
  const hookUrls = new Set<string>(projects.hooks.url === null ? [] : [projects.hooks.url]);
  const seen = yield* examineGitLab(gitlab);
  if (seen !== null) {
    const { service, admin } = gitlab;
    const onHookUrl = (url: string): void => void hookUrls.add(url);
    yield* examineProjects({ ...projects, service, admin, seen, clock, onHookUrl });
  }
  for (const hookUrl of [...hookUrls].slice(0, MAX_ADDRESSES))
    yield* await examineAddress({
      hookUrl,
      gitlabUrl: gitlab.url,
      resolve: subject.resolve,
      timeoutMs: ADDRESS_TIMEOUT_MS,
    });
  yield* examineFlows(subject.flows, FLOW_TIMEOUT_MS);
  for (const model of subject.models) yield diagnoseModel(await probeModel(model, clock, MODEL_TIMEOUT_MS));
}
