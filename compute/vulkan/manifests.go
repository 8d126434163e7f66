package vulkan

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// brokenManifests are files by which Vulkan's loader looks for drivers and layers and that are
// no JSON, such as those that a full disk has cut off. Loaders up to 1.3.239 then find no
// device at all, and call it a lack of memory. Windows has them in its registry, which is not
// looked at.
func brokenManifests() (broken []string) {
	for _, pattern := range manifestPatterns(os.Getenv) {
		names, _ := filepath.Glob(pattern) // A bad pattern has none.
		for _, name := range names {
			if text, err := os.ReadFile(name); err == nil && len(text) > 0 && !json.Valid(text) {
				broken = append(broken, name)
			}
		}
	}
	return broken
}

// manifestPatterns are where the loader looks, by the environment.
func manifestPatterns(env func(string) string) (all []string) {
	drivers := env("VK_DRIVER_FILES") // Its former name is VK_ICD_FILENAMES.
	if drivers == "" {
		drivers = env("VK_ICD_FILENAMES")
	}
	all = append(filepath.SplitList(drivers), filepath.SplitList(env("VK_ADD_DRIVER_FILES"))...)
	or := func(name, otherwise string) []string {
		if set := env(name); set != "" {
			return filepath.SplitList(set)
		}
		return filepath.SplitList(otherwise)
	}
	home := env("HOME")
	folders := or("XDG_CONFIG_HOME", filepath.Join(home, ".config"))
	folders = append(folders, or("XDG_CONFIG_DIRS", "/etc/xdg")...)
	folders = append(folders, "/etc")
	folders = append(folders, or("XDG_DATA_HOME", filepath.Join(home, ".local", "share"))...)
	folders = append(folders, or("XDG_DATA_DIRS", "/usr/local/share:/usr/share")...)
	kinds := []string{"implicit_layer.d", "explicit_layer.d"}
	if drivers == "" {
		kinds = append(kinds, "icd.d")
	}
	for _, folder := range folders {
		for _, kind := range kinds {
			all = append(all, filepath.Join(folder, "vulkan", kind, "*.json"))
		}
	}
	return all
}

// withBrokenManifests adds to the error of a loader that finds nothing what may be why.
func withBrokenManifests(err error) error {
	if broken := brokenManifests(); err != nil && len(broken) > 0 {
		return fmt.Errorf("%w; no JSON, and maybe why: %s: install what it belongs to again, or remove it", err, strings.Join(broken, ", "))
	}
	return err
}
