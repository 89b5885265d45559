import { FlowError } from "../../base/errors.ts";
import type { FlowProblem } from "../flow.ts";
import { englishOf, type FlowMessage, flowMessage, mapTexts } from "../messages/message.ts";

/** Files may hold texts of any length where a name belongs; a line shows their beginning. */
const shorten = (text: string, longest: number): string => {
  const characters = Array.from(text.slice(0, 2 * longest + 2));
  return characters.length > longest ? `${characters.slice(0, longest).join("")}…` : text;
};

/** A message whose English fits into a line: of all that it quotes there is as much as that allows. */
const bounded = (message: FlowMessage): FlowMessage => {
  const [first, ...smaller] = [500, 100, 40].map((most) => mapTexts(message, (text) => shorten(text, most)));
  const fits = (one: FlowMessage | undefined): one is FlowMessage =>
    one !== undefined && englishOf(one).length <= LONGEST;
  return [first, ...smaller].find(fits) ?? smaller.at(-1) ?? message;
};

/** In UTF-16 units. */
const LONGEST = 1_000;

/** One problem as a line: the node with its title and id, the field, what is wrong. */
export const describeProblem = ({ nodeId, title, field: path, message }: FlowProblem): FlowMessage => {
  const problem = bounded(message);
  const field = shorten(path, 200);
  if (nodeId === null) return field === "" ? problem : flowMessage("flow.problem.field", { field, problem });
  const id = shorten(nodeId, 100);
  const node = { id, title: title === null || title === "" ? id : shorten(title, 100) };
  return field === ""
    ? flowMessage("flow.problem.node", { ...node, problem })
    : flowMessage("flow.problem.node-field", { ...node, field, problem });
};

const listed = (problems: readonly FlowMessage[]): FlowMessage | string =>
  problems.reduce<FlowMessage | string>(
    (above, problem) => flowMessage("flow.file.listed", { above, problem }),
    "",
  );

/** A workflow file cannot run here; `problems` lists everything that keeps it from it. */
export class FlowFileError extends FlowError {
  readonly problems: readonly FlowProblem[];

  constructor(problems: readonly FlowProblem[]) {
    const lines = problems.map(describeProblem);
    const [only] = lines;
    super(
      flowMessage("flow.file.problems", {
        count: lines.length,
        problems: lines.length === 1 && only !== undefined ? only : listed(lines),
      }),
      {
        code: "flow-file-invalid",
        nodeId: problems.find((problem) => problem.nodeId !== null)?.nodeId ?? null,
      },
    );
    this.problems = problems;
  }
}
