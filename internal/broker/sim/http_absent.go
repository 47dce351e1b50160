package sim

// What Alpaca has and the simulator's accounts do not: options, crypto wallets, locates and
// tokenization. Lists are empty, single things are not found, and doing something is forbidden. The
// words of the refusals are the simulator's: none have been recorded.

type optionContracts struct {
	Contracts     []struct{} `json:"option_contracts"`
	NextPageToken *string    `json:"next_page_token"`
}

func listOptionContracts(*call) (answer, error) {
	return ok(optionContracts{Contracts: []struct{}{}})
}

func getOptionContract(c *call) (answer, error) {
	return answer{}, notFound("option contract not found: %.40s", c.path["contract"])
}

func noOptions(*call) (answer, error) {
	return answer{}, forbidden("account not eligible to trade options")
}

func noCrypto(*call) (answer, error) {
	return answer{}, forbidden("crypto is not enabled for this account")
}

func noFeature(*call) (answer, error) {
	return answer{}, forbidden("this feature is not enabled for this account")
}
