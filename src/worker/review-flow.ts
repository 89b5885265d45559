import type { FlowRunner } from "../review/flow-runner.ts";
import type { InputTemplates } from "../review/input-mapping.ts";
import type { FindingsFlow, FlowPart } from "./findings/findings-flow.ts";

/** A flow that publishes by itself (`classic`), or that returns the text of one note (`note`). */
export type TextFlow = {
  readonly name: string;
  readonly contract: "classic" | "note";
  readonly language: string;
  readonly inputs: InputTemplates;
  /** The output that holds the Markdown of the `note` contract; null takes the only text output. */
  readonly output: string | null;
  readonly runner: FlowRunner;
};

/** A flow, ready to run, with what answers notes of its projects: the server's own where it is left out. */
export type ReviewFlow = (TextFlow | FindingsFlow) & { readonly reply?: FlowPart | null };
