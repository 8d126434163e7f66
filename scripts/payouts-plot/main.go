// Command payouts-plot draws docs/pictures/payouts.svg: what an owner is paid by each scheme
// of payout/scheme over two hundred blocks, with the same shares and blocks, from a fixed
// seed. Run it from the root of the repository, by `make payouts-plot`.
package main

import (
	"fmt"
	"os"
)

const picture = "docs/pictures/payouts.svg"

func main() {
	all, err := income()
	if err == nil {
		err = os.WriteFile(picture, draw(all), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "payouts-plot:", err)
		os.Exit(1)
	}
}
