import { FlowError } from "../../base/errors.ts";
import type { FlowProblem } from "../flow.ts";

/** One problem as a line: the node with its title and id, the field, what is wrong. */
export const showProblem = ({ nodeId, title, field, message }: FlowProblem): string => {
  const node = nodeId === null ? "" : `node "${title === null || title === "" ? nodeId : title}" (${nodeId})`;
  const where = [node, field].filter((part) => part !== "").join(", ");
  return where === "" ? message : `${where}: ${message}`;
};

/** A workflow file cannot run here; `problems` lists everything that keeps it from it. */
export class FlowFileError extends FlowError {
  readonly problems: readonly FlowProblem[];

  constructor(problems: readonly FlowProblem[]) {
    const lines = problems.map(showProblem);
    super(
      lines.length === 1
        ? `The workflow file cannot run: ${lines[0]}`
        : `The workflow file cannot run, ${lines.length} problems:\n${lines.map((line) => `  - ${line}`).join("\n")}`,
      {
        code: "flow-file-invalid",
        nodeId: problems.find((problem) => problem.nodeId !== null)?.nodeId ?? null,
      },
    );
    this.problems = problems;
  }
}
