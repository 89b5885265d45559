import { FlowError } from "../../base/errors.ts";
import type { FlowProblem } from "../flow.ts";

/** Files may hold texts of any length where a name belongs; a line shows their beginning. */
const shorten = (text: string, longest: number): string => {
  const characters = Array.from(text.slice(0, 2 * longest + 2));
  return characters.length > longest ? `${characters.slice(0, longest).join("")}…` : text;
};

/** One problem as a line: the node with its title and id, the field, what is wrong. */
export const showProblem = ({ nodeId, title, field, message }: FlowProblem): string => {
  const name = title === null || title === "" ? nodeId : title;
  const node = nodeId === null ? "" : `node "${shorten(name ?? "", 100)}" (${shorten(nodeId, 100)})`;
  const where = [node, shorten(field, 200)].filter((part) => part !== "").join(", ");
  return where === "" ? shorten(message, 1_000) : `${where}: ${shorten(message, 1_000)}`;
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
