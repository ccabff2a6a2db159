// A connection that can be cut: a plain relay between browser and server. Cut, it drops what is open and takes nothing new.
// With `sockets: false` it is a proxy that knows pages and no WebSockets, as some between a learner and a server are.

import { connect, createServer } from 'node:net';

export async function startLink(port, { sockets: lets = true } = {}) {
  const sockets = new Set();
  const asked = [];
  let whole = true;
  const relay = createServer((near) => {
    if (!whole) return near.destroy();
    const far = connect(port, '127.0.0.1');
    for (const [one, other] of [[near, far], [far, near]]) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => { sockets.delete(one); other.destroy(); });
    }
    near.on('data', (data) => {
      const head = data.toString('latin1').split('\r\n\r\n', 1)[0];
      const first = /^[A-Z]+ (\S+) HTTP/.exec(head)?.[1];
      if (first) asked.push(first);
      if (!lets && /^upgrade: *websocket/im.test(head)) near.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      else far.write(data);
    });
    far.pipe(near);
  });
  await new Promise((resolve) => { relay.listen(0, '127.0.0.1', resolve); });
  const cut = () => {
    whole = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: relay.address().port,
    url: `http://127.0.0.1:${relay.address().port}`,
    /** Paths of all requests that began a packet. */
    asked,
    cut,
    mend() { whole = true; },
    close() {
      cut();
      relay.close();
    },
  };
}
