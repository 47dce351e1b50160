package sim

// company is one name of the synthetic market. The names are real; the prices are invented.
type company struct {
	symbol     string
	name       string
	exchange   string
	price      float64 // the trend's price ten trading years after its start, early 2026
	drift      float64 // of the log price a year
	volatility float64 // of a usual day
	volume     float64 // shares a day
}

// companies is the whole synthetic market.
var companies = []company{
	{"AAPL", "Apple Inc.", "NASDAQ", 262, 0.10, 0.018, 52e6},
	{"ABBV", "AbbVie Inc.", "NYSE", 221, 0.07, 0.015, 6e6},
	{"ADBE", "Adobe Inc.", "NASDAQ", 348, 0.08, 0.021, 4e6},
	{"AMD", "Advanced Micro Devices, Inc.", "NASDAQ", 214, 0.16, 0.034, 48e6},
	{"AMZN", "Amazon.com, Inc.", "NASDAQ", 231, 0.12, 0.021, 42e6},
	{"AVGO", "Broadcom Inc.", "NASDAQ", 346, 0.16, 0.027, 24e6},
	{"BAC", "Bank of America Corporation", "NYSE", 53, 0.05, 0.018, 38e6},
	{"BA", "The Boeing Company", "NYSE", 217, 0.03, 0.023, 8e6},
	{"CAT", "Caterpillar Inc.", "NYSE", 571, 0.10, 0.019, 3e6},
	{"COST", "Costco Wholesale Corporation", "NASDAQ", 862, 0.10, 0.015, 2e6},
	{"CRM", "Salesforce, Inc.", "NYSE", 264, 0.08, 0.022, 6e6},
	{"CSCO", "Cisco Systems, Inc.", "NASDAQ", 77, 0.07, 0.015, 20e6},
	{"CVX", "Chevron Corporation", "NYSE", 152, 0.04, 0.017, 8e6},
	{"DIA", "SPDR Dow Jones Industrial Average ETF", "ARCA", 480, 0.07, 0.011, 4e6},
	{"DIS", "The Walt Disney Company", "NYSE", 113, 0.03, 0.018, 9e6},
	{"EEM", "iShares MSCI Emerging Markets ETF", "ARCA", 55, 0.04, 0.014, 30e6},
	{"GE", "GE Aerospace", "NYSE", 308, 0.10, 0.020, 5e6},
	{"GOOG", "Alphabet Inc. Class C", "NASDAQ", 314, 0.12, 0.019, 22e6},
	{"GOOGL", "Alphabet Inc. Class A", "NASDAQ", 313, 0.12, 0.019, 32e6},
	{"HD", "The Home Depot, Inc.", "NYSE", 344, 0.07, 0.016, 4e6},
	{"INTC", "Intel Corporation", "NASDAQ", 37, 0.02, 0.031, 80e6},
	{"IWM", "iShares Russell 2000 ETF", "ARCA", 246, 0.06, 0.015, 30e6},
	{"JNJ", "Johnson & Johnson", "NYSE", 207, 0.05, 0.012, 8e6},
	{"JPM", "JPMorgan Chase & Co.", "NYSE", 322, 0.09, 0.016, 9e6},
	{"KO", "The Coca-Cola Company", "NYSE", 70, 0.04, 0.011, 16e6},
	{"LLY", "Eli Lilly and Company", "NYSE", 1075, 0.16, 0.022, 3e6},
	{"MA", "Mastercard Incorporated", "NYSE", 571, 0.10, 0.015, 3e6},
	{"MCD", "McDonald's Corporation", "NYSE", 306, 0.06, 0.012, 3e6},
	{"META", "Meta Platforms, Inc.", "NASDAQ", 660, 0.14, 0.024, 14e6},
	{"MSFT", "Microsoft Corporation", "NASDAQ", 484, 0.13, 0.017, 22e6},
	{"NFLX", "Netflix, Inc.", "NASDAQ", 94, 0.14, 0.025, 34e6},
	{"NKE", "NIKE, Inc.", "NYSE", 64, 0.02, 0.021, 12e6},
	{"NVDA", "NVIDIA Corporation", "NASDAQ", 187, 0.22, 0.031, 180e6},
	{"ORCL", "Oracle Corporation", "NYSE", 195, 0.10, 0.026, 20e6},
	{"PEP", "PepsiCo, Inc.", "NASDAQ", 143, 0.04, 0.012, 7e6},
	{"PFE", "Pfizer Inc.", "NYSE", 25, 0.01, 0.015, 40e6},
	{"PG", "The Procter & Gamble Company", "NYSE", 143, 0.05, 0.012, 8e6},
	{"PLTR", "Palantir Technologies Inc.", "NASDAQ", 178, 0.20, 0.037, 50e6},
	{"QQQ", "Invesco QQQ Trust", "NASDAQ", 614, 0.13, 0.014, 50e6},
	{"SPY", "SPDR S&P 500 ETF Trust", "ARCA", 682, 0.10, 0.011, 75e6},
	{"TSLA", "Tesla, Inc.", "NASDAQ", 449, 0.16, 0.036, 80e6},
	{"UNH", "UnitedHealth Group Incorporated", "NYSE", 330, 0.06, 0.020, 8e6},
	{"V", "Visa Inc.", "NYSE", 351, 0.09, 0.014, 6e6},
	{"WMT", "Walmart Inc.", "NASDAQ", 111, 0.08, 0.014, 18e6},
	{"XOM", "Exxon Mobil Corporation", "NYSE", 120, 0.04, 0.016, 15e6},
}
