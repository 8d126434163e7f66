package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// TestNonceOrderIsFoundOut reads a job's start nonce in both orders.
func TestNonceOrderIsFoundOut(t *testing.T) {
	for _, test := range []struct {
		name   string
		little uint64 // the nonce, read in the dialect's order
		want   uint64
	}{
		{"a palindrome", 0x1234567878563412, 0x1234567878563412},
		{"a start in the dialect's order", 0x0000783700000000, 0x0000783700000000},
		{"a start as a plain number", 0x0000000037780000, 0x0000783700000000},
		{"24 zeros are enough", 0x0000783701000000, 0x0000783701000000},
		{"23 are not, in either order", 0x1200783700800001, 0x1200783700800001},
		{"24, the other way around", 0x0000000137780000, 0x0000783701000000},
		{"23, the other way around", 0x0000800037780012, 0x0000800037780012},
		{"as many either way", 0x0000001122000000, 0x0000001122000000},
		{"more zeros win", 0x0000001100000000, 0x0000001100000000},
		{"bit 63 is left out", 0x8000000000000001, 1},
	} {
		r := &orderReader{log: slog.New(slog.DiscardHandler)}
		if got := r.read(test.little); got != test.want {
			t.Errorf("%s: %#016x read as %#016x, expected %#016x", test.name, test.little, got, test.want)
		}
	}
}

// TestNonceOrderIsGivenUp has the server refuse nonces as out of range.
func TestNonceOrderIsGivenUp(t *testing.T) {
	const little, big = 0x1200783700800001, 0x0100800037780012
	r := &orderReader{log: slog.New(slog.DiscardHandler)}
	expect := func(when string, want uint64) {
		t.Helper()
		if got := r.read(little); got != want {
			t.Errorf("%s: %#x, expected %#x", when, got, uint64(want))
		}
	}
	refuse := func(n int) {
		for range n {
			r.judged(true)
		}
	}
	expect("at first", little)
	refuse(1)
	expect("refused once", little)
	refuse(1)
	expect("refused twice", little)
	r.judged(false)
	refuse(2)
	expect("refused twice after one that was taken", little)
	refuse(1)
	expect("refused three times in a row", big)
	refuse(2)
	expect("then twice", big)
	refuse(1)
	expect("then three times", little)

	for name, r := range map[string]*orderReader{
		"the operator has said it": {log: r.log, said: true, order: NonceLittle},
		"no nonce differed":        {log: r.log},
	} {
		if r.said {
			r.read(little)
		}
		for range 10 {
			r.judged(true)
		}
		if got := r.read(little); got != little {
			t.Errorf("%s: %#x, expected %#x", name, got, uint64(little))
		}
	}
}

// TestClientNonceOrder holds the orders to start nonces as they come.
func TestClientNonceOrder(t *testing.T) {
	for _, test := range []struct {
		name    string
		order   NonceOrder
		wire    string // its first job's
		refuse  int    // then the server refuses so many nonces, and sends the job again
		want    uint64
		logSays string
	}{
		{"palindrome", NonceAuto, "0000783737780000", 3, 0x0000783737780000, ""},
		{"a prefix, little-endian", NonceAuto, "0000000037780000", 0, 0x0000783700000000, "order=little-endian"},
		{"a prefix, big-endian", NonceAuto, "0000783700000000", 0, 0x0000783700000000, "order=big-endian"},
		{"shown by the job, which two refusals don't shake", NonceAuto, "0000000037780000", 2, 0x0000783700000000, "order=little-endian"},
		{"shown by the job, and wrong", NonceAuto, "0100000000000000", 3, 0x0000000000000001, "order=little-endian"},
		{"bits below the prefix, little-endian", NonceAuto, "000000806f020000", 0, 0x0000026f80000000, "order=little-endian"},
		{"bits below the prefix, big-endian", NonceAuto, "0000026f80000000", 0, 0x0000026f80000000, "order=big-endian"},
		{"nothing to see", NonceAuto, "1122334455667700", 0, 0x0077665544332211, "do not show their order"},
		{"nothing to see, and refused", NonceAuto, "1122334455667700", 3, 0x1122334455667700, "refused 3 nonces"},
		{"big is said", NonceBig, "0000000037780000", 3, 0x37780000, ""},
		{"little is said", NonceLittle, "0000783700000000", 3, 0x0000000037780000, ""},
		{"bit 63", NonceAuto, "0000000037780080", 0, 0x0000783700000000, "bit 63"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			play(t, Config{Order: test.order, Log: slog.New(slog.NewTextHandler(&log, nil))}, func(p *peer) {
				p.expect("login")
				p.send(loginReply(testJob("1", test.wire)))
				for range test.refuse {
					r := p.expect("submit")
					p.send(fmt.Sprintf(`{"id":%s,"result":null,"error":{"code":32,"message":"Invalid nonce"}}`+"\n", r.ID))
				}
				if test.refuse > 0 {
					r := p.expect("getjob")
					p.send(push(testJob("1", test.wire)), fmt.Sprintf(okReply, r.ID))
				}
				_, _ = p.in.ReadLine()
			}, func(c *Client) {
				j := nextJob(t, c, "1")
				for range test.refuse {
					if err := c.Submit(context.Background(), j, j.Nonce); !errors.Is(err, wire.RefusedNonce) {
						t.Error(err)
					}
				}
				if test.refuse > 0 {
					if err := c.GetJob(context.Background()); err != nil {
						t.Error(err)
					}
					j = nextJob(t, c, "1")
				}
				if j.Nonce != test.want {
					t.Errorf("start nonce %016x, expected %016x", j.Nonce, test.want)
				}
			})
			if !strings.Contains(log.String(), test.logSays) || test.logSays == "" && log.Len() > 0 {
				t.Errorf("the log does not say %q:\n%s", test.logSays, &log)
			}
		})
	}
}
