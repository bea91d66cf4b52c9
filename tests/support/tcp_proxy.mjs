// A TCP proxy that cuts: it counts the bytes that pass from the server to the
// client and ends a connection, with FIN or RST, after as many as it is told.

import net from 'node:net';
import { once } from 'node:events';

class CuttingProxy {
  // `nextCut(n)`: bytes after which the n-th connection (from 0) is cut;
  // Infinity or undefined: never.
  constructor(target, nextCut, { reset = false } = {}) {
    this.target = target;
    this.nextCut = nextCut;
    this.reset = reset;
    this.accepted = 0;
    this.cuts = 0;
    this.sockets = new Set();
  }

  async listen() {
    this.server = net.createServer((client) => this.relay(client));
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
    return this;
  }

  relay(client) {
    let left = this.nextCut(this.accepted) ?? Infinity;
    this.accepted += 1;
    const server = net.connect({ port: this.target, host: '127.0.0.1', noDelay: true });
    client.setNoDelay(true);
    const end = () => { client.destroy(); server.destroy(); };
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => { this.sockets.delete(socket); end(); });
    }
    client.pipe(server);
    server.on('end', () => client.end());
    server.on('data', (part) => {
      if (part.length < left) {
        left -= part.length;
        client.write(part);
        return;
      }
      this.cuts += 1;
      server.destroy();
      const last = part.subarray(0, left);
      if (this.reset) client.write(last, () => client.resetAndDestroy());
      else client.end(last, () => client.destroy());
      left = Infinity;
    });
  }

  async close() {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}

export function startCuttingProxy(targetPort, nextCut, how) {
  return new CuttingProxy(targetPort, nextCut, how).listen();
}
