// A connection that can be cut: a plain relay between browser and server. Cut, it drops what is open and takes nothing new.

import { connect, createServer } from 'node:net';

export async function startLink(port) {
  const sockets = new Set();
  let whole = true;
  const relay = createServer((near) => {
    if (!whole) return near.destroy();
    const far = connect(port, '127.0.0.1');
    for (const [one, other] of [[near, far], [far, near]]) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => { sockets.delete(one); other.destroy(); });
    }
    near.pipe(far).pipe(near);
  });
  await new Promise((resolve) => { relay.listen(0, '127.0.0.1', resolve); });
  const cut = () => {
    whole = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${relay.address().port}`,
    cut,
    mend() { whole = true; },
    close() {
      cut();
      relay.close();
    },
  };
}
