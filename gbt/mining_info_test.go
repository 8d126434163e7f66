package gbt

import (
	"encoding/json"
	"testing"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
)

func TestMiningInfo(t *testing.T) {
	_, r := server(t)
	var info struct {
		Data wire.MiningInfo
	}
	_, text := post(r, "/mining-info", "")
	if err := json.Unmarshal([]byte(text), &info); err != nil || info.Data.Height != 9 || info.Data.Clock != "this clock is 2h0m0s behind" || info.Data.Peers != 7 || info.Data.Payee != "a" ||
		info.Data.Template == nil || info.Data.Template.Value == 0 || info.Data.NetworkHashrate != 1000 {
		t.Errorf("%v: %s", err, text)
	}
}
