import assert from "node:assert/strict";
import { inspect } from "node:util";
import { describe, it } from "node:test";
import { ENOUGH, load, problemsOf } from "./config-setup.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";

describe("configuration of the dashboard", () => {
  it("has no sign-in by itself, and sessions of twelve hours", () => {
    assert.deepEqual(load(ENOUGH).dashboard, {
      adminToken: null,
      gitlabOAuth: null,
      sessionMs: 43_200_000,
    });
  });

  it("takes the admin token from the environment or a file, and prints it nowhere", () => {
    const config = load({ ...ENOUGH, REVIEWFLOW_ADMIN_TOKEN: TOKEN });
    assert.equal(config.dashboard.adminToken?.reveal(), TOKEN);
    assert.ok(!inspect(config, { depth: null }).includes(TOKEN));
    const mounted = load({ ...ENOUGH, REVIEWFLOW_ADMIN_TOKEN_FILE: "/run/token" }, undefined, {
      "/run/token": `${TOKEN}\n`,
    });
    assert.equal(mounted.dashboard.adminToken?.reveal(), TOKEN);
  });

  it("refuses a token that can be guessed, without repeating it", () => {
    const [problem = ""] = problemsOf({ ...ENOUGH, REVIEWFLOW_ADMIN_TOKEN: "letmein" });
    assert.match(
      problem,
      /^REVIEWFLOW_ADMIN_TOKEN \(dashboard\.admin_token\): config\.token-too-short least=16 /,
    );
    assert.ok(!problem.includes("letmein"));
  });

  it("takes a GitLab application, which needs to know where people reach this server", () => {
    const yaml = `
dashboard:
  session: 1h
  gitlab_oauth: { application_id: abc, secret: "\${OAUTH}", group: platform/reviewers, least_role: developer }
`;
    const environment = { ...ENOUGH, OAUTH: "gloas-secret" };
    assert.match(problemsOf(environment, yaml)[0] ?? "", /^server\.public_url: config\.public-url-missing/);
    const { dashboard } = load(
      { ...environment, REVIEWFLOW_PUBLIC_URL: "https://review.example.com/" },
      yaml,
    );
    assert.equal(dashboard.sessionMs, 3_600_000);
    assert.equal(dashboard.gitlabOAuth?.leastRole, "developer");
    assert.equal(dashboard.gitlabOAuth?.secret.reveal(), "gloas-secret");
    assert.match(
      problemsOf(environment, yaml.replace("developer", "king")).join("\n"),
      /dashboard\.gitlab_oauth\.least_role/,
    );
  });
});
