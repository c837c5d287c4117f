// Names that lead elsewhere, for a process of Node: what a name server or a hosts file would say.
"use strict";
const net = require("net");

const hosts = JSON.parse(process.env.GATEPOST_TEST_HOSTS || "{}");
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (...given) {
  // Node hands its own arguments on as [[options, callback]].
  const options = Array.isArray(given[0]) ? given[0][0] : given[0];
  if (options && options.host in hosts) {
    options.port = hosts[options.host];
    options.host = "127.0.0.1";
  }
  return connect.apply(this, given);
};
