"use strict";
// Connects a Node program to the simulator where it ignores the proxy variables, as all do before Node 24. `soundstage run` loads it by NODE_OPTIONS. A vendor's host keeps its name for TLS; only the address of the
// connection is replaced. Hosts that are neither a vendor's, nor allowed, nor this machine are refused.
const net = require("node:net");
const os = require("node:os");

const settings = JSON.parse(process.env.SOUNDSTAGE_RUN || "null");
const HERE = "127.0.0.1";

function isLocal(host) {
  const name = host.toLowerCase().split("%")[0].replace("::ffff:", "");
  return ["", "localhost", "::1", "::", "0.0.0.0", os.hostname().toLowerCase()].includes(name) || /^127[.\d]+$/.test(name);
}

function isAllowed(host) {
  return settings.allowed.some((pattern) =>
    pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : host === pattern);
}

// Asks the proxy for a tunnel, so that it counts the refused host.
function report(host, port) {
  const shown = host.includes(":") ? `[${host}]` : host;
  const connection = connect.call(new net.Socket(), { host: HERE, port: settings.proxy });
  connection.on("error", () => {}).unref();
  connection.end(`CONNECT ${shown}:${port} HTTP/1.1\r\nHost: ${shown}\r\n\r\n`);
}

const connect = net.Socket.prototype.connect;

// The forms of the arguments: (options[, listener]), (port[, host][, listener]), (path[, listener]), or an array of
// them that `net` has read already.
function read(args) {
  const given = Array.isArray(args[0]) ? args[0] : args;
  if (given[0] !== null && typeof given[0] === "object") {
    return { options: given[0], rest: given.slice(1) };
  }
  if (typeof given[0] === "string" && !/^\d+$/.test(given[0])) {
    return null; // the path of a local socket
  }
  const host = typeof given[1] === "string" ? given[1] : "localhost";
  return { options: { port: given[0], host }, rest: given.slice(typeof given[1] === "string" ? 2 : 1) };
}

function patched(...args) {
  const found = read(args);
  const host = String((found && found.options.host) || "").toLowerCase().replace(/\.$/, "");
  if (!found || found.options.path || isLocal(host) || isAllowed(host)) {
    return connect.apply(this, args);
  }
  const port = Number(found.options.port);
  const listener = found.rest.find((each) => typeof each === "function");
  if (settings.hosts.includes(host)) {
    const here = port === 443 ? settings.tls : port === 80 ? settings.plain : port;
    const options = { ...found.options, host: HERE, port: here, lookup: undefined };
    return listener ? connect.call(this, options, listener) : connect.call(this, options);
  }
  report(host, port);
  const refusal = `soundstage run refused ${host}: no vendor's host; --allow ${host} permits it`;
  const error = Object.assign(new Error(refusal), { code: "ECONNREFUSED", syscall: "connect", address: host, port });
  process.nextTick(() => this.destroy(error));
  return this;
}

if (settings) {
  net.Socket.prototype.connect = patched;
}
