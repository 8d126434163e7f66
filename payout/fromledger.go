package payout

import "github.com/bytom-solo/bytom-solo/ledger"

// FromLedger is the rigs' ledger as a log of shares.
func FromLedger(l *ledger.Ledger) Shares { return ledgerShares{l} }

type ledgerShares struct{ *ledger.Ledger }

func shareOf(s ledger.Share) Share {
	return Share{Sequence: s.Sequence, At: s.At, Owner: s.Owner, Work: s.Work, Policy: s.Policy}
}

func (l ledgerShares) SharesBefore(sequence uint64, visit func(Share) bool) error {
	return l.Ledger.SharesBefore(sequence, func(s ledger.Share) bool { return visit(shareOf(s)) })
}

func (l ledgerShares) SharesFrom(sequence uint64, visit func(Share) bool) error {
	return l.Ledger.SharesFrom(sequence, func(s ledger.Share) bool { return visit(shareOf(s)) })
}
