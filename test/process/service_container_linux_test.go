package process_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// deployed is a file of the folder deploy.
func deployed(parts ...string) string {
	return filepath.Join(append([]string{"..", "..", "deploy"}, parts...)...)
}

// TestContainersCommands runs what the container's file has it run, in a shell of this
// machine: it mines, is healthy, and the shell passes on the signal that stops it.
func TestContainersCommands(t *testing.T) {
	text, err := os.ReadFile(deployed("docker", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	entry := instruction(t, text, "ENTRYPOINT")
	check := instruction(t, text, "HEALTHCHECK .* CMD")
	folder, home := t.TempDir(), t.TempDir()
	if err := os.Symlink(testnet.Solo(t), filepath.Join(folder, "bytom-solo")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	t.Setenv("TMHOME", home)
	if out, err := harness.Execute(t, "bytom-solo", "init", "--chain_id", "solonet"); err != nil {
		t.Fatal(out, err)
	}
	address := fmt.Sprint("127.0.0.1:", testnet.FreePort(t, "127.0.0.1"))
	for name, value := range map[string]string{"API_ADDR": address, "P2P_LADDR": "tcp://127.0.0.1:0", "P2P_SKIP_UPNP": "true",
		"P2P_LAN_DISCOVERABLE": "false", "WEB_CLOSED": "true", "MINING": "true"} {
		t.Setenv("TM_"+name, value)
	}
	if out, err := harness.Execute(t, check[0], check[1:]...); err == nil {
		t.Errorf("healthy without a node: %s", out)
	}
	n := harness.Start(t, entry[0], append(entry[1:], "--node_alias", "two words")...)
	n.Await(`msg="node is up"`)
	testnet.Wait(t, time.Minute, func() error {
		out, err := harness.Execute(t, check[0], check[1:]...)
		if err != nil || !strings.Contains(out, "work is handed out") {
			return fmt.Errorf("%s: %w", out, err)
		}
		return nil
	})
	start := time.Now()
	n.Signal(syscall.SIGTERM)
	if code := n.End(); code != 0 || time.Since(start) > 5*time.Second {
		t.Errorf("exit code %d after %v", code, time.Since(start))
	}
}

// instruction is the list of words of an instruction of a Dockerfile.
func instruction(t *testing.T, file []byte, name string) (words []string) {
	t.Helper()
	found := regexp.MustCompile(`(?m)^` + name + ` (\[.*\])$`).FindSubmatch(file)
	if found == nil {
		t.Fatalf("no instruction %s with a list", name)
	}
	if err := json.Unmarshal(found[1], &words); err != nil || len(words) == 0 {
		t.Fatalf("%s: %v", found[1], err)
	}
	return words
}
