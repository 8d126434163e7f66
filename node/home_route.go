package node

import (
	"net/http"
	"os"
	"path/filepath"

	"github.com/gorilla/mux"

	cfg "github.com/bytom/bytom/config"
)

// HomeRoute answers with a HomeInfo.
const HomeRoute = "/home-info"

// HomeInfo says whose answers a node gives.
type HomeInfo struct {
	// Home is the home directory's absolute path, on the node's machine.
	Home string `json:"home"`
	// Network is its chain_id, Node its node_alias.
	Network string `json:"network"`
	Node    string `json:"node,omitempty"`
}

// Is reports whether it is a directory of this machine.
func (h HomeInfo) Is(dir string) bool {
	if absolute(dir) == h.Home {
		return true
	}
	ours, err := os.Stat(dir)
	if err != nil {
		return false
	}
	its, err := os.Stat(h.Home)
	return err == nil && os.SameFile(ours, its)
}

func absolute(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		return abs
	}
	return dir
}

// homeRoute serves it.
type homeRoute struct{ config *cfg.Config }

func (h homeRoute) register(r *mux.Router) {
	r.HandleFunc(HomeRoute, jsonHandler(func(*http.Request) (any, error) {
		return HomeInfo{absolute(h.config.RootDir), h.config.ChainID, h.config.NodeAlias}, nil
	}))
}
