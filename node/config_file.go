package node

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// readConfigFile is config.toml as dotted keys. The table [mining] and the stock
// node's key mining can't both stand in a file, so the table says enable; nor can [engine] and the
// key engine, for which the table says url.
func readConfigFile(home string) (map[string]string, error) {
	keys, err := parseConfigFile(home)
	if errors.Is(err, os.ErrPermission) {
		return nil, boltcheck.OfAnotherUser(err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: mend the file, or put its last copy in its place: %s", err, filepath.Join(home, "config.toml"))
	}
	return keys, nil
}

func parseConfigFile(home string) (map[string]string, error) {
	flat := make(map[string]string)
	raw, err := os.ReadFile(filepath.Join(home, "config.toml"))
	if errors.Is(err, os.ErrNotExist) {
		return flat, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	var tree map[string]any
	raw = bytes.TrimPrefix(raw, []byte("\uFEFF")) // Notepad begins a file so.
	if err := toml.Unmarshal(raw, &tree); err != nil {
		return nil, notTOML(raw, err)
	}
	if err := flatten("", tree, flat); err != nil {
		return nil, err
	}
	foldOwners(flat)
	if on, ok := flat["mining.enable"]; ok {
		delete(flat, "mining.enable")
		flat["mining"] = on
	}
	if url, ok := flat["engine.url"]; ok {
		delete(flat, "engine.url")
		flat["engine"] = url
	}
	return flat, nil
}

// warnOfEmptyConfig tells of a config.toml without a byte, as a file system leaves that was cut off:
// what was set in it is not any more.
func (n *station) warnOfEmptyConfig() {
	path := filepath.Join(n.config.Bytom.RootDir, "config.toml")
	if info, err := os.Stat(path); err == nil && info.Size() == 0 {
		n.log.Warn("config.toml is empty, so that nothing is set by it: put its last copy in its place, or remove it", "file", path)
	}
}

// flatten builds dotted keys of a file's tables, and of an array a list with commas. Capitals
// mean nothing, as to the stock node.
func flatten(prefix string, tree map[string]any, into map[string]string) error {
	for key, value := range tree {
		if sub, ok := value.(map[string]any); ok {
			if err := flatten(prefix+key+".", sub, into); err != nil {
				return err
			}
			continue
		}
		if list, ok := value.([]any); ok {
			texts := make([]string, len(list))
			for i, v := range list {
				texts[i] = fmt.Sprint(v)
			}
			value = strings.Join(texts, ",")
		}
		name := strings.ToLower(prefix + key)
		if _, there := into[name]; there {
			return fmt.Errorf("config.toml: key %s is there more than once, as capitals mean nothing: expected only one", name)
		}
		into[name] = fmt.Sprint(value)
	}
	return nil
}

// notTOML says in which line a file is no TOML, and at which key. The value may be a secret.
func notTOML(raw []byte, err error) error {
	at := (*toml.DecodeError)(nil)
	if !errors.As(err, &at) {
		return fmt.Errorf("config.toml: %w", err)
	}
	row, _ := at.Position()
	lines := strings.Split(string(raw), "\n")
	name, _, isKey := strings.Cut(lines[min(row, len(lines))-1], "=")
	if !isKey {
		return fmt.Errorf("config.toml, line %d: %w", row, err)
	}
	return fmt.Errorf("config.toml, line %d, key %s: %w: expected text in quotes, a number with a point, true or false", row, strings.TrimSpace(name), err)
}
