import { message } from "../../../src/messages/message.ts";
import type { SeenHook } from "../../../src/gitlab/hooks/hook-health.ts";
import type { ProjectRules } from "../../../src/http/dashboard/dashboard-options.ts";

/** Rules of the server, of a group with `title`, of another group, and of the flow. */
export const projectRules = (title: string): ProjectRules & { kind: "rules" } => ({
  kind: "rules",
  readsRepository: true,
  sources: {
    projectPath: "team/shop",
    host: [
      { title: "No secrets", text: "Say when a secret is committed.", projects: null, paths: null },
      { title, text: "Use the logger.", projects: ["team/**"], paths: ["src/**/*.ts"] },
      { title: "Of others", text: "Not here.", projects: ["other/**"], paths: null },
    ],
    flow: { name: "review", text: "Be kind." },
    repositoryRules: null,
    files: [],
  },
});

/** A hook that GitLab has stopped to call for a while, and that lacks a switch. */
export const ILL_HOOK: SeenHook = {
  id: 7,
  address: "https://review.example.com/webhooks/gitlab",
  disabled: { status: "temporarily_disabled", untilMs: Date.parse("2026-02-28T13:00:00Z") },
  differences: [message("hook.difference.switch", { name: "note_events", found: "off" })],
};
