/** How long nothing may be pushed before a review; long enough for three pushes on a busy machine. */
const QUIET = "5s";

const filters = {
  target_branches: { deny: ["stable/*"] },
  source_branches: { deny: ["renovate/**"] },
  authors: { deny: ["kept-out"] },
  labels: { any: [], none: ["no-review"] },
  titles: { deny: ["/^wip\\b/"] },
  most_files: 3,
};

/** A flow for each project of the world of triggers. */
export const TRIGGER_FLOWS = [
  { name: "filtered", projects: ["bootcamp/filtered", "bootcamp/asked"], filters, bots: { review: false } },
  { name: "allowed", projects: ["bootcamp/allowed"], filters: { authors: { allow: ["listed"] } } },
  { name: "own", projects: ["bootcamp/own"] },
  { name: "reopened", projects: ["bootcamp/reopened"], triggers: { opened: false } },
  {
    name: "quiet",
    projects: ["bootcamp/quiet"],
    triggers: { quiet_time: QUIET },
  },
  {
    name: "triggers",
    projects: ["bootcamp/triggers"],
    triggers: { labels: ["review me"], drafts: "on-request" },
  },
  {
    name: "stale",
    projects: ["bootcamp/stale"],
    triggers: { opened: false, stale: { after: "4s", every: "1d" } },
    filters: { labels: { none: ["no-review"] } },
  },
  { name: "silent", projects: ["bootcamp/silent"], triggers: { opened: false }, reply: "off" },
  {
    name: "answers",
    projects: ["bootcamp/answers"],
    triggers: { opened: false },
    language: "Korean",
    reply: { file: new URL("flows/own-reply.yml", import.meta.url).pathname },
  },
  {
    name: "off",
    projects: ["bootcamp/off"],
    triggers: { opened: false, reopened: false, new_commits: false, ready: false, reviewer: false },
  },
].map((flow) => ({ file: "builtin:review", summary: null, review: "every-push", ...flow }));
