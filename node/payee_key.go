package node

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/gorilla/mux"

	"github.com/bytom/bytom/account"
	"github.com/bytom/bytom/blockchain/pseudohsm"
	dbm "github.com/bytom/bytom/database/leveldb"

	"github.com/bytom-solo/bytom-solo/boltcheck"
	"github.com/bytom-solo/bytom-solo/mining"
)

// A coinbase can pay an address for years after the wallet has lost what it takes to spend
// that. So what the wallet has for the payee is written down, and looked after.

// payeeWallet is the part of a wallet that spends what the payee is paid.
type payeeWallet struct {
	accounts *account.Manager
	keys     *pseudohsm.HSM
	db       dbm.DB
}

// spendable is what the wallet has, or had, for an address.
type spendable struct {
	Address string `json:"address"`
	// Account says that the address is of one of its accounts, Key that the key store has
	// as many of that account's keys as it takes.
	Account bool `json:"account"`
	Key     bool `json:"key"`
}

// spendableKey is where the wallet's database has the payee's spendable.
var spendableKey = []byte("bytom-solo:payee")

// current is what the wallet has for an address.
func (w *payeeWallet) current(address string) spendable {
	s := spendable{Address: address}
	program, err := w.accounts.GetLocalCtrlProgramByAddress(address)
	if err != nil {
		return s
	}
	// Not by its id, which the manager may know of an account that is deleted.
	a, err := w.accounts.GetAccountByProgram(program)
	if err != nil {
		return s
	}
	s.Account = true
	files := make(map[string]string)
	for _, key := range w.keys.ListKeys() {
		files[key.XPub.String()] = key.File
	}
	have := 0
	for _, xpub := range a.XPubs {
		// The key store's list may lag behind its folder.
		if _, err := os.Stat(files[xpub.String()]); err == nil {
			have++
		}
	}
	s.Key = have > 0 && have >= a.Quorum
	return s
}

// warnOfKeys names the key files that this user may not read, which the key store passes over in silence.
func warnOfKeys(folder string, log *slog.Logger) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		log.Error("the key store can't be read", "error", boltcheck.OfAnotherUser(err))
		return
	}
	for _, e := range entries {
		file, err := os.Open(filepath.Join(folder, e.Name()))
		if err != nil {
			log.Error("a key can't be read", "error", boltcheck.OfAnotherUser(err))
			continue
		}
		_ = file.Close() // It was opened for reading alone.
	}
}

// best is the best that the wallet ever had for an address, as far as that is known.
func (w *payeeWallet) best(address string) spendable {
	var s spendable
	if raw := w.db.Get(spendableKey); raw != nil && json.Unmarshal(raw, &s) == nil && s.Address == address {
		return s
	}
	// The address may be one that the wallet has chosen by itself.
	program, err := w.accounts.GetCoinbaseCtrlProgram()
	return spendable{Address: address, Account: err == nil && program.Address == address && program.AccountID != ""}
}

func (w *payeeWallet) save(s spendable) {
	raw, err := json.Marshal(s)
	if err == nil {
		w.db.Set(spendableKey, raw)
	}
}

// loss is why what the payee is paid can't be spent any more.
type loss struct {
	address string
	reason  string
	given   bool // by the operator, with a flag
}

// detail says so, and what follows from it.
func (l *loss) detail() string {
	if l.given {
		return l.reason + ": mining goes on, for the address was given by mining.address; what is found is lost unless its key is kept elsewhere"
	}
	return l.reason + ": no work is handed out. Set a mining address by /set-mining-address, or start with --mining.address; the same one says that its key is kept elsewhere"
}

// lossOf compares what the wallet had with what it has.
func lossOf(had, has spendable, given bool) *loss {
	switch {
	case had.Account && !has.Account:
		return &loss{has.Address, fmt.Sprintf("the wallet has no longer the account of the mining address %s", has.Address), given}
	case had.Key && !has.Key:
		return &loss{has.Address, fmt.Sprintf("the key store has no longer the key of the mining address %s", has.Address), given}
	}
	return nil
}

// update compares what the wallet has for the payee with what it had, and reports a change.
func (p *payees) update() {
	p.setting.Lock()
	defer p.setting.Unlock()
	payee, given, err := p.chosen()
	if p.wallet == nil || err != nil {
		p.setLoss(nil)
		return
	}
	had, has := p.wallet.best(payee.Address), p.wallet.current(payee.Address)
	best := spendable{payee.Address, had.Account || has.Account, had.Key || has.Key}
	if best != had {
		p.wallet.save(best)
	}
	p.setLoss(lossOf(had, has, given))
}

// setLoss sets a loss, or that there is none, and reports a change.
func (p *payees) setLoss(l *loss) {
	old := p.loss.Swap(l)
	switch {
	case l != nil && (old == nil || *old != *l):
		p.log.Warn("what is mined can't be spent any more", "payee", l.address, "detail", l.detail())
		p.alarm(Notification{Event: "payee.lost", At: time.Now(), Detail: l.detail()})
		p.changed()
	case l == nil && old != nil:
		p.log.Info("what is mined can be spent again", "payee", old.address)
		p.alarm(Notification{Event: "payee.back", At: time.Now(), Detail: old.address})
		p.changed()
	}
}

// lost says why what the payee is paid can't be spent any more; empty if it can, or never
// could.
func (p *payees) lost() string {
	if l := p.loss.Load(); l != nil {
		return l.detail()
	}
	return ""
}

// checkLost is the error for a payee that must not be paid any more.
func (p *payees) checkLost(payee mining.Payee) error {
	if l := p.loss.Load(); l != nil && !l.given && l.address == payee.Address {
		return fmt.Errorf("%w: %s", mining.ErrNoPayee, l.detail())
	}
	return nil
}

// logPayee logs that the keys of the payee are elsewhere.
func (p *payees) logPayee() {
	payee, _, err := p.chosen()
	if p.wallet == nil || err != nil || p.loss.Load() != nil {
		return
	}
	switch has := p.wallet.current(payee.Address); {
	case !has.Account:
		p.log.Info("the payee is not of this node's wallet, which can't spend what is mined", "payee", payee.Address)
	case !has.Key:
		p.log.Info("the payee's key is not in this node's key store, which can't spend what is mined", "payee", payee.Address)
	}
}

// payeeCheckPeriod is how often the wallet is looked at for what it does not report: a key's file
// that is deleted, a recovery that is done.
const payeeCheckPeriod = 10 * time.Second

// watch looks at the wallet until ctx ends.
func (p *payees) watch(ctx context.Context) error {
	if p.wallet == nil {
		<-ctx.Done()
		return ctx.Err()
	}
	each := time.NewTicker(payeeCheckPeriod)
	defer each.Stop()
	for {
		select {
		case <-each.C:
			p.update()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// walletRoutes are the stock node's that can take the payee's account or key away, or bring
// them.
var walletRoutes = []string{"/create-account", "/delete-account", "/create-key", "/delete-key", "/restore-wallet", "/recovery-wallet"}

// registerWallet updates the payee before a wallet's route is done.
func (n *Node) registerWallet(r *mux.Router) {
	if n.payees.wallet == nil {
		return
	}
	stock := uncompressed(n.bytom.api)
	for _, route := range walletRoutes {
		r.HandleFunc(route, func(w http.ResponseWriter, req *http.Request) {
			stock.ServeHTTP(w, req)
			n.payees.update()
			n.generator.PayeeChanged() // The first account is a payee as well.
			_ = n.generator.Settle(req.Context())
		})
	}
}
