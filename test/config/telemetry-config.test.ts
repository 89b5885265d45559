import assert from "node:assert/strict";
import { inspect } from "node:util";
import { suite, test } from "node:test";
import { ENOUGH, load, problemsOf } from "./config-setup.ts";

suite("the section telemetry", () => {
  test("is off by default", () => {
    assert.deepEqual(load(ENOUGH).telemetry, {
      metricsToken: null,
      otlpEndpoint: null,
      serviceName: "reviewflow",
    });
  });

  test("is set by variables, the token also by a file, and shows no token", () => {
    const config = load(
      {
        ...ENOUGH,
        REVIEWFLOW_METRICS_TOKEN_FILE: "/run/secrets/metrics",
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/",
        OTEL_SERVICE_NAME: "reviews",
      },
      undefined,
      { "/run/secrets/metrics": "scrape-me-please\n" },
    );
    const { metricsToken, otlpEndpoint, serviceName } = config.telemetry;
    assert.equal(metricsToken?.reveal(), "scrape-me-please");
    assert.equal(otlpEndpoint, "http://collector:4318");
    assert.equal(serviceName, "reviews");
    assert.doesNotMatch(inspect(config, { depth: null }) + JSON.stringify(config), /scrape-me/);
  });

  test("names what is wrong with it", () => {
    const problems = problemsOf(
      { ...ENOUGH, OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" },
      "telemetry: { service_name: '', metrics: true }",
    );
    const text = problems.join("\n");
    assert.match(text, /telemetry: value.unknown-keys count=1 keys=\[metrics\]/);
    assert.match(text, /OTEL_EXPORTER_OTLP_ENDPOINT \(telemetry\.otlp_endpoint\): config\.not-an-address/);
    assert.match(text, /telemetry\.service_name: value.empty/);
  });
});
