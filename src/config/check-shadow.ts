import { problemAt } from "../base/errors.ts";
import { type Message, message } from "../messages/message.ts";
import { BUILTIN_FLOWS, builtinOf, type Contract } from "./builtin-flows.ts";
import type { FlowSection } from "./flow-schema.ts";

/** The only placeholder that holds a secret, with which a flow could post by itself. */
const TOKEN_PLACEHOLDER = /\{\{\s*gitlab\.token\s*\}\}/;

/**
 * What keeps a flow from having its candidate: a shadow never posts, so that neither flows that post by
 * themselves nor flows that are given GitLab's token can have one. `contract` is the flow's own.
 */
export const checkShadow = (flow: FlowSection, contract: Contract | null, at: string): Message[] => {
  const { shadow } = flow;
  if (shadow === null) return [];
  const problems: Message[] = [];
  if (shadow.file === undefined && shadow.dify === undefined)
    problems.push(problemAt(`${at}.shadow`, message("config.runner-missing")));
  if (contract === "classic" || shadow.contract === "classic")
    problems.push(problemAt(`${at}.shadow`, message("config.shadow-of-classic")));
  const own = ownContract(shadow.file);
  if (own !== undefined && own !== contract && contract !== "classic")
    problems.push(
      problemAt(
        `${at}.shadow.file`,
        message("config.shadow-incomparable", { own: own ?? "none", contract: contract ?? "?" }),
      ),
    );
  if (shadow.contract !== undefined && shadow.contract !== "classic" && shadow.contract !== contract)
    problems.push(
      problemAt(
        `${at}.shadow.contract`,
        message("config.shadow-incomparable", { own: shadow.contract, contract: contract ?? "?" }),
      ),
    );
  const handing = Object.entries(flow.inputs ?? {}).filter(
    ([, template]) => typeof template === "string" && TOKEN_PLACEHOLDER.test(template),
  );
  for (const [input] of handing) {
    problems.push(
      problemAt(
        `${at}.shadow`,
        message("config.shadow-with-token", { input, placeholder: "{{ gitlab.token }}" }),
      ),
    );
  }
  return problems;
};

/** The contract of a file that comes with Reviewflow; undefined for any other. */
const ownContract = (file: string | undefined): Contract | null | undefined => {
  const builtin = file === undefined ? null : builtinOf(file);
  return builtin === null || builtin === "unknown" ? undefined : BUILTIN_FLOWS[builtin];
};
