# What one does here: `make run` sets everything up and shows text, `make test` checks it. Nothing beyond the
# Swift toolchain is needed.

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help

# Where real models may lie; the tests look there, too.
SHARED ?= $(or $(APUS_SHARED),../shared)
# The model that the example and the checks of speed use: a larger one where there is one, or else the program's own.
MODEL ?= $(or $(wildcard $(SHARED)/models/babyllama-105.gguf),Sources/CDefaultModel/apus-5m.gguf)
APUS := .build/release/apus
# What `make run` asks the model in the program.
STORY ?= Tell me a story about a rabbit.
PROBLEM ?= Ben has 4 boxes with 12 pens in each. He gives 29 pens away. How many pens are left?
# Tests need another kind of build than the product; sharing one folder would compile everything anew each time.
TEST_BUILD := --scratch-path .build-test -c release -Xswiftc -enable-testing \
  --explicit-target-dependency-import-check error

.PHONY: help run example build test test-build format lint fuzz bench bench-check profile-overhead plan-check report-check rollouts-check rollouts-speed model post-training recipes kills clean toolchain

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: build ## Build in release, tell a story and work out a problem
	@echo "$(APUS) run '$(STORY)'"
	@$(APUS) run -p "$(STORY)"
	@echo "$(APUS) run '$(PROBLEM)' --temp 0"
	@$(APUS) run -p "$(PROBLEM)" --temp 0

example: build ## Build and run the library's example
	@swift build -c release --product GenerateText
	@.build/release/GenerateText "$(MODEL)" "Once upon a time"

build: toolchain ## Build the release
	@dev/stage.sh "release build" swift build -c release --product apus

test-build: toolchain
	@dev/stage.sh "build of the tests" swift build --build-tests $(TEST_BUILD)

test: test-build ## Build and run all tests, optimised
	@printf '\n==> tests\n'
	@# Tens of thousands of cases say that they start; results, skipped tests and the summary are what counts.
	@swift test --skip-build $(TEST_BUILD) 2>&1 | grep --line-buffered -v '^◇ '

format: toolchain ## Format all Swift sources
	@dev/check-format.sh --fix

lint: toolchain ## Check format, file lengths, tracked paths
	@dev/check-format.sh
	@dev/check-tree.sh

fuzz: toolchain ## Fuzz the readers of files under AddressSanitizer (SECONDS_EACH=60)
	@dev/fuzz.sh $(or $(SECONDS_EACH),60)

bench: build ## Measure this machine for a minute, keep it as NAME=last, compare with AGAINST=NAME
	@$(APUS) bench --save "$(or $(NAME),last)" $(if $(AGAINST),--against "$(AGAINST)")

bench-check: build ## Inject a slowdown of 5 % and see it named; compare equals and see no alarm
	@dev/check-bench.sh "$(APUS)" "$(MODEL)"

plan-check: build ## Compare predictions of `apus plan` with runs (MODELS="a.gguf small")
	@dev/check-plan.sh $(APUS) $(or $(MODELS),$(MODEL) small)

rollouts-check: test-build ## Compare the log-probabilities of thousands of rollouts with the trainer's
	@APUS_ROLLOUTS=1 swift test --skip-build $(TEST_BUILD) --filter PolicyGeneratorTests

report-check: test-build ## Open the reports of sample profiles in a browser and in pprof's own schema
	@APUS_SWIFT_TEST="swift test --skip-build $(TEST_BUILD)" dev/test-report.sh

rollouts-speed: build ## Compare the speed of rollouts with bare batched generation
	@dev/rollout-speed.sh $(APUS) "$(MODEL)"

model: build ## Train the model in the program anew, from seeds: an hour and more on two cores
	@APUS=$(APUS) dev/make-model.sh Sources/CDefaultModel/apus-5m.gguf

post-training: build ## Teach that model in other ways as well, and measure them all (behind `make model`)
	@APUS=$(APUS) dev/post-training.sh

recipes: build ## Run every configuration of configs/ end to end
	@APUS=$(APUS) dev/recipes.sh

profile-overhead: build ## Measure what profiling costs; it may be 1 %
	@$(APUS) bench overhead

kills: build ## Kill a training run KILLS=1000 times and compare its end with an undisturbed one
	@dev/kill-training.sh $(or $(KILLS),1000)

clean: ## Remove everything built
	rm -rf .build .build-test .build-fuzz .build-report

toolchain:
	@command -v swift >/dev/null || { \
	  echo "The Swift toolchain is missing (6.3 is what this was tested with). To install it for this user:"; \
	  echo "  curl -fsSLO https://download.swift.org/swiftly/linux/swiftly-$$(uname -m).tar.gz"; \
	  echo "  tar xzf swiftly-$$(uname -m).tar.gz && ./swiftly init"; \
	  echo "or see https://www.swift.org/install. Then run make again."; \
	  exit 1; } >&2
