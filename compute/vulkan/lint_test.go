package vulkan

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// safe are the binding's functions that this package may call. Those that take structs
// in arrays, or a struct that has some, free the copies that they give to the driver
// while it reads them, if the garbage collector comes by; companion.c makes such calls.
var safe = map[string]bool{
	"AllocateCommandBuffers": true, "AllocateMemory": true, "BeginCommandBuffer": true, "BindBufferMemory": true,
	"CmdBindDescriptorSets": true, "CmdBindPipeline": true, "CmdDispatch": true, "CmdPushConstants": true,
	"CreateBuffer": true, "CreateCommandPool": true, "CreateFence": true,
	"DestroyBuffer": true, "DestroyCommandPool": true, "DestroyDescriptorPool": true, "DestroyDescriptorSetLayout": true,
	"DestroyDevice": true, "DestroyFence": true, "DestroyPipeline": true, "DestroyPipelineCache": true,
	"DestroyPipelineLayout": true, "DestroyShaderModule": true, "DeviceWaitIdle": true, "EndCommandBuffer": true,
	"EnumeratePhysicalDevices": true, "FreeMemory": true, "GetBufferMemoryRequirements": true, "GetDeviceQueue": true,
	"GetPhysicalDeviceMemoryProperties": true, "GetPipelineCacheData": true, "Init": true, "InitInstance": true,
	"MapMemory": true, "ResetFences": true, "SetGetInstanceProcAddr": true, "WaitForFences": true,
}

// TestOnlySafeCallsOfTheBinding looks at every function of the binding that is named.
func TestOnlySafeCallsOfTheBinding(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(source), `vk "github.com/vulkan-go/vulkan"`) {
			if strings.Contains(string(source), "vulkan-go/vulkan\"\n") {
				t.Errorf("%s imports the binding by another name than vk", file)
			}
			continue
		}
		seen++
		parsed, err := parser.ParseFile(token.NewFileSet(), file, source, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range calls(parsed) {
			if !safe[name] {
				t.Errorf("%s calls vk.%s, which is not known to be safe: see doc.go", file, name)
			}
		}
	}
	if seen < 5 {
		t.Errorf("only %d files use the binding: the test looks at the wrong ones", seen)
	}
}

// calls are the names after vk that are called, or taken to be called elsewhere. Types
// and constants are told from functions by what the binding calls its functions.
func calls(file *ast.File) (names []string) {
	verbs := []string{"Acquire", "Allocate", "Begin", "Bind", "Cmd", "Create", "Destroy", "DeviceWait", "End", "Enumerate", "Find", "Flush",
		"Free", "Get", "Import", "Init", "Invalidate", "Map", "Merge", "Queue", "Register", "Reset", "Set", "Trim", "Unmap", "Update", "Wait"}
	ast.Inspect(file, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := s.X.(*ast.Ident); !ok || x.Name != "vk" {
			return true
		}
		for _, verb := range verbs {
			if strings.HasPrefix(s.Sel.Name, verb) && s.Sel.Name != "Queue" {
				names = append(names, s.Sel.Name)
				break
			}
		}
		return true
	})
	return names
}
