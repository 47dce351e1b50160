.DEFAULT_GOAL := help
.PHONY: help build run test test-go test-web test-browser test-slow bench bench-cycles release lint fmt clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

build: ## build bin/alpaca-trader, web application included
	@scripts/build.sh

run: ## build, then serve the dashboard with a demonstration market at http://127.0.0.1:5000
	@scripts/run.sh

test: ## run every test: Go with the race detector on SQLite and PostgreSQL, web, browser
	@scripts/test.sh

test-go: ## run the Go tests on SQLite and PostgreSQL
	@scripts/test.sh go

test-web: ## check the web application's types and run its unit tests
	@scripts/test.sh web

test-browser: ## run the browser tests in Chromium
	@scripts/test.sh browser

test-slow: ## run the tests that take long: a thousand kills, several servers, a database that restarts, a thousand days, a day of everything, copies of the files, replays
	@scripts/test.sh slow

bench: ## print figures of speed and memory
	@scripts/bench.sh

bench-cycles: ## print how long the cycles of 10,000 accounts take (BENCH_ACCOUNTS=1000: of fewer)
	@scripts/bench.sh cycles

release: ## build archives for every platform, checksums and the bill of materials into dist/
	@scripts/release.sh

lint: ## check format, vet and scripts
	@scripts/steps.sh source_check

fmt: ## format the Go code
	@gofmt -w cmd internal

clean: ## remove what was built; databases and keys stay
	@rm -rf bin dist .cache web/node_modules web/test-results web/playwright-report
	@find internal/ui/dist -mindepth 1 ! -name .gitkeep -delete
