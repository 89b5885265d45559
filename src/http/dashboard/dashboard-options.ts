import type { NamedStanding } from "../../base/circuit-breaker.ts";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { Secret } from "../../base/secret.ts";
import type { Flow } from "../../flow/flow.ts";
import type { AskHookHealth } from "../../gitlab/hooks/hook-health.ts";
import type { RuleSources } from "../../review/rules/rule.ts";
import type { NoticeTrouble } from "../../store/notices/notice-store.ts";
import type { SessionStore } from "../../store/sessions.ts";
import type { RunEventReading } from "../../store/run-event.ts";
import type { AcceptOutcome, Delivery, Store } from "../../store/store.ts";
import type { BudgetToday } from "./pages/budget-cell.ts";
import type { Views } from "../../store/views/views.ts";
import type { ClientOf } from "../client-of.ts";
import type { LessonDesk } from "../lesson-desk.ts";
import type { ShadowDesk } from "../shadow/shadow-desk.ts";
import type { AttemptLimit } from "./attempt-limit.ts";

/** One of the workflows that a configured flow is made of. */
export type FlowPart = {
  readonly role: "main" | "pass" | "verify" | "summary" | "reply";
  /** The file's name, or the address of the Dify server. */
  readonly source: string;
  /** Null for a flow on Dify. */
  readonly flow: Flow | null;
  /** The models that its file names, each with the configured model that answers for it; null for one without. */
  readonly models: readonly { readonly named: string; readonly answering: string | null }[];
};

/** A configured flow as the pages show it. */
export type ShownFlow = {
  readonly name: string;
  readonly contract: string;
  readonly review: string;
  readonly language: string;
  readonly projects: readonly string[];
  readonly parts: readonly FlowPart[];
};

/** Who may see the dashboard, and how they prove it. */
export type AccessOptions = {
  /** The host that the server listens on. */
  readonly host: string;
  /** Where the server is reached from outside; null when it was not said. */
  readonly publicUrl: string | null;
  /** Null for none. */
  readonly adminToken: Secret | null;
  /** Asks GitLab who somebody is; null for none. */
  readonly gitlab: GitLabSignIn | null;
  /** How long a sign-in lasts, in milliseconds. */
  readonly sessionMs: number;
};

/** How a sign-in at GitLab ended. */
type GitLabSignInOutcome =
  | { readonly kind: "welcome"; readonly username: string }
  /** GitLab knows them, but they lack the role. */
  | { readonly kind: "refused"; readonly username: string }
  /** GitLab did not vouch for them or could not be asked. */
  | { readonly kind: "failed"; readonly reason: string };

/** OAuth 2 against GitLab: the authorization code flow with PKCE. */
export type GitLabSignIn = {
  /** What sessions are signed with where there is no admin token. */
  readonly secret: Secret;
  /** The page of GitLab to send somebody to. */
  readonly authorizeUrl: (request: {
    readonly redirectUri: string;
    readonly state: string;
    readonly codeChallenge: string;
  }) => string;
  /** Exchanges the code, asks who it is for and whether their role is enough. Does not throw. */
  readonly finish: (answer: {
    readonly redirectUri: string;
    readonly code: string;
    readonly codeVerifier: string;
  }) => Promise<GitLabSignInOutcome>;
};

/** The rules of a project that are known without its repository. */
export type ProjectRules =
  | {
      readonly kind: "rules";
      readonly sources: RuleSources;
      /** Whether those of the repository come after them. */
      readonly readsRepository: boolean;
    }
  | { readonly kind: "not-findings"; readonly flow: string; readonly contract: string };

/** What the dashboard shows and does. */
export type DashboardOptions = {
  readonly access: AccessOptions;
  /** Holds back who guesses the admin token; shared with whatever else takes it. */
  readonly attempts: AttemptLimit;
  readonly clientOf: ClientOf;
  /** What sessions are signed with: the store's own key. */
  readonly sessionKey: Uint8Array;
  readonly store: Pick<
    Store,
    "cancelRun" | "runAgain" | "getRun" | "getDelivery" | "getDeliveryBody" | "countRuns" | "outages"
  > &
    RunEventReading & { readonly views: Views; readonly sessions: Pick<SessionStore, "end" | "isEnded"> };
  /** Where what reviews learnt is read and changed; null or left out where nothing is learnt. */
  readonly lessons?: LessonDesk | null;
  /** Takes a stored event again, as if it came now. */
  readonly replay: (delivery: Delivery, body: Uint8Array) => Promise<AcceptOutcome>;
  readonly flows: readonly ShownFlow[];
  /** The candidates that are compared with flows; left out where there can be none. */
  readonly shadows?: ShadowDesk;
  /** The name of the flow that reviews a project; null when there is none. */
  readonly flowOf: (projectPath: string) => string | null;
  /** The rules of a project; null when no flow reviews it. */
  readonly rulesOf?: (projectPath: string) => ProjectRules | null;
  /** Asks GitLab how a project's hooks are; left out where the server has no token to ask with. */
  readonly hookHealth?: AskHookHealth;
  /** What projects used today and may use; left out where that is not shown. */
  readonly budgets?: () => Promise<BudgetToday>;
  /** The channels that notices did not arrive in; left out where nobody is told of anything. */
  readonly notices?: () => Promise<readonly NoticeTrouble[]>;
  /** How this process's circuit breakers stand; left out where it has none. */
  readonly breakers?: () => readonly NamedStanding[];
  /** The address of GitLab: only links into it become links. */
  readonly gitlabUrl: string;
  /** The settings as a tree whose secrets are of type Secret. */
  readonly settings: object;
  readonly clock: Clock;
  readonly logger: Logger;
};
