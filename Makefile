# make demo: from a fresh Debian 12 to the flights in a Delta table. make test: every test. Both install what they need.
build := build/release
.PHONY: demo test test-full bench fuzz build setup install package clean

setup:
	@tools/setup build

build: setup
	@[ -f $(build)/build.ninja ] || cmake --preset release >$(or $(TMPDIR),/tmp)/tidemill-cmake.log || (cat $(or $(TMPDIR),/tmp)/tidemill-cmake.log; false)
	@cmake --build $(build) --target tidemill

demo: build
	@tools/setup demo
	@tools/demo

test: build
	@tools/setup test
	@cmake --build $(build)
	@tools/test

test-full: build
	@tools/setup test
	@cmake --build $(build)
	@tools/test --full

bench: build
	@tools/setup bench
	@tools/bench

fuzz:
	@tools/fuzz

install: build
	@cmake --install $(build) --strip

package: build
	@cmake --build $(build) --target package

clean:
	rm -rf build out
