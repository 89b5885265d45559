import { realpath, writeFile } from "node:fs/promises";
import { extname } from "node:path";
import { describeError } from "../base/errors.ts";
import { type Message, message } from "../messages/message.ts";
import { drawMermaid } from "../flow/draw/draw-mermaid.ts";
import { drawSvg } from "../flow/draw/draw-svg.ts";
import { FlowFileError } from "../flow/parse/flow-file-error.ts";
import { readFlow } from "../flow/parse/parse-flow.ts";
import { readFlowText } from "./read-flow-text.ts";
import { printable, processTerminal, type Terminal, terminalTexts } from "./terminal.ts";

const DRAWINGS = { mermaid: drawMermaid, svg: drawSvg };

/** How `flow draw` draws, and where to. */
export type FlowDrawOptions = Partial<Terminal> & {
  /** `mermaid` or `svg`; by the ending of `output` when left out, else `mermaid`. */
  readonly format?: string;
  /** The file to write; standard output when left out. */
  readonly output?: string;
};

const isFormat = (format: string): format is keyof typeof DRAWINGS => Object.hasOwn(DRAWINGS, format);

/** Whether both paths name the same file. A path to nothing is no file yet. */
const isSameFile = async (left: string, right: string): Promise<boolean> => {
  const [one, other] = await Promise.all([left, right].map((path) => realpath(path).catch(() => null)));
  return one !== null && one === other;
};

type Drawing = { readonly text: string; readonly remark: Message | null } | { readonly problem: Message };

const draw = async (file: string, format: string): Promise<Drawing> => {
  if (!isFormat(format)) {
    const choices = { option: "--format", choices: Object.keys(DRAWINGS), value: format };
    return { problem: message("cli.usage.choice", choices) };
  }
  const read = await readFlowText(file);
  if (!read.ok) return { problem: message("problem.at", { place: file, problem: read.problem }) };
  const reading = readFlow(read.text);
  if (reading.ok) return { text: DRAWINGS[format](reading.flow), remark: null };
  const remark = message("problem.at", { place: file, problem: new FlowFileError(reading.problems).what });
  if (reading.partial === null) return { problem: remark };
  return { text: DRAWINGS[format](reading.partial), remark };
};

const save = async (file: string, output: string, text: string): Promise<Message | null> => {
  if (await isSameFile(file, output)) return message("cli.flow.same-file", { file: output });
  try {
    await writeFile(output, text);
    return null;
  } catch (error) {
    return message("cli.file-unwritable", { file: output, problem: describeError(error) });
  }
};

/**
 * `reviewflow flow draw FILE`: draws the graph of a workflow file, as Mermaid or as SVG; of one that cannot run, what
 * could be read. Returns the exit code; problems go to `complain`, so that standard output holds the drawing alone.
 */
export const flowDraw = async (file: string, options: FlowDrawOptions = {}): Promise<number> => {
  const { output, write = processTerminal.write, complain = processTerminal.complain } = options;
  const t = terminalTexts();
  const byEnding = output !== undefined && extname(output).toLowerCase() === ".svg" ? "svg" : "mermaid";
  const drawing = await draw(file, options.format ?? byEnding);
  const problem =
    "problem" in drawing
      ? drawing.problem
      : output === undefined
        ? null
        : await save(file, output, drawing.text);
  if ("remark" in drawing && drawing.remark !== null) complain(printable(`${t.message(drawing.remark)}\n`));
  if (problem !== null) {
    complain(printable(`${t.message(problem)}\n`));
    return 1;
  }
  if (output === undefined && "text" in drawing) write(drawing.text);
  return 0;
};
