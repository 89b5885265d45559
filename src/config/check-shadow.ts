import { BUILTIN_FLOWS, builtinOf, type Contract } from "./builtin-flows.ts";
import type { FlowSection } from "./flow-schema.ts";

/** The only placeholder that holds a secret, with which a flow could post by itself. */
const TOKEN_PLACEHOLDER = /\{\{\s*gitlab\.token\s*\}\}/;

/**
 * What keeps a flow from having its candidate: a shadow never posts, so that neither flows that post by
 * themselves nor flows that are given GitLab's token can have one. `contract` is the flow's own.
 */
export const checkShadow = (flow: FlowSection, contract: Contract | null, at: string): string[] => {
  const { shadow } = flow;
  if (shadow === null) return [];
  const problems: string[] = [];
  if (shadow.file === undefined && shadow.dify === undefined)
    problems.push(`${at}.shadow: name the workflow file (file) or the Dify app (dify) of the candidate`);
  if (contract === "classic" || shadow.contract === "classic")
    problems.push(
      `${at}.shadow: flows of the contract classic post by themselves, so that nothing can run beside them without posting; take shadow out`,
    );
  const own = ownContract(shadow.file);
  if (own !== undefined && own !== contract && contract !== "classic")
    problems.push(
      `${at}.shadow.file: ${shadow.file ?? ""} is ${own === null ? "no flow that reviews" : `of the contract ${own}`}, and the flow is of the contract ${contract ?? "?"}; only the same contract can be compared`,
    );
  if (shadow.contract !== undefined && shadow.contract !== "classic" && shadow.contract !== contract)
    problems.push(
      `${at}.shadow.contract: ${shadow.contract} cannot be compared with ${contract ?? "?"}, the contract of the flow`,
    );
  const telling = Object.entries(flow.inputs ?? {}).filter(
    ([, template]) => typeof template === "string" && TOKEN_PLACEHOLDER.test(template),
  );
  for (const [input] of telling) {
    problems.push(
      `${at}.shadow: the input ${input} hands {{ gitlab.token }} to the flow, with which a candidate could post; take the input or the shadow out`,
    );
  }
  return problems;
};

/** The contract of a file that comes with Reviewflow; undefined for any other. */
const ownContract = (file: string | undefined): Contract | null | undefined => {
  const builtin = file === undefined ? null : builtinOf(file);
  return builtin === null || builtin === "unknown" ? undefined : BUILTIN_FLOWS[builtin];
};
