package vulkan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/bytom-solo/bytom-solo/shaders"
)

const (
	// mostBatch bounds the batch, and with it the buffers: 8192 hashes are 8 MiB.
	mostBatch = 8192
	// batchTime is what a batch is to take: short enough to change work quickly, long
	// enough that its overhead does not count.
	batchTime = 100 * time.Millisecond
	// longestTrial is what it may take if that brings more hashes a second.
	longestTrial = 4 * batchTime
)

// nextBatch is what to try after a batch that took some time, where the one before made
// so many hashes a second; or nothing, if this one will do.
func nextBatch(batch int, took time.Duration, before float64) (next int, more bool) {
	took = max(took, time.Microsecond)
	gains := float64(batch)/took.Seconds() > 1.1*before
	if batch == mostBatch || took >= longestTrial || took >= batchTime/2 && !gains {
		return batch, false
	}
	factor := min(8, max(2, float64(batchTime)/float64(took)))
	return min(mostBatch, int(float64(batch)*factor)), true
}

// choiceFormat is that of a stored chosenVariant. Files of before there was the member have
// none, and are of format 1 too.
const choiceFormat = 1

// chosenVariant is the result of a device's measurements, as it is stored.
type chosenVariant struct {
	Format int `json:"format"`
	// Shaders identifies the shaders that were measured.
	Shaders string  `json:"shaders"`
	Variant Variant `json:"variant"`
	Batch   int     `json:"batch"`
	// Rate is in hashes per second.
	Rate float64 `json:"hashes_per_second"`
	// Tried is what became of the fastest variant of each path.
	Tried []Tried `json:"tried,omitempty"`
}

// Tried is what became of a path when the variant was chosen.
type Tried struct {
	Path string `json:"path"`
	// HashesPerSecond is of its fastest variant, Error why it has none.
	HashesPerSecond float64 `json:"hashes_per_second,omitempty"`
	Error           string  `json:"error,omitempty"`
}

// note keeps what became of a variant if that is the best of its path.
func (c *chosenVariant) note(path string, rate float64, err error) {
	t := Tried{Path: path, HashesPerSecond: rate}
	if err != nil {
		t.Error = err.Error()
	}
	for i, was := range c.Tried {
		if was.Path == path {
			if rate > was.HashesPerSecond {
				c.Tried[i] = t
			}
			return
		}
	}
	c.Tried = append(c.Tried, t)
}

// shadersKey changes with every shader.
func shadersKey() string {
	h := sha256.New()
	for _, code := range shaders.All() {
		h.Write(code)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func (c Config) file(d Device, end string) string {
	return filepath.Join(c.Dir, "vulkan-"+d.Key+end)
}

// loadChoice reads what was chosen for a device with these shaders.
func (c Config) loadChoice(d Device) (chosenVariant, error) {
	var was chosenVariant
	text := c.load(d, ".json")
	if text == nil {
		return was, errors.New("nothing was chosen yet")
	}
	if format := formatOfChoice(text); format > choiceFormat {
		err := fmt.Errorf("its format is %d, of a newer version of this program; this one knows formats up to %d", format, choiceFormat)
		c.log().Warn("what a newer version measured is not used, and measured anew at each start: start the newer version again, or delete the file",
			"device", d.Name, "file", c.file(d, ".json"), "error", err)
		return was, err
	}
	if err := json.Unmarshal(text, &was); err != nil {
		return was, err
	}
	if was.Shaders != shadersKey() || was.Batch < 1 || was.Batch > mostBatch {
		return was, errors.New("it is for other shaders")
	}
	return was, was.Variant.check()
}

// formatOfChoice is 0 where the text says none.
func formatOfChoice(text []byte) int {
	var head struct {
		Format int `json:"format"`
	}
	if json.Unmarshal(text, &head) != nil {
		return 0
	}
	return head.Format
}

// saveChoice stores a choice, but not in place of a newer version's.
func (c Config) saveChoice(d Device, now chosenVariant) {
	if formatOfChoice(c.load(d, ".json")) > choiceFormat {
		return
	}
	now.Format, now.Shaders = choiceFormat, shadersKey()
	text, err := json.MarshalIndent(now, "", "  ")
	if err == nil {
		c.save(d, ".json", append(text, '\n'))
	}
}

// cacheEnd is of the file that has a driver's cache of pipelines, with a checksum before it.
const cacheEnd = ".cache"

// loadCache is the driver's cache as saveCache kept it; nil if there is none. A driver looks at
// little more than its head, and one that is cut off or changed may end the process.
func (c Config) loadCache(d Device) []byte {
	content := c.load(d, cacheEnd)
	if len(content) <= sha256.Size {
		return nil
	}
	sum, cached := content[:sha256.Size], content[sha256.Size:]
	if [sha256.Size]byte(sum) != sha256.Sum256(cached) {
		return nil // Damaged, or of a version that kept it without a checksum: it is made anew.
	}
	return cached
}

// saveCache keeps the driver's cache.
func (c Config) saveCache(d Device, cached []byte) {
	if len(cached) == 0 {
		return
	}
	sum := sha256.Sum256(cached)
	c.save(d, cacheEnd, append(sum[:], cached...))
}

// load reads a file of a device, nil if it cannot.
func (c Config) load(d Device, end string) []byte {
	if c.Dir == "" {
		return nil
	}
	content, err := os.ReadFile(c.file(d, end))
	if err != nil {
		return nil
	}
	return content
}

// save writes a file of a device, whole or not at all. If it cannot, the next start
// takes longer.
func (c Config) save(d Device, end string, content []byte) {
	if c.Dir == "" || content == nil {
		return
	}
	err := os.MkdirAll(c.Dir, 0o755)
	if err == nil {
		err = os.WriteFile(c.file(d, end)+".new", content, 0o644)
	}
	if err == nil {
		err = os.Rename(c.file(d, end)+".new", c.file(d, end))
	}
	if err != nil {
		c.log().Warn("a measurement could not be kept for the next start", "device", d.Name, "error", err)
	}
}
