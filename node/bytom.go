package node

import (
	"bytes"
	"context"
	stded25519 "crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"github.com/prometheus/prometheus/util/flock"
	"github.com/sirupsen/logrus"

	"github.com/bytom/bytom/accesstoken"
	"github.com/bytom/bytom/account"
	"github.com/bytom/bytom/api"
	"github.com/bytom/bytom/asset"
	"github.com/bytom/bytom/blockchain/pseudohsm"
	"github.com/bytom/bytom/blockchain/txfeed"
	cfg "github.com/bytom/bytom/config"
	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/crypto/ed25519"
	"github.com/bytom/bytom/database"
	dbm "github.com/bytom/bytom/database/leveldb"
	"github.com/bytom/bytom/event"
	"github.com/bytom/bytom/mining/cpuminer"
	"github.com/bytom/bytom/net/websocket"
	"github.com/bytom/bytom/netsync"
	"github.com/bytom/bytom/p2p"
	"github.com/bytom/bytom/protocol"
	"github.com/bytom/bytom/wallet"

	"github.com/bytom-solo/bytom-solo/boltcheck"
	"github.com/bytom-solo/bytom-solo/node/chain"
)

// bytom holds the stock node's parts, assembled.
//
// The databases are never closed: the wallet, the block keeper and others have
// goroutines that no call ends, and a read after Close panics. LevelDB passes each
// write to the system at once, so the end of the process loses none.
type bytom struct {
	config     *cfg.Config
	log        *slog.Logger
	lock       flock.Releaser
	tokens     *accesstoken.CredentialStore
	dispatcher *event.Dispatcher
	store      *database.Store
	pool       *protocol.TxPool
	chain      *protocol.Chain
	accounts   *account.Manager // nil without a wallet, as the next two
	hsm        *pseudohsm.HSM
	wallet     *wallet.Wallet
	txfeed     *txfeed.Tracker
	websockets *websocket.WSNotificationManager
	sync       *netsync.SyncManager
	peers      *p2p.Switch
	api        *api.API
}

// openBytom opens the data directory and assembles the parts below the network.
func openBytom(ctx context.Context, config *cfg.Config, log *slog.Logger) (*bytom, error) {
	// Not by cfg.EnsureRoot: it would write a config.toml that opens the RPC to the
	// LAN.
	if err := os.MkdirAll(config.DBDir(), 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	lock, err := lockHome(config.RootDir)
	if err != nil {
		return nil, err
	}
	b := &bytom{config: config, log: log, lock: lock, dispatcher: event.NewDispatcher()}
	if err := b.open(ctx); err != nil {
		return nil, errors.Join(err, lock.Release())
	}
	return b, nil
}

// useNetwork makes a network the one that this process is of, which Bytom has one variable for. Goroutines of Bytom
// that outlive a node read that: where nothing changes, it is not written.
func useNetwork(chainID string) {
	if params := consensus.NetParams[chainID]; !reflect.DeepEqual(params, consensus.ActiveNetParams) {
		consensus.ActiveNetParams = params
	}
}

func (b *bytom) open(ctx context.Context) error {
	useNetwork(b.config.ChainID)
	cfg.CommonConfig = b.config

	core, err := b.openDB("core")
	if err != nil {
		return err
	}
	tokens, err := b.openDB("accesstoken")
	if err != nil {
		return err
	}
	feeds, err := b.openDB("txfeeds")
	if err != nil {
		return err
	}
	b.tokens = accesstoken.NewStore(tokens)
	b.store = database.NewStore(core)
	if err := checkData(b.config, b.store); err != nil {
		return err
	}
	b.pool = protocol.NewTxPool(b.store, b.dispatcher)
	b.chain, err = noPanic(func() (*protocol.Chain, error) { return protocol.NewChain(b.store, b.pool) })
	if err != nil {
		return fmt.Errorf("open the chain: %w", err)
	}
	if err := checkChain(b.config, b.chain); err != nil {
		return err
	}
	b.txfeed = txfeed.NewTracker(feeds, b.chain)
	if err := b.txfeed.Prepare(ctx); err != nil {
		return fmt.Errorf("open the transaction feeds: %w", err)
	}
	// The key store logs an error where its directory is missing.
	if err := os.MkdirAll(b.config.KeysDir(), 0o700); err != nil {
		return fmt.Errorf("make the key store: %w", err)
	}
	warnOfKeys(b.config.KeysDir(), b.log)
	if b.hsm, err = pseudohsm.New(b.config.KeysDir()); err != nil {
		return fmt.Errorf("open the key store %s: %w", b.config.KeysDir(), err)
	}
	if !b.config.Wallet.Disable {
		if err := b.openWallet(); err != nil {
			return err
		}
	}
	if err := writeNetworkMark(b.config); err != nil {
		return err
	}
	b.websockets = websocket.NewWsNotificationManager(b.config.Websocket.MaxNumWebsockets,
		b.config.Websocket.MaxNumConcurrentReqs, b.chain, b.dispatcher)
	return nil
}

func (b *bytom) openWallet() error {
	db, err := b.openDB("wallet")
	if err != nil {
		return err
	}
	b.accounts = account.NewManager(db, b.chain)
	if err := b.checkWallet(); err != nil {
		return err
	}
	b.turnWalletBack(db)
	assets := asset.NewRegistry(db, b.chain)
	b.wallet, err = wallet.NewWallet(db, b.accounts, assets, b.hsm, b.chain, b.dispatcher, b.config.Wallet.TxIndex)
	if err != nil {
		return fmt.Errorf("open the wallet; --wallet.disable runs without: %w", err)
	}
	if b.config.Wallet.Rescan {
		b.wallet.RescanBlocks()
	}
	return nil
}

// turnWalletBack has a wallet begin again that has seen blocks which the chain lacks, as after a
// loss of its latest writes: left to itself the wallet would follow the chain no more.
func (b *bytom) turnWalletBack(db dbm.DB) {
	key := []byte("walletInfo")
	var seen wallet.StatusInfo
	raw := db.Get(key)
	if raw == nil || json.Unmarshal(raw, &seen) != nil || b.chain.BlockExist(&seen.BestHash) {
		return
	}
	b.log.Warn("the wallet has seen blocks that the chain lacks: it looks through the chain again", "wallet_height", seen.BestHeight, "height", b.chain.BestBlockHeight())
	db.Set(key, []byte("{}")) // Of no version: the wallet then drops what it has of blocks, and not its accounts.
}

// openDB opens a database of the data directory.
func (b *bytom) openDB(name string) (dbm.DB, error) {
	db, err := noPanic(func() (dbm.DB, error) {
		return dbm.NewDB(name, b.config.DBBackend, b.config.DBDir()), nil
	})
	if err != nil {
		return nil, fmt.Errorf("open the database %s in %s: %w", name, b.config.DBDir(), err)
	}
	return db, nil
}

// openNetwork creates the network's part, on a chain that the gate stands before and
// with a look at the messages for bulk, and the stock API on top.
func (b *bytom) openNetwork(gated netsync.Chain, bulk *chain.BulkSync) error {
	err := b.ensureNodeKey()
	if err != nil {
		return err
	}
	b.sync, err = noPanic(func() (*netsync.SyncManager, error) {
		sw, err := p2p.NewSwitch(b.config)
		if err != nil {
			return nil, err
		}
		b.peers = sw
		return newSyncManager(b.config, bulk.Over(sw), gated, b.pool, b.dispatcher)
	})
	if err != nil {
		return fmt.Errorf("open the network on %s: %w", b.config.P2P.ListenAddress, err)
	}
	// The API asks the stock miner whether it runs. It never does, and
	// the mining pool's routes are ours.
	idle := cpuminer.NewCPUMiner(b.chain, b.accounts, b.pool, b.dispatcher)
	b.api = api.NewAPI(b.sync, b.wallet, b.txfeed, idle, nil, b.chain, b.config, b.tokens, b.dispatcher, b.websockets)
	return nil
}

// ensureNodeKey creates the key that peers know the node by, if there is none yet.
// Bytom does so too, with a warning. It writes over what it can't read; here a damaged file is
// set aside.
func (b *bytom) ensureNodeKey() error {
	if b.config.P2P.PrivateKey != "" {
		return nil
	}
	path := b.config.P2P.NodeKeyFile
	if !filepath.IsAbs(path) {
		path = filepath.Join(b.config.RootDir, path)
	}
	text, err := os.ReadFile(path)
	switch {
	case err == nil && isNodeKey(text):
		return nil
	case err == nil:
		aside, err := boltcheck.SetAside(path, time.Now())
		if err != nil {
			return fmt.Errorf("the node's key %s is damaged: %w", path, err)
		}
		b.log.Warn("the key that peers know this node by was damaged: it is set aside, and a new one made; to peers this is another node", "file", path, "set_aside", aside)
	case !errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("read the node's key: %w: move %s away, and a new one is made", err, path)
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return fmt.Errorf("make the node's key: %w", err)
	}
	if err := os.WriteFile(path, []byte(key.String()), 0o600); err != nil {
		_ = os.Remove(path) // A part of it is no key; there may be no file.
		return fmt.Errorf("make the node's key: %w", err)
	}
	return nil
}

// isNodeKey reports whether a file has a key as Bytom writes it, whose second half is the public
// one.
func isNodeKey(text []byte) bool {
	raw, err := hex.DecodeString(string(text[:min(len(text), 2*stded25519.PrivateKeySize)]))
	return err == nil && len(raw) == stded25519.PrivateKeySize && bytes.Equal(raw, stded25519.NewKeyFromSeed(raw[:stded25519.SeedSize]))
}

// start joins the network.
func (b *bytom) start() error {
	if !b.config.VaultMode {
		if err := b.sync.Start(); err != nil {
			return fmt.Errorf("start the network: %w", err)
		}
	}
	if err := b.websockets.Start(); err != nil {
		return fmt.Errorf("start the notifications: %w", err)
	}
	return nil
}

// stop leaves the network. It may only be called after start.
func (b *bytom) stop() {
	b.websockets.Shutdown()
	b.websockets.WaitForShutdown()
	if !b.config.VaultMode {
		b.sync.Stop()
	}
	b.dispatcher.Stop()
}

// noPanic turns a panic, which is how parts of Bytom report that they can't open
// something, into an error.
func noPanic[T any](f func() (T, error)) (v T, err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case *logrus.Entry:
			err = errors.New(p.Message)
		default:
			err = fmt.Errorf("%v", p)
		}
	}()
	return f()
}
