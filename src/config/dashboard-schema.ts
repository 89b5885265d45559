import { z } from "zod";
import { issueOf } from "../base/data-problems.ts";
import { message } from "../messages/message.ts";
import { duration, secretText } from "./schema-values.ts";

/** Short tokens can be guessed, and sessions are signed with it. */
const SHORTEST_TOKEN = 16;

const adminToken = secretText.refine(
  (token) => token.reveal().length >= SHORTEST_TOKEN,
  issueOf(message("config.token-too-short", { least: SHORTEST_TOKEN, command: "openssl rand -hex 32" })),
);

/** An application in GitLab through which members of a group sign in. */
const GitLabOAuthSection = z.strictObject({
  application_id: z.string().min(1),
  secret: secretText,
  group: z.string().min(1),
  least_role: z
    .enum(["guest", "planner", "reporter", "developer", "maintainer", "owner"])
    .default("maintainer"),
});

/** Who may see the dashboard. */
export const DashboardSection = z
  .strictObject({
    admin_token: adminToken.nullable().default(null),
    gitlab_oauth: GitLabOAuthSection.nullable().default(null),
    /** How long a sign-in lasts. */
    session: duration("12h"),
  })
  .prefault({});
