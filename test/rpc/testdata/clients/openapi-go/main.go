// This program solves a template by a client that oapi-codegen made of the node's
// description: it has no hash of its own, and asks the node of each nonce.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
)

func main() {
	ctx := context.Background()
	c, err := NewClientWithResponses(os.Args[1])
	must(err)
	answer, err := c.GetBlockTemplateWithResponse(ctx, TemplateRequest{})
	must(err)
	success, err := answer.JSON200.AsTemplateSuccess()
	must(err)
	template := success.Data
	if template == nil {
		log.Fatalf("no template: %s", answer.Body)
	}
	var timestamp Number
	must(timestamp.FromNumber0(template.Curtime))
	for n := range int64(10_000) {
		var nonce Number
		must(nonce.FromNumber0(n))
		answer, err := c.SubmitSolutionWithResponse(ctx, SubmitSolution{Workid: template.Workid, Nonce: nonce, Timestamp: timestamp})
		must(err)
		v, err := answer.JSON200.ValueByDiscriminator()
		must(err)
		switch v := v.(type) {
		case AcceptedSuccess:
			fmt.Println("accepted")
			return
		case Failure:
			if v.Data == nil || v.Data.Reason != "high-hash" {
				log.Fatalf("%s %s", v.Code, v.ErrorDetail)
			}
		}
	}
	log.Fatal("no nonce solves it")
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
