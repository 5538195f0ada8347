# Every command that a contributor needs. `make help` lists them.
CONFIGURATION ?= Release
RUN_ARGS ?=
TEST_ARGS ?=
BENCH_ARGS ?=
CHAOS_ARGS ?=
DURATION ?= 10m

# What all crash tests together leave in a gateway that keeps it in memory.
CEPH_STORE_BYTES ?= 10737418240

.DEFAULT_GOAL := help
.PHONY: help run cluster build test ceph format gen bench sim chaos

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-8s %s\n", $$1, $$2 }'

run: ## Start one broker on 127.0.0.1:9092 with its data under ./data (RUN_ARGS="--override key=value")
	@dotnet run --project src/Broker.Node -c $(CONFIGURATION) -- start --override log.dirs=./data $(RUN_ARGS)

cluster: ## Start three brokers on 127.0.0.1:9092 to 9094 that share a bucket, a folder here, under artifacts/cluster
	@dotnet build src/Broker.Node -c $(CONFIGURATION) -v q
	@scripts/cluster.sh src/Broker.Node/bin/$(CONFIGURATION)/net10.0/Broker.Node.dll artifacts/cluster

build: ## Build everything
	dotnet build Broker.sln -c $(CONFIGURATION) -v q

test: ## Install the test tools and run every test (TEST_ARGS="--filter FullyQualifiedName~Kcat")
	@scripts/install-test-tools.sh
	@BROKER_TESTS_REQUIRE_TOOLS=1 scripts/test.sh $(TEST_ARGS)

ceph: ## Run the tests of real clients and of crashes on Ceph's gateway, with the WAL on disk and in the bucket
	@scripts/install-test-tools.sh
	@dotnet build Broker.sln -c $(CONFIGURATION) -v q
	@for wal in disk bucket; do for suite in Broker.Interop Broker.Crash; do \
		echo "== $$suite, WAL: $$wal"; \
		CEPH_STORE_BYTES=$(CEPH_STORE_BYTES) BROKER_TESTS_REQUIRE_TOOLS=1 BROKER_TESTS_STORE=ceph BROKER_TESTS_WAL=$$wal dotnet test tests/$$suite -c $(CONFIGURATION) --no-build --nologo -v q || exit 1; \
	done; done

sim: ## Simulate histories of a broker and of clusters: SEEDS=20000 of each, or (KIND=cluster) SEED=n alone with all its events
	@BROKER_SIM_SEEDS="$(SEEDS)" BROKER_SIM_SEED="$(SEED)" BROKER_SIM_KIND="$(KIND)" dotnet test tests/Broker.Simulation -c $(CONFIGURATION) --nologo -v q \
		--logger "console;verbosity=detailed" --filter FullyQualifiedName~SimulationTests

chaos: ## Three brokers and their clients under faults: DURATION=10m, SEED=n repeats a run's faults, CHAOS_ARGS="--store file --faults KillOne,Isolate"
	@scripts/install-test-tools.sh
	@dotnet build tests/Broker.Chaos -c $(CONFIGURATION) -v q --nologo
	@dotnet tests/Broker.Chaos/bin/$(CONFIGURATION)/net10.0/Broker.Chaos.dll run --duration $(DURATION) $(if $(SEED),--seed $(SEED)) $(CHAOS_ARGS)

format: ## Format the code
	dotnet format Broker.sln

gen: ## Generate the messages in src/Broker.Wire from schema/
	dotnet run --project tools/Broker.Wire.Generator -c $(CONFIGURATION)

bench: ## Measure a broker, beside Apache Kafka where KAFKA_TOOLS is set (BENCH_ARGS=--quick), on a bucket (BENCH_ARGS=bucket), or three brokers (BENCH_ARGS=cluster)
	@scripts/install-test-tools.sh
	@scripts/bench.sh $(BENCH_ARGS)
