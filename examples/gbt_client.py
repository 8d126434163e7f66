#!/usr/bin/env python3
"""Mines one block of a bytom-solo node, knowing SHA3-256 and nothing else of Bytom.

Needs the standard library alone. Tensority, the proof of work, is computed by
`bytom-solo hash`. See gbt-client/main.go for the same in Go.

Where another block comes first on its tip, it begins again with a new template.
"""
import argparse
import hashlib
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import urllib.error
import urllib.request

BATCH = 32  # nonces for each run of bytom-solo hash

# Why a node refuses what was right when it was begun: another block was first, or the
# node has forgotten the template. All other reasons are mistakes of this program.
LATE = ("inconclusive", "stale-work", "unknown-work")


class Late(Exception):
    """Another was first."""


def call(node, route, request):
    """Posts to a route, and returns the answer's data."""
    body = json.dumps(request).encode()
    request = urllib.request.Request(node.rstrip("/") + route, body, {"Content-Type": "application/json"})
    try:
        response = urllib.request.urlopen(request)
    except urllib.error.HTTPError as refused:
        response = refused  # It has an answer too.
    with response:
        answer = json.load(response)
    if answer.get("status") != "success":
        if (answer.get("data") or {}).get("reason") in LATE:
            raise Late(answer.get("error_detail"))
        sys.exit(f"{route}: {answer.get('error_detail') or answer.get('detail')}")
    return answer["data"]


def sha3(*parts):
    return hashlib.sha3_256(b"".join(parts)).digest()


def u64(number):
    return number.to_bytes(8, "little")


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def transactions_root(build, extranonce):
    """The merkle root that an extranonce makes."""
    inner = extranonce
    for layer in build["layers"]:
        body = sha3(bytes.fromhex(layer["prefix"]), inner, bytes.fromhex(layer["suffix"]))
        inner = sha3(layer["tag"].encode(), body)
    root = sha3(b"\0", inner)
    for right in build["branch"]:
        root = sha3(b"\1", root, bytes.fromhex(right))
    return root


def header_hash(t, root, nonce):
    """The header's hash, which is the block's id."""
    body = b"".join([
        u64(t["version"]), u64(t["height"]), bytes.fromhex(t["previousblockhash"]), u64(t["curtime"]), root,
        bytes.fromhex(t["default_status_commitment"]), u64(int(t["bits"], 16)), u64(nonce),
    ])
    return sha3(b"entryid:blockheader:", sha3(body))


def solve(t, root, program):
    """The first nonce whose proof is not above the target."""
    target = int(t["target"], 16)
    for first in itertools.count(0, BATCH):
        hashes = [header_hash(t, root, nonce).hex() for nonce in range(first, first + BATCH)]
        out = subprocess.run([program, "hash", "-d", "auto", t["seed"], *hashes], check=True, capture_output=True, text=True)
        for i, line in enumerate(out.stdout.splitlines()):
            if int.from_bytes(bytes.fromhex(line.split()[1]), "little") <= target:
                return first + i


def whole_block(t, extranonce, root, nonce):
    """The block in hexadecimal, for a node that has forgotten the template."""
    header = b"".join([
        b"\3", varint(t["version"]), varint(t["height"]), bytes.fromhex(t["previousblockhash"]), varint(t["curtime"]),
        varint(64), root, bytes.fromhex(t["default_status_commitment"]), varint(nonce), varint(int(t["bits"], 16)),
        varint(1 + len(t["transactions"])),
    ])
    coinbase = t["coinbasetxn"]
    at = 2 * coinbase["extranonce_offset"]
    rolled = coinbase["arbitrary"][:at] + extranonce.hex()
    first = coinbase["data"].replace(coinbase["arbitrary"], rolled, 1)
    return header.hex() + first + "".join(tx["data"] for tx in t["transactions"])


def find_program():
    """bytom-solo on the path, or where `make build` puts it."""
    built = pathlib.Path(__file__).resolve().parent.parent / "bin" / "bytom-solo"
    return shutil.which("bytom-solo") or str(built)


def mine(a):
    """Mines a block, which may come late, and returns what to say of it."""
    t = call(a.node, "/get-block-template", {"payee": a.payee})
    extranonce = os.urandom(t["coinbase_build"]["extranonce"]["size"])
    root = transactions_root(t["coinbase_build"], extranonce)
    nonce = solve(t, root, a.program)
    if a.submit == "block":
        accepted = call(a.node, "/submit-block", {"raw_block": whole_block(t, extranonce, root, nonce)})
    else:
        accepted = call(a.node, "/submit-solution", {
            "workid": t["workid"], "timestamp": t["curtime"], "nonce": str(nonce), "extranonce": extranonce.hex(),
        })
    return f"block {header_hash(t, root, nonce).hex()} of height {t['height']} accepted: {accepted}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--node", default="http://127.0.0.1:9888", help="where the node's RPC answers")
    arguments.add_argument("--payee", default="", help="address that the block pays; empty is the node's own")
    arguments.add_argument("--submit", choices=["solution", "block"], default="solution", help="block submits all of it")
    arguments.add_argument("--program", default=find_program(), help="the program that computes hashes")
    a = arguments.parse_args()
    while True:
        try:
            print(mine(a))
            return
        except Late as late:
            print("once more:", late, file=sys.stderr)
        except FileNotFoundError:
            sys.exit(f"there is no {a.program}: run `make build`, or give --program")
        except urllib.error.URLError as away:
            sys.exit(f"no node answers at {a.node}: {away.reason}")


if __name__ == "__main__":
    main()
