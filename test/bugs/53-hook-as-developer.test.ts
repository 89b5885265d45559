import assert from "node:assert/strict";
import { test } from "node:test";
import { openHookWorld } from "../cli/hook-setup.ts";

test("a lacking role is told with what to change, and the other projects are still done", async () => {
  await using world = await openHookWorld();
  const lead = world.gitlab.createUser({ username: "lead" });
  world.gitlab.addMember(world.shop, lead, "developer");
  world.gitlab.addMember(world.api, lead, "maintainer");
  const environment = { ...world.environment, LEAD_TOKEN: world.gitlab.createPersonalToken(lead) };
  const done = await world.run("install", ["team"], { yes: true, environment, tokenEnv: "LEAD_TOKEN" });
  assert.equal(done.code, 1);
  assert.match(done.out, /team\/shop\n {2}! .*LEAD_TOKEN/);
  assert.equal(world.api.hooks.length, 1);
  assert.equal(world.shop.hooks.length, 0);

  const reader = world.gitlab.createPersonalToken(world.owner, { scopes: ["read_api"] });
  const scoped = { ...world.environment, GITLAB_ADMIN_TOKEN: reader };
  const shown = await world.run("install", ["team/shop"], { yes: true, environment: scoped });
  assert.match(shown.out, / {2}! .*GITLAB_ADMIN_TOKEN.*\bapi\b/);
});
