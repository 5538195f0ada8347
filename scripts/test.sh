#!/usr/bin/env bash
# Builds everything once in Release and runs every test project, one after another: some of them measure or load the
# machine. The last line is "N passed, N failed" over all of them. A project whose test host dies counts as a failure.
# usage: test.sh [args for `dotnet test`, such as --filter FullyQualifiedName~Kcat]
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
results=$root/artifacts/test-results
rm -rf "$results" && mkdir -p "$results"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
# A single test that says nothing for this long hangs: the crash run, the longest one, ends within three minutes.
hang_timeout=6m
passed=0 failed=0 skipped=0
failures=()

finish() {
  (( ${#failures[@]} > 0 )) && printf 'FAILED %s\n' "${failures[@]}"
  (( skipped > 0 )) && echo "$skipped skipped"
  echo "$passed passed, $failed failed" | tee "$results/summary.txt"
  (( failed == 0 && passed > 0 )) && exit 0
  exit 1
}

count() { # count NAME TRX: the value of one counter of a result file
  grep -o '<Counters [^>]*' "$2" | grep -o " $1=\"[0-9]*\"" | grep -o '[0-9]*' || echo 0
}

if ! dotnet build Broker.sln -c Release -v q --nologo; then
  failed=1 failures+=("the build")
  finish
fi

for project in tests/*/*.csproj; do
  name=$(basename "$project" .csproj)
  [[ $name == Broker.TestSupport ]] && continue
  log=$results/$name.log trx=$results/$name.trx
  echo "== $name"
  dotnet test "$project" --no-build -c Release --nologo -v q --results-directory "$results" \
    --logger "trx;LogFileName=$name.trx" --logger "console;verbosity=minimal" \
    --blame-hang --blame-hang-timeout "$hang_timeout" --blame-hang-dump-type none "$@" > "$log" 2>&1
  status=$?
  if [[ ! -f $trx ]]; then
    # No result file and no error: the project has no test, or none that the filter matches.
    if (( status == 0 )); then
      echo "no tests"
      continue
    fi
    failed=$(( failed + 1 )) failures+=("$name: the test host left no results (exit $status), see $log")
    tail -30 "$log"
    continue
  fi
  project_passed=$(count passed "$trx") project_failed=$(count failed "$trx") total=$(count total "$trx")
  passed=$(( passed + project_passed )) failed=$(( failed + project_failed ))
  skipped=$(( skipped + total - project_passed - project_failed ))
  if (( project_failed > 0 )); then
    while IFS= read -r test; do failures+=("$test"); done < <(
      grep -o '<UnitTestResult [^>]*outcome="Failed"' "$trx" | grep -o 'testName="[^"]*"' | cut -d '"' -f 2)
  elif (( status != 0 )); then
    failed=$(( failed + 1 )) failures+=("$name: the test host died (exit $status), see $log")
  fi
  if (( status != 0 )); then cat "$log"; else grep -E '^(Passed|Skipped)!|\[SKIP\]' "$log"; fi
done
finish
