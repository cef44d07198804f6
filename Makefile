# make demo    set up what is missing, then start the demonstration: bridge, key server and an in-memory mail server
# make test    set up what is missing, check the source, run the tests
# make help    every target
#
# Each step leaves a stamp under build/stamps and runs again only when what it depends on has changed.

PYTHON ?= python3
VENV := .venv/bin
STAMPS := build/stamps
# The lock holds exact versions with their hashes; nothing else is ever installed.
PIP := $(VENV)/python -m pip --disable-pip-version-check --quiet

PYTHON_SOURCES := smime_core sealwax wasm_build webbridge roaming_keys tests tools
BUNDLE_SOURCES := $(sort $(shell find smime_core sealwax wasm_build webbridge/pages roaming_keys browser_ext -type f \
	-not -path '*/__pycache__/*' 2>/dev/null))

.DELETE_ON_ERROR:
.PHONY: help setup demo test test-all check scripts pytest shape conformance contracts relays nightly ways residues bench bench-bridge bench-keys bench-parcels bench-parcels-browser days-work pictures views docs test-tools lock release clean FORCE

help:
	@echo 'make setup      virtual environment, Python and npm packages, the WebAssembly bundle'
	@echo 'make demo       setup, then the demonstration on 127.0.0.1'
	@echo 'make test       setup, browsers and mail server for the tests, checks, and the tests: of those that drive browsers'
	@echo '                and servers a sixth, which SEED=... chooses, and all others'
	@echo 'make test-all   all tests, and every published vector natively and in both browsers; PART=3 takes a quarter'
	@echo '                of those that make nightly does not run'
	@echo 'make check      ruff, mypy, TypeScript on the JavaScript, web-ext lint, the cost of every regular expression'
	@echo 'make scripts    the tests of JavaScript that need no browser; SCRIPTS=tests/js/sending_plan.test.js chooses'
	@echo 'make pytest     only the tests; ARGS="tests/core -k name" names some, which run whole'
	@echo 'make conformance  every published test vector (SEALWAX_VECTORS); writes docs/conformance.md'
	@echo 'make fuzz       hostile input; SECONDS=600 for how long'
	@echo 'make mutation   removes each check of the core in turn; MODULES="cms/signed_data ess" chooses'
	@echo 'make musts      which test holds which obligation; writes docs/robustness.md'
	@echo 'make relays     relays our mail by Postfix, Exim, sendmail, Courier and Mailman; writes a table of docs/interoperation.md'
	@echo 'make nightly    the thorough tests, those of all editors, webmails and web servers; shows each form of our mail to Thunderbird,'
	@echo '                drives every webmail that is installed, takes the steps of a day at each mail server; writes tables of'
	@echo '                docs/interoperation.md, docs/extension.md and docs/mail_servers.md'
	@echo 'make contracts  how the rooms talk; writes the tables of docs/contracts.md and docs/reference/settings.md'
	@echo 'make shape      the measures of docs/architecture.md, each with its ceiling: packages, circles, long functions'
	@echo 'make bench      the measurements: openssl, Bouncy Castle, PKI.js, node-forge; 12 GB of disk, 40 minutes;'
	@echo '                ONLY="phone wait" chooses parts in the browsers'
	@echo 'make bench-bridge  the bridge beside Roundcube; writes its tables into docs/benchmarks.md; half an hour;'
	@echo '                ONLY="times large" chooses parts'
	@echo 'make bench-keys what a login costs the key server, and what its time tells; writes its tables into docs/benchmarks.md'
	@echo 'make bench-parcels  a gigabyte up and down beside one PUT and one GET, and small parcels; writes its tables into'
	@echo '                docs/benchmarks.md; ten minutes; bench-parcels-browser: the page of a recipient in the browsers'
	@echo 'make days-work  walks the 40 steps of docs/days_work.md in our pages, in Roundcube, and by the extension in Roundcube, and'
	@echo '                counts clicks and seconds; writes its table into docs/benchmarks.md; ten minutes; ONLY="roundcube" or'
	@echo '                "extension" chooses; ONLY="keyboard", "touch"'
	@echo '                and "losses" (of the network) walk otherwise, and ENGINE=firefox or webkit elsewhere'
	@echo 'make pictures   the pictures of the documentation, taken from the running demonstration'
	@echo 'make views      a picture of every view on every kind of screen, in build/views'
	@echo 'make ways       which browser does what itself; writes its table into docs/vault.md'
	@echo 'make residues   what is left of secrets in the memory of the browsers, ten runs of each kind; takes hours'
	@echo 'make docs       the documentation as a site, in build/site'
	@echo 'make lock       requirements.lock and docs/requirements.lock anew'
	@echo 'make release    wheel, extension, pages, bill of materials and hashes in dist/release; IDENTITY=release.p12 signs them'
	@echo 'make clean      remove what the build made; keeps .venv and node_modules'

setup: $(STAMPS)/python $(STAMPS)/npm $(STAMPS)/bundle

demo: setup
	@$(VENV)/sealwax demo

test: setup test-tools check scripts pytest

# Everything; or with PART=2 a quarter of the tests that do not wait for `make nightly`. The published vectors are of the first.
test-all: setup test-tools check scripts
	$(PYTEST) $(PART:%=--part %)
	$(if $(filter-out 1,$(PART)),,$(VENV)/python -m tools.conformance all $${SEALWAX_VECTORS:-../shared/vectors} \
		--provider native --provider chromium --provider firefox)

# Two checks at a time. What one prints stays together.
check: setup
	@$(MAKE) --no-print-directory --jobs $(JOBS) --output-sync $(CHECKS)

CHECKS := check-expressions check-types check-scripts check-style
.PHONY: $(CHECKS)
check-expressions:
	$(VENV)/python -m tools.regexes
check-types:
	$(VENV)/mypy
check-scripts:
	node_modules/.bin/tsc --project tsconfig.json
	node_modules/.bin/tsc --project tsconfig.worker.json
	node_modules/.bin/tsc --project tests/js/tsconfig.json
	node_modules/.bin/tsc --project tests/js/in_pages/tsconfig.json
	$(VENV)/python tests/setup/lint_extension.py
check-style:
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .

# JavaScript that needs no page, tested in JavaScript. The reporter prints the failures and the number of tests.
SCRIPTS ?= $(wildcard tests/js/*.test.js)
scripts: $(STAMPS)/npm
	node --test --test-timeout=120000 --test-reporter=./tests/js/support/reporter.js $(SCRIPTS)

# Two at a time, each file in one process: the files start servers and browsers of their own.
JOBS ?= 2
PYTEST := $(VENV)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder
# A bare run takes what its seed chooses: by default the commit. What ARGS names runs whole.
pytest: setup test-tools
	$(PYTEST) $(if $(ARGS),$(ARGS),--seed $(or $(SEED),$(shell $(VENV)/python -m tests.support.choice)))

# The published vectors stand outside the project; `make test` runs them too, and skips what is absent.
# Six minutes with both browsers; PROVIDERS=native takes half a minute.
PROVIDERS ?= native chromium firefox
conformance: setup test-tools
	$(VENV)/python -m tools.conformance all $${SEALWAX_VECTORS:-../shared/vectors} $(PROVIDERS:%=--provider %) \
		--page docs/conformance.md

# Hostile input for as long as SECONDS says, then what a megabyte against each parser costs.
fuzz: $(STAMPS)/python
	$(VENV)/python -m tools.fuzz --seconds $${SECONDS:-600}
	$(VENV)/python -m tools.fuzz --costs

# Each check of the core is removed in turn; MODULES="cms/signed_data ess" chooses. Takes an hour.
mutation: $(STAMPS)/python
	$(VENV)/python -m tools.mutation $(MODULES)

# Real mail servers from Debian, unpacked into a temporary folder, and Mailman by pip. Needs root; takes five minutes.
relays: setup test-tools
	$(VENV)/python -m tools.relays --page docs/interoperation.md

# The thorough tests. Then, one after another, the tests of all editors, webmails, web servers and other programs,
# those with large files, and those that measure times. Then Thunderbird and NSS from Debian
# (thunderbird, libnss3-tools), the webmails that are installed, and mail servers that are unpacked from Debian into a
# temporary folder. Needs root for some of them.
nightly: setup test-tools
	$(PYTEST) --part thorough
	$(PYTEST) -n 1 --part nightly
	$(VENV)/python -m tests.interop.by_thunderbird --page docs/interoperation.md
	$(VENV)/python -m tools.webmails --page docs/extension.md
	$(VENV)/python -m tools.mail_servers --page docs/mail_servers.md

musts: $(STAMPS)/python
	$(VENV)/python -m tools.musts --page docs/robustness.md

contracts: $(STAMPS)/python $(STAMPS)/npm
	$(VENV)/python -m tools.contracts --page docs/contracts.md
	$(VENV)/python -m tools.settings_page --page docs/reference/settings.md

shape: $(STAMPS)/python $(STAMPS)/npm
	$(VENV)/python -m tools.shape --page docs/architecture.md

ways: setup test-tools
	$(VENV)/python -m tests.vault.ways docs/vault.md

# The tables of docs/vault.md, on standard output.
residues: setup test-tools
	$(VENV)/python -m tests.extension.residues

# ONLY="phone wait" chooses parts of the measurements in the browsers, RUNS=3 how often each job runs.
bench: setup test-tools
	$(if $(ONLY),,$(VENV)/python -m tools.bench.native)
	$(VENV)/python -m tools.bench $(if $(ONLY),--only $(ONLY)) $(if $(RUNS),--runs $(RUNS))

# ONLY="times large" chooses parts, RUNS=10 how often each job runs. The test at the end kills the bridge at 52 points of a send.
bench-bridge: setup test-tools
	$(VENV)/python -m tools.bench_bridge --page docs/benchmarks.md $(if $(ONLY),--only $(ONLY)) $(if $(RUNS),--runs $(RUNS))
	$(if $(ONLY),,$(VENV)/python -m pytest tests/operation/test_killed_sends.py)

bench-keys: setup test-tools
	$(VENV)/python -m tools.bench_keys --page docs/benchmarks.md

# RUNS=3 how often each job runs. BROWSER=firefox chooses one browser.
bench-parcels: setup test-tools
	$(VENV)/python -m tools.bench_parcels --only transfers submissions --page docs/benchmarks.md $(if $(RUNS),--runs $(RUNS))

bench-parcels-browser: setup test-tools
	$(VENV)/python -m tools.bench_parcels --only openings files --page docs/benchmarks.md $(if $(RUNS),--runs $(RUNS)) \
		$(if $(BROWSER),--browser $(BROWSER))

# ONLY="pointer roundcube extension keyboard touch losses" chooses what is walked, ENGINE=firefox or webkit where, RUNS=3 how often.
days-work: setup test-tools
	$(VENV)/python -m tools.days_work --page docs/benchmarks.md $(if $(ONLY),--only $(ONLY)) $(if $(RUNS),--runs $(RUNS)) \
		$(if $(ENGINE),--engine $(ENGINE))

pictures: setup test-tools
	$(VENV)/python -m tools.pictures docs/pictures

# Every view of the extension on every kind of screen, to be looked at; VIEWS="writing help" chooses. Takes ten minutes.
views: setup test-tools
	$(VENV)/python -m tests.extension.gallery build/views $(VIEWS)

# Programs that only the tests need: two browsers, a mail server, and OpenSSL as the other opinion; then a third browser
# engine and further opinions, without which their own tests are skipped.
test-tools: $(STAMPS)/python
	@tests/setup/system_packages.sh 'chromium|chromium-browser|google-chrome=chromium' chromedriver=chromium-driver \
		'firefox-esr|firefox=firefox-esr' dovecot=dovecot-imapd openssl=openssl
	@tests/setup/system_packages.sh --optional gpgsm=gpgsm cmsutil=libnss3-tools certtool=gnutls-bin \
		javac=default-jdk-headless /usr/share/java/bcmail.jar=libbcmail-java thunderbird=thunderbird \
		slapd=slapd ldapadd=ldap-utils nginx=nginx-light caddy=caddy '/usr/sbin/postfix=postfix' \
		/usr/lib/dovecot/pop3=dovecot-pop3d /usr/lib/dovecot/submission=dovecot-submissiond \
		/usr/lib/dovecot/lmtp=dovecot-lmtpd setpriv=util-linux \
		/usr/lib/dovecot/managesieve=dovecot-managesieved sievec=dovecot-sieve \
		'php-fpm|php-fpm8.2=php-fpm' cc=build-essential python3-config=python3-dev \
		/usr/include/ldap.h=libldap2-dev /usr/include/sasl/sasl.h=libsasl2-dev \
		php=php-cli 'php-cgi|/usr/lib/php/8.2/sapi/apache2=php-cgi' /usr/share/roundcube/index.php=roundcube-core \
		/usr/share/doc/roundcube-sqlite3=roundcube-sqlite3 sogod=sogo '/usr/lib/postgresql|initdb=postgresql' \
		/usr/share/horde/imp/basic.php=php-horde-imp /usr/share/ciderwebmail/root=ciderwebmail starman=starman \
		/usr/share/doc/libdbd-sqlite3-perl=libdbd-sqlite3-perl \
		WebKitWebDriver=webkit2gtk-driver Xvfb=xvfb xdotool=xdotool matchbox-window-manager=matchbox-window-manager
	@$(VENV)/python -c 'import bonsai' 2>/dev/null || $(PIP) install --require-hashes -r tests/setup/ldap.lock \
		|| echo 'bonsai cannot be built here: what needs LDAP is skipped'

$(STAMPS)/python: requirements.lock pyproject.toml | $(VENV)/python
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@mkdir -p $(STAMPS) && touch $@

$(VENV)/python:
	tests/setup/virtual_environment.sh $(PYTHON)

$(STAMPS)/npm: package.json package-lock.json
	@tests/setup/system_packages.sh node=nodejs npm=npm
	npm ci --no-audit --no-fund
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/bundle: $(STAMPS)/python $(STAMPS)/npm $(STAMPS)/bundle-sources $(BUNDLE_SOURCES)
	$(VENV)/python -m wasm_build
	@touch $@

# The list of the bundle's sources, so that a file that goes away counts as a change too.
$(STAMPS)/bundle-sources: FORCE
	@mkdir -p $(STAMPS)
	@echo '$(BUNDLE_SOURCES)' | cmp -s - $@ || echo '$(BUNDLE_SOURCES)' > $@

# The site generator stands apart: nobody needs it to use or to test Sealwax.
docs: $(STAMPS)/docs
	build/docs-venv/bin/mkdocs build --quiet --strict

$(STAMPS)/docs: docs/requirements.lock | $(VENV)/python
	$(PYTHON) -m venv build/docs-venv
	build/docs-venv/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r docs/requirements.lock
	@mkdir -p $(STAMPS) && touch $@

lock: $(STAMPS)/python
	$(PYTHON) -m venv build/lock-venv
	build/lock-venv/bin/python -m pip --disable-pip-version-check --quiet install pip-tools
	build/lock-venv/bin/pip-compile --quiet --allow-unsafe --extra=bridge --extra=dev --extra=postgresql --extra=roaming --extra=s3 --generate-hashes \
		--no-emit-find-links --no-emit-index-url --no-emit-options --strip-extras \
		--output-file=requirements.lock pyproject.toml
	build/lock-venv/bin/pip-compile --quiet --generate-hashes --no-emit-find-links --no-emit-index-url --no-emit-options \
		--strip-extras --output-file=tests/setup/ldap.lock tests/setup/ldap.in
	build/lock-venv/bin/pip-compile --quiet --generate-hashes --no-emit-find-links --no-emit-index-url --no-emit-options \
		--strip-extras --output-file=docs/requirements.lock docs/requirements.in

# A signature needs the identity of releases: IDENTITY=release.p12
release: setup
	$(VENV)/python -m tools.release $(if $(IDENTITY),--identity $(IDENTITY))

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
