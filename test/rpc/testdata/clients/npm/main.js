// This program calls a node by clients of Bitcoin's, and starts a pool of the NOMP family
// as far as it asks the node. The pool's native modules compute what Bytom has not; they
// are not built, and nothing of them is called here.
const Module = require('module');
const load = Module._load;
const native = ['foundation-multi-hashing', 'bignum', 'sha3', 'foundation-utxo-lib'];
Module._load = (name, ...rest) => native.includes(name) ? new Proxy(function () {}, {get: () => function () {}}) : load(name, ...rest);

const [host, port, address, genesis] = process.argv.slice(2);
const login = {user: 'u', pass: 'p'};

async function bcrpc() {
  const client = new (require('bcrpc'))({host, port, ...login});
  const info = await client.getMiningInfo();
  const code = await client.submitBlock().catch((e) => e.code);
  console.log('bcrpc', typeof info.difficulty, await client.getBlockHash(0) === genesis, code);
}

// It names its arguments, writes the version as 1, and takes each answer with the status
// 200 for a result.
async function rpcBitcoin() {
  const {RPCClient} = require('rpc-bitcoin');
  const client = new RPCClient({url: `http://${host}`, port: +port, ...login});
  const code = await client.submitblock({hexdata: 'zz'}).catch((e) => e.code);
  const template = await client.getblocktemplate({template_request: {rules: []}});
  console.log('rpc-bitcoin', await client.getblockhash({height: 0}) === genesis, typeof await client.getnetworkhashps({nblocks: 5, height: 0}),
    code, template.height === await client.getblockcount() + 1);
}

function foundation() {
  const Pool = require('foundation-stratum/scripts/main/pool.js');
  const algorithm = 'sha256d';
  const config = {
    primary: {
      address, coin: {algorithms: {mining: algorithm, block: algorithm, coinbase: algorithm}}, recipients: [],
      daemons: [{host, port, username: 'u', password: 'p'}],
    },
    settings: {}, ports: [], statistics: {},
  };
  return new Promise((resolve, reject) => {
    const pool = new Pool(config, {}, () => {}, reject);
    pool.on('log', (severity, text) => reject(text));
    pool.setupDaemonInterface(() => pool.setupPoolData(() => {
      pool.checkBlockAccepted(genesis, pool.primary.daemon, (accepted, tx) => {
        console.log('foundation', config.settings.hasSubmitMethod, config.primary.address === address, config.statistics.difficulty > 0, accepted, tx.length);
        resolve();
      });
    }));
  });
}

bcrpc().then(rpcBitcoin).then(foundation).catch((e) => {
  console.log('failed:', e);
  process.exitCode = 1;
});
