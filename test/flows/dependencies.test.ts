import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";

const Dependency = z.strictObject({
  current_identifier: z.null(),
  type: z.literal("marketplace"),
  value: z.strictObject({
    marketplace_plugin_unique_identifier: z.string().regex(/^[\w-]+\/[\w-]+:\d+\.\d+\.\d+@[0-9a-f]{64}$/),
    version: z.null(),
  }),
});
const File = z.object({
  dependencies: z.array(Dependency),
  workflow: z.object({
    graph: z.object({
      nodes: z.array(z.object({ data: z.object({ model: z.object({ provider: z.string() }).optional() }) })),
    }),
  }),
});

const folder = new URL("../../flows/", import.meta.url);

for (const name of readdirSync(folder).filter((file) => file.endsWith(".yml"))) {
  test(`${name} names the plugin of each provider that its models have, as Dify's exports do`, () => {
    const { dependencies, workflow } = File.parse(parse(readFileSync(new URL(name, folder), "utf8")));
    const named = dependencies.map(({ value }) => value.marketplace_plugin_unique_identifier.split(":")[0]);
    const used = workflow.graph.nodes.flatMap(({ data: { model } }) =>
      // A provider is author/plugin/provider.
      model === undefined ? [] : [model.provider.split("/").slice(0, 2).join("/")],
    );
    assert.ok(used.length > 0);
    assert.deepEqual(new Set(named), new Set(used));
    assert.equal(new Set(named).size, named.length);
  });
}
