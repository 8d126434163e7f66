// Package rpc_test calls a node by HTTP: as the stock node is called, as its description in
// OpenAPI says, as clients of others do, and as nobody should.
package rpc_test
