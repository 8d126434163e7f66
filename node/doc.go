// Package node is a full Bytom node with mining built in: Bytom's stores, pools,
// wallet, network and API assembled as a library, with our chain gate in front of
// the chain and our mining routes in front of its API. It is the only package
// that imports the stateful parts of Bytom.
//
// Bytom keeps its network's parameters, its proof cache and its logger in
// package variables, so one process can hold one Node.
package node
