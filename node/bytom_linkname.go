package node

import (
	_ "unsafe" // For go:linkname.

	cfg "github.com/bytom/bytom/config"
	dbm "github.com/bytom/bytom/database/leveldb"
	"github.com/bytom/bytom/event"
	"github.com/bytom/bytom/netsync"
	"github.com/bytom/bytom/protocol"
)

// newSyncManager is netsync's constructor that takes the switch as an argument:
// its tests use it, the exported one creates a switch of its own. Bytom's version is
// pinned, and TestBulkSync fails if the function is not what it is taken for.
//
//go:linkname newSyncManager github.com/bytom/bytom/netsync.newSyncManager
func newSyncManager(config *cfg.Config, sw netsync.Switch, chain netsync.Chain, pool *protocol.TxPool, dispatcher *event.Dispatcher) (*netsync.SyncManager, error)

// registerDBCreator says how the databases of a kind are opened, for all of Bytom. Its
// blacklist and its table of nodes open theirs by themselves.
//
//go:linkname registerDBCreator github.com/bytom/bytom/database/leveldb.registerDBCreator
func registerDBCreator(backend string, creator func(name, dir string) (dbm.DB, error), force bool)
