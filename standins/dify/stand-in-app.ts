/** A JSON object, as it goes over the wire. */
export type Fields = Readonly<Record<string, unknown>>;

/** A field of an app's input form, in the words of the workflow file's start node. */
export type FormField = {
  readonly variable: string;
  readonly label?: string;
  readonly type:
    | "text-input"
    | "paragraph"
    | "select"
    | "number"
    | "checkbox"
    | "file"
    | "file-list"
    | "json_object";
  readonly required?: boolean;
  readonly max_length?: number;
  readonly options?: readonly string[];
  readonly default?: string;
};

/** A node that a program says it runs. */
export type ProgramNode = {
  readonly id: string;
  readonly type: string;
  readonly title: string;
  /** The iteration that it runs in. */
  readonly iterationId?: string;
};

/** What a node of a program came to. */
export type NodeEnd = {
  readonly outputs: Fields;
  readonly inputs?: Fields;
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number };
  /** Failed, but a fail branch goes on from here. */
  readonly exception?: { readonly message: string; readonly type: string };
};

/** What a program works with. Aborting of `signal` means that the run was stopped. */
export type ProgramContext = {
  readonly inputs: Fields;
  readonly user: string;
  readonly workflowRunId: string;
  readonly signal: AbortSignal;
  /** Runs `work` between the events of a node's start and end; a throw fails the node, then the run. */
  readonly node: (node: ProgramNode, work: () => Promise<NodeEnd> | NodeEnd) => Promise<NodeEnd>;
  /** Sends any other event of Dify's stream. */
  readonly emit: (event: string, data: Fields) => void;
  readonly sleep: (ms: number) => Promise<void>;
};

/** How a program ended. `paused` waits for a person for ever. */
export type ProgramEnd = {
  readonly status: "succeeded" | "partial-succeeded" | "failed" | "paused";
  readonly outputs: Fields;
  readonly error?: string;
};

/** What an app does when it is run. A throw counts as a failed run. */
export type Program = (context: ProgramContext) => Promise<ProgramEnd>;

/** An app of the stand-in. */
export type StandInApp = {
  readonly name: string;
  /** Its API key. */
  readonly key: string;
  /** Expired or deleted: every call is refused. */
  readonly keyExpired?: boolean;
  readonly mode?: "workflow" | "advanced-chat";
  /** The ids of its published versions; the first is the newest. */
  readonly workflowIds?: readonly string[];
  readonly form: readonly FormField[];
  /** How many runs may be under way at once before the app answers 429; unlimited without. */
  readonly maxActiveRequests?: number;
  readonly program: Program;
};
