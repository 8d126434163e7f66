package table

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
)

// Tokens prints access tokens, without their secrets.
func Tokens(out io.Writer, all []node.Token) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(out, "no token; 'bytom-solo token create NAME' makes one")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tCREATED")
	for _, t := range all {
		fmt.Fprintf(w, "%s\t%s\n", t.Name, t.Created.Local().Format(time.DateTime))
	}
	return w.Flush()
}
