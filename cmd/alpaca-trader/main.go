// Command alpaca-trader is self-hosted automated trading for brokerage accounts at Alpaca.
package main

import (
	"os"

	"github.com/jcap24/alpaca-trader/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
