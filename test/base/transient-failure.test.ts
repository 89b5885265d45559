import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isTransientFailure, pauseAskedFor } from "../../src/base/transient-failure.ts";

/** As providers, gateways and Dify word them. */
const PASSES = [
  "Rate limit reached for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Used 29000. Please try again in 20s.",
  "Rate limit reached for gpt-4 on requests per day (RPD): Limit 200, Used 200. Please try again in 7m12s.",
  "You exceeded your current quota, please check your plan and billing details. * Quota exceeded for metric: generate_requests_per_minute, limit: 10 Please retry in 26.6s.",
  "Resource has been exhausted (e.g. check quota). (429 RESOURCE_EXHAUSTED)",
  "Overloaded",
  "The model is overloaded. Please try again later. (503 UNAVAILABLE)",
  "That model is currently overloaded with other requests.",
  "API request failed with status code 500: Scripted fault 500.",
  "[openai] Rate Limit Error, 429",
  "Error code: 429: Too many requests",
  "502 Bad Gateway",
  "504 Gateway Time-out",
  "Connection error.",
  "The service is not available",
  "Error code: 503 Service Unavailable",
  "429",
];
const LASTS = [
  "Incorrect API key provided: [masked: api-key]. (invalid_api_key)",
  "API request failed with status code 401: Incorrect API key provided.",
  "You exceeded your current quota, please check your plan and billing details. (insufficient_quota)",
  "HTTP 429 You exceeded your current quota",
  "Error code: 402: Insufficient Balance",
  "Quota exceeded for metric: GenerateRequestsPerDay: 429, limit per day: 50",
  "The model `gpt-9` does not exist or you do not have access to it. (model_not_found)",
  "API request failed with status code 404: model 'x' not found",
  "This model's maximum context length is 8192 tokens. (context_length_exceeded)",
  "This model is not available in your region",
  "The service is not available for your plan",
  "500 lines exceed the limit",
  "Error code: 500 tokens requested",
  "The model answered with no text",
  "KeyError: 'findings'",
  "Expected a list at line 429",
  "",
];

describe("what a model's server reports", () => {
  it("passes by itself where it is busy, limits the rate or cannot be reached", () => {
    for (const text of PASSES) assert.ok(isTransientFailure(text), text);
  });
  it("does not where the key, the model, the request or the account is at fault, or the flow", () => {
    for (const text of LASTS) assert.ok(!isTransientFailure(text), text);
  });
  it("tells for how long to wait, in each of the ways that providers write it", () => {
    assert.deepEqual(
      [
        "Please try again in 7m12s.",
        "Please retry in 26.6s.",
        "try again in 350ms",
        "retry after 3600 s",
        "busy",
      ].map(pauseAskedFor),
      [432_000, 26_600, 350, 3_600_000, undefined],
    );
  });
});
