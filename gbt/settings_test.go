package gbt

import (
	"context"
	"crypto/sha3"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/mux"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/mining"
)

// settings is a handler of a miner alone, with what it tells of changes.
func settings(t *testing.T, start mining.MinerSettings) (*mining.Miner, *mux.Router, *[]string) {
	t.Helper()
	miner := mining.NewMiner(mining.MinerConfig{Devices: []compute.Backend{computetest.SHA3{}}, Settings: start})
	told := &[]string{}
	tag := []byte("t")
	h := New(Config{
		Miner: miner, Extranonces: mining.NewExtranonces(),
		Address: func() (string, error) { return "a", nil },
		Tag:     func() []byte { return tag },
		SetTag:  func(_ context.Context, b []byte) { tag = b },
		Devices: func(list string) ([]string, error) {
			if list == "no" {
				return nil, errors.New(`value "no": expected a device`)
			}
			return strings.Split(list, ","), nil
		},
		Changed: func(_ context.Context, what, old, now string) { *told = append(*told, what+": "+old+" → "+now) },
	})
	r := mux.NewRouter()
	h.Register(r)
	return miner, r, told
}

// TestWhatIsMissingStaysAsItIs switches a miner by requests that say a part.
func TestWhatIsMissingStaysAsItIs(t *testing.T) {
	start := mining.MinerSettings{On: true, Threads: 2, Devices: []string{"a"}, Percent: 50}
	for body, test := range map[string]struct {
		want mining.MinerSettings
		told []string
	}{
		`{}`:   {start, nil},
		`null`: {start, nil},
		`{"is_mining":null,"threads":null,"devices":null}`: {start, nil},
		`{"is_mining":true,"threads":2,"devices":"a"}`:     {start, nil},
		`{"threads":1}`:                   {mining.MinerSettings{On: true, Threads: 1, Devices: []string{"a"}, Percent: 50}, []string{"threads: 2 → 1"}},
		`{"threads":0}`:                   {mining.MinerSettings{On: true, Devices: []string{"a"}, Percent: 50}, []string{"threads: 2 → 0"}},
		`{"threads":-1}`:                  {mining.MinerSettings{On: true, Threads: -1, Devices: []string{"a"}, Percent: 50}, []string{"threads: 2 → -1"}},
		`{"devices":"b,c"}`:               {mining.MinerSettings{On: true, Threads: 2, Devices: []string{"b", "c"}, Percent: 50}, []string{"devices: a → b,c"}},
		`{"is_mining":false}`:             {mining.MinerSettings{Threads: 2, Devices: []string{"a"}, Percent: 50}, []string{"mining: on → off"}},
		`{"is_mining":false,"threads":1}`: {mining.MinerSettings{Threads: 1, Devices: []string{"a"}, Percent: 50}, []string{"mining: on → off", "threads: 2 → 1"}},
	} {
		miner, r, told := settings(t, start)
		status, answer := post(r, "/set-mining", body)
		if status != 200 || !strings.Contains(answer, `"success"`) || !reflect.DeepEqual(miner.Settings(), test.want) || !slices.Equal(*told, test.told) {
			t.Errorf("%s: %d %s: %+v, told %q, expected %+v, %q", body, status, answer, miner.Settings(), *told, test.want, test.told)
		}
	}
}

// TestBadSettingsChangeNothing asks in ways that can't be meant.
func TestBadSettingsChangeNothing(t *testing.T) {
	start := mining.MinerSettings{On: true, Threads: 2, Devices: []string{"a"}}
	for body, want := range map[string]string{
		`{"is_minin":true}`:                       "is_mining",
		`{"is_mining":false,"thread":1}`:          `did you mean \"threads\"?`,
		`{"is_mining":false,"threads":"1"}`:       "a whole number",
		`{"is_mining":false,"threads":-1048577}`:  "-1048577",
		`{"is_mining":false,"threads":1e99}`:      "1e99",
		`{"is_mining":false,"devices":"no"}`:      "field devices",
		`{"is_mining":false,"devices":["a"]}`:     "a string",
		`{"is_mining":0}`:                         "true or false",
		``:                                        "empty",
		`[]`:                                      "an object",
		`{"is_mining":false} {"is_mining":false}`: "not JSON",
	} {
		miner, r, told := settings(t, start)
		_, answer := post(r, "/set-mining", body)
		if !strings.Contains(answer, `"status":"fail"`) || !strings.Contains(answer, want) || !reflect.DeepEqual(miner.Settings(), start) || len(*told) > 0 {
			t.Errorf("%s: %s, expected an error that says %q; the settings are %+v, told %q", body, answer, want, miner.Settings(), *told)
		}
	}
	_, r, _ := settings(t, start)
	for body, want := range map[string]string{
		`{}`: `"arbitrary":"74"`, `{"arbitary":""}`: `did you mean \"arbitrary\"?`, `{"arbitrary":null}`: `"arbitrary":"74"`,
	} {
		if _, answer := post(r, "/set-coinbase-arbitrary", body); !strings.Contains(answer, want) {
			t.Errorf("%s: %s, expected %s", body, answer, want)
		}
	}
}

// TestUnknownFieldsAreErrors sends a field that no route has: to routes of our own it is
// an error; what brings a block in the stock node's form is read as there.
func TestUnknownFieldsAreErrors(t *testing.T) {
	_, r := server(t)
	for route, refused := range map[string]bool{
		"/set-mining": true, "/set-mining-address": true, "/set-coinbase-arbitrary": true, "/prioritise-transaction": true,
		"/exclude-transaction": true, "/explain-template": true, "/get-block-template": true, "/getblocktemplate": true,
		"/submit-solution": true, // Beside the reason of the refusal.
		"/submit-work":     false, "/submit-work-json": false, "/submit-block": false,
	} {
		_, answer := post(r, route, `{"xyzzy":1}`)
		if got := strings.Contains(answer, "xyzzy"); got != refused {
			t.Errorf("%s: %s, expected a word about the field: %v", route, answer, refused)
		}
	}
	if _, answer := post(r, "/get-block-template", `{"mode":"template","maxversion":2,"sizelimit":1,"workid":"","target":"00"}`); !strings.Contains(answer, `"success"`) {
		t.Errorf("BIP 22's own fields: %.200s", answer)
	}
}

// TestASolutionIsWorthMoreThanTheWordsBesideIt solves a template, and sends more with it
// than anybody asked for.
func TestASolutionIsWorthMoreThanTheWordsBesideIt(t *testing.T) {
	c, r := server(t)
	a := getTemplate(t, r, `{}`)
	for nonce := uint64(0); len(c.processed) == 0; nonce++ {
		id, _ := roll(a, a.CoinbaseBuild.Extranonce.Value, a.CurTime, nonce)
		if !mining.TargetFromBits(c.tip.Bits).Met(sha3.Sum256(id[:])) {
			continue
		}
		_, answer := post(r, "/submit-solution", fmt.Sprintf(`{"workid":%q,"nonce":"%d","timestamp":%d,"worker":"me"}`, a.WorkID, nonce, a.CurTime))
		if answer != `{"status":"success","data":true}` {
			t.Fatal(answer)
		}
	}
}
