package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/bytom-solo/bytom-solo/boltcheck"
	"github.com/bytom-solo/bytom-solo/mining"
)

// grantsVersion is that of the file's format. A change of what it means raises it.
const grantsVersion = 1

// grants remember which ranges of extranonces fronts have been given, over restarts: a range that
// a front may still hash with is given to nobody else. It is safe for concurrent use.
type grants struct {
	path  string
	space *mining.Extranonces

	mu   sync.Mutex
	file grantsFile
}

type grantsFile struct {
	Version int     `json:"version"`
	Grants  []grant `json:"grants"`
}

// grant is a range that was given.
type grant struct {
	Range uint16 `json:"range"`
	// Front is the front's key, Epoch its word for a run of it.
	Front string    `json:"front"`
	Epoch uint64    `json:"epoch"`
	At    time.Time `json:"at"`
}

// mostGrants is how many are remembered, the latest: by then the tips that the others were used
// on are long gone.
const mostGrants = 16384

// openGrants reads the file, if there is one, and leaves those ranges out of the space.
func openGrants(path string, space *mining.Extranonces) (*grants, error) {
	g := &grants{path: path, space: space, file: grantsFile{Version: grantsVersion}}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return g, nil
	}
	is := struct{ Version int }{grantsVersion}
	if err == nil {
		err = json.Unmarshal(raw, &is)
	}
	if err == nil && is.Version != grantsVersion {
		return nil, fmt.Errorf("read which extranonces fronts have: %s: its format is %d, this program knows %d: start the newer version again", path, is.Version, grantsVersion)
	}
	if err == nil {
		err = g.file.read(raw)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w; move it away: without it they are given anew, which is safe once all fronts have been started again", path, err)
		return nil, fmt.Errorf("read which extranonces fronts have: %w", boltcheck.OfAnotherUser(err))
	}
	for _, each := range g.file.Grants {
		space.Reserve(each.Range)
	}
	return g, nil
}

// read reads a file's content, which is JSON, and takes nothing that grant does not write.
func (f *grantsFile) read(raw []byte) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(f); err != nil {
		return err
	}
	for i, each := range f.Grants {
		if each.Range == 0 || each.Front == "" {
			return fmt.Errorf("grant %d is of range %d for front %q: expected a range of 1 or more, and a front", i, each.Range, each.Front)
		}
	}
	return nil
}

// grant returns the ranges of a front's epoch: those that it has, and new ones until there are as
// many as are asked for. They are on the disk by then.
func (g *grants) grant(front string, epoch uint64, many int) (ranges []uint16, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, each := range g.file.Grants {
		if each.Front == front && each.Epoch == epoch {
			ranges = append(ranges, each.Range)
		}
	}
	next, had := g.file.Grants, len(ranges)
	for len(ranges) < many {
		r, err := g.space.Grant()
		if r == 0 && err == nil { // The file has no 0.
			r, err = g.space.Grant()
		}
		if err != nil {
			return nil, err
		}
		ranges = append(ranges, r)
		next = append(next, grant{r, front, epoch, time.Now().UTC()})
	}
	if len(ranges) == had {
		return ranges, nil
	}
	next = next[max(0, len(next)-mostGrants):]
	raw, err := json.Marshal(grantsFile{grantsVersion, next})
	if err == nil {
		err = replaceFile(g.path, raw)
	}
	if err != nil {
		return nil, fmt.Errorf("write down which extranonces fronts have: %w", err)
	}
	g.file.Grants = next
	return ranges, nil
}

// replaceFile has a file on the disk with new content, or still with the old.
func replaceFile(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // Of mode 0600.
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
