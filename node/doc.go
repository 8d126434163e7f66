// Package node is a full Bytom node with mining built in: Bytom's stores, pools,
// wallet, network and API assembled as a library, with the gate of package chain in
// front of the chain and our mining routes in front of its API. It and the packages in
// its folder alone import the stateful parts of Bytom.
//
// Bytom keeps its network's parameters, its proof cache and its logger in
// package variables, so one process can hold one Node.
package node
