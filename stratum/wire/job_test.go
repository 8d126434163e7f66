package wire

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
)

// exampleJob is a job of May 2018, as a pool sent it.
const exampleJob = `{"version":"0100000000000000","height":"8c44000000000000",` +
	`"previous_block_hash":"8f11dad3d32550bfb5a6bf9f7a344c8a436be37897887e3c74d1b380abd3587d","timestamp":"4c3afa5a00000000",` +
	`"transactions_merkle_root":"2c0abd8189aba80a8940c3bb4263c9560a97e81d89aa1389ff47e754add4ce98",` +
	`"transaction_status_hash":"c9c377e5192668bc0a367e4a4764f11e7c725ecced1d7b6a492974fab1b6d5bc",` +
	`"nonce":"0000000037780000","bits":"1d7a04000000001d","job_id":"171567",` +
	`"seed":"6aa116ef17d69e398ba388e8f0e1805f6f98afb9dfb8fb87679ad5d3c099099d","target":"ffff0000"}`

// example are two nonces of it, with the header's hash and the proof of work.
var example = []struct {
	nonce        uint64
	header, hash string
}{
	{0x0000783700000000, "cde706caf0927ee9ab5529020244a1dc05552556e9f44e16a3bcf29fda65062e", "f1d1b4e4c6ef41c00b6bf372570dcc35c615a579b86d59ba710d726ff4d2d9bf"},
	{0x0000783700000039, "9ecdb93091be52c0f368844d56e06a01b1630e6e90940287be71672d8a8069cd", "d7a473107caec394a68810ce8abdd854f197e8e53de02d35f678cb6d6c4a6200"},
}

func parseJob(t *testing.T, text string) Job {
	t.Helper()
	var j Job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		t.Fatal(err)
	}
	return j
}

func unhex(t *testing.T, text string) [32]byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != 32 {
		t.Fatalf("%s: %v", text, err)
	}
	return [32]byte(raw)
}

func TestJobOfTheExample(t *testing.T) {
	j := parseJob(t, exampleJob)
	if j.Version != 1 || j.Height != 17548 || j.Timestamp != 1526348364 || j.Nonce != 0x0000783700000000 ||
		j.Bits != 0x1d00000000047a1d || j.ID != "171567" || j.Target != 0xffff {
		t.Errorf("read %+v", j)
	}
	if text, err := json.Marshal(&j); err != nil || string(text) != exampleJob {
		t.Errorf("written %s, %v", text, err)
	}
	for _, e := range example {
		if got := j.HeaderHash(e.nonce); got != unhex(t, e.header) {
			t.Errorf("nonce %016x: header %x, expected %s", e.nonce, got, e.header)
		}
	}
	for difficulty, want := range map[float64][2]bool{512: {false, true}, 1024: {false, false}} {
		for i, e := range example {
			if got := TargetFor(difficulty).Met(unhex(t, e.hash)); got != want[i] {
				t.Errorf("nonce %016x meets difficulty %g: %v", e.nonce, difficulty, got)
			}
		}
	}
	if d := DifficultyOf(unhex(t, example[1].hash)); d < 666 || d >= 667 {
		t.Errorf("difficulty of the second %g, expected 666", d)
	}
}

func TestJobErrors(t *testing.T) {
	for _, c := range []struct{ text, err string }{
		{`{}`, `job's version: missing, expected 16 hexadecimal digits`},
		{`{"version":1}`, `version`},
		{`{"version":"01"}`, `job's version: "01", expected 16`},
		{`{"version":"zz00000000000000"}`, `job's version`},
		{`7`, `job: `},
	} {
		var j Job
		if err := json.Unmarshal([]byte(c.text), &j); !says(err, c.err) {
			t.Errorf("%s: %v", c.text, err)
		}
	}
	for from, to := range map[string]string{
		`"171567"`: `null`, `"ffff0000"`: `""`, `"ffff0000"}`: `"00000000"}`, `"6aa116`: `"`, `"8f11da`: `"zz11da`,
	} {
		var j Job
		if err := json.Unmarshal([]byte(replace(t, exampleJob, from, to)), &j); err == nil {
			t.Errorf("%s for %s was taken", to, from)
		}
	}
	j := parseJob(t, replace(t, exampleJob, `"171567"`, `171567`))
	if j.ID != "171567" {
		t.Errorf("a number as job_id is %q", j.ID)
	}
}

// FuzzJob: a job that is read is written as one that reads the same.
func FuzzJob(f *testing.F) {
	f.Add(exampleJob)
	f.Add(strings.Replace(exampleJob, `"171567"`, `7`, 1))
	f.Add(strings.Replace(exampleJob, `"ffff0000"`, `"ff7f"`, 1))
	f.Fuzz(func(t *testing.T, text string) {
		var j, back Job
		if json.Unmarshal([]byte(text), &j) != nil {
			return
		}
		if err := json.Unmarshal(j.AppendJSON(nil), &back); err != nil || back != j {
			t.Errorf("%+v came back as %+v, %v", j, back, err)
		}
	})
}
