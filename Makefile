# SPDX-License-Identifier: BSD-3-Clause
# What people type; meson does the work.
#
#	make		build/tcpflow
#	make demo	on a fresh Debian 12 machine: installs what is missing, builds, records a capture
#	make check	the same for the tests, and runs all of them
#	make check-long	also ten times the random schedules, more and longer live recordings, and
#			the mutants; takes an hour
#	make check-ports  the same for a big-endian and a 32-bit machine, and with musl (see tools/check-ports)
#	make bench	measures, and writes doc/PERFORMANCE.md; fifteen minutes and 8 GiB of memory
#	make bench-live	how much of a load over a wire is recorded, beside tcpdump and 1.6.1 (as root)
#	make install	below PREFIX, if it is given, else /usr/local; with DESTDIR as usual
#	make deb	Debian packages, in build-deb/
#	make check-deb	the same, then installs and tries them in a fresh Debian 12 (as root)

.PHONY: all demo check check-long check-ports bench bench-live format install deb check-deb clean
.NOTPARALLEL:

BUILD = build
DEMO = examples/http.pcap

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@command -v meson >/dev/null || { echo 'meson is missing: run tools/install-packages build'; exit 1; }
	meson setup $(BUILD)

demo:
	@tools/install-packages build
	@$(MAKE) --no-print-directory all
	rm -rf demo-flows
	$(BUILD)/tcpflow -r $(DEMO) -o demo-flows
	ls -l demo-flows

check:
	@tools/install-packages check
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) -Dtests=true
	@test -d $(BUILD)/tests || meson configure $(BUILD) -Dtests=true
	@$(MAKE) --no-print-directory all
	@tools/run-tests $(BUILD)

check-long: check
	TCPFLOW_ACCOUNTS=1000000 TCPFLOW_SCHEDULES=100000 tools/run-tests $(BUILD) -t 20 accounts schedules
	TCPFLOW_CONNECTIONS=100000 TCPFLOW_SYNS=10000000 TCPFLOW_RATE=150000 TCPFLOW_SOAK=600 TCPFLOW_SEEDS=10 TCPFLOW_BIG=1024 \
		TCPFLOW_PATIENCE=1100 tools/run-tests $(BUILD) -t 20 --num-processes 1 live-many-many live-many-flood live-many-soak \
		live-impaired-losing live-impaired-disordered live-impaired-everything live-programs-nginx
	tools/mutants

check-ports:
	@tools/check-ports

bench: $(BUILD)/build.ninja
	@tools/install-packages bench
	ninja -C $(BUILD) tcpflow bench/gen bench/check bench/floor bench/measure
	bench/run --build $(BUILD) --write

bench-live:
	@tools/install-packages check
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) -Dtests=true
	@test -d $(BUILD)/tests || meson configure $(BUILD) -Dtests=true
	@$(MAKE) --no-print-directory all
	TCPFLOW_BUILD=$(abspath $(BUILD)) bench/live

format:
	tools/check-style --fix

install: $(BUILD)/build.ninja
	$(if $(PREFIX),meson configure $(BUILD) -Dprefix=$(PREFIX))
	@$(MAKE) --no-print-directory all
	meson install -C $(BUILD) --no-rebuild

deb:
	@tools/install-packages deb
	tools/make-deb

check-deb: deb
	tools/check-deb

clean:
	rm -rf $(BUILD) build-* demo-flows
