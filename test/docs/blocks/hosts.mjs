/**
 * Loaded before a program (`node --import`): hosts of the documents, `host:port` as TEST_HOSTS lists them, lead
 * to ports of this machine, without TLS. What is listed nowhere leads nowhere: nothing leaves the machine.
 */
import net from "node:net";
import tls from "node:tls";

const ports = JSON.parse(process.env.TEST_HOSTS ?? "{}");
const plain = net.connect;

const optionsOf = (first) => (typeof first === "object" && first !== null ? first : null);

net.connect = (...parameters) => {
  const options = optionsOf(parameters[0]);
  const port = ports[`${options?.host}:${options?.port}`];
  return port === undefined
    ? plain(...parameters)
    : plain({ ...options, host: "127.0.0.1", port, servername: undefined });
};

tls.connect = (...parameters) => {
  const options = optionsOf(parameters[0]);
  const port = ports[`${options?.host}:${options?.port}`] ?? 9;
  const socket = plain({ host: "127.0.0.1", port });
  socket.once("connect", () => socket.emit("secureConnect"));
  return socket;
};
