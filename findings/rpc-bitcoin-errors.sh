#!/usr/bin/env bash
# rpc-bitcoin 2.0.0 (npm): an error that comes with HTTP's status 200 is no error to it.
#
# JSON-RPC says errors in the body, and 2.0 over HTTP has the status 200 for them. This
# client reads the body's error only where the status is one of failure; else it gives
# result, whatever stands beside. So submitblock resolves to null, which is BIP 22's word
# for an accepted block, where the server said that it could not read the block.
#
# A server for such clients has 1.x's statuses, as Bitcoin Core has: 404 for an unknown
# method, 500 for other errors. rpc-bitcoin writes "jsonrpc": 1, so it can be told.
#
# Fails if that is no longer so.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --ignore-scripts --no-audit --no-fund --loglevel=error rpc-bitcoin@2.0.0 >/dev/null

cat >try.js <<'JS'
const http = require('http');
const {RPCClient} = require('rpc-bitcoin');
let status;
const server = http.createServer((req, res) => {
  let body = '';
  req.on('data', (part) => body += part);
  req.on('end', () => {
    const {id} = JSON.parse(body);
    res.writeHead(status, {'Content-Type': 'application/json'});
    res.end(JSON.stringify({result: null, error: {code: -22, message: 'Block decode failed'}, id}));
  });
});
server.listen(0, '127.0.0.1', async () => {
  const client = new RPCClient({url: 'http://127.0.0.1', port: server.address().port, user: 'u', pass: 'p'});
  for (status of [200, 500]) {
    await client.submitblock({hexdata: 'zz'}).then(
      (result) => console.log(`status ${status}: resolved to ${JSON.stringify(result)}`),
      (error) => console.log(`status ${status}: rejected with code ${error.code}`));
  }
  server.close();
});
JS
node try.js | tee out.txt
diff out.txt - <<'OUT'
status 200: resolved to null
status 500: rejected with code -22
OUT
