import { Counter, Gauge, type Registry } from "prom-client";

/** How a circuit breaker stands now. */
type BreakerFact = {
  /** Of the configuration, such as `model main` or `dify https://dify.example.com`. */
  readonly peer: string;
  readonly state: "closed" | "half-open" | "open";
};

/** What was used of today's budgets and what may be. */
type BudgetFact = {
  readonly used: Readonly<Record<BudgetKind, number>>;
  /** Null where there is no limit. */
  readonly limit: Readonly<Record<BudgetKind, number | null>>;
  /** Projects whose own budget is used up. */
  readonly projectsUsedUp: number;
};

/** What a budget limits. */
type BudgetKind = "tokens" | "cost" | "runs";

/** Tells of what keeps Reviewflow and its neighbours from harm. Nothing in it throws. */
export type ProtectionMetrics = {
  readonly breaker: (fact: BreakerFact) => void;
  readonly budgets: (fact: BudgetFact) => void;
  /** A run was put off because a budget was used up. */
  readonly putOff: () => void;
  /** A notice to operators was delivered, or not, or given up. */
  readonly notice: (outcome: "sent" | "failed" | "lost") => void;
  /** Rows that were deleted because their time was over, by what they are. */
  readonly forgotten: (what: string, rows: number) => void;
};

const LEVELS = { closed: 0, "half-open": 1, open: 2 } as const;
const KINDS = ["tokens", "cost", "runs"] as const;

/** Registers the metrics of protection. */
export const createProtectionMetrics = (registry: Registry): ProtectionMetrics => {
  const named = (name: string, help: string) => ({ name: `reviewflow_${name}`, help, registers: [registry] });
  const state = new Gauge({
    ...named("breaker_state", "Circuit breakers of this process: 0 closed, 1 half-open, 2 open."),
    labelNames: ["peer"],
  });
  const openings = new Counter({
    ...named("breaker_openings_total", "How often circuit breakers opened in this process."),
    labelNames: ["peer"],
  });
  const used = new Gauge({
    ...named("budget_used", "What all projects used today, by the calendar of the budgets."),
    labelNames: ["kind"],
  });
  const limit = new Gauge({
    ...named("budget_limit", "What all projects may use in a day; missing without a limit."),
    labelNames: ["kind"],
  });
  const usedUp = new Gauge(named("budget_projects_used_up", "Projects whose own budget is used up today."));
  const putOff = new Counter(
    named("budget_put_off_total", "Runs that this process put off because a budget was used up."),
  );
  const notices = new Counter({
    ...named("notices_total", "Deliveries of notices to operators, by how they went."),
    labelNames: ["outcome"],
  });
  for (const outcome of ["sent", "failed", "lost"]) notices.inc({ outcome }, 0);
  const forgotten = new Counter({
    ...named("retention_deleted_total", "Rows that this process deleted because their time was over."),
    labelNames: ["what"],
  });
  return {
    breaker: ({ peer, state: now }) => {
      state.set({ peer }, LEVELS[now]);
      openings.inc({ peer }, now === "open" ? 1 : 0);
    },
    budgets: (fact) => {
      for (const kind of KINDS) {
        used.set({ kind }, fact.used[kind]);
        const most = fact.limit[kind];
        if (most !== null) limit.set({ kind }, most);
      }
      usedUp.set(fact.projectsUsedUp);
    },
    putOff: () => putOff.inc(),
    notice: (outcome) => notices.inc({ outcome }),
    forgotten: (what, rows) => forgotten.inc({ what }, rows),
  };
};
