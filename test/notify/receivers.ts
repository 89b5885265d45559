import { createServer, type IncomingHttpHeaders } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";

/** What a channel's server was sent. */
export type Received = {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

/** A server that takes webhooks; `answer` chooses the status of each, 200 when left out. */
export const startReceiver = async (
  answer: (count: number) => {
    readonly status: number;
    readonly text?: string;
    readonly location?: string;
  } = () => ({
    status: 200,
  }),
) => {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      received.push({
        path: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(pieces).toString("utf8"),
      });
      const { status, text = "", location } = answer(received.length);
      response.writeHead(status, location === undefined ? {} : { location }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    received,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const portOf = (address: string | AddressInfo | null): number =>
  typeof address === "object" && address !== null ? address.port : 0;

/** Mail as an SMTP server gets it. */
export type ReceivedMail = { readonly from: string; readonly to: string; readonly data: string };

/** As much of SMTP (RFC 5321) as takes mail by a user's name and password, or refuses them. */
export const startMailServer = async (users: ReadonlyMap<string, string>) => {
  const mails: ReceivedMail[] = [];
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    let buffer = "";
    let isData = false;
    let isKnown = users.size === 0;
    let from = "";
    let to = "";
    const obey = (line: string): void => {
      const [, verb = "", rest = ""] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
      switch (verb.toUpperCase()) {
        case "EHLO":
          say("250-mail.test");
          return say("250 AUTH PLAIN");
        case "AUTH": {
          const [, , , name = "", password = ""] =
            /^(PLAIN) (.*)$/.exec(rest) === null
              ? []
              : ["", "", "", ...Buffer.from(rest.slice(6), "base64").toString("utf8").split("\0").slice(1)];
          isKnown = users.get(name) === password;
          return say(isKnown ? "235 ok" : "535 5.7.8 Authentication failed");
        }
        case "MAIL":
          from = rest;
          return say(isKnown ? "250 ok" : "530 Authentication required");
        case "RCPT":
          to = rest;
          return say("250 ok");
        case "DATA":
          isData = true;
          return say("354 go on");
        case "QUIT":
          say("221 bye");
          return void socket.end();
        default:
          return say("250 ok");
      }
    };
    say("220 mail.test");
    socket.on("error", () => undefined);
    socket.on("data", (piece) => {
      buffer += piece.toString("utf8");
      for (;;) {
        const mark = isData ? "\r\n.\r\n" : "\r\n";
        const end = buffer.indexOf(mark);
        if (end === -1) return;
        const text = buffer.slice(0, end);
        buffer = buffer.slice(end + mark.length);
        if (isData) {
          isData = false;
          mails.push({ from, to, data: text });
          say("250 taken");
        } else obey(text);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: portOf(server.address()),
    mails,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
};
