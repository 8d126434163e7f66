package web

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"testing"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
)

// files are a folder's by their names.
func files(t *testing.T, folder fs.FS) map[string][]byte {
	t.Helper()
	all := make(map[string][]byte)
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if all[entry.Name()], err = fs.ReadFile(folder, entry.Name()); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestTheBundleIsOfItsSources builds the page anew, and compares each byte. It fetches the
// libraries where that was not done yet; with TENSORITY_REQUIRE=npm it has to.
func TestTheBundleIsOfItsSources(t *testing.T) {
	folder := t.TempDir()
	out, err := exec.Command("../scripts/web.sh", folder).CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 3 {
		computetest.Require(t, "npm", string(out))
	} else if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got, want := files(t, Bundle()), files(t, os.DirFS(folder))
	if len(got) != len(want) {
		t.Errorf("%d files in the repository, %d were built", len(got), len(want))
	}
	for name, built := range want {
		if !bytes.Equal(got[name], built) {
			t.Errorf("%s has %d bytes, and is built with %d others: make web", name, len(got[name]), len(built))
		}
	}
}

// TestTheLicencesAreThere: the libraries are MIT's, whose text goes with each copy.
func TestTheLicencesAreThere(t *testing.T) {
	all := files(t, Bundle())
	for _, name := range []string{"preact\n", "uplot\n"} {
		if !bytes.Contains(all["licences.txt"], []byte(name)) || bytes.Count(all["licences.txt"], []byte("MIT License")) != 2 {
			t.Errorf("no licence of %s", name)
		}
	}
	for _, script := range []string{"page.js", "owner.js"} {
		for _, part := range []string{"contains preact", "licences.txt"} {
			if !bytes.Contains(all[script], []byte(part)) {
				t.Errorf("%s has no %q", script, part)
			}
		}
	}
}

// TestThePageIsSmall: a phone on a slow line has it in a second.
func TestThePageIsSmall(t *testing.T) {
	var all bytes.Buffer
	for name, text := range files(t, Bundle()) {
		before := all.Len()
		z, err := gzip.NewWriterLevel(&all, gzip.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = z.Write(text)
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes, %d compressed", name, len(text), all.Len()-before)
	}
	if all.Len() < 10_000 || all.Len() > 60<<10 {
		t.Errorf("the page has %d bytes compressed, expected at most 60 KB", all.Len())
	}
}
