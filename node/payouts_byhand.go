package node

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/payout"
)

// What the node's wallet does not sign is signed elsewhere: the template goes out as the
// stock `bytomcli sign-transaction` takes it, and what that prints comes back.

// unsignedTemplate is a batch for a stock node that has the key.
func (w *payoutWallet) unsignedTemplate(batch payout.Batch) ([]byte, error) {
	t, err := w.template(batch)
	if err != nil {
		return nil, err
	}
	return json.Marshal(t)
}

// signedByHand reads what was signed elsewhere: the transaction's bytes in hexadecimal, the
// template with it, or the whole answer of sign-transaction.
func signedByHand(batch payout.Batch, text []byte) (*types.Tx, error) {
	type template struct {
		Raw json.RawMessage `json:"raw_transaction"`
	}
	type answer struct {
		template
		Transaction template `json:"transaction"`
	}
	var in struct {
		answer
		Data answer `json:"data"`
	}
	raw := bytes.TrimSpace(text)
	// bytomcli prints a title above it.
	if begin := bytes.IndexByte(raw, '{'); begin >= 0 {
		if err := json.Unmarshal(raw[begin:], &in); err != nil {
			return nil, fmt.Errorf("batch %s: the signed transaction: %w", batch.ID.String(), err)
		}
		raw = nil
		for _, found := range []json.RawMessage{in.Raw, in.Transaction.Raw, in.Data.Raw, in.Data.Transaction.Raw} {
			if found != nil {
				raw = found
			}
		}
		if raw == nil {
			return nil, fmt.Errorf("batch %s: there is no raw_transaction in what was signed", batch.ID.String())
		}
	}
	tx := new(types.Tx)
	if err := mining.Decode(tx, bytes.Trim(raw, `"`)); err != nil {
		return nil, fmt.Errorf("batch %s: the signed transaction, expected in hexadecimal: %w", batch.ID.String(), err)
	}
	return checkSigned(batch, tx)
}

// payoutPasswordVariable has the wallet's password where no file does.
const payoutPasswordVariable = "BYTOM_SOLO_PAYOUT_PASSWORD"

// payoutPassword reads the wallet's password, anew each time: of a file that nobody but its
// owner can read, else of the environment.
func payoutPassword(path string) func() (string, error) {
	return func() (string, error) {
		if path != "" {
			password, err := readPassword(path)
			if err != nil {
				return "", fmt.Errorf("key payout.password-file: value %q: expected %w", path, err)
			}
			return password, nil
		}
		if password := os.Getenv(payoutPasswordVariable); password != "" {
			return password, nil
		}
		return "", fmt.Errorf("%w: the wallet's password is not known, neither by key payout.password-file nor by %s", errSignByHand, payoutPasswordVariable)
	}
}

// isCredential reports whether a service manager has put a file where this process alone
// can read it: systemd's LoadCredential.
func isCredential(path string) bool {
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	return dir != "" && filepath.Dir(path) == filepath.Clean(dir)
}

// readPassword reads the password. An error says what was expected of the file.
func readPassword(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("a file with the wallet's password that can be read: %w", err)
	}
	// Windows has no such bits: what Go shows there is made up.
	others := fs.FileMode(0o077)
	if isCredential(path) {
		// Where an access list lets the service's user in, the bits of the group show it.
		others = 0o037
	}
	if mode := info.Mode(); !mode.IsRegular() || runtime.GOOS != "windows" && mode.Perm()&others != 0 {
		return "", fmt.Errorf("a file that its owner alone can read (chmod 600), its mode is %s", mode)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("a file with the wallet's password that can be read: %w", err)
	}
	raw = bytes.TrimSuffix(bytes.TrimSuffix(raw, []byte("\n")), []byte("\r"))
	if len(raw) == 0 || bytes.ContainsAny(raw, "\n") {
		return "", fmt.Errorf("the password alone, in one line, it has %d bytes", len(raw))
	}
	return string(raw), nil
}
