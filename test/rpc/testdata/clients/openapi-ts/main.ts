// This program solves a template by openapi-fetch and the types that openapi-typescript
// made of the node's description: it has no hash of its own, and asks the node of each
// nonce.
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

declare const process: { argv: string[] };

async function main() {
  const client = createClient<paths>({ baseUrl: process.argv[2] });
  // No field of the request is forced, and arguments of JSON-RPC are of any kind.
  const info = await client.POST("/", { body: { method: "getblockhash", params: [0] } });
  if (info.data === undefined || Array.isArray(info.data) || typeof info.data.result !== "string") {
    throw new Error(`getblockhash: ${JSON.stringify(info)}`);
  }
  const { data, error } = await client.POST("/get-block-template", { body: {} });
  if (data?.status !== "success" || data.data === null) {
    throw new Error(`no template: ${JSON.stringify(data ?? error)}`);
  }
  const { workid, curtime } = data.data;
  for (let nonce = 0; nonce < 10_000; nonce++) {
    const { data, error } = await client.POST("/submit-solution", { body: { workid, nonce, timestamp: curtime } });
    if (data?.status === "success") {
      console.log("accepted");
      return;
    }
    if (data?.data?.reason !== "high-hash") {
      throw new Error(JSON.stringify(data ?? error));
    }
  }
  throw new Error("no nonce solves it");
}

main();
