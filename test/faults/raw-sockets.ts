import { connect, type Socket } from "node:net";

/** A connection that says what it likes. */
export type RawSocket = Disposable & {
  readonly socket: Socket;
  /** Everything that came back, once the connection is at its end. */
  readonly ended: Promise<string>;
};

/** Connects to a server's port on the loopback address. An error of the connection is an end. */
export const openRaw = (port: number): RawSocket => {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  const ended = new Promise<string>((resolve) => socket.once("close", () => resolve(text)));
  return { socket, ended, [Symbol.dispose]: () => void socket.destroy() };
};
