package vulkan

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestBrokenManifests looks for files that are no JSON where the loader looks for manifests.
func TestBrokenManifests(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	const whole, cut = `{"file_format_version": "1.0.0", "ICD": {"library_path": "none.so", "api_version": "1.3.0"}}`, `{"file_format_version": "1.0.`
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_DATA_HOME", "XDG_DATA_DIRS"} {
		t.Setenv(name, dir)
	}
	for _, name := range []string{"VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_ADD_DRIVER_FILES"} {
		t.Setenv(name, "")
	}
	write("vulkan/icd.d/whole.json", whole)
	write("vulkan/icd.d/empty.json", "")
	write("vulkan/icd.d/notes.txt", cut)
	driver, layer, named := write("vulkan/icd.d/driver.json", cut), write("vulkan/implicit_layer.d/layer.json", cut), write("named.json", cut)
	found := func() []string {
		all := slices.DeleteFunc(brokenManifests(), func(name string) bool { return !strings.HasPrefix(name, dir) })
		slices.Sort(all)
		return slices.Compact(all)
	}
	if got := found(); !slices.Equal(got, []string{driver, layer}) {
		t.Errorf("found %q", got)
	}
	t.Setenv("VK_DRIVER_FILES", named) // In place of those in folders.
	if got := found(); !slices.Equal(got, []string{named, layer}) {
		t.Errorf("found %q", got)
	}
}

// TestADriverWhoseManifestIsCutOff has the loader take it as it does: it is named if no device
// is found because of it.
func TestADriverWhoseManifestIsCutOff(t *testing.T) {
	const variable = "BYTOM_SOLO_TEST_MANIFEST"
	if os.Getenv(variable) != "" {
		_, err := Devices()
		t.Logf("found: %v", err)
		return
	}
	if _, err := Devices(); err != nil {
		t.Skip(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.json")
	if err := os.WriteFile(cut, []byte(`{"file_format_version": "1.0.`), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(os.Args[0], "-test.v", "-test.run", "^TestADriverWhoseManifestIsCutOff$")
	c.Env = append(os.Environ(), variable+"=1", "VK_DRIVER_FILES="+cut, "VK_ICD_FILENAMES="+cut)
	if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), ErrNone.Error()) || !strings.Contains(string(out), "no JSON, and maybe why: "+cut) {
		t.Errorf("%v: %s", err, out)
	}
}
