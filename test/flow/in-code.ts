import type { MessageOf } from "../../src/flow/messages/message.ts";

type Param = MessageOf<string>["params"][string];

const show = (param: Param): string => {
  if (typeof param !== "object") return String(param);
  return "code" in param ? `(${inCode(param)})` : `[${param.map(show).join(", ")}]`;
};

/** A message as a test states it, `code name=value …`; what somebody else says as it is. */
export const inCode = ({ code, params }: MessageOf<string>): string =>
  code === "flow.verbatim"
    ? show(params["text"] ?? "")
    : [code, ...Object.entries(params).map(([name, param]) => `${name}=${show(param)}`)].join(" ");
